//! Finds files with the same bytes among those of the same size.
//!
//! Two larger files that agree at both ends nearly always agree as a whole, so they are compared
//! byte by byte, which takes less than hashing both; the one that is written is hashed on its way.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;

use content::Digest;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{Key, Listed};
use crate::checksum::{Checksummer, WithSha1};
use crate::hash_cache::HashCache;
use crate::progress::{Amount, Cancel, Phase, Progress};
use crate::read::{check_unchanged, open_unchanged, read_exact, read_whole};
use crate::stamp::FileStamp;
use crate::walk::WalkedFile;
use crate::{Error, IoContext};

/// A file of which another may be a twin.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    content: &'a Listed,
    file: &'a WalkedFile,
    known: Option<Digest>,
}

impl Candidate<'_> {
    fn inode(&self) -> (u64, u64) {
        (self.file.stamp.device, self.file.stamp.inode)
    }

    fn path(&self) -> PathBuf {
        self.content.walked.path(self.file)
    }

    fn stamp(&self) -> &FileStamp {
        &self.file.stamp
    }
}

/// For each file (by device and inode) of unknown digest that has a twin, what both are known by.
pub fn find(
    listed: &[Listed],
    known: &[Vec<Option<Digest>>],
    cache: &HashCache,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<HashMap<(u64, u64), Key>, Error> {
    let candidates = of_one_size(listed, known);
    let ends: Vec<[u8; 32]> = candidates
        .par_iter()
        .map(|candidate| {
            cancel.check()?;
            ends(candidate)
        })
        .collect::<Result<_, Error>>()?;
    let mut groups: HashMap<(u64, [u8; 32]), Vec<Candidate<'_>>> = HashMap::new();
    for (candidate, ends) in candidates.into_iter().zip(ends) {
        groups.entry((candidate.file.stamp.size, ends)).or_default().push(candidate);
    }
    let mut groups: Vec<Vec<Candidate<'_>>> = groups
        .into_values()
        .filter(|group| group.len() > 1 && group.iter().any(|file| file.known.is_none()))
        .collect();
    // Large ones first, so that none is begun when everything else is done.
    groups.sort_by_key(|group| {
        (std::cmp::Reverse(group[0].file.stamp.size * group.len() as u64), group[0].inode())
    });
    let files = groups.iter().map(|group| group.len() as u64).sum();
    let bytes = groups.iter().map(|group| group[0].file.stamp.size * group.len() as u64).sum();
    progress.begin(Phase::Hash, Amount { bytes, files });
    let found = groups.par_iter().with_max_len(1).map(|group| {
        let keys = twins(group, cache, cancel)?;
        let len = group.len() as u64;
        progress.advance(Amount { bytes: group[0].file.stamp.size * len, files: len });
        Ok(keys)
    });
    Ok(found.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect())
}

/// Every file that shares its size with another file of the host, where the digest of at least one
/// of them is unknown; each inode once.
fn of_one_size<'a>(listed: &'a [Listed], known: &[Vec<Option<Digest>>]) -> Vec<Candidate<'a>> {
    let mut sizes: HashMap<u64, OfOneSize> = HashMap::new();
    let pairs = || {
        let contents = listed.iter().zip(known);
        contents.flat_map(|(content, known)| {
            content.walked.files.iter().zip(known).map(move |(file, known)| Candidate {
                content,
                file,
                known: *known,
            })
        })
    };
    for candidate in pairs() {
        sizes.entry(candidate.file.stamp.size).or_default().add(&candidate);
    }
    let mut candidates: Vec<Candidate<'a>> = pairs()
        .filter(|candidate| {
            let of_size = &sizes[&candidate.file.stamp.size];
            candidate.file.stamp.size > 0 && of_size.several && of_size.some_unknown
        })
        .collect();
    candidates.sort_by_key(Candidate::inode);
    candidates.dedup_by_key(|candidate| candidate.inode());
    candidates
}

#[derive(Default)]
struct OfOneSize {
    first: Option<(u64, u64)>,
    several: bool,
    some_unknown: bool,
}

impl OfOneSize {
    fn add(&mut self, candidate: &Candidate<'_>) {
        self.several |= self.first.is_some_and(|first| first != candidate.inode());
        self.first.get_or_insert(candidate.inode());
        self.some_unknown |= candidate.known.is_none();
    }
}

