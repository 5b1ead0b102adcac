//! The format of the append log, read a second time, from its description alone: what a log adds
//! up to and whether all of it is whole.

use crate::ledger::{Add, Ledger};
use hookstate::State;

/// What the lines of a log say.
#[derive(Debug, Default, PartialEq)]
pub struct Log {
    /// The base, if it is whole, and all whole deltas.
    pub sum: Ledger,
    /// How many lines are no records, the last one without a newline included.
    pub damaged: usize,
    /// Whether the damage is behind the last newline only, where an append may be going on.
    pub only_unfinished: bool,
    /// Whether there should be a base and there is none.
    pub base_lost: bool,
}

impl Log {
    pub fn of(bytes: &[u8]) -> Self {
        let mut log = Self::default();
        let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
        for (number, line) in lines.iter().enumerate() {
            let is_first = number == 0;
            if line.is_empty() || log.takes(line, is_first) {
                continue;
            }
            log.damaged += 1;
            log.base_lost |= is_first;
            log.only_unfinished = log.damaged == 1 && number + 1 == lines.len();
        }
        log
    }

    fn takes(&mut self, line: &[u8], is_first: bool) -> bool {
        match record(line) {
            Some((b's', json)) if is_first => match serde_json::from_slice(json) {
                Ok(base) => self.sum = base,
                Err(_) => return false,
            },
            Some((b'd', json)) if !is_first => match serde_json::from_slice::<Add>(json) {
                Ok(delta) => self.sum.apply(&delta),
                Err(_) => return false,
            },
            _ => return false,
        }
        true
    }
}

/// `LLLLLLLL SSSSSSSS K JSON`: the length of the JSON, the checksum of length, kind and JSON.
fn record(line: &[u8]) -> Option<(u8, &[u8])> {
    let json = line.get(20..)?;
    let kind = line[18];
    let length = format!("{:08x}", json.len());
    let summed = [length.as_bytes(), &line[18..]].concat();
    let frame = format!("{length} {:08x} {} ", crc32(&summed), char::from(kind));
    (frame.as_bytes() == &line[..20]).then_some((kind, json))
}

/// A line of a log.
pub fn framed(kind: u8, json: &[u8]) -> Vec<u8> {
    let (length, kind) = (format!("{:08x}", json.len()), char::from(kind));
    let rest = [format!("{kind} ").as_bytes(), json].concat();
    let sum = crc32(&[length.as_bytes(), &rest].concat());
    let frame = format!("{length} {sum:08x} ");
    [frame.as_bytes(), &rest, b"\n"].concat()
}

/// CRC-32 by its definition, one bit after the other.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[test]
fn the_checksum_is_the_one_of_the_standard() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}
