//! Weight for a state, which shows at every byte whether it belongs there.

use super::Seed;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The most ballast, in bytes: half of what a store takes, since JSON and a journal come on top.
const BALLAST_BYTES_MAX: usize = 32 << 20;

/// A text of a given length that follows from its key. A mixture of two of them, or a part of one,
/// is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ballast {
    key: u64,
    bytes: usize,
    text: String,
}

impl Ballast {
    pub(crate) fn new(key: u64, bytes: usize) -> Self {
        let blocks = bytes.div_ceil(BLOCK_BYTES);
        let mut text: String = (0..blocks)
            .flat_map(|at| block(key, at))
            .map(char::from)
            .collect();
        text.truncate(bytes);
        Self { key, bytes, text }
    }

    /// How long it says that it is.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The offset of the first byte that does not belong there; the length if the end is missing.
    pub(crate) fn first_wrong_byte(&self) -> Option<usize> {
        let found = self.text.as_bytes();
        let length = found.len().min(self.bytes);
        let mut blocks = found[..length].chunks(BLOCK_BYTES).enumerate();
        let wrong = blocks.find_map(|(at, found)| {
            let right = block(self.key, at);
            let within = found
                .iter()
                .zip(right)
                .position(|(found, right)| *found != right)?;
            Some(at * BLOCK_BYTES + within)
        });
        wrong.or_else(|| (found.len() != self.bytes).then_some(length))
    }
}

/// How many letters follow from one random number: 26 to this power is less than 2 to the 64.
const BLOCK_BYTES: usize = 12;

/// The letters of the block number `at` of the text for `key`.
fn block(key: u64, at: usize) -> [u8; BLOCK_BYTES] {
    let mut number = Seed(key).at(at as u64);
    std::array::from_fn(|_| {
        let letter = b'a' + (number % 26) as u8;
        number /= 26;
        letter
    })
}

/// How much ballast the operations of a lane put in: `from` in the first half, `to` in the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BallastBytes {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl BallastBytes {
    /// How much the operation number `iteration` of `iterations` puts in.
    pub(crate) const fn at(self, iteration: u32, iterations: u32) -> usize {
        if iteration <= iterations.div_ceil(2) {
            self.from
        } else {
            self.to
        }
    }
}

impl FromStr for BallastBytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        Ok(Self {
            from: bytes(from)?,
            to: bytes(to)?,
        })
    }
}

fn bytes(text: &str) -> Result<usize, String> {
    let bytes = text
        .parse()
        .map_err(|_| "it is a number of bytes, or two with '..' between them".to_owned())?;
    if bytes > BALLAST_BYTES_MAX {
        return Err(format!("a state carries at most {BALLAST_BYTES_MAX} bytes"));
    }
    Ok(bytes)
}

impl fmt::Display for BallastBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{}..{}", self.from, self.to)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ballast, BallastBytes};

    #[test]
    fn ballast_is_whole_at_every_length() {
        for bytes in [0, 1, 11, 12, 13, 4096, 100_000] {
            let ballast = Ballast::new(7, bytes);
            assert_eq!(ballast.text.len(), bytes);
            assert_eq!(ballast.first_wrong_byte(), None);
        }
    }

    #[test]
    fn a_mixture_of_two_is_found_at_the_seam() {
        let (mut torn, other) = (Ballast::new(7, 10_000), Ballast::new(8, 10_000));
        torn.text.replace_range(4096.., &other.text[4096..]);
        let found = torn.first_wrong_byte().unwrap();
        assert!((4096..4100).contains(&found), "{found}");
    }

    #[test]
    fn a_missing_end_is_found() {
        let mut short = Ballast::new(7, 10_000);
        short.text.truncate(4096);
        assert_eq!(short.first_wrong_byte(), Some(4096));
    }

    #[test]
    fn a_text_that_is_too_long_is_found() {
        let mut long = Ballast::new(7, 100);
        long.text.push('x');
        assert_eq!(long.first_wrong_byte(), Some(100));
    }

    #[test]
    fn the_length_changes_half_way() {
        let shrinking: BallastBytes = "100000..100".parse().unwrap();
        let lengths: Vec<usize> = (1..=5).map(|i| shrinking.at(i, 5)).collect();
        assert_eq!(lengths, [100_000, 100_000, 100_000, 100, 100]);
        assert_eq!("300".parse::<BallastBytes>().unwrap().at(9, 9), 300);
    }
}
