//! Digests of files that were read in earlier runs.
//!
//! One file, sorted by device and inode, so that a lookup is a binary search in a mapping and a
//! million entries cost no memory. Anything odd about it is as good as no cache: it can always be
//! made again.
//!
//! Format, version 1: 16 bytes magic; records of 80 bytes, little-endian (device, inode, size,
//! modification and change time in nanoseconds, 8 bytes each; digest 32; CRC-32 of the 72 bytes
//! before it, 4; zero, 4).

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use content::Digest;
use memmap2::Mmap;

use crate::stamp::{FileStamp, Nanoseconds};
use crate::{Error, IoContext};

const MAGIC: &[u8; 16] = b"tsmedia hashes 1";
const RECORD: usize = 80;

/// Digests by file stamp: those of earlier runs, and those learnt in this one.
#[derive(Debug)]
pub struct HashCache {
    path: Option<PathBuf>,
    known: Option<Mmap>,
    learnt: Mutex<HashMap<FileStamp, Digest>>,
    opened: Nanoseconds,
}

impl HashCache {
    /// A cache that knows nothing and is not kept.
    pub fn none() -> Self {
        Self { path: None, known: None, learnt: Mutex::default(), opened: Nanoseconds::now() }
    }

    /// The cache in this file. One that is not there or is damaged counts as empty.
    pub fn open(path: &Path) -> Self {
        let known = File::open(path).ok().and_then(|file| map(&file)).filter(|map| {
            map.starts_with(MAGIC) && (map.len() - MAGIC.len()).is_multiple_of(RECORD)
        });
        Self { path: Some(path.to_owned()), known, ..Self::none() }
    }

    /// The moment since when files are watched: a file that is not older is hashed each time.
    pub fn opened(&self) -> Nanoseconds {
        self.opened
    }

    /// The digest of the file with this stamp, if it is known and must still be true.
    pub fn get(&self, stamp: &FileStamp) -> Option<Digest> {
        if stamp.is_racy_at(self.opened) {
            return None;
        }
        let records = self.records();
        let index = records.binary_search_by(|record| key(record).cmp(&of(stamp))).ok()?;
        decode(&records[index]).filter(|(known, _)| known == stamp).map(|(_, digest)| digest)
    }

    /// The digest of the file with this stamp, if it was read in this run and could not have
    /// changed since without a trace.
    pub fn learnt(&self, stamp: &FileStamp) -> Option<Digest> {
        self.learnt.lock().expect("no thread panics with the lock").get(stamp).copied()
    }

    /// Keeps a digest for later runs, unless the file could have changed since without a trace.
    pub fn learn(&self, stamp: FileStamp, digest: Digest) {
        if self.path.is_some() && !stamp.is_racy_at(self.opened) {
            self.learnt.lock().expect("no thread panics with the lock").insert(stamp, digest);
        }
    }

    /// Writes what was learnt beside what was known, with one rename.
    ///
    /// Of one inode the newer stamp is kept. Does nothing if nothing was learnt.
    pub fn save(self) -> Result<(), Error> {
        let Some(path) = &self.path else { return Ok(()) };
        let learnt = self.learnt.lock().expect("no thread panics with the lock");
        if learnt.is_empty() {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).at("create", folder)?;
        // Another run may have saved what it learnt since this one began.
        let lock_path = path.with_extension("lock");
        let lock = File::create(&lock_path).at("create", &lock_path)?;
        lock.lock().at("lock", &lock_path)?;
        let present = Self::open(path);
        let mut new: Vec<(&FileStamp, &Digest)> = learnt.iter().collect();
        new.sort();
        let file = tempfile::NamedTempFile::new_in(folder).at("create a file in", folder)?;
        let mut out = BufWriter::new(file);
        merge(present.records(), &new, &mut out).at("write", path)?;
        let file = out.into_inner().map_err(|error| error.into_error()).at("write", path)?;
        file.persist(path).map_err(|error| error.error).at("replace", path)?;
        Ok(())
    }

    fn records(&self) -> &[[u8; RECORD]] {
        let bytes = self.known.as_ref().map_or(&[][..], |map| &map[MAGIC.len()..]);
        bytes.as_chunks().0
    }
}

// The file is replaced by rename only, so the mapping's bytes stay what they are; a foreign
// process that truncates it is the one case that a mapping cannot survive.
#[allow(unsafe_code)]
fn map(file: &File) -> Option<Mmap> {
    // SAFETY: see above.
    unsafe { Mmap::map(file) }.ok()
}

