//! A shortcut for operations on counters and sets in the form in which we write them.
//!
//! The general parser of JSON takes several times as long as there is for an operation if five
//! million are to be judged in a second. This one knows the keys and their order, no space, and no
//! escape in a string, and gives up on everything else: then the general one decides. A property test
//! holds both to the same result.

use super::meaning::unsound;
use crate::operation::{Action, Operation, Outcome, Token};

/// The operation at the beginning of a text, and how many bytes its line has with the newline. `None`
/// if it is not in our form, or not all there, which says nothing about whether it is good.
pub(super) fn operation(text: &[u8]) -> Option<(Operation, usize)> {
    let mut rest = Rest(text);
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
    let invoked_ns = rest.long_number()?;
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
    rest.word(b"}\n")?;
    let operation = Operation {
        process,
        action,
        invoked_ns,
        responded_ns,
        outcome,
    };
    let length = text.len() - rest.0.len();
    unsound(&operation).is_none().then_some((operation, length))
}

/// How many of these eight bytes are digits, up to the first one that is none, and their number.
///
/// The digits are moved to the end, with zeros before them. Then neighbours are put together, all pairs
/// at once, then pairs of pairs, then the two halves.
#[inline(always)]
fn leading_digits(bytes: [u8; 8]) -> (usize, u64) {
    const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0xf0; 8]);
    const SIX: u64 = u64::from_ne_bytes([6; 8]);
    let text = u64::from_le_bytes(bytes);
    // A byte is a digit if its upper half is 3, and still is when 6 is added. What is carried out of
    // one that is none reaches only those behind it.
    let others = ((text ^ ZEROS) | (text.wrapping_add(SIX) ^ ZEROS)) & HIGH;
    let count = others.trailing_zeros() / 8;
    let ones = (text ^ ZEROS).checked_shl(64 - 8 * count).unwrap_or(0);
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let number = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
    (count as usize, number)
}

/// What is left of a line.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Words are arrays, so that each is compared in an instruction or two.
    #[inline(always)]
    fn has<const LENGTH: usize>(&mut self, word: &[u8; LENGTH]) -> bool {
        match self.0.split_first_chunk() {
            Some((first, rest)) if first == word => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    #[inline(always)]
    fn word<const LENGTH: usize>(&mut self, word: &[u8; LENGTH]) -> Option<()> {
        self.has(word).then_some(())
    }

    #[inline(always)]
    fn number(&mut self) -> Option<u64> {
        self.number_from(0, 0)
    }

    /// The same, for a number that has several digits as a rule.
    #[inline(always)]
    fn long_number(&mut self) -> Option<u64> {
        match self.0.first_chunk().copied().map(leading_digits) {
            Some((digits, number)) => self.number_from(number, digits),
            None => self.number(),
        }
    }

    /// The number of which so many digits have been read and are worth this. JSON has no zeros before a
    /// number; one of more than 19 digits is left to the general parser.
    #[inline(always)]
    fn number_from(&mut self, mut value: u64, mut digits: usize) -> Option<u64> {
        let text = self.0;
        for byte in &text[digits..] {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            digits += 1;
        }
        self.0 = &text[digits..];
        let is_plain = digits == 1 || (2..20).contains(&digits) && text[0] != b'0';
        is_plain.then_some(value)
    }

    /// The number behind a key that may be missing.
    #[inline(always)]
    #[expect(clippy::option_option, reason = "the outer one gives up on the line")]
    fn number_after<const LENGTH: usize>(&mut self, key: &[u8; LENGTH]) -> Option<Option<u64>> {
        if self.has(key) {
            self.long_number().map(Some)
        } else {
            Some(None)
        }
    }

    /// A numbered token and the quote behind it.
    #[inline(always)]
    fn token(&mut self) -> Option<Token> {
        let process = self.number()?.try_into().ok()?;
        self.word(b"-")?;
        let sequence = self.long_number()?.try_into().ok()?;
        self.word(b"\"")?;
        Some(Token::Numbered { process, sequence })
    }

    #[inline(always)]
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
