use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// What tells a file from another and from its own later self without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileStamp {
    /// The device.
    pub device: u64,
    /// The inode.
    pub inode: u64,
    /// The size in bytes.
    pub size: u64,
    /// Last change of the bytes.
    pub modified: Nanoseconds,
    /// Last change of the inode; no program can set it back.
    pub changed: Nanoseconds,
}

/// Nanoseconds since 1970 in UTC; enough until the year 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanoseconds(pub i64);

impl Nanoseconds {
    /// The present.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    fn of(seconds: i64, nanoseconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds))
    }
}

impl FileStamp {
    /// The stamp in a file's metadata.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: Nanoseconds::of(metadata.mtime(), metadata.mtime_nsec()),
            changed: Nanoseconds::of(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the file could still change without its stamp changing when it was looked at at
    /// `moment`: file systems note times in steps, so a second write within the step of the first
    /// leaves no trace.
    ///
    /// The step is a clock tick (10 ms at most) where the file system keeps nanoseconds, and 2 s
    /// (FAT) where the times have whole seconds.
    pub fn is_racy_at(&self, moment: Nanoseconds) -> bool {
        let newest = self.modified.max(self.changed);
        let whole_seconds = newest.0 % 1_000_000_000 == 0;
        let step = if whole_seconds { 2_000_000_000 } else { 10_000_000 };
        newest.0.saturating_add(step) >= moment.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(modified: i64, changed: i64) -> FileStamp {
        FileStamp {
            device: 1,
            inode: 2,
            size: 3,
            modified: Nanoseconds(modified),
            changed: Nanoseconds(changed),
        }
    }

    #[test]
    fn a_file_is_racy_within_a_tick_of_its_newest_time() {
        let file = stamp(5_000_000_001, 7_000_000_001);
        assert!(file.is_racy_at(Nanoseconds(7_000_000_001)));
        assert!(file.is_racy_at(Nanoseconds(7_010_000_001)));
        assert!(!file.is_racy_at(Nanoseconds(7_010_000_002)));
    }

    #[test]
    fn whole_seconds_are_taken_for_a_coarse_clock() {
        let file = stamp(5_000_000_000, 7_000_000_000);
        assert!(file.is_racy_at(Nanoseconds(9_000_000_000)));
        assert!(!file.is_racy_at(Nanoseconds(9_000_000_001)));
    }
}
