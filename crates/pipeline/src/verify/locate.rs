//! Says where in a wrong file the first wrong byte is.
//!
//! The sums of the stripes name the first stripe that differs. Where one byte of a file is wrong,
//! the two sums of its stripe say which: a CRC is linear, so their difference is that of the wrong
//! byte alone, moved by the bytes after it, and moving it back over each of them ends where it came
//! from. The digest of the file with that byte mended proves it.

use std::io;

use content::{Digest, STRIPE, StripeSums};
use image::read::{DataExtent, ReadAt};
use sha2::{Digest as _, Sha256};

/// The unit in which discs fail, in bytes (ECMA-130, ECMA-267).
pub const SECTOR: u64 = 2048;

/// The first difference of a file from what it should be; offsets are those in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The byte here, and no other, is wrong.
    Byte {
        /// Where.
        at: u64,
        /// What is there.
        found: u8,
        /// What should be there.
        expected: u8,
    },
    /// Something within these bytes.
    Stripe {
        /// Where they begin.
        at: u64,
        /// How many they are.
        len: u64,
    },
    /// The bytes from here on cannot be read.
    Unreadable {
        /// Where.
        at: u64,
    },
}

impl Difference {
    /// Where it is, or where that begins in which it is.
    pub fn at(&self) -> u64 {
        match *self {
            Self::Byte { at, .. } | Self::Stripe { at, .. } | Self::Unreadable { at } => at,
        }
    }
}

/// The bytes of a file of an image.
#[derive(Clone, Copy)]
pub struct FileBytes<'a> {
    pub image: &'a (dyn ReadAt + Sync),
    pub extents: &'a [DataExtent],
}

impl FileBytes<'_> {
    fn len(&self) -> u64 {
        self.extents.iter().map(|extent| extent.len).sum()
    }

    /// Where in the image a byte of the file lies; for one after its end, where the file begins.
    pub fn offset_in_image(&self, at: u64) -> u64 {
        let mut before = 0;
        for extent in self.extents {
            if at < before + extent.len {
                return extent.offset + (at - before);
            }
            before += extent.len;
        }
        self.extents.first().map_or(0, |extent| extent.offset)
    }

    fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        let (mut before, mut at, mut rest) = (0, at, bytes);
        for extent in self.extents {
            let end = before + extent.len;
            if at < end && !rest.is_empty() {
                let (now, later) = rest.split_at_mut(((end - at) as usize).min(rest.len()));
                self.image.read_exact_at(extent.offset + (at - before), now)?;
                at += now.len() as u64;
                rest = later;
            }
            before = end;
        }
        Ok(())
    }

    /// Finds the first difference of a file that has not this digest; `None` if the sums do not
    /// tell.
    pub fn first_difference(&self, digest: Digest, sums: &StripeSums) -> Option<Difference> {
        let mut first = None;
        let mut several = false;
        let mut buffer = vec![0; STRIPE as usize];
        for (at, expected) in (0..self.len()).step_by(STRIPE as usize).zip(&sums.0) {
            let stripe = &mut buffer[..STRIPE.min(self.len() - at) as usize];
            if self.read(at, stripe).is_err() {
                let unreadable = Difference::Unreadable { at: self.first_unreadable(at) };
                return Some(first.map_or(unreadable, |(difference, _)| difference));
            }
            let found = crc32fast::hash(stripe);
            if found != *expected {
                several |= first.is_some();
                let difference = Difference::Stripe { at, len: stripe.len() as u64 };
                first.get_or_insert((difference, found ^ expected));
            }
        }
        let (difference, syndrome) = first?;
        let Difference::Stripe { at, len } = difference else { return Some(difference) };
        let byte = if several { None } else { self.one_byte(digest, at, len, syndrome) };
        Some(byte.unwrap_or(difference))
    }

    fn first_unreadable(&self, at: u64) -> u64 {
        let mut sector = [0; SECTOR as usize];
        let end = self.len().min(at + STRIPE);
        let mut sectors = (at..end).step_by(SECTOR as usize);
        let unreadable =
            |at: &u64| self.read(*at, &mut sector[..SECTOR.min(end - at) as usize]).is_err();
        sectors.find(unreadable).unwrap_or(at)
    }

    /// The wrong byte of the only wrong stripe, if it is one.
    fn one_byte(&self, digest: Digest, start: u64, len: u64, syndrome: u32) -> Option<Difference> {
        let mut candidates = single_bytes(len, syndrome);
        candidates.find_map(|(place, error)| {
            let at = start + place;
            let mut byte = [0];
            self.read(at, &mut byte).ok()?;
            let [found] = byte;
            let expected = found ^ error;
            let mended = self.digest_with(at, expected).ok()?;
            (mended == digest).then_some(Difference::Byte { at, found, expected })
        })
    }

    /// The digest of the file if the byte at `at` were `value`.
    fn digest_with(&self, at: u64, value: u8) -> io::Result<Digest> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; STRIPE as usize];
        for start in (0..self.len()).step_by(STRIPE as usize) {
            let bytes = &mut buffer[..STRIPE.min(self.len() - start) as usize];
            self.read(start, bytes)?;
            let place = at.checked_sub(start).and_then(|place| bytes.get_mut(place as usize));
            if let Some(byte) = place {
                *byte = value;
            }
            hash.update(bytes);
        }
        Ok(Digest(hash.finalize().into()))
    }
}

