//! What a password protects on media, and what media say once it is opened.

use content::documents::VariablesDocument;
use content::envelope::{self, EnvelopeError};
use pipeline::chain;
use pipeline::image_file::ImageFile;
use pipeline::password::Password;
use zeroize::Zeroizing;

use crate::exit::{CommandError, Exit};

const VARIABLES: &str = "SMS/data/variables.dat";
const POLICY: &str = "SMS/data/policy.xml";

/// The largest protected file: a task sequence has some megabytes.
const PROTECTED_MAX: u64 = 1 << 30;

/// What a disc says beside its manifests.
#[derive(Debug, Default)]
pub struct Protected {
    /// Whether a password protects it; `None` on discs without such files.
    pub required: Option<bool>,
    /// The names of the media variables, if they can be read. Values are never shown.
    pub variables: Option<Vec<String>>,
    /// The prestart command, if it can be read and there is one.
    pub prestart: Option<String>,
}

/// Reads what a disc says, with the password where it is protected. Without a password what is
/// protected stays unread.
pub fn open(image: &ImageFile, password: Option<&Password>) -> Result<Protected, CommandError> {
    let mut protected = Protected::default();
    for path in [VARIABLES, POLICY] {
        let Some(bytes) = image.read_file(path, PROTECTED_MAX)? else { continue };
        let is_envelope = envelope::is_envelope(&bytes);
        protected.required = Some(is_envelope || protected.required == Some(true));
        let plain = match (is_envelope, password) {
            (false, _) => Zeroizing::new(bytes),
            (true, None) => continue,
            (true, Some(password)) => unseal(image, path, &bytes, password)?,
        };
        if path == VARIABLES {
            let wrong = |why: &str| {
                let text = format!("`{path}` of `{}` {why}", image.path().display());
                CommandError::new(Exit::Integrity, text)
            };
            let text = std::str::from_utf8(&plain).map_err(|_| wrong("is not UTF-8"))?;
            let document = VariablesDocument::parse(text)
                .map_err(|error| wrong(&format!("cannot be read: {}", chain(&error))))?;
            protected.add(document);
        }
    }
    Ok(protected)
}

impl Protected {
    fn add(&mut self, document: VariablesDocument) {
        self.variables = Some(document.variables.into_iter().map(|(name, _)| name).collect());
        self.prestart = document.prestart.map(|prestart| prestart.command);
    }
}

fn unseal(
    image: &ImageFile,
    path: &str,
    bytes: &[u8],
    password: &Password,
) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    envelope::open(bytes, password.expose()).map_err(|error| {
        let exit = match error {
            EnvelopeError::WrongPassword => Exit::Password,
            _ => Exit::Integrity,
        };
        CommandError::new(exit, format!("`{path}` of `{}`: {error}", image.path().display()))
    })
}
