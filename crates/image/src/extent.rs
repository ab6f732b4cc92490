use std::fmt;
use std::sync::Arc;

use crate::{ByteCount, ByteOffset};

/// Every byte of an image, in order, and where each comes from.
///
/// The extents are sorted, contiguous, not empty, and end at the image's length; [`Image::new`]
/// checks it.
#[derive(Clone, Debug)]
pub struct Image<B> {
    extents: Vec<Extent<B>>,
    len: ByteCount,
}

/// A run of an image whose bytes have one source.
#[derive(Clone, Debug)]
pub struct Extent<B> {
    /// Where the run starts in the image.
    pub start: ByteOffset,
    /// Its length; never 0.
    pub len: ByteCount,
    /// Where its bytes come from.
    pub source: Source<B>,
}

/// Where the bytes of an extent come from.
#[derive(Clone, Debug)]
pub enum Source<B> {
    /// These bytes; as many as the extent is long.
    Bytes(Arc<[u8]>),
    /// Part `part` of `encoder`, encoded when it is wanted: metadata that is large in sum (a UDF
    /// file entry is one 2048-byte block a file) need not be held in memory at once.
    Encoded {
        /// What encodes the bytes.
        encoder: Arc<dyn Encode>,
        /// Which of the encoder's parts these are.
        part: u64,
    },
    /// The bytes of `blob` from `offset` on.
    Blob {
        /// Whose bytes.
        blob: B,
        /// Where in the blob they start.
        offset: ByteOffset,
    },
    /// Zeros; a hole where the target can hold one.
    Zeros,
}

/// Metadata that is encoded in parts on demand.
///
/// Encoding the same part twice gives the same bytes.
pub trait Encode: fmt::Debug + Send + Sync {
    /// Appends the bytes of part `part` to `out`: exactly as many as the extent that names the
    /// part is long.
    fn encode(&self, part: u64, out: &mut Vec<u8>);
}

/// What is wrong with a list of extents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// The extent at this index is empty.
    Empty(usize),
    /// The extent at this index does not start where the one before it ends.
    NotContiguous(usize),
    /// The extent at this index holds another number of bytes than it is long.
    WrongLength(usize),
    /// Where another image should lie, these are not all zeros of this one.
    NotZeros,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(index) => write!(f, "extent {index} is empty"),
            Self::NotContiguous(index) => {
                write!(f, "extent {index} does not start where extent {} ends", index - 1)
            }
            Self::WrongLength(index) => {
                write!(f, "extent {index} and its bytes differ in length")
            }
            Self::NotZeros => write!(f, "there are no zeros where another image should lie"),
        }
    }
}

impl std::error::Error for ImageError {}

impl<B> Image<B> {
    /// Makes an image of extents that follow each other from offset 0 on.
    pub fn new(extents: Vec<Extent<B>>) -> Result<Self, ImageError> {
        let mut end = ByteOffset::ZERO;
        for (index, extent) in extents.iter().enumerate() {
            if extent.len == ByteCount::ZERO {
                return Err(ImageError::Empty(index));
            }
            if extent.start != end {
                return Err(ImageError::NotContiguous(index));
            }
            if let Source::Bytes(bytes) = &extent.source
                && bytes.len() as u64 != extent.len.0
            {
                return Err(ImageError::WrongLength(index));
            }
            end = end + extent.len;
        }
        Ok(Self { extents, len: end - ByteOffset::ZERO })
    }

