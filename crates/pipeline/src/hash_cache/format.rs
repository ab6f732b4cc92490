//! The file of a [`HashCache`](super::HashCache).
//!
//! Version 3, all numbers little-endian: 16 bytes magic; the number of records, 8; the number of
//! words after them, 8. Records of 100 bytes: device, inode, size, modification and change time in
//! nanoseconds, 8 each; SHA-256, 32; SHA-1 or zeros, 20; for a file of one stripe its sum, for a
//! larger one the index of its words, 4; CRC-32 of the 96 bytes before, 4. Words of 4 bytes: for each larger file the CRC-32
//! of its sums, then the sums.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use content::{Digest, StripeSums};
use memmap2::Mmap;
use wim::Sha1;

use crate::stamp::{FileStamp, Nanoseconds};

/// What the magic of every version begins with.
pub const NAME: &[u8; 15] = b"tsmedia hashes ";
const MAGIC: &[u8; 16] = b"tsmedia hashes 3";
const HEADER: usize = 32;
const RECORD: usize = 100;

/// Where fields of a record lie.
const DIGEST: std::ops::Range<usize> = 40..72;
const SHA1: std::ops::Range<usize> = 72..92;
const SUMS: std::ops::Range<usize> = 92..96;
const CHECK: usize = 96;

type Record = [u8; RECORD];

/// What this run learnt of a file.
#[derive(Debug)]
pub struct Learnt {
    pub stamp: FileStamp,
    pub digest: Digest,
    /// Zeros if it is not known.
    pub sha1: Sha1,
    pub sums: Sums,
}

/// The sums of a file's stripes; most files have one.
#[derive(Debug)]
pub enum Sums {
    One(u32),
    Many(Box<[u32]>),
}

impl Sums {
    pub fn of(stripes: &StripeSums) -> Self {
        match &*stripes.0 {
            [] => Self::One(0),
            [one] => Self::One(*one),
            many => Self::Many(many.into()),
        }
    }
}

/// The records of a cache's file; none if there is no file or it is no such file.
#[derive(Debug, Default)]
pub struct Records {
    map: Option<Mmap>,
}

impl Records {
    pub fn open(path: &Path) -> Self {
        let map = File::open(path).ok().and_then(|file| map(&file));
        Self { map: map.filter(|map| lengths(map).is_some()) }
    }

    pub fn digest(&self, stamp: &FileStamp) -> Option<Digest> {
        self.find(stamp).map(digest)
    }

    pub fn sha1(&self, stamp: &FileStamp) -> Option<Sha1> {
        let record = self.find(stamp)?;
        let sha1 = Sha1(record[SHA1].try_into().expect("a slice of 20 bytes"));
        Some(sha1).filter(|sha1| *sha1 != Sha1::ZERO)
    }

    pub fn stripes(&self, stamp: &FileStamp) -> Option<StripeSums> {
        let record = self.find(stamp)?;
        let first = sums_of(record);
        match StripeSums::count(stamp.size) {
            0 => Some(StripeSums::default()),
            1 => Some(StripeSums([first].into())),
            count => {
                let words = self.words().get(first as usize..)?.get(..=count)?;
                let (check, sums) = words.split_first()?;
                let sums: Vec<u32> = sums.iter().map(|sum| u32::from_le_bytes(*sum)).collect();
                (u32::from_le_bytes(*check) == check_of(&sums)).then(|| StripeSums(sums.into()))
            }
        }
    }

    fn find(&self, stamp: &FileStamp) -> Option<&Record> {
        let records = self.records();
        let index = records.binary_search_by(|record| key(record).cmp(&of(stamp))).ok()?;
        Some(&records[index]).filter(|record| stamp_of(record).as_ref() == Some(stamp))
    }

    fn records(&self) -> &[Record] {
        let Some(map) = &self.map else { return &[] };
        let end = map.len() - lengths(map).map_or(0, |(_, words)| words * 4);
        map[HEADER..end].as_chunks().0
    }

    fn words(&self) -> &[[u8; 4]] {
        let Some(map) = &self.map else { return &[] };
        map[map.len() - lengths(map).map_or(0, |(_, words)| words * 4)..].as_chunks().0
    }

    fn raw_words<'a>(&'a self, record: &Record) -> &'a [[u8; 4]] {
        match StripeSums::count(word(record, 2)) {
            0 | 1 => &[],
            count => {
                let words = self.words().get(sums_of(record) as usize..);
                words.and_then(|words| words.get(..=count)).unwrap_or_default()
            }
        }
    }
}

/// How many records and words a file has whose length is that of both.
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let header = bytes.get(..HEADER).filter(|header| header.starts_with(MAGIC))?;
    let number = |at: usize| {
        let number = u64::from_le_bytes(header[at..at + 8].try_into().ok()?);
        usize::try_from(number).ok()
    };
    let (records, words) = (number(16)?, number(24)?);
    let len = records.checked_mul(RECORD)?.checked_add(words.checked_mul(4)?)?;
    (len.checked_add(HEADER)? == bytes.len()).then_some((records, words))
}

// The file is replaced by rename only, so the mapping's bytes stay what they are; a foreign
// process that truncates it is the one case that a mapping cannot survive.
#[allow(unsafe_code)]
fn map(file: &File) -> Option<Mmap> {
    // SAFETY: see above.
    unsafe { Mmap::map(file) }.ok()
}

