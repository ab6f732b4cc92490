use std::fmt;

/// A globally unique identifier in the order of its bytes on disk (UEFI 2.10 appendix A): the
/// first three fields little-endian, the rest as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

impl Guid {
    /// The type of an EFI system partition: C12A7328-F81F-11D2-BA4B-00A0C93EC93B.
    pub const EFI_SYSTEM: Self = Self::from_fields(
        0xC12A_7328,
        0xF81F,
        0x11D2,
        [0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B],
    );

    /// The type of a partition with a file system that Windows may mount:
    /// EBD0A0A2-B9E5-4433-87C0-68B6B72699C7.
    pub const BASIC_DATA: Self = Self::from_fields(
        0xEBD0_A0A2,
        0xB9E5,
        0x4433,
        [0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7],
    );

    /// The type of Microsoft's reserved partition: E3C9E316-0B5C-4DB8-817D-F92DF00215AE.
    pub const MICROSOFT_RESERVED: Self = Self::from_fields(
        0xE3C9_E316,
        0x0B5C,
        0x4DB8,
        [0x81, 0x7D, 0xF9, 0x2D, 0xF0, 0x02, 0x15, 0xAE],
    );

    /// The type of a partition with Windows' recovery environment:
    /// DE94BBA4-06D1-4D40-A16A-BFD50179D6AC.
    pub const WINDOWS_RECOVERY: Self = Self::from_fields(
        0xDE94_BBA4,
        0x06D1,
        0x4D40,
        [0xA1, 0x6A, 0xBF, 0xD5, 0x01, 0x79, 0xD6, 0xAC],
    );

    /// The type of a partition with a file system of Linux: 0FC63DAF-8483-4772-8E79-3D69D8477DE4.
    pub const LINUX_DATA: Self = Self::from_fields(
        0x0FC6_3DAF,
        0x8483,
        0x4772,
        [0x8E, 0x79, 0x3D, 0x69, 0xD8, 0x47, 0x7D, 0xE4],
    );

    /// Makes a GUID of the fields of its text form.
    pub const fn from_fields(first: u32, second: u16, third: u16, rest: [u8; 8]) -> Self {
        let (a, b, c) = (first.to_le_bytes(), second.to_le_bytes(), third.to_le_bytes());
        Self([
            a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], rest[0], rest[1], rest[2], rest[3],
            rest[4], rest[5], rest[6], rest[7],
        ])
    }

    /// Makes a GUID of 16 arbitrary bytes, such as a part of a digest.
    ///
    /// Six bits are overwritten by the version (8, custom) and variant that RFC 9562 wants.
    pub const fn from_digest(bytes: [u8; 16]) -> Self {
        let mut bytes = bytes;
        bytes[7] = bytes[7] & 0x0F | 0x80;
        bytes[8] = bytes[8] & 0x3F | 0x80;
        Self(bytes)
    }

    /// Makes a GUID of 16 random bytes, with the version (4, random) and variant of RFC 9562.
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        let mut guid = Self::from_digest(bytes);
        guid.0[7] = guid.0[7] & 0x0F | 0x40;
        guid
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let b = &self.0;
        write!(
            f,
            "{:02X}{:02X}{:02X}{:02X}-{:02X}{:02X}-{:02X}{:02X}-{:02X}{:02X}-",
            b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9]
        )?;
        b[10..].iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_has_the_fields_in_their_order() {
        assert_eq!(Guid::EFI_SYSTEM.to_string(), "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
        assert_eq!(Guid::EFI_SYSTEM.0[..4], [0x28, 0x73, 0x2A, 0xC1]);
    }

    #[test]
    fn a_guid_of_a_digest_says_its_version_and_variant() {
        let text = Guid::from_digest([0xFF; 16]).to_string();
        assert_eq!(text, "FFFFFFFF-FFFF-8FFF-BFFF-FFFFFFFFFFFF");
        let text = Guid::from_random([0xFF; 16]).to_string();
        assert_eq!(text, "FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF");
    }
}