    /// The same image with another one in the place of zeros, from `start` on: a volume in its
    /// partition.
    pub fn with_inner(self, start: ByteOffset, inner: Self) -> Result<Self, ImageError> {
        let end = start + inner.len;
        let holds = |extent: &Extent<B>| {
            matches!(extent.source, Source::Zeros) && extent.start <= start && end <= extent.end()
        };
        let place = self.extents.iter().position(holds).ok_or(ImageError::NotZeros)?;
        let zeros = |start: ByteOffset, end: ByteOffset| {
            let len = end - start;
            (len != ByteCount::ZERO).then_some(Extent { start, len, source: Source::Zeros })
        };
        let mut extents = self.extents;
        let behind = extents.split_off(place + 1);
        let Some(around) = extents.pop() else { return Err(ImageError::NotZeros) };
        extents.extend(zeros(around.start, start));
        let moved = |extent: Extent<B>| Extent {
            start: start + (extent.start - ByteOffset::ZERO),
            ..extent
        };
        extents.extend(inner.extents.into_iter().map(moved));
        extents.extend(zeros(end, around.end()));
        extents.extend(behind);
        Self::new(extents)
    }

    /// The extents in order.
    pub fn extents(&self) -> &[Extent<B>] {
        &self.extents
    }

    /// The image's length in bytes.
    pub fn len(&self) -> ByteCount {
        self.len
    }

    /// Whether the image has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == ByteCount::ZERO
    }

    /// The sum of the bytes that come from blobs.
    pub fn blob_bytes(&self) -> ByteCount {
        let of_blobs = |extent: &&Extent<B>| matches!(extent.source, Source::Blob { .. });
        self.extents.iter().filter(of_blobs).map(|extent| extent.len).sum()
    }
}

impl<B> Extent<B> {
    /// Where the extent ends in the image.
    pub fn end(&self) -> ByteOffset {
        self.start + self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros(start: u64, len: u64) -> Extent<u32> {
        Extent { start: ByteOffset(start), len: ByteCount(len), source: Source::Zeros }
    }

    #[test]
    fn contiguous_extents_make_an_image_of_their_length() {
        let image = Image::new(vec![zeros(0, 10), zeros(10, 5)]).unwrap();
        assert_eq!(image.len(), ByteCount(15));
    }

    #[test]
    fn a_gap_an_overlap_and_an_empty_extent_are_refused() {
        let refused = |extents| Image::new(extents).unwrap_err();
        assert_eq!(refused(vec![zeros(0, 10), zeros(11, 5)]), ImageError::NotContiguous(1));
        assert_eq!(refused(vec![zeros(0, 10), zeros(9, 5)]), ImageError::NotContiguous(1));
        assert_eq!(refused(vec![zeros(1, 10)]), ImageError::NotContiguous(0));
        assert_eq!(refused(vec![zeros(0, 10), zeros(10, 0)]), ImageError::Empty(1));
    }

    #[test]
    fn an_image_lies_in_the_zeros_of_another_and_nowhere_else() {
        let bytes = |start, len: u64| Extent {
            start: ByteOffset(start),
            len: ByteCount(len),
            source: Source::<u32>::Bytes(vec![1; len as usize].into()),
        };
        let outer = || Image::new(vec![bytes(0, 5), zeros(5, 20), bytes(25, 5)]).unwrap();
        let inner = || Image::new(vec![bytes(0, 2), zeros(2, 8)]).unwrap();
        for (start, expected) in [
            (5, vec![0, 5, 7, 15, 25]),
            (10, vec![0, 5, 10, 12, 20, 25]),
            (15, vec![0, 5, 15, 17, 25]),
        ] {
            let image = outer().with_inner(ByteOffset(start), inner()).unwrap();
            let starts: Vec<u64> = image.extents().iter().map(|extent| extent.start.0).collect();
            assert_eq!((starts, image.len()), (expected, ByteCount(30)));
        }
        for start in [0, 4, 16, 25, 100] {
            let error = outer().with_inner(ByteOffset(start), inner()).unwrap_err();
            assert_eq!(error, ImageError::NotZeros, "{start}");
        }
    }

    #[test]
    fn bytes_must_be_as_many_as_the_extent_is_long() {
        let source = Source::<u32>::Bytes(Arc::from([1u8, 2, 3].as_slice()));
        let extent = Extent { start: ByteOffset(0), len: ByteCount(4), source };
        assert_eq!(Image::new(vec![extent]).unwrap_err(), ImageError::WrongLength(0));
    }
}
