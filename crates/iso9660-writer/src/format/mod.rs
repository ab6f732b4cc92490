//! The bytes of the standards: fields in their names and positions, no decisions.

pub(crate) mod ecma119;
pub(crate) mod ecma167;
pub(crate) mod el_torito;
pub(crate) mod output;
pub(crate) mod susp;
pub(crate) mod time;
pub(crate) mod udf;

/// The bytes of a logical sector and block, of ISO 9660 and UDF alike.
pub(crate) const BLOCK: u64 = 2048;

/// A block that is filled in field by field.
pub(crate) struct Block([u8; BLOCK as usize]);

impl Block {
    pub(crate) fn new() -> Self {
        Self([0; BLOCK as usize])
    }

    /// Sets the field whose first byte lies at `offset`, as ECMA-167 counts: from 0.
    pub(crate) fn set(&mut self, offset: usize, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        self.0[offset..offset + value.len()].copy_from_slice(value);
    }

    /// Sets the field of the byte positions `first` to `last`, as ECMA-119 counts: from 1, with
    /// both ends.
    pub(crate) fn set_bp(&mut self, first: usize, last: usize, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        assert_eq!(value.len(), last + 1 - first, "because the standard gives the field's length");
        self.set(first - 1, value);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A number in both byte orders (ECMA-119 §7.3.3), 32 bits.
pub(crate) fn both_u32(value: u32) -> [u8; 8] {
    let (l, b) = (value.to_le_bytes(), value.to_be_bytes());
    [l[0], l[1], l[2], l[3], b[0], b[1], b[2], b[3]]
}

/// A number in both byte orders (ECMA-119 §7.2.3), 16 bits.
pub(crate) fn both_u16(value: u16) -> [u8; 4] {
    let (l, b) = (value.to_le_bytes(), value.to_be_bytes());
    [l[0], l[1], b[0], b[1]]
}
