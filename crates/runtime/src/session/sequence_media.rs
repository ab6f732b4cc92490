//! The task sequence for media that hold none: it comes from other media, and so does what their
//! own contents lack.

use std::thread;
use std::time::Duration;

use cmtrace::{Log, LogType};
use content::documents::VariablesDocument;
use content::manifest::MediaManifest;

use super::start::{greet, unlocked};
use super::{Refusal, Surroundings};
use crate::contents::disc_in_words;
use crate::media::{Bootstrap, Medium, Seen};
use crate::run::hold;
use crate::screen::{Asked, Tone};
use crate::unlock::Unlocked;

/// How often the drives are looked at while somebody looks for a disc.
const LOOK: Duration = Duration::from_secs(1);
/// Where the task sequences lie on media.
const POLICY: &str = "SMS/data/policy.xml";

/// What a run begins with.
pub(super) struct Opened {
    /// The media with the task sequence.
    pub medium: Medium,
    /// Those that the computer was started from, where they are others.
    pub prestaged: Option<Medium>,
    /// What the media say that the computer was started from.
    pub bootstrap: Bootstrap,
    /// The documents.
    pub unlocked: Unlocked,
}

/// Finds the task sequence for what prestaged media have unlocked, and waits for it.
pub(super) fn find(
    prestaged: Medium,
    bootstrap: Bootstrap,
    own: Unlocked,
    around: &mut Surroundings<'_>,
    log: &mut Log,
) -> Result<Opened, Refusal> {
    hold(around.drives, &prestaged, log);
    let medium = wait_for(&prestaged.manifest, around, log);
    greet(&medium, around.screen, log);
    let (_, mut unlocked) = unlocked(&medium, around.screen)?;
    unlocked.variables = merged(own.variables, unlocked.variables);
    Ok(Opened { medium, prestaged: Some(prestaged), bootstrap, unlocked })
}

/// What the media with the task sequence say holds over what the computer was started with.
fn merged(own: VariablesDocument, other: VariablesDocument) -> VariablesDocument {
    let mut variables = own.variables;
    for (name, value) in other.variables {
        variables.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        variables.push((name, value));
    }
    // What runs first belongs to what starts first.
    VariablesDocument { variables, prestart: own.prestart.or(other.prestart) }
}

fn wait_for(prestaged: &MediaManifest, around: &mut Surroundings<'_>, log: &mut Log) -> Medium {
    let mut told = match look(prestaged, around) {
        Ok(medium) => return medium,
        Err(seen) => seen,
    };
    let prompt = "This computer's disk holds no task sequence: insert media that have one and \
                  press Enter";
    around.screen.say(Tone::Asking, prompt);
    log.write(LogType::Warning, prompt);
    loop {
        let asked = around.screen.ask("", Some(LOOK));
        if asked == Asked::Nobody {
            // Media may be put in by a machine.
            thread::sleep(LOOK);
        }
        let seen = match look(prestaged, around) {
            Ok(medium) => return medium,
            Err(seen) => seen,
        };
        let pressed = matches!(asked, Asked::Line(_));
        if pressed && seen.is_empty() {
            around.screen.say(Tone::Bad, "There are no other media");
        }
        for text in seen.iter().filter(|text| pressed || !told.contains(*text)) {
            around.screen.say(Tone::Bad, text);
            log.write(LogType::Warning, text);
        }
        told = seen;
    }
}

/// Looks at all drives once. `Err` has in words what else is in them.
fn look(prestaged: &MediaManifest, around: &mut Surroundings<'_>) -> Result<Medium, Vec<String>> {
    let mut others = Vec::new();
    for (place, seen) in around.drives.look() {
        match seen {
            Seen::Medium(medium) => match judge(&medium, prestaged) {
                Ok(()) => return Ok(*medium),
                Err(why) => others.push(format!("{place}: {why}")),
            },
            Seen::Unusable(why) => others.push(format!("{place}: {why}")),
            Seen::Other => {}
        }
    }
    // What is mounted cannot be taken out.
    around.drives.release();
    Err(others)
}

fn judge(medium: &Medium, prestaged: &MediaManifest) -> Result<(), String> {
    let found = &medium.manifest;
    let is = disc_in_words(found.disc, found);
    if found.disc != 1 {
        return Err(format!("this is {is}; disc 1 is wanted"));
    }
    if found.set == prestaged.set || !medium.root.join(POLICY).is_file() {
        return Err(format!("this is {is}, which holds no task sequence"));
    }
    Ok(())
}