/// A record of the new file.
enum Entry<'a> {
    Old(&'a Record),
    New(&'a Learnt),
}

/// Writes the old records and the new ones, which are sorted by stamp, as one file.
pub fn merge(old: &Records, new: &[Learnt], out: &mut impl Write) -> io::Result<()> {
    let (mut records, mut words) = (0_u64, 0_u64);
    each(old, new, |entry| {
        records += 1;
        words += entry.words(old) as u64;
        Ok(())
    })?;
    out.write_all(MAGIC)?;
    out.write_all(&records.to_le_bytes())?;
    out.write_all(&words.to_le_bytes())?;
    let mut at = 0_u32;
    each(old, new, |entry| {
        out.write_all(&entry.record(at))?;
        at = at.wrapping_add(entry.words(old) as u32);
        Ok(())
    })?;
    each(old, new, |entry| entry.write_words(old, out))
}

/// The entries in their order; of one inode the newest.
fn each<'a>(
    old: &'a Records,
    new: &'a [Learnt],
    mut each: impl FnMut(Entry<'a>) -> io::Result<()>,
) -> io::Result<()> {
    let (mut old, mut new) = (old.records().iter().peekable(), new.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(record), Some(learnt)) => key(record).cmp(&of(&learnt.stamp)),
        };
        if order != Ordering::Greater {
            let record = old.next().expect("peeked");
            if order == Ordering::Less && stamp_of(record).is_some() {
                each(Entry::Old(record))?;
            }
        } else if let Some(learnt) = new.next()
            && new.peek().is_none_or(|next| of(&next.stamp) != of(&learnt.stamp))
        {
            each(Entry::New(learnt))?;
        }
    }
}

impl Entry<'_> {
    /// How many words belong to it.
    fn words(&self, old: &Records) -> usize {
        match self {
            Self::Old(record) => old.raw_words(record).len(),
            Self::New(Learnt { sums: Sums::Many(sums), .. }) => sums.len() + 1,
            Self::New(_) => 0,
        }
    }

    /// Its record, if its words are at this index.
    fn record(&self, at: u32) -> Record {
        match self {
            Self::Old(record) if StripeSums::count(word(record, 2)) > 1 => {
                let mut moved = **record;
                moved[SUMS].copy_from_slice(&at.to_le_bytes());
                sealed(moved)
            }
            Self::Old(record) => **record,
            Self::New(learnt) => encode(learnt, at),
        }
    }

    fn write_words(&self, old: &Records, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Old(record) => out.write_all(old.raw_words(record).as_flattened()),
            Self::New(Learnt { sums: Sums::Many(sums), .. }) => {
                out.write_all(&check_of(sums).to_le_bytes())?;
                sums.iter().try_for_each(|sum| out.write_all(&sum.to_le_bytes()))
            }
            Self::New(_) => Ok(()),
        }
    }
}

fn check_of(sums: &[u32]) -> u32 {
    let mut check = crc32fast::Hasher::new();
    sums.iter().for_each(|sum| check.update(&sum.to_le_bytes()));
    check.finalize()
}

fn of(stamp: &FileStamp) -> (u64, u64) {
    (stamp.device, stamp.inode)
}

fn key(record: &Record) -> (u64, u64) {
    (word(record, 0), word(record, 1))
}

fn word(record: &Record, index: usize) -> u64 {
    let (words, _) = record.as_chunks::<8>();
    u64::from_le_bytes(words[index])
}

/// The sum of a file of one stripe, or the index of the words of a larger one.
fn sums_of(record: &Record) -> u32 {
    let (words, _) = record[SUMS].as_chunks::<4>();
    u32::from_le_bytes(words[0])
}

fn encode(learnt: &Learnt, words_at: u32) -> Record {
    let stamp = &learnt.stamp;
    let mut record = [0; RECORD];
    let words =
        [stamp.device, stamp.inode, stamp.size, stamp.modified.0 as u64, stamp.changed.0 as u64];
    for (bytes, word) in record.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    record[DIGEST].copy_from_slice(&learnt.digest.0);
    record[SHA1].copy_from_slice(&learnt.sha1.0);
    let sums = match learnt.sums {
        Sums::One(sum) => sum,
        Sums::Many(_) => words_at,
    };
    record[SUMS].copy_from_slice(&sums.to_le_bytes());
    sealed(record)
}

fn sealed(mut record: Record) -> Record {
    let check = crc32fast::hash(&record[..CHECK]);
    record[CHECK..].copy_from_slice(&check.to_le_bytes());
    record
}

/// The stamp of a record; `None` for a damaged one.
fn stamp_of(record: &Record) -> Option<FileStamp> {
    (record[CHECK..] == crc32fast::hash(&record[..CHECK]).to_le_bytes()).then(|| FileStamp {
        device: word(record, 0),
        inode: word(record, 1),
        size: word(record, 2),
        modified: Nanoseconds(word(record, 3) as i64),
        changed: Nanoseconds(word(record, 4) as i64),
    })
}

fn digest(record: &Record) -> Digest {
    Digest(record[DIGEST].try_into().expect("a slice of 32 bytes"))
}
