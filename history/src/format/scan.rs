//! A shortcut for operations on counters and sets in the form in which we write them.
//!
//! The general parser of JSON takes several times as long as there is for an operation if five
//! million are to be judged in a second. This one knows the keys and their order, no space, and no
//! escape in a string, and gives up on everything else: then the general one decides. A property test
//! holds both to the same result.

use super::meaning::unsound;
use crate::operation::{Action, Operation, Outcome, Token};

/// The operation of a line, without its newline; `None` if it is not in our form, which says
/// nothing about whether it is good.
pub(super) fn operation(line: &[u8]) -> Option<Operation> {
    let mut rest = Rest(line);
    rest.word(b"{\"process\":")?;
    let process = rest.number()?.try_into().ok()?;
    rest.word(b",\"op\":\"")?;
    let is_add = rest.has(b"add\"");
    if !is_add {
        rest.word(b"read\"")?;
    }
    let token = match is_add && rest.has(b",\"token\":\"") {
        true => Some(rest.token()?),
        false => None,
    };
    rest.word(b",\"invoked_ns\":")?;
    let invoked_ns = rest.number()?;
    let responded_ns = rest.number_after(b",\"responded_ns\":")?;
    rest.word(b",\"outcome\":\"")?;
    let outcome = rest.outcome()?;
    let read = rest.number_after(b",\"read\":")?;
    let action = if is_add {
        let wrote = rest.number_after(b",\"wrote\":")?;
        Action::Add { token, read, wrote }
    } else {
        // Without a version it may be a read of a register.
        Action::Look {
            version: Some(read?),
        }
    };
    rest.end()?;
    let operation = Operation {
        process,
        action,
        invoked_ns,
        responded_ns,
        outcome,
    };
    unsound(&operation).is_none().then_some(operation)
}

/// How many of these eight bytes are digits before the first one that is none, and their number.
///
/// Neighbours are put together, all pairs at once, then pairs of pairs, then the two halves.
fn leading_digits(bytes: [u8; 8]) -> (usize, u64) {
    const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0xf0; 8]);
    const SIX: u64 = u64::from_ne_bytes([6; 8]);
    let text = u64::from_le_bytes(bytes);
    // What is carried out of a byte that is no digit reaches only those behind it.
    let others = ((text ^ ZEROS) | (text.wrapping_add(SIX) ^ ZEROS)) & HIGH;
    let count = others.trailing_zeros() / 8;
    let unused_bits = 64 - 8 * count;
    let ones = (text ^ ZEROS).checked_shl(unused_bits).unwrap_or(0);
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let number = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
    (count as usize, number)
}

/// Ten to the power of each number of digits that are read at once.
const POWERS: [u64; 9] = [
    1,
    10,
    100,
    1000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// The value of the digits between the two, if JSON writes it so and it has not overflowed.
#[inline]
fn plain(start: &[u8], rest: &[u8], value: u64) -> Option<u64> {
    let digits = start.len() - rest.len();
    let is_plain = digits == 1 || (2..20).contains(&digits) && start[0] != b'0';
    is_plain.then_some(value)
}

/// What is left of a line.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Words are arrays, so that each is compared in an instruction or two.
    #[inline]
    fn has<const LENGTH: usize>(&mut self, word: &[u8; LENGTH]) -> bool {
        match self.0.split_first_chunk() {
            Some((first, rest)) if first == word => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn word<const LENGTH: usize>(&mut self, word: &[u8; LENGTH]) -> Option<()> {
        self.has(word).then_some(())
    }

    fn end(&self) -> Option<()> {
        (self.0 == b"}").then_some(())
    }

    /// JSON has no zeros before a number. One of more than 19 digits is left to the general parser.
    #[inline]
    fn number(&mut self) -> Option<u64> {
        let start = self.0;
        let mut value = 0_u64;
        while let Some((eight, _)) = self.0.split_first_chunk() {
            let (count, number) = leading_digits(*eight);
            value = value.wrapping_mul(POWERS[count]).wrapping_add(number);
            self.0 = &self.0[count..];
            if count < 8 {
                return plain(start, self.0, value);
            }
        }
        while let [digit @ b'0'..=b'9', rest @ ..] = self.0 {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.0 = rest;
        }
        plain(start, self.0, value)
    }

    /// The number behind a key that may be missing.
    #[inline]
    #[expect(clippy::option_option, reason = "the outer one gives up on the line")]
    fn number_after<const LENGTH: usize>(&mut self, key: &[u8; LENGTH]) -> Option<Option<u64>> {
        if self.has(key) {
            self.number().map(Some)
        } else {
            Some(None)
        }
    }

    /// A numbered token and the quote behind it.
    fn token(&mut self) -> Option<Token> {
        let process = self.number()?.try_into().ok()?;
        self.word(b"-")?;
        let sequence = self.number()?.try_into().ok()?;
        self.word(b"\"")?;
        Some(Token::Numbered { process, sequence })
    }

    fn outcome(&mut self) -> Option<Outcome> {
        if self.has(b"ok\"") {
            Some(Outcome::Ok)
        } else if self.has(b"unknown\"") {
            Some(Outcome::Unknown)
        } else {
            self.has(b"failed\"").then_some(Outcome::Failed)
        }
    }
}
