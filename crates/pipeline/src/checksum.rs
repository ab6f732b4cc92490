//! Digests, and beside them the sums that say where bytes differ.

use std::sync::atomic::{AtomicU32, Ordering};

use content::{BlobId, ContentIndex, Digest, STRIPE, StripeSums};
use sha2::{Digest as _, Sha256};
use wim::Sha1;

/// What is known of bytes that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// The digest of all.
    pub digest: Digest,
    /// The sums of their stripes.
    pub stripes: StripeSums,
    /// The digest by which a WIM names them, if somebody asked for it.
    pub sha1: Option<Sha1>,
}

/// Whether digests for WIMs are made too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithSha1 {
    /// They are.
    Yes,
    /// Nobody asks for them.
    No,
}

impl Checksum {
    /// The checksum of bytes at hand.
    pub fn of(bytes: &[u8], with_sha1: WithSha1) -> Self {
        Self {
            digest: Digest(Sha256::digest(bytes).into()),
            stripes: stripes_of(bytes),
            sha1: (with_sha1 == WithSha1::Yes).then(|| Sha1::of(bytes)),
        }
    }
}

/// The sums of the stripes of bytes that begin a stripe.
pub fn stripes_of(bytes: &[u8]) -> StripeSums {
    StripeSums(bytes.chunks(STRIPE as usize).map(crc32fast::hash).collect())
}

/// Takes bytes piece by piece.
pub struct Checksummer {
    digest: Sha256,
    sha1: Option<sha1::Sha1>,
    stripes: Vec<u32>,
    stripe: crc32fast::Hasher,
    /// How many bytes of the present stripe were taken.
    taken: usize,
}

impl Checksummer {
    /// One that has taken nothing yet.
    pub fn new(with_sha1: WithSha1) -> Self {
        Self {
            digest: Sha256::new(),
            sha1: (with_sha1 == WithSha1::Yes).then(sha1::Sha1::new),
            stripes: Vec::new(),
            stripe: crc32fast::Hasher::new(),
            taken: 0,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(bytes);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(STRIPE as usize - self.taken));
            self.stripe.update(now);
            self.taken += now.len();
            if self.taken == STRIPE as usize {
                self.end_stripe();
            }
            rest = later;
        }
    }

    /// The checksum of all bytes that were taken.
    pub fn finish(mut self) -> Checksum {
        if self.taken > 0 {
            self.end_stripe();
        }
        Checksum {
            digest: Digest(self.digest.finalize().into()),
            stripes: StripeSums(self.stripes.into()),
            sha1: self.sha1.map(|sha1| Sha1(sha1.finalize().into())),
        }
    }

    fn end_stripe(&mut self) {
        self.stripes.push(std::mem::take(&mut self.stripe).finalize());
        self.taken = 0;
    }
}

/// The sums of all blobs of an index, which threads fill in as they read: a million small ones take
/// twelve bytes each.
#[derive(Debug)]
pub struct StripeTable {
    /// Where the sums of each blob begin, and after the last where they end.
    first: Vec<u64>,
    sums: Vec<AtomicU32>,
}

impl StripeTable {
    /// Room for the sums of every blob.
    pub fn new(index: &ContentIndex) -> Self {
        let mut end = 0;
        let mut first = Vec::with_capacity(index.blobs.len() + 1);
        first.push(0);
        first.extend(index.blobs.iter().map(|blob| {
            end += StripeSums::count(blob.size.0) as u64;
            end
        }));
        Self { first, sums: (0..end).map(|_| AtomicU32::new(0)).collect() }
    }

    /// Notes sums of a blob from this offset on, which is that of a stripe.
    pub fn set(&self, blob: BlobId, offset: u64, stripes: &StripeSums) {
        let of_blob = &self.of(blob)[(offset / STRIPE) as usize..];
        for (place, sum) in of_blob.iter().zip(&stripes.0) {
            place.store(*sum, Ordering::Relaxed);
        }
    }

    /// The sums of a blob.
    pub fn get(&self, blob: BlobId) -> StripeSums {
        StripeSums(self.of(blob).iter().map(|sum| sum.load(Ordering::Relaxed)).collect())
    }

    fn of(&self, blob: BlobId) -> &[AtomicU32] {
        let [first, end] = [0, 1].map(|next| self.first[blob.0 as usize + next] as usize);
        &self.sums[first..end]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn pieces_give_what_the_whole_gives(
            len in 0..300_000usize,
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let bytes: Vec<u8> = (0..len).map(|at| ((at * at) >> 7) as u8).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(len + 1)).collect();
            cuts.extend([0, len]);
            cuts.sort_unstable();
            let mut pieces = Checksummer::new(WithSha1::Yes);
            cuts.windows(2).for_each(|cut| pieces.update(&bytes[cut[0]..cut[1]]));
            let whole = pieces.finish();
            prop_assert_eq!(whole.stripes.0.len(), StripeSums::count(len as u64));
            prop_assert_eq!(whole, Checksum::of(&bytes, WithSha1::Yes));
        }
    }
}
