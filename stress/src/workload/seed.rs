//! The seed of a workload.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;

/// Fixes what is done: the tools that the operations count and the content of the ballast. It
/// does not fix when: that is the scheduler's. Written in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// A seed that nobody chose, short enough to be read aloud.
    pub(crate) fn random() -> Self {
        Self(RandomState::new().build_hasher().finish() >> 36)
    }

    /// The seed of one round, so that no round repeats another.
    pub(crate) const fn of_round(self, number: u32) -> Self {
        Self(self.at(number as u64))
    }

    /// The seed whose first round is the round of this number.
    pub(crate) const fn beginning_with(self, number: u32) -> Self {
        Self(self.0 ^ mix(number as u64) ^ mix(1))
    }

    /// A number that looks random and is the same for the same seed and `position`.
    pub(crate) const fn at(self, position: u64) -> u64 {
        mix(self.0 ^ mix(position))
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014).
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        u64::from_str_radix(digits, 16)
            .map(Self)
            .map_err(|_| "a seed has 1 to 16 hexadecimal digits, such as 7c1e9a4".to_owned())
    }
}

impl TryFrom<String> for Seed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Seed> for String {
    fn from(seed: Seed) -> Self {
        seed.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn any_round_can_be_the_first_of_another_seed() {
        let seed = Seed(0x07c1_e9a4);
        assert_eq!(seed.beginning_with(1), seed);
        for number in [2, 17, u32::MAX] {
            let first = seed.beginning_with(number).of_round(1);
            assert_eq!(first, seed.of_round(number));
            assert_ne!(first, seed.of_round(1));
        }
    }
}
