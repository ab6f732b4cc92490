use std::fmt;

use image::ByteCount;

/// The media sizes that have names, and their bytes.
pub const NAMED_CAPACITIES: [(&str, u64); 6] = [
    ("cd-650", 681_984_000),
    ("cd-700", 737_280_000),
    ("dvd-5", 4_700_372_992),
    ("dvd-9", 8_543_666_176),
    ("bd-25", 25_025_314_816),
    ("bd-50", 50_050_629_632),
];

/// The smallest capacity that a definition may ask for, in bytes.
///
/// A disc image with its volume structures alone (UDF keeps its first anchor at block 256) is more
/// than half of this.
pub const MINIMUM_CAPACITY: u64 = 1 << 20;

/// How much a medium holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// So many bytes.
    Bytes(ByteCount),
    /// As much as there is.
    Unlimited,
}

/// Why a text is no [`Capacity`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapacityError {
    /// It is neither a name nor a byte count.
    #[error(
        "`{0}` is no media size: {names}, unlimited, or a byte count such as `4.7 GB` or `4 GiB`",
        names = NAMED_CAPACITIES.map(|(name, _)| name).join(", ")
    )]
    NotASize(String),
    /// It is below [`MINIMUM_CAPACITY`].
    #[error("a medium of {0} bytes holds nothing: at least {MINIMUM_CAPACITY} bytes")]
    TooSmall(u64),
}

impl Capacity {
    /// Reads the name of a medium (`dvd-5`), `unlimited`, or a byte count: digits, at most one
    /// point, and a unit of powers of 1000 (`kB`, `MB`, `GB`, `TB`) or of 1024 (`KiB`, `MiB`,
    /// `GiB`, `TiB`), in any case; a fraction of a byte is dropped.
    pub fn parse(text: &str) -> Result<Self, CapacityError> {
        let name = text.trim().to_ascii_lowercase();
        if name == "unlimited" {
            return Ok(Self::Unlimited);
        }
        let named = NAMED_CAPACITIES.iter().find(|(known, _)| *known == name);
        match named.map(|(_, bytes)| *bytes).or_else(|| byte_count(&name)) {
            Some(bytes) => Self::from_bytes(bytes),
            None => Err(CapacityError::NotASize(text.to_owned())),
        }
    }

    /// Takes a number of bytes, which must not be below [`MINIMUM_CAPACITY`].
    pub fn from_bytes(bytes: u64) -> Result<Self, CapacityError> {
        if bytes < MINIMUM_CAPACITY {
            return Err(CapacityError::TooSmall(bytes));
        }
        Ok(Self::Bytes(ByteCount(bytes)))
    }

    /// The bytes; `None` for unlimited.
    pub fn bytes(self) -> Option<ByteCount> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Unlimited => None,
        }
    }
}

/// The name of the medium where there is one, else the number of bytes.
impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Bytes(bytes) = self else { return f.write_str("unlimited") };
        match NAMED_CAPACITIES.iter().find(|(_, known)| *known == bytes.0) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", bytes.0),
        }
    }
}

fn byte_count(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: u128 = match unit.trim_start() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().ok()?;
    // Twelve places are a byte of a terabyte, and keep the product below in 128 bits.
    if fraction.is_empty() || fraction.len() > 12 {
        return None;
    }
    let scale = 10u128.pow(fraction.len() as u32);
    let fraction: u128 = fraction.parse().ok()?;
    let bytes = u128::from(whole) * unit + fraction * unit / scale;
    u64::try_from(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Option<u64> {
        Capacity::parse(text).ok()?.bytes().map(|bytes| bytes.0)
    }

    #[test]
    fn names_and_byte_counts_are_read() {
        assert_eq!(bytes("dvd-5"), Some(4_700_372_992));
        assert_eq!(bytes("DVD-9"), Some(8_543_666_176));
        assert_eq!(bytes("4.7 GB"), Some(4_700_000_000));
        assert_eq!(bytes("4GiB"), Some(4_294_967_296));
        assert_eq!(bytes("1.5 MiB"), Some(1_572_864));
        assert_eq!(bytes("2000000"), Some(2_000_000));
        assert_eq!(bytes("0.000001999999 TB"), Some(1_999_999));
        assert_eq!(Capacity::parse("unlimited"), Ok(Capacity::Unlimited));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "GB", "4,7 GB", "1.2.3 GB", "-5 GB", "5 furlongs", ".5 GB", "1. GB"] {
            assert_eq!(Capacity::parse(text), Err(CapacityError::NotASize(text.into())));
        }
        assert_eq!(bytes("99999999999 TB"), None);
        assert_eq!(Capacity::parse("1 MB"), Err(CapacityError::TooSmall(1_000_000)));
    }

    #[test]
    fn display_is_read_back() {
        for text in ["cd-650", "bd-50", "unlimited", "123456789"] {
            assert_eq!(Capacity::parse(text).unwrap().to_string(), text);
        }
    }
}
