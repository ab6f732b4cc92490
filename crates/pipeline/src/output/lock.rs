//! The sole right to write a set, and its publication.
//!
//! What holds between any two steps, whether the next one fails or never comes: without a journal
//! the older set is whole under its names; with one, every disc of the new set is durable under
//! its temporary or its final name, and the next holder of the lock does what is left.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::OutputPaths;
use super::journal::{self, JOURNAL_MAX, Step};
use crate::{Error, IoContext};

/// The sole right to write a set. Given back when dropped or when the process ends, however that
/// happens.
#[derive(Debug)]
pub struct OutputLock {
    paths: OutputPaths,
    _lock: File,
}

impl OutputLock {
    /// Takes the lock, and mends what a run that was killed has left: a set that counted already
    /// is published, temporary files of one that did not are removed.
    pub fn take(paths: &OutputPaths) -> Result<Self, Error> {
        fs::create_dir_all(&paths.folder).at("create", &paths.folder)?;
        let path = paths.hidden("lock");
        loop {
            let lock = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .at("create", &path)?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Locked { path: paths.single() });
                }
                Err(TryLockError::Error(error)) => return Err(error).at("lock", &path),
            }
            // The holder before may have removed the name after this run opened the file: then
            // the lock is on a file that nobody else will find.
            let held = lock.metadata().at("look at", &path)?;
            if fs::metadata(&path).is_ok_and(|named| named.ino() == held.ino()) {
                let taken = Self { paths: paths.clone(), _lock: lock };
                taken.recover()?;
                return Ok(taken);
            }
        }
    }

    /// Makes sure that each image of a set of `discs` can take its place: nothing is there, or a
    /// file that it replaces.
    pub fn check_targets(&self, discs: u32) -> Result<(), Error> {
        for disc in 1..=discs {
            let path = self.paths.disc(disc, discs);
            if look(&path)?.is_some_and(|there| !there.is_file()) {
                let message = "is in the place of an image, but is no regular file; move it away, \
                               or choose another `output.path`"
                    .to_owned();
                return Err(Error::Input { path, message });
            }
        }
        Ok(())
    }

    /// Puts the discs, which lie under their temporary names and are durable, in the place of
    /// what is there, and removes `stale` images. Returns the paths of the discs.
    ///
    /// Calls `keep` at the moment from which nobody may remove the temporary files: after an error
    /// without that call the older set is whole, after one with it the next run goes on.
    pub fn publish(
        &self,
        discs: u32,
        stale: &[PathBuf],
        keep: impl FnOnce(),
    ) -> Result<Vec<PathBuf>, Error> {
        let steps = self.steps(discs, stale)?;
        if let Err(error) = self.write_journal(&steps) {
            self.withdraw(keep);
            return Err(error);
        }
        keep();
        self.perform(&steps)?;
        Ok((1..=discs).map(|disc| self.paths.disc(disc, discs)).collect())
    }

    fn steps(&self, discs: u32, stale: &[PathBuf]) -> Result<Vec<Step>, Error> {
        self.check_targets(discs)?;
        let mut steps = Vec::new();
        for disc in 1..=discs {
            let bytes = len(&self.paths.partial(disc))?;
            let from = self.paths.partial_name(disc);
            steps.push(Step::Rename { from, to: self.paths.disc_name(disc, discs), bytes });
        }
        for path in stale {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.expect("an image's name is made of the output's, which is text");
            steps.push(Step::Remove { name: name.to_owned(), bytes: len(path)? });
        }
        Ok(steps)
    }

    fn journal(&self) -> PathBuf {
        self.paths.hidden("journal")
    }

    /// The journal until it is complete: a name no longer than a disc's, so that it fits wherever
    /// theirs did.
    fn draft(&self) -> PathBuf {
        self.paths.partial(0)
    }

    fn write_journal(&self, steps: &[Step]) -> Result<(), Error> {
        // The names of the discs come first: the journal promises that they are there.
        self.sync_folder()?;
        let draft = self.draft();
        let mut file = File::create(&draft).at("create", &draft)?;
        file.write_all(journal::encode(steps).as_bytes()).at("write", &draft)?;
        file.sync_all().at("make durable", &draft)?;
        fs::rename(&draft, self.journal()).at("rename", &draft)?;
        self.sync_folder()
    }

    /// Takes a journal back that is perhaps not durable. If it cannot be removed, the set counts.
    fn withdraw(&self, keep: impl FnOnce()) {
        // What is left of it is found by the next run.
        let _ = fs::remove_file(self.draft());
        let _ = fs::remove_file(self.journal());
        if !matches!(self.journal().try_exists(), Ok(false)) {
            keep();
        }
    }

    fn recover(&self) -> Result<(), Error> {
        let journal = self.journal();
        let mut text = String::new();
        match File::open(&journal) {
            Ok(file) => {
                let read = file.take(JOURNAL_MAX).read_to_string(&mut text);
                read.map_err(|error| self.wrong(&error.to_string(), REMOVE_IT))?;
                let steps = journal::decode(&text);
                self.perform(&steps.map_err(|message| self.wrong(&message, REMOVE_IT))?)?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).at("read", &journal),
        }
        let prefix = self.paths.hidden_name("");
        for entry in fs::read_dir(&self.paths.folder).at("list", &self.paths.folder)? {
            let entry = entry.at("list", &self.paths.folder)?;
            let name = entry.file_name();
            let left = name
                .to_str()
                .is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".partial"));
            if left {
                fs::remove_file(entry.path()).at("remove", &entry.path())?;
            }
        }
        Ok(())
    }

    /// Does what the journal says, as far as it is not done yet, and removes it.
    fn perform(&self, steps: &[Step]) -> Result<(), Error> {
        self.perform_all(steps).map_err(|error| self.unfinished(error))
    }

    fn perform_all(&self, steps: &[Step]) -> Result<(), Error> {
        // All of it can be done before any of it is, so that no foreseeable failure leaves discs
        // of two sets side by side.
        steps.iter().try_for_each(|step| self.check(step))?;
        steps.iter().try_for_each(|step| self.apply(step))?;
        steps.iter().try_for_each(|step| self.check_done(step))?;
        self.sync_folder()?;
        unless_done("remove", &self.journal(), fs::remove_file(self.journal()))?;
        self.sync_folder()
    }

    fn check(&self, step: &Step) -> Result<(), Error> {
        let Step::Rename { from, to, bytes } = step else { return Ok(()) };
        let folder = &self.paths.folder;
        if look(&folder.join(from))?.is_none() {
            return self.check_done(step);
        }
        if len(&folder.join(from))? != *bytes {
            let message = format!("`{from}` does not have the {bytes} bytes that are to be `{to}`");
            return Err(self.wrong(&message, REMOVE_IT));
        }
        if look(&folder.join(to))?.is_some_and(|there| !there.is_file()) {
            let message = format!("`{to}` is to be replaced, but is no regular file");
            return Err(self.wrong(&message, "move it away, and build again"));
        }
        Ok(())
    }

    fn apply(&self, step: &Step) -> Result<(), Error> {
        let folder = &self.paths.folder;
        match step {
            Step::Rename { from, to, .. } => {
                let from = folder.join(from);
                unless_done("rename", &from, fs::rename(&from, folder.join(to)))
            }
            Step::Remove { name, bytes } => {
                let path = folder.join(name);
                if look(&path)?.is_none_or(|there| there.len() != *bytes) {
                    return Ok(());
                }
                unless_done("remove", &path, fs::remove_file(&path))
            }
        }
    }

    fn check_done(&self, step: &Step) -> Result<(), Error> {
        let Step::Rename { to, bytes, .. } = step else { return Ok(()) };
        let there = look(&self.paths.folder.join(to))?;
        if there.is_some_and(|there| there.is_file() && there.len() == *bytes) {
            return Ok(());
        }
        Err(self.wrong(&format!("the {bytes} bytes that are to be `{to}` are gone"), REMOVE_IT))
    }

    /// Adds to an I/O error that the set counts all the same.
    fn unfinished(&self, error: Error) -> Error {
        let Error::Io { verb, path, source } = error else { return error };
        let journal = self.journal();
        let text = format!(
            "{source}; the new set is complete, and the next build of it goes on with what \
             `{}` says",
            journal.display()
        );
        Error::Io { verb, path, source: io::Error::new(source.kind(), text) }
    }

    /// An error for a journal that cannot be done as it is.
    fn wrong(&self, what: &str, remedy: &str) -> Error {
        let message =
            format!("a build was stopped while its images took their places: {what}; {remedy}");
        Error::Input { path: self.journal(), message }
    }

    fn sync_folder(&self) -> Result<(), Error> {
        let folder = &self.paths.folder;
        File::open(folder).and_then(|folder| folder.sync_all()).at("make durable", folder)
    }
}

impl Drop for OutputLock {
    fn drop(&mut self) {
        // The name goes while the lock is held, so that no folder of images collects such files.
        let _ = fs::remove_file(self.paths.hidden("lock"));
    }
}

const REMOVE_IT: &str =
    "the images there may belong to different sets: remove this journal, and build again";

/// What came of a step. A file that is not there says that the step was done already.
fn unless_done(verb: &'static str, path: &Path, result: io::Result<()>) -> Result<(), Error> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result.at(verb, path),
    }
}

/// What is there under this name, links not followed; `None` if nothing is.
fn look(path: &Path) -> Result<Option<Metadata>, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).at("look at", path),
    }
}

fn len(path: &Path) -> Result<u64, Error> {
    Ok(fs::symlink_metadata(path).at("look at", path)?.len())
}

#[cfg(test)]
mod tests;
