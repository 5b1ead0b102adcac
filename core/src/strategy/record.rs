//! The records of the append log, and what they add up to.

use crate::content::join_lines;
use crate::{Error, Result, State, checksum};
use std::path::Path;

/// How many hexadecimal digits the length of a record has; so has its checksum.
pub(crate) const LENGTH_DIGITS: usize = 8;
/// Where in a record the checksum begins.
const SUM_AT: usize = LENGTH_DIGITS + 1;
/// Where in a record the kind, a space and the JSON begin.
const KIND_AT: usize = 2 * LENGTH_DIGITS + 2;
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
    join_lines(&mut json);
    json.push(b'\n');
    let mut record = vec![b'\n'];
    record.extend_from_slice(&framed(Kind::Delta, &json));
    Ok(record)
}

/// The frame of a record and its line of JSON, which ends in a newline.
pub(crate) fn framed(kind: Kind, line: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(FRAME + line.len());
    let frame = format!("{:08x} 00000000 {} ", line.len() - 1, kind.letter());
    record.extend_from_slice(frame.as_bytes());
    record.extend_from_slice(line);
    let sum = format!("{:08x}", checksum_of(&record[..record.len() - 1]));
    record[SUM_AT..KIND_AT - 1].copy_from_slice(sum.as_bytes());
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
    /// How many records it is made of. None: there is no state yet.
    pub(crate) records: usize,
    /// How many lines are no records.
    pub(crate) damaged: usize,
    /// Whether there is something behind the last newline that is no record.
    pub(crate) unfinished: bool,
    /// Whether the log began with a base that is damaged; it counts among the damaged lines too.
    pub(crate) base_lost: bool,
    /// How many records are whole, by their checksums, and yet not understood.
    pub(crate) incompatible: usize,
}

impl<T: State> Fold<T> {
    pub(crate) fn of(log: &[u8]) -> Self {
        let mut fold = Self {
            state: T::default(),
            records: 0,
            damaged: 0,
            unfinished: false,
            base_lost: false,
            incompatible: 0,
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
            Some((Kind::Base, json)) if first => {
                self.understood(T::from_json(json), |fold, state| fold.state = state);
            }
            Some((Kind::Delta, json)) if !first => {
                let delta = serde_json::from_slice::<T::Delta>(json);
                self.understood(delta, |fold, delta| fold.state.apply(&delta));
            }
            _ => return false,
        }
        true
    }

    fn understood<P>(&mut self, part: serde_json::Result<P>, take: impl FnOnce(&mut Self, P)) {
        match part {
            Ok(part) => {
                take(self, part);
                self.records += 1;
            }
            Err(_) => self.incompatible += 1,
        }
    }
}

/// The kind and the JSON of a line that is a record.
fn verified(line: &[u8]) -> Option<(Kind, &[u8])> {
    let (frame, json) = line.split_at_checked(FRAME)?;
    let spaced = frame[SUM_AT - 1] == b' ' && frame[KIND_AT - 1] == b' ';
    let length = hexadecimal(&frame[..LENGTH_DIGITS])?;
    let sum = hexadecimal(&frame[SUM_AT..KIND_AT - 1])?;
    let kind = match frame[KIND_AT] {
        b's' => Kind::Base,
        b'd' => Kind::Delta,
        _ => return None,
    };
    let whole = spaced && length as usize == json.len();
    (whole && sum == checksum_of(line)).then_some((kind, json))
}

/// The checksum of a record without its newlines: of all but the checksum and the spaces around it.
fn checksum_of(line: &[u8]) -> u32 {
    checksum::of_two(&line[..LENGTH_DIGITS], &line[KIND_AT..])
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    let lower = text
        .bytes()
        .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    lower.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{Fold, Kind, delta, framed};
    use crate::State;
    use std::path::Path;

    #[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Total(u64);

    impl State for Total {
        type Delta = u64;
        fn apply(&mut self, more: &u64) {
            self.0 += more;
        }
    }

    fn one_more(number: u64) -> Vec<u8> {
        delta::<Total>(&number, Path::new("log")).expect("a number can be stored")
    }

    fn log(parts: &[&[u8]]) -> Fold<Total> {
        Fold::of(&parts.concat())
    }

    #[test]
    fn a_record_looks_as_the_documentation_says() {
        assert_eq!(framed(Kind::Base, b"41\n"), b"00000002 585259a6 s 41\n");
        assert_eq!(one_more(7), b"\n00000001 a7aa8c8b d 7\n");
    }

    #[test]
    fn a_log_adds_up_to_its_base_and_its_deltas() {
        let fold = log(&[&framed(Kind::Base, b"41\n"), &one_more(7), &one_more(2)]);
        assert_eq!(fold.state, Total(50));
        assert_eq!(
            (fold.damaged, fold.unfinished, fold.base_lost),
            (0, false, false)
        );
    }

    #[test]
    fn every_proper_prefix_of_a_record_is_no_record_and_hides_no_other() {
        let record = one_more(7);
        for length in 0..record.len() - 1 {
            let part = &record[..length];
            let alone = log(&[part]);
            assert_eq!(alone.state, Total(0), "{length}");
            let between = log(&[&one_more(1), part, &one_more(2)]);
            assert_eq!(between.state, Total(3), "{length}");
            assert_eq!(between.damaged, usize::from(length > 1), "{length}");
        }
        let without_newline = &record[..record.len() - 1];
        assert_eq!(log(&[without_newline]).state, Total(7));
        assert_eq!(log(&[without_newline, &one_more(2)]).state, Total(9));
    }

    #[test]
    fn every_flipped_bit_of_a_record_is_noticed() {
        let whole = [framed(Kind::Base, b"41\n"), one_more(7)].concat();
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let fold = Fold::<Total>::of(&flipped);
            let noticed = fold.damaged > 0 || fold.unfinished;
            // A newline that separates nothing can go without harm.
            assert!(noticed || fold.state == Total(48), "bit {bit}");
        }
    }

    #[test]
    fn a_damaged_base_is_lost_but_the_deltas_are_not() {
        let mut base = framed(Kind::Base, b"41\n");
        base[20] ^= 1;
        let fold = log(&[&base, &one_more(7)]);
        assert!(fold.base_lost);
        assert_eq!(fold.state, Total(7));
    }

    #[test]
    fn a_base_anywhere_but_at_the_beginning_is_damage() {
        let fold = log(&[&one_more(7), b"\n", &framed(Kind::Base, b"41\n")]);
        assert_eq!((fold.state, fold.damaged), (Total(7), 1));
    }
}