fn merge(
    old: &[[u8; RECORD]],
    new: &[(&FileStamp, &Digest)],
    out: &mut impl Write,
) -> std::io::Result<()> {
    out.write_all(MAGIC)?;
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(record), Some((stamp, _))) => key(record).cmp(&of(stamp)),
        };
        if order != Ordering::Greater {
            let record = old.next().expect("peeked");
            if order == Ordering::Less && decode(record).is_some() {
                out.write_all(record)?;
            }
        } else if let Some((stamp, digest)) = new.next()
            && new.peek().is_none_or(|(next, _)| of(next) != of(stamp))
        {
            out.write_all(&encode(stamp, digest))?;
        }
    }
}

fn of(stamp: &FileStamp) -> (u64, u64) {
    (stamp.device, stamp.inode)
}

fn key(record: &[u8; RECORD]) -> (u64, u64) {
    (word(record, 0), word(record, 1))
}

fn word(record: &[u8; RECORD], index: usize) -> u64 {
    let (words, _) = record.as_chunks::<8>();
    u64::from_le_bytes(words[index])
}

fn encode(stamp: &FileStamp, digest: &Digest) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    let words =
        [stamp.device, stamp.inode, stamp.size, stamp.modified.0 as u64, stamp.changed.0 as u64];
    for (bytes, word) in record.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    record[40..72].copy_from_slice(&digest.0);
    let sum = crc32fast::hash(&record[..72]);
    record[72..76].copy_from_slice(&sum.to_le_bytes());
    record
}

fn decode(record: &[u8; RECORD]) -> Option<(FileStamp, Digest)> {
    if record[72..76] != crc32fast::hash(&record[..72]).to_le_bytes() {
        return None;
    }
    let stamp = FileStamp {
        device: word(record, 0),
        inode: word(record, 1),
        size: word(record, 2),
        modified: Nanoseconds(word(record, 3) as i64),
        changed: Nanoseconds(word(record, 4) as i64),
    };
    let digest = record[40..72].try_into().expect("a slice of 32 bytes");
    Some((stamp, Digest(digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(inode: u64, modified: i64) -> FileStamp {
        let modified = Nanoseconds(modified);
        FileStamp { device: 9, inode, size: 5, modified, changed: modified }
    }

    fn digest(byte: u8) -> Digest {
        Digest([byte; 32])
    }

    #[test]
    fn what_one_run_learns_the_next_one_knows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache/hashes");
        let first = HashCache::open(&path);
        first.learn(stamp(3, 1), digest(3));
        first.learn(stamp(1, 1), digest(1));
        first.save().unwrap();

        let second = HashCache::open(&path);
        assert_eq!(second.get(&stamp(1, 1)), Some(digest(1)));
        assert_eq!(second.get(&stamp(3, 1)), Some(digest(3)));
        assert_eq!(second.get(&stamp(2, 1)), None);
        second.learn(stamp(2, 1), digest(2));
        second.learn(stamp(3, 7), digest(33));
        second.save().unwrap();

        let third = HashCache::open(&path);
        assert_eq!(third.get(&stamp(1, 1)), Some(digest(1)));
        assert_eq!(third.get(&stamp(2, 1)), Some(digest(2)));
        assert_eq!(third.get(&stamp(3, 7)), Some(digest(33)));
        assert_eq!(third.get(&stamp(3, 1)), None);
    }

    #[test]
    fn runs_beside_each_other_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hashes");
        let (first, second) = (HashCache::open(&path), HashCache::open(&path));
        first.learn(stamp(1, 1), digest(1));
        second.learn(stamp(2, 1), digest(2));
        first.save().unwrap();
        second.save().unwrap();
        let third = HashCache::open(&path);
        assert_eq!(third.get(&stamp(1, 1)), Some(digest(1)));
        assert_eq!(third.get(&stamp(2, 1)), Some(digest(2)));
    }

    #[test]
    fn a_file_as_new_as_the_run_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hashes");
        let cache = HashCache::open(&path);
        let now = stamp(1, cache.opened().0);
        cache.learn(now, digest(1));
        cache.save().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn damage_counts_as_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hashes");
        let cache = HashCache::open(&path);
        cache.learn(stamp(1, 1), digest(1));
        cache.save().unwrap();
        let sound = fs::read(&path).unwrap();
        for at in 0..sound.len() - 4 {
            let mut damaged = sound.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert_eq!(HashCache::open(&path).get(&stamp(1, 1)), None, "byte {at}");
        }
        fs::write(&path, &sound[..sound.len() - 1]).unwrap();
        assert_eq!(HashCache::open(&path).get(&stamp(1, 1)), None);
    }
}
