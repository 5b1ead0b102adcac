//! The records of the append log, and what they add up to.

use crate::{Error, Result, State, checksum};
use serde::de::DeserializeOwned;
use std::path::Path;

/// How many hexadecimal digits the length of a record has; so has its checksum.
pub(crate) const LENGTH_DIGITS: usize = 8;
/// The most bytes of JSON in one delta: 1 MiB.
const DELTA_BYTES_MAX: u64 = 1 << 20;
/// Length, space, checksum, space, kind, space.
const FRAME: usize = 2 * LENGTH_DIGITS + 4;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole state.
    Base,
    /// A change.
    Delta,
}

impl Kind {
    const fn letter(self) -> char {
        match self {
            Self::Base => 's',
            Self::Delta => 'd',
        }
    }
}

/// The record of a change, with a newline on both sides. One that would not read back is refused.
pub(crate) fn delta<T: State>(delta: &T::Delta, path: &Path) -> Result<Vec<u8>> {
    let unstorable = |error| Error::unstorable(path, error);
    let mut json = serde_json::to_vec(delta).map_err(unstorable)?;
    serde_json::from_slice::<T::Delta>(&json).map_err(unstorable)?;
    if json.len() as u64 > DELTA_BYTES_MAX {
        return Err(Error::too_large(path, json.len() as u64, DELTA_BYTES_MAX));
    }
    json.push(b'\n');
    let mut record = vec![b'\n'];
    record.extend_from_slice(&framed(Kind::Delta, &json));
    Ok(record)
}

/// The frame of a record and its line of JSON, which ends in a newline.
pub(crate) fn framed(kind: Kind, line: &[u8]) -> Vec<u8> {
    let length = line.len() - 1;
    let json = &line[..length];
    let mut record = Vec::with_capacity(FRAME + line.len());
    let sum = checksum_of(length, kind, json);
    record.extend_from_slice(format!("{length:08x} {sum:08x} {} ", kind.letter()).as_bytes());
    record.extend_from_slice(line);
    record
}

/// The length in the first digits of a record.
pub(crate) fn length_in(digits: &[u8]) -> Option<u64> {
    hexadecimal(digits.get(..LENGTH_DIGITS)?).map(u64::from)
}

/// What a log adds up to.
pub(crate) struct Fold<T> {
    /// The base, or the default state, and all changes that are whole.
    pub(crate) state: T,
    /// How many lines are no records.
    pub(crate) damaged: usize,
    /// Whether there is something behind the last newline that is no record.
    pub(crate) unfinished: bool,
    /// Whether the log began with a base that is damaged; it counts among the damaged lines too.
    pub(crate) base_lost: bool,
}

impl<T: State> Fold<T> {
    pub(crate) fn of(log: &[u8]) -> Self {
        let mut fold = Self {
            state: T::default(),
            damaged: 0,
            unfinished: false,
            base_lost: false,
        };
        let mut rest = log;
        // Only a base stands at the very beginning; a delta has a newline before it.
        let mut first = true;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let whole = fold.take(&rest[..end], first);
            fold.damaged += usize::from(!whole);
            fold.base_lost |= first && !whole;
            first = false;
            rest = &rest[end + 1..];
        }
        if !fold.take(rest, first) {
            fold.unfinished = true;
            // A base is in place before its file has the name of the log.
            fold.base_lost |= first;
        }
        fold
    }

    /// Adds one line. `false` if it is damaged.
    fn take(&mut self, line: &[u8], first: bool) -> bool {
        if line.is_empty() {
            return true;
        }
        match verified(line) {
            Some((Kind::Base, json)) if first => self.take_base(json),
            Some((Kind::Delta, json)) if !first => self.take_delta(json),
            _ => false,
        }
    }

    fn take_base(&mut self, json: &[u8]) -> bool {
        parsed(json).map(|state| self.state = state).is_some()
    }

    fn take_delta(&mut self, json: &[u8]) -> bool {
        parsed(json).map(|delta| self.state.apply(&delta)).is_some()
    }
}

fn parsed<P: DeserializeOwned>(json: &[u8]) -> Option<P> {
    serde_json::from_slice(json).ok()
}

/// The kind and the JSON of a line that is a record.
fn verified(line: &[u8]) -> Option<(Kind, &[u8])> {
    let (frame, json) = line.split_at_checked(FRAME)?;
    let spaced = frame[LENGTH_DIGITS] == b' '
        && frame[2 * LENGTH_DIGITS + 1] == b' '
        && frame[FRAME - 1] == b' ';
    let length = hexadecimal(&frame[..LENGTH_DIGITS])?;
    let sum = hexadecimal(&frame[LENGTH_DIGITS + 1..2 * LENGTH_DIGITS + 1])?;
    let kind = match frame[FRAME - 2] {
        b's' => Kind::Base,
        b'd' => Kind::Delta,
        _ => return None,
    };
    let whole = spaced && length as usize == json.len();
    (whole && sum == checksum_of(json.len(), kind, json)).then_some((kind, json))
}

fn checksum_of(length: usize, kind: Kind, json: &[u8]) -> u32 {
    checksum::of_two(format!("{length:08x} {} ", kind.letter()).as_bytes(), json)
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    let lower = text
        .bytes()
        .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    lower.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}
