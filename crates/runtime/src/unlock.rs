//! Opening what is on the media: the password, the dates, and the documents behind them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use content::documents::{PolicyDocument, VariablesDocument};
use content::envelope::{self, EnvelopeError};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::media::{Bootstrap, Medium};
use crate::screen::{Asked, Screen, Tone};

/// How often a password may be wrong before there is a pause.
const TRIES: u32 = 3;
/// How long the first pause is; each one is twice as long as the one before, up to ten minutes.
const PAUSE: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_secs(600);
/// How many pauses there are before it is given up.
const PAUSES: u32 = 8;
/// The longest document that is read: the limit of the documents, and the envelope's own bytes.
const DOCUMENT_MAX: u64 = content::documents::MAX_BYTES as u64 * 2;

/// What is on the media, unlocked.
pub struct Unlocked {
    /// The task sequences with their packages and applications; `None` on media without.
    pub policy: Option<PolicyDocument>,
    /// The policy as text, for the time after a restart.
    pub policy_text: Zeroizing<String>,
    /// The media variables and the prestart command.
    pub variables: VariablesDocument,
}

/// Why media do not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// A file is missing, damaged, or none of this program.
    #[error("{0}")]
    Damaged(String),
    /// The password was wrong too often, or nobody could type it.
    #[error("{0}")]
    Password(String),
    /// The clock is outside the dates of the media.
    #[error("{0}")]
    Dates(String),
}

/// Reads `TsmBootstrap.ini`.
pub fn bootstrap(root: &Path) -> Result<Bootstrap, UnlockError> {
    const NAME: &str = "SMS/data/TsmBootstrap.ini";
    let bytes = read(root, NAME)?.ok_or_else(|| {
        UnlockError::Damaged(format!("the media have no `{NAME}`; start from disc 1"))
    })?;
    Bootstrap::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|what| UnlockError::Damaged(format!("`{NAME}`: {what}")))
}

/// Compares the clock with the dates of the media.
///
/// A clock can be set back, so this is a convenience and no protection.
pub fn check_dates(medium: &Medium, now: Timestamp) -> Result<(), UnlockError> {
    let media = &medium.manifest;
    let parse = |text: &Option<String>| {
        let Some(text) = text else { return Ok(None) };
        let moment = text.parse::<Timestamp>();
        moment.map(Some).map_err(|_| {
            UnlockError::Damaged(format!("`media.json` has an impossible date, `{text}`"))
        })
    };
    let (from, until) = (parse(&media.valid_from)?, parse(&media.valid_until)?);
    let outside = |what: String| {
        UnlockError::Dates(format!(
            "{what}; this computer's clock says {now}. If the clock is wrong, set it in the \
             firmware's setup and start again"
        ))
    };
    if let Some(from) = from.filter(|from| now < *from) {
        return Err(outside(format!("these media start from {from} on")));
    }
    if let Some(until) = until.filter(|until| now > *until) {
        return Err(outside(format!("these media have expired: they started until {until}")));
    }
    Ok(())
}

/// Opens the documents of a medium, with the password if there is one.
///
/// `Err` when it is wrong too often.
pub fn unlock(
    root: &Path,
    bootstrap: &Bootstrap,
    screen: &mut dyn Screen,
) -> Result<Unlocked, UnlockError> {
    let variables = read(root, "SMS/data/variables.dat")?
        .ok_or_else(|| UnlockError::Damaged("the media have no `SMS/data/variables.dat`".into()))?;
    let policy = read(root, "SMS/data/policy.xml")?;
    let sealed = envelope::is_envelope(&variables);
    if sealed != bootstrap.password_required {
        let what = "`TsmBootstrap.ini` and `variables.dat` do not agree on the password";
        return Err(UnlockError::Damaged(what.to_owned()));
    }
    let (variables, password) = if sealed {
        let (plain, password) = ask(&variables, screen)?;
        (plain, Some(password))
    } else {
        (Zeroizing::new(variables), None)
    };
    let policy = policy.map(|bytes| open(bytes, password.as_deref(), "policy.xml")).transpose()?;
    let policy_text = match policy {
        None => Zeroizing::new(String::new()),
        Some(bytes) => text(&bytes, "policy.xml")?,
    };
    let policy = if policy_text.is_empty() {
        None
    } else {
        let parsed = PolicyDocument::parse(&policy_text);
        Some(parsed.map_err(|error| UnlockError::Damaged(format!("`policy.xml`: {error}")))?)
    };
    let variables = text(&variables, "variables.dat")?;
    let variables = VariablesDocument::parse(&variables)
        .map_err(|error| UnlockError::Damaged(format!("`variables.dat`: {error}")))?;
    Ok(Unlocked { policy, policy_text, variables })
}

type Plain = Zeroizing<Vec<u8>>;

/// Asks for the password until it opens an envelope.
fn ask(sealed: &[u8], screen: &mut dyn Screen) -> Result<(Plain, Zeroizing<String>), UnlockError> {
    for pause in 0..=PAUSES {
        for _ in 0..TRIES {
            let password = screen.ask_secret("Password of the media").ok_or_else(|| {
                UnlockError::Password("these media need a password, and nobody can type it".into())
            })?;
            match envelope::open(sealed, &password) {
                Ok(plain) => return Ok((plain, password)),
                Err(EnvelopeError::WrongPassword) => {
                    screen.say(Tone::Bad, "The password is wrong");
                }
                Err(error) => {
                    return Err(UnlockError::Damaged(format!("`variables.dat`: {error}")));
                }
            }
        }
        if pause < PAUSES {
            wait(pause, screen);
        }
    }
    Err(UnlockError::Password("the password was wrong too often".to_owned()))
}

fn wait(pause: u32, screen: &mut dyn Screen) {
    let time = PAUSE.saturating_mul(1 << pause).min(PAUSE_MAX);
    let text = format!("{TRIES} wrong passwords: the next try is in {} seconds", time.as_secs());
    screen.say(Tone::Bad, &text);
    let end = std::time::Instant::now() + time;
    // What is typed meanwhile is no answer.
    loop {
        let left = end.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return;
        }
        if screen.ask("", Some(left)) == Asked::Nobody {
            return;
        }
    }
}

fn open(bytes: Vec<u8>, password: Option<&String>, name: &str) -> Result<Plain, UnlockError> {
    let Some(password) = password else { return Ok(Zeroizing::new(bytes)) };
    envelope::open(&bytes, password)
        .map_err(|error| UnlockError::Damaged(format!("`{name}`: {error}")))
}

fn text(bytes: &[u8], name: &str) -> Result<Zeroizing<String>, UnlockError> {
    std::str::from_utf8(bytes)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| UnlockError::Damaged(format!("`{name}` is no UTF-8")))
}

/// Reads a file of the media; `Ok(None)` when it is not there.
fn read(root: &Path, name: &str) -> Result<Option<Vec<u8>>, UnlockError> {
    let path = root.join(name);
    let words = |error: std::io::Error| {
        UnlockError::Damaged(format!("cannot read `{}`: {error}", path.display()))
    };
    match fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(words(error)),
        Ok(found) if found.len() > DOCUMENT_MAX => {
            Err(UnlockError::Damaged(format!("`{}` is too long", path.display())))
        }
        Ok(_) => fs::read(&path).map(Some).map_err(words),
    }
}
