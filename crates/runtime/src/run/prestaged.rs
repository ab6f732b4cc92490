//! Contents that lie on the computer's own disk since the factory.

use ::content::Digest;
use cmtrace::{Log, LogType};

use super::Run;
use crate::contents::Staged;
use crate::media::{Drives, Medium, Seen};
use crate::screen::Tone;

/// Keeps prestaged media readable. Those that cannot be changed are kept too: steps that write to
/// their partition say so themselves.
pub(crate) fn hold(drives: &mut dyn Drives, prestaged: &Medium, log: &mut Log) {
    if let Err(error) = drives.hold(prestaged) {
        let text = format!("`{}` can only be read: {error}", prestaged.root.display());
        log.write(LogType::Warning, &text);
    }
}

impl Run<'_> {
    /// Uses what prestaged media have of the contents, and says of each whether it is used or has
    /// to be fetched; on the screen too if `aloud`.
    pub(crate) fn stage(&mut self, prestaged: Medium, aloud: bool) {
        for (content, staged) in self.contents.stage(&prestaged) {
            let text = format!("{} ({}) {staged}", content.id, content.name);
            let bad = matches!(staged, Staged::Unusable(_));
            self.log.write(if bad { LogType::Warning } else { LogType::Info }, &text);
            if aloud {
                self.screen.say(Tone::Plain, &text);
            }
        }
        self.prestaged = Some(prestaged);
    }

    /// Finds prestaged media on the computer's disks again after a restart. Without them all
    /// contents are fetched.
    pub(crate) fn stage_again(&mut self, set: Digest) {
        let found = self.drives.look().into_iter().find_map(|(_, seen)| match seen {
            Seen::Medium(medium) if medium.manifest.set == set => Some(*medium),
            _ => None,
        });
        let Some(medium) = found else {
            let text = "the contents on this computer's disk are gone; they are fetched";
            self.log.write(LogType::Warning, text);
            return;
        };
        self.hold_and_stage(medium);
    }

    /// The same for media that have been found.
    pub(crate) fn hold_and_stage(&mut self, medium: Medium) {
        hold(self.drives, &medium, &mut self.log);
        self.stage(medium, false);
    }

    /// Says what was found out about contents.
    pub(super) fn tell_notes(&mut self) {
        for note in self.contents.take_notes() {
            self.tell(Tone::Bad, &note);
        }
    }
}
