//! Numbers that look random and are the same on every machine.

/// A SplitMix64 generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
/// 2014): 64 bits a step, any seed is good.
#[derive(Clone, Debug)]
pub struct SplitMix64 {
    state: u64,
}

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

impl SplitMix64 {
    /// Starts a stream that is a function of `keys` alone.
    pub fn keyed(keys: &[u64]) -> Self {
        let mut state = 0;
        for key in keys {
            // Mixing after each key keeps (1, 2) and (2, 1) and neighbouring seeds apart.
            state = mix(state ^ mix(key.wrapping_add(GOLDEN_GAMMA)));
        }
        Self { state }
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }

    /// A number below `bound`, which must not be zero. Slightly uneven, as the product is not
    /// rejected at the edge; that never matters for a file's size.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// Fills `buffer` with bytes that do not compress.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        let mut words = buffer.chunks_exact_mut(8);
        for word in &mut words {
            word.copy_from_slice(&self.next().to_le_bytes());
        }
        let rest = words.into_remainder();
        let last = self.next().to_le_bytes();
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

fn mix(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs for state 1234567, as in the reference implementation's test vectors.
        let mut random = SplitMix64 { state: 1_234_567 };
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_longer_buffer_begins_with_the_shorter_one() {
        let (mut short, mut long) = ([0; 16], [0; 40]);
        SplitMix64::keyed(&[1, 2]).fill(&mut short);
        SplitMix64::keyed(&[1, 2]).fill(&mut long);
        assert_eq!(short, long[..16]);
        SplitMix64::keyed(&[2, 1]).fill(&mut short);
        assert_ne!(short, long[..16]);
    }
}
