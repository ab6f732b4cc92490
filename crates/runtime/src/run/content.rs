//! Getting contents for steps, and asking what to do about a disc that cannot be read.

use std::path::{Path, PathBuf};

use ::content::ContentId;
use cmtrace::LogType;

use super::Run;
use crate::contents::ContentError;
use crate::provider::{StepFailure, chain};
use crate::screen::{Asked, Tone};

impl Run<'_> {
    /// Gives the folder of a content whose files are what they should be.
    pub(super) fn provide(&mut self, id: &str) -> Result<PathBuf, StepFailure> {
        loop {
            let mut observe = |done, total| self.screen.progress(done, total);
            let error = match self.contents.provide(id, self.medium.as_ref(), &mut observe) {
                Ok(folder) => return Ok(folder),
                Err(error) => error,
            };
            if !self.tries_again(&error) {
                return Err(StepFailure::because(&error));
            }
        }
    }

    /// Copies the files of a content to a folder, comparing each.
    pub(super) fn copy_out(&mut self, id: &str, to: &Path) -> Result<(), StepFailure> {
        loop {
            let mut observe = |done, total| self.screen.progress(done, total);
            let copied = self.contents.copy_out(id, self.medium.as_ref(), to, &mut observe);
            let Err(error) = copied else { return Ok(()) };
            if !self.tries_again(&error) {
                return Err(StepFailure::because(&error));
            }
        }
    }

    /// Copies what of these contents lies on the disc in the drive into the cache. What cannot be
    /// read now fails the step that needs it.
    pub(super) fn fetch(&mut self, ids: &[ContentId]) {
        for id in ids {
            while let Some(medium) = &self.medium {
                let mut observe = |done, total| self.screen.progress(done, total);
                match self.contents.fetch(id.as_str(), medium, &mut observe) {
                    Ok(copied) => {
                        if copied {
                            let text = format!("copied what disc {} has of {id}", medium.disc());
                            self.log.write(LogType::Info, &text);
                        }
                        break;
                    }
                    Err(error) if self.tries_again(&error) => {}
                    Err(_) => break,
                }
            }
        }
    }

    /// Says what is wrong with a content, and asks whether to try again where that can help.
    fn tries_again(&mut self, error: &ContentError) -> bool {
        let text = chain(error);
        self.tell(Tone::Bad, &text);
        if !error.is_of_medium() || self.bootstrap.unattended {
            return false;
        }
        self.screen.say(
            Tone::Asking,
            "Clean the disc, put it in again and press Enter; or type `skip` to let the step fail",
        );
        match self.screen.ask("Enter or skip", None) {
            Asked::Line(line) if line.trim().eq_ignore_ascii_case("skip") => false,
            Asked::Line(_) => {
                self.look_again();
                true
            }
            Asked::Nothing | Asked::Nobody => false,
        }
    }
}