/// Every byte of a stripe (its place, and the bits that are wrong) that would explain how the sum
/// differs if it were the only wrong one.
fn single_bytes(len: u64, syndrome: u32) -> impl Iterator<Item = (u64, u8)> {
    let table = table();
    let mut by_top = [0; 256];
    for (index, entry) in (0..).zip(table) {
        by_top[(entry >> 24) as usize] = index;
    }
    let mut register = syndrome;
    (0..len).rev().filter_map(move |place| {
        let index: u32 = by_top[(register >> 24) as usize];
        register = (register ^ table[index as usize]) << 8 | index;
        u8::try_from(register).ok().filter(|error| *error != 0).map(|error| (place, error))
    })
}

/// What the register of CRC-32 becomes when a byte is taken.
fn table() -> [u32; 256] {
    /// The polynomial of ISO/IEC/IEEE 8802-3, 3.2.9, lowest power first.
    const POLYNOMIAL: u32 = 0xedb8_8320;
    std::array::from_fn(|byte| {
        (0..8)
            .fold(byte as u32, |sum, _| if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checksum::{Checksum, WithSha1};

    /// An image of which some bytes cannot be read.
    struct Scratched {
        bytes: Vec<u8>,
        bad: std::ops::Range<u64>,
    }

    impl ReadAt for Scratched {
        fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
            let end = offset + buf.len() as u64;
            if offset < self.bad.end && self.bad.start < end {
                return Err(io::Error::other("no such sector"));
            }
            buf.copy_from_slice(&self.bytes[offset as usize..end as usize]);
            Ok(())
        }

        fn len(&self) -> u64 {
            self.bytes.len() as u64
        }
    }

    /// Three runs of an image in another order than they lie in.
    const EXTENTS: [DataExtent; 3] = [
        DataExtent { offset: 300_000, len: 100_000 },
        DataExtent { offset: 0, len: 150_000 },
        DataExtent { offset: 200_000, len: 5 },
    ];

    fn image() -> Vec<u8> {
        (0..400_000_u64).map(|at| ((at * at) >> 9) as u8).collect()
    }

    fn file(image: &[u8]) -> Vec<u8> {
        let extents = EXTENTS.iter();
        let run = |extent: &DataExtent| {
            image[extent.offset as usize..(extent.offset + extent.len) as usize].to_vec()
        };
        extents.flat_map(run).collect()
    }

    /// The difference after these changes of the file's bytes, with these of the image unreadable.
    fn difference(wrong: &[u64], bad: std::ops::Range<u64>) -> Option<Difference> {
        let mut bytes = image();
        let Checksum { digest, stripes, .. } = Checksum::of(&file(&bytes), WithSha1::No);
        let whole = Scratched { bytes: Vec::new(), bad: 0..0 };
        let places = FileBytes { image: &whole, extents: &EXTENTS };
        for at in wrong {
            bytes[places.offset_in_image(*at) as usize] ^= 0x41;
        }
        let image = Scratched { bytes, bad };
        FileBytes { image: &image, extents: &EXTENTS }.first_difference(digest, &stripes)
    }

    #[test]
    fn one_wrong_byte_is_found_wherever_it_lies() {
        let sound = file(&image());
        for at in [0, 65_535, 65_536, 99_999, 100_000, 196_608, 249_999, 250_000, 250_004] {
            let expected = sound[at as usize];
            let found = expected ^ 0x41;
            assert_eq!(difference(&[at], 0..0), Some(Difference::Byte { at, found, expected }));
        }
        assert_eq!(difference(&[], 0..0), None);
    }

    #[test]
    fn of_several_wrong_bytes_the_first_stripe_is_named() {
        let stripe = |at, len| Some(Difference::Stripe { at, len });
        assert_eq!(difference(&[70_000, 70_001], 0..0), stripe(65_536, 65_536));
        assert_eq!(difference(&[70_000, 249_000], 0..0), stripe(65_536, 65_536));
        assert_eq!(difference(&[249_000, 250_004], 0..0), stripe(196_608, 53_397));
    }

    #[test]
    fn the_first_sector_that_cannot_be_read_is_named() {
        let unreadable = |at| Some(Difference::Unreadable { at });
        // The image's byte 50,000 is the file's 150,000; stripes and sectors are the file's.
        let sector = 131_072 + (150_000 - 131_072) / SECTOR * SECTOR;
        assert_eq!(difference(&[], 50_000..50_001), unreadable(sector));
        assert_eq!(difference(&[], 200_004..200_005), unreadable(250_000 / SECTOR * SECTOR));
        let before = Some(Difference::Stripe { at: 0, len: STRIPE });
        assert_eq!(difference(&[3], 50_000..50_001), before);
    }

    proptest! {
        #[test]
        fn a_wrong_byte_is_among_those_that_explain_the_sums(
            bytes in prop::collection::vec(any::<u8>(), 1..5000),
            at in any::<prop::sample::Index>(),
            error in 1..=255u8,
        ) {
            let at = at.index(bytes.len());
            let mut wrong = bytes.clone();
            wrong[at] ^= error;
            let syndrome = crc32fast::hash(&bytes) ^ crc32fast::hash(&wrong);
            let found: Vec<_> = single_bytes(bytes.len() as u64, syndrome).collect();
            prop_assert!(found.contains(&(at as u64, error)), "{found:?}");
            prop_assert!(found.len() < 4, "{found:?}");
        }
    }
}
