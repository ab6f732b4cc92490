//! Having discs put in: each once, and only the one that is wanted.

use std::thread;
use std::time::Duration;

use ::content::ContentId;
use cmtrace::LogType;
use tasksequence::run::{DiscWanted, Event};

use super::Run;
use crate::contents::disc_in_words;
use crate::media::{Medium, Seen};
use crate::screen::{Asked, Tone};

/// How often the drives are looked at while somebody looks for a disc.
const LOOK: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Gets the wanted disc into a drive. `Err` when that cannot be.
    pub(super) fn insert_disc(&mut self, wanted: &DiscWanted) -> Result<(), String> {
        self.at_step = wanted.step.number;
        if self.medium.as_ref().map(Medium::disc) != Some(wanted.disc) {
            self.keep_for_later(wanted.step.number);
            self.change_disc(wanted.disc)?;
        }
        if wanted.more {
            let ids = wanted.contents.iter().flat_map(|id| self.objects.contents_of(id));
            let ids: Vec<ContentId> = ids.collect();
            self.fetch(&ids);
        }
        self.handle(Event::DiscInserted { disc: wanted.disc });
        self.save();
        Ok(())
    }

    /// Copies what this and later steps need of the disc in the drive, so that it need not come
    /// back.
    fn keep_for_later(&mut self, step: usize) {
        let Some(disc) = self.medium.as_ref().map(Medium::disc) else { return };
        let later = self.needed.iter().filter(|(number, _)| *number >= step);
        let ids: Vec<ContentId> = later.map(|(_, id)| id.clone()).collect();
        let ids = self.contents.to_keep(&ids, disc);
        if ids.is_empty() {
            return;
        }
        self.tell(Tone::Plain, &format!("Copying what later steps need of disc {disc}"));
        self.fetch(&ids);
    }

    /// Waits until the disc is in a drive.
    fn change_disc(&mut self, disc: u32) -> Result<(), String> {
        self.contents.disc_leaves();
        self.medium = None;
        let mut told = self.find_disc(disc);
        if self.medium.is_some() {
            return Ok(());
        }
        let media = self.contents.media();
        let prompt = format!(
            "Insert disc {disc} of {} (label \"{}\") and press Enter",
            media.discs, media.label
        );
        self.tell(Tone::Asking, &prompt);
        loop {
            let asked = self.screen.ask("", Some(LOOK));
            if asked == Asked::Nobody {
                // Discs may be changed by a machine.
                thread::sleep(LOOK);
            }
            let seen = self.find_disc(disc);
            if let Some(medium) = &self.medium {
                let text = format!("Disc {} is in {}", medium.disc(), place(medium));
                self.tell(Tone::Good, &text);
                return Ok(());
            }
            let pressed = matches!(asked, Asked::Line(_));
            if pressed && seen.is_empty() {
                self.screen.say(Tone::Bad, "There is no disc in the drive");
            }
            for text in seen.iter().filter(|text| pressed || !told.contains(*text)) {
                self.screen.say(Tone::Bad, text);
                self.log.write(LogType::Warning, text);
            }
            told = seen;
        }
    }

    /// Looks for a disc of this set in all drives and takes it. Returns in words what else is in
    /// them.
    fn find_disc(&mut self, disc: u32) -> Vec<String> {
        // A medium that lies in memory or on a disk of the target needs no drive.
        let found = self.drives.look();
        let mut others = Vec::new();
        for (place, seen) in found {
            match seen {
                Seen::Medium(medium) => match self.judge(&medium, disc) {
                    Ok(()) => {
                        self.medium = Some(*medium);
                        return Vec::new();
                    }
                    Err(why) => others.push(format!("{place}: {why}")),
                },
                Seen::Unusable(why) => others.push(format!("{place}: {why}")),
                Seen::Other => {
                    if place.contains("/sr") {
                        others.push(format!(
                            "{place}: this disc holds no such media, or it cannot be read"
                        ));
                    }
                }
            }
        }
        if self.medium.is_none() {
            // What is mounted cannot be taken out.
            self.drives.release();
        }
        others
    }

    /// Whether this is the wanted disc of the set; `Err` says what it is.
    fn judge(&self, medium: &Medium, disc: u32) -> Result<(), String> {
        let (media, found) = (self.contents.media(), &medium.manifest);
        let wanted = disc_in_words(disc, media);
        if found.set != media.set {
            let is = disc_in_words(found.disc, found);
            return Err(format!("this is {is}, of another set; {wanted} is wanted"));
        }
        if found.disc != disc {
            return Err(format!(
                "this is disc {} of {}; {wanted} is wanted",
                found.disc, found.discs
            ));
        }
        let agrees = found.discs == media.discs
            && found.contents == media.contents
            && found.disc_manifests == media.disc_manifests;
        if !agrees {
            return Err(format!(
                "{wanted} does not say the same of the set as the disc before; it is damaged"
            ));
        }
        Ok(())
    }

    /// Takes what disc of the set there is, so that what later steps need of it can be copied.
    pub(super) fn take_any_disc(&mut self) {
        let set = self.contents.media().set;
        let found = self.drives.look().into_iter().find_map(|(_, seen)| match seen {
            Seen::Medium(medium) if medium.manifest.set == set => Some(*medium),
            _ => None,
        });
        // One that does not say the same as the others is found out when it is asked for.
        self.medium = found.filter(|medium| self.judge(medium, medium.disc()).is_ok());
        if self.medium.is_none() {
            self.drives.release();
        }
    }

    /// Looks at the drives anew for the disc that was in before.
    pub(super) fn look_again(&mut self) {
        if let Some(disc) = self.medium.as_ref().map(Medium::disc) {
            self.contents.disc_leaves();
            self.medium = None;
            self.find_disc(disc);
            if self.medium.is_none() {
                self.tell(Tone::Bad, &format!("Disc {disc} is not in the drive"));
            }
        }
    }
}

fn place(medium: &Medium) -> String {
    let path = medium.device.as_deref().unwrap_or(&medium.root);
    path.display().to_string()
}
