use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The length of a stripe in bytes: fine enough to say what of a large file is damaged, coarse
/// enough that the sums of 40 GB take 5 MB of a manifest.
pub const STRIPE: u64 = 64 * 1024;

/// The CRC-32 (ISO/IEC/IEEE 8802-3, as in zip archives) of each 64 KiB of some bytes; the last may
/// cover less.
///
/// They say *where* bytes differ. *That* they differ is the digest's to say. As text they are eight
/// lower-case hexadecimal digits each, without anything between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StripeSums(pub Box<[u32]>);

impl StripeSums {
    /// How many stripes this many bytes have.
    pub fn count(len: u64) -> usize {
        len.div_ceil(STRIPE) as usize
    }

    /// Zeros in the place of sums that are not known yet, where only the length of an encoding
    /// counts.
    pub fn unknown(len: u64) -> Self {
        Self(vec![0; Self::count(len)].into())
    }

    /// Whether there are none, as of no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for StripeSums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |sum: u32, place: u32| DIGITS[(sum >> (28 - 4 * place) & 15) as usize] as char;
        let digits = self.0.iter().flat_map(|sum| (0..8).map(move |place| digit(*sum, place)));
        serializer.serialize_str(&digits.collect::<String>())
    }
}

impl<'de> Deserialize<'de> for StripeSums {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || serde::de::Error::custom("checksums have eight hexadecimal digits each");
        let text = String::deserialize(deserializer)?;
        let (sums, rest) = text.as_bytes().as_chunks::<8>();
        if !rest.is_empty() || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let value = |digit: &u8| (*digit as char).to_digit(16);
        let sum = |digits: &[u8; 8]| {
            digits.iter().map(value).try_fold(0, |sum, digit| Some(sum << 4 | digit?))
        };
        sums.iter().map(sum).collect::<Option<_>>().map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_sums_are_inverse() {
        let sums = StripeSums([0, 0xdead_beef, 7, u32::MAX].into());
        let text = serde_json::to_string(&sums).unwrap();
        assert_eq!(text, "\"00000000deadbeef00000007ffffffff\"");
        assert_eq!(serde_json::from_str::<StripeSums>(&text).unwrap(), sums);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["\"0\"", "\"0000000g\"", "\"+0000000\"", "\"000000é\"", "7"] {
            assert!(serde_json::from_str::<StripeSums>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_stripe_may_be_short() {
        assert_eq!([0, 1, STRIPE, STRIPE + 1].map(StripeSums::count), [0, 1, 1, 2]);
    }
}
