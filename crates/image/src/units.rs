use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A position in an image or a blob, in bytes from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteOffset(pub u64);

/// A length in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteCount(pub u64);

impl ByteOffset {
    /// The start of every image.
    pub const ZERO: Self = Self(0);

    /// Rounds up to the next multiple of `alignment`, which must not be 0.
    pub fn align_up(self, alignment: u64) -> Self {
        Self(self.0.next_multiple_of(alignment))
    }
}

impl ByteCount {
    /// No bytes.
    pub const ZERO: Self = Self(0);

    /// The number of units of `size` bytes that hold this many bytes, rounded up.
    pub fn div_ceil(self, size: u64) -> u64 {
        self.0.div_ceil(size)
    }

    /// Rounds up to the next multiple of `alignment`, which must not be 0.
    pub fn align_up(self, alignment: u64) -> Self {
        Self(self.0.next_multiple_of(alignment))
    }
}

impl Add<ByteCount> for ByteOffset {
    type Output = ByteOffset;
    fn add(self, len: ByteCount) -> ByteOffset {
        ByteOffset(self.0 + len.0)
    }
}

impl Sub for ByteOffset {
    type Output = ByteCount;
    fn sub(self, start: ByteOffset) -> ByteCount {
        ByteCount(self.0 - start.0)
    }
}

impl Add for ByteCount {
    type Output = ByteCount;
    fn add(self, other: ByteCount) -> ByteCount {
        ByteCount(self.0 + other.0)
    }
}

impl AddAssign for ByteCount {
    fn add_assign(&mut self, other: ByteCount) {
        self.0 += other.0;
    }
}

impl Sub for ByteCount {
    type Output = ByteCount;
    fn sub(self, other: ByteCount) -> ByteCount {
        ByteCount(self.0 - other.0)
    }
}

impl std::iter::Sum for ByteCount {
    fn sum<I: Iterator<Item = ByteCount>>(counts: I) -> ByteCount {
        counts.fold(ByteCount::ZERO, Add::add)
    }
}

impl fmt::Display for ByteOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
