//! The sole right to change the files of a site.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crate::load::SitePath;
use crate::{Error, IoContext};

/// The sole right to change the files of a site, from reading them to the last rename. Given back
/// when dropped or when the process ends, however that happens.
#[derive(Debug)]
pub(crate) struct SiteLock {
    path: PathBuf,
    _lock: File,
}

impl SiteLock {
    /// Takes the lock, and waits while another run has it: each of them changes a few small files.
    pub(crate) fn take(site: &SitePath) -> Result<Self, Error> {
        let path = site.root().join(".tsmedia.site.lock");
        loop {
            // Only the lock on it counts: whatever it holds, it stays as it is.
            let lock = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .at("create", &path)?;
            match lock.lock() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                locked => locked.at("lock", &path)?,
            }
            // The holder before removed the name while this run waited: then the lock is on a file
            // that nobody else will find.
            let held = lock.metadata().at("look at", &path)?;
            let held = (held.dev(), held.ino());
            if fs::metadata(&path).is_ok_and(|named| (named.dev(), named.ino()) == held) {
                return Ok(Self { path, _lock: lock });
            }
        }
    }
}

impl Drop for SiteLock {
    fn drop(&mut self) {
        // The name goes while the lock is held, so that no site is versioned with such a file.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn one_waits_for_the_other_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("site.toml"), "").unwrap();
        let site = SitePath::at(folder.path()).unwrap();
        let is_held = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _lock = SiteLock::take(&site).unwrap();
                        assert!(!is_held.swap(true, Ordering::SeqCst), "two hold it at once");
                        std::thread::yield_now();
                        is_held.store(false, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_of_that_name_keeps_what_it_holds_while_the_lock_is_held() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("site.toml"), "").unwrap();
        let path = folder.path().join(".tsmedia.site.lock");
        fs::write(&path, "left by a run that was killed").unwrap();
        let lock = SiteLock::take(&SitePath::at(folder.path()).unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "left by a run that was killed");
        drop(lock);
    }
}
