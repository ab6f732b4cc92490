//! Makes the metadata of an image independent of when and on what file system it was captured.

use std::collections::HashMap;

use super::wim::Origin;
use crate::Filetime;
use crate::format::bytes::{array, le32, le64};
use crate::format::{DENTRY_ALIGNMENT, DENTRY_SIZE, Dentry, STREAM_SIZE, attributes};

/// What times may be, and what becomes of those that are later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    /// What later times become.
    pub(super) time: Filetime,
    /// When the run began: what is later is the moment of the run.
    pub(super) since: Filetime,
}

impl Moments {
    fn fixed(self, time: Filetime) -> Filetime {
        if time > self.time || time >= self.since { self.time } else { time }
    }
}

/// Fixes times, attributes and link groups in the metadata that libwim wrote: entries follow each
/// other there without gaps, behind the security data. None if the bytes are not so.
pub(super) fn fix(bytes: &mut [u8], moments: Moments, origin: Origin) -> Option<()> {
    if bytes.len() < 8 {
        return None;
    }
    let mut groups = HashMap::new();
    let mut at = (le32(bytes, 0) as usize).next_multiple_of(DENTRY_ALIGNMENT).max(8);
    while at < bytes.len() {
        if le64(bytes.get(at..at + 8)?, 0) == 0 {
            at += 8;
            continue;
        }
        let fields = bytes.get_mut(at..at.checked_add(DENTRY_SIZE)?)?;
        let mut dentry = Dentry::from_bytes(&array(fields, 0));
        fix_dentry(&mut dentry, moments, origin, &mut groups);
        fields.copy_from_slice(&with_unknown(fields, dentry));
        at = advance(at, dentry.len, DENTRY_SIZE)?;
        for _ in 0..dentry.streams {
            let len = le64(bytes.get(at..at + 8)?, 0);
            at = advance(at, len, STREAM_SIZE)?;
        }
    }
    (at == bytes.len()).then_some(())
}

/// Where an entry of this length ends; None if it is shorter than it can be.
fn advance(at: usize, len: u64, least: usize) -> Option<usize> {
    let len = usize::try_from(len).ok().filter(|&len| len >= least)?;
    at.checked_add(len)?.checked_next_multiple_of(DENTRY_ALIGNMENT)
}

fn fix_dentry(
    dentry: &mut Dentry,
    moments: Moments,
    origin: Origin,
    groups: &mut HashMap<u64, u64>,
) {
    dentry.created = moments.fixed(dentry.created);
    dentry.written = moments.fixed(dentry.written);
    dentry.accessed = dentry.written;
    if origin == Origin::Captured && !dentry.is_directory() && !dentry.is_reparse_point() {
        dentry.attributes &= !attributes::SPARSE_FILE;
        if dentry.attributes == 0 {
            dentry.attributes = attributes::NORMAL;
        }
    }
    if !dentry.is_reparse_point() && dentry.link != 0 {
        let next = groups.len() as u64 + 1;
        dentry.link = *groups.entry(dentry.link).or_insert(next);
    }
}

/// The bytes of an entry with those fields that nobody knows kept: 24 to 39 and 84 to 87.
fn with_unknown(old: &[u8], dentry: Dentry) -> [u8; DENTRY_SIZE] {
    let mut new = dentry.to_bytes();
    new[24..40].copy_from_slice(&old[24..40]);
    new[84..88].copy_from_slice(&old[84..88]);
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Sha1;

    fn dentry(created: u64, written: u64, link: u64) -> Vec<u8> {
        let dentry = Dentry {
            len: 104,
            attributes: attributes::SPARSE_FILE,
            security_id: -1,
            children: 0,
            created: Filetime(created),
            accessed: Filetime(999),
            written: Filetime(written),
            sha1: Sha1::ZERO,
            link,
            streams: 0,
            short_name_len: 0,
            name_len: 0,
        };
        let mut bytes = dentry.to_bytes().to_vec();
        bytes.resize(104, 0);
        bytes
    }

    fn read(bytes: &[u8], at: usize) -> Dentry {
        Dentry::from_bytes(&array(bytes, at))
    }

    #[test]
    fn later_times_are_cut_and_groups_numbered_by_their_order() {
        let mut bytes = vec![8, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend(dentry(50, 70, 9));
        bytes.extend([0; 8]);
        bytes.extend(dentry(150, 80, 4));
        bytes.extend(dentry(60, 110, 9));
        let moments = Moments { time: Filetime(100), since: Filetime(75) };
        fix(&mut bytes, moments, Origin::Captured).unwrap();
        let told: Vec<_> = [8, 120, 224]
            .map(|at| read(&bytes, at))
            .map(|dentry| (dentry.created.0, dentry.accessed.0, dentry.written.0, dentry.link))
            .to_vec();
        assert_eq!(told, [(50, 70, 70, 1), (100, 100, 100, 2), (60, 100, 100, 1)]);
        assert_eq!(read(&bytes, 8).attributes, attributes::NORMAL);
    }

    #[test]
    fn what_is_no_row_of_entries_is_refused() {
        let moments = Moments { time: Filetime(1), since: Filetime(1) };
        let fix = |mut bytes: Vec<u8>| fix(&mut bytes, moments, Origin::Changed);
        assert_eq!(fix(vec![0; 7]), None);
        let mut cut = vec![8, 0, 0, 0, 0, 0, 0, 0];
        cut.extend(&dentry(1, 1, 0)[..100]);
        assert_eq!(fix(cut), None);
        let mut short = vec![8, 0, 0, 0, 0, 0, 0, 0];
        short.extend([9, 0, 0, 0, 0, 0, 0, 0]);
        short.extend([0; 200]);
        assert_eq!(fix(short), None);
    }
}