/// How much of each end of a file is looked at before the whole is read.
const END: u64 = 4096;

/// Files below this size are hashed instead of compared: opening them takes longer than reading
/// them, and comparing opens some of them several times.
const SMALL: u64 = 16 * END;

/// A digest of the first and last bytes of larger files: those that differ there need not be read
/// whole. Small files get the same value each, since reading them is as cheap as looking.
fn ends(candidate: &Candidate<'_>) -> Result<[u8; 32], Error> {
    let size = candidate.file.stamp.size;
    if size < SMALL {
        return Ok([0; 32]);
    }
    let path = candidate.path();
    let source = File::open(&path).at("open", &path)?;
    let mut ends = [0; 2 * END as usize];
    let (head, tail) = ends.split_at_mut(END as usize);
    read_exact(&source, &path, head, 0)?;
    read_exact(&source, &path, tail, size - END)?;
    Ok(Sha256::digest(ends).into())
}

/// How many different files of one size and with the same ends are told apart by comparing: with
/// more, each further one would be compared with too many.
const CLASSES_MAX: usize = 8;

/// Files by device and inode, and what they are known by.
type Keys = Vec<((u64, u64), Key)>;

/// The keys of the files of a group whose digests are unknown.
fn twins(group: &[Candidate<'_>], cache: &HashCache, cancel: &Cancel) -> Result<Keys, Error> {
    if group[0].file.stamp.size < SMALL {
        return hash_all(group, cache, cancel);
    }
    let mut classes: Vec<Candidate<'_>> = Vec::new();
    let mut keys = Vec::new();
    // A class is known by a digest where one of its files has one.
    let by_digest = group.iter().filter(|file| file.known.is_some());
    let unknown = group.iter().filter(|file| file.known.is_none());
    for candidate in by_digest.chain(unknown) {
        if candidate.known.is_some_and(|d| classes.iter().any(|class| class.known == Some(d))) {
            continue;
        }
        let mut class = None;
        if candidate.known.is_none() {
            for known in &classes {
                if equal(known, candidate, cancel)? {
                    class = Some(*known);
                    break;
                }
            }
        }
        match class {
            Some(class) => keys.push((candidate.inode(), key(&class))),
            None if classes.len() == CLASSES_MAX => return hash_all(group, cache, cancel),
            None => classes.push(*candidate),
        }
    }
    Ok(keys)
}

fn key(class: &Candidate<'_>) -> Key {
    class.known.map_or(Key::of_file(class.stamp()), Key::Digest)
}

fn hash_all(group: &[Candidate<'_>], cache: &HashCache, cancel: &Cancel) -> Result<Keys, Error> {
    let unknown = group.iter().filter(|candidate| candidate.known.is_none());
    unknown
        .map(|candidate| {
            let mut sums = Checksummer::new(WithSha1::No);
            read_whole(&candidate.path(), candidate.stamp(), cancel, |bytes| sums.update(bytes))?;
            let checksum = sums.finish();
            cache.learn(*candidate.stamp(), &checksum);
            Ok((candidate.inode(), Key::Digest(checksum.digest)))
        })
        .collect()
}

/// How much of each of two files is compared at once: both pieces stay in a core's own cache.
const COMPARE: usize = 128 * 1024;

/// Whether two files of the same size have the same bytes; both must stay what they were.
fn equal(a: &Candidate<'_>, b: &Candidate<'_>, cancel: &Cancel) -> Result<bool, Error> {
    let (path_a, path_b) = (a.path(), b.path());
    let file_a = open_unchanged(&path_a, a.stamp())?;
    let file_b = open_unchanged(&path_b, b.stamp())?;
    let size = a.file.stamp.size;
    let len = COMPARE.min(size as usize);
    let (mut of_a, mut of_b) = (vec![0; len], vec![0; len]);
    let mut done = 0;
    while done < size {
        cancel.check()?;
        let len = (COMPARE as u64).min(size - done) as usize;
        read_exact(&file_a, &path_a, &mut of_a[..len], done)?;
        read_exact(&file_b, &path_b, &mut of_b[..len], done)?;
        if of_a[..len] != of_b[..len] {
            return Ok(false);
        }
        done += len as u64;
    }
    check_unchanged(&file_a, &path_a, a.stamp())?;
    check_unchanged(&file_b, &path_b, b.stamp())?;
    Ok(true)
}
