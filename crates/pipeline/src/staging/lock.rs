//! The sole right to export into a staging folder.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::PREFIX;
use crate::progress::Cancel;
use crate::{Error, IoContext};

/// How long is waited before the lock is asked for again: an export takes minutes.
const WAIT: Duration = Duration::from_millis(100);

/// The sole right to export into a staging folder. Given back when dropped or when the process
/// ends, however that happens.
#[derive(Debug)]
pub(super) struct StagingLock {
    _lock: File,
}

impl StagingLock {
    /// Takes the lock, and removes what exports that were killed have left. Waits while another
    /// run has it: that one may be making what this one needs, and uses all processors anyway.
    pub(super) fn take(folder: &Path, cancel: &Cancel) -> Result<Self, Error> {
        let path = folder.join(format!(".{PREFIX}lock"));
        // It stays there: removed, it would have to be looked for again by whoever waits.
        let mut options = File::options();
        let options = options.write(true).create(true).truncate(false);
        let lock = options.open(&path).at("create", &path)?;
        loop {
            cancel.check()?;
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => thread::sleep(WAIT),
                Err(TryLockError::Error(error)) => return Err(error).at("lock", &path),
            }
        }
        remove_rooms(folder)?;
        Ok(Self { _lock: lock })
    }
}

/// What a room is called in which a WIM is exported.
pub(super) fn room_name(target: &str) -> String {
    format!(".{target}.partial")
}

/// Removes the rooms of exports that were killed.
fn remove_rooms(folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder).at("list", folder)? {
        let entry = entry.at("list", folder)?;
        let name = entry.file_name();
        let is_room = name.to_str().is_some_and(|name| {
            name.starts_with(&format!(".{PREFIX}")) && name.ends_with(".partial")
        });
        if is_room {
            fs::remove_dir_all(entry.path()).at("remove", &entry.path())?;
        }
    }
    Ok(())
}
