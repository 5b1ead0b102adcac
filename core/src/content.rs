//! Between a state and its bytes.

use crate::{Error, Result, STATE_BYTES_MAX, State};
use std::path::Path;

/// The unit in which a write is whole or not at all under kill -9: at most this many bytes at an
/// offset that is a multiple of it. 4096, the page size of most machines and a part of it on the
/// others.
pub(crate) const PAGE: usize = 4096;

/// What the bytes of a file are.
pub(crate) enum Content<T> {
    /// Nothing but white space: a file that was just created.
    Empty,
    /// A state.
    State(T),
    /// Neither.
    Damaged(serde_json::Error),
}

/// Reads bytes as a state. White space around it is no damage.
pub(crate) fn decode<T: State>(bytes: &[u8]) -> Content<T> {
    if bytes.iter().all(|byte| matches!(byte, b' ' | b'\n')) {
        return Content::Empty;
    }
    match T::from_json(bytes) {
        Ok(state) => Content::State(state),
        Err(error) => Content::Damaged(error),
    }
}

/// One line of JSON, with a newline at its end. A state that would not read back is refused here,
/// before anything is written.
pub(crate) fn encode<T: State>(state: &T, path: &Path) -> Result<Vec<u8>> {
    let unstorable = |error| Error::unstorable(path, error);
    let mut bytes = state.to_json().map_err(unstorable)?;
    state.check_json(&bytes).map_err(unstorable)?;
    join_lines(&mut bytes);
    bytes.push(b'\n');
    if bytes.len() as u64 > STATE_BYTES_MAX {
        return Err(Error::too_large(path, bytes.len() as u64, STATE_BYTES_MAX));
    }
    Ok(bytes)
}

/// Makes one line of JSON that is spread over several. A newline in JSON is white space, since in a
/// string it is written as `\n`; but a `RawValue` is written as it was read.
pub(crate) fn join_lines(json: &mut [u8]) {
    // Nearly always there is none, and to look for one is faster than to look at each byte.
    if !json.contains(&b'\n') {
        return;
    }
    for byte in json.iter_mut().filter(|byte| **byte == b'\n') {
        *byte = b' ';
    }
}

/// Brings a line to at least `length` bytes, with spaces before its newline, which readers of JSON
/// skip (RFC 8259, section 2). So a shorter state replaces a longer one without truncating.
pub(crate) fn pad(mut line: Vec<u8>, length: usize) -> Vec<u8> {
    if line.len() < length {
        line.pop();
        line.resize(length - 1, b' ');
        line.push(b'\n');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Content, decode, pad};
    use crate::State;

    #[derive(Default, serde::Serialize, serde::Deserialize)]
    struct Number(u64);

    impl State for Number {
        type Delta = u64;
        fn apply(&mut self, more: &u64) {
            self.0 += more;
        }
    }

    #[test]
    fn padding_keeps_the_value_and_ends_in_a_newline() {
        let padded = pad(b"42\n".to_vec(), 10);
        assert_eq!(padded, b"42       \n");
        assert!(matches!(decode(&padded), Content::State(Number(42))));
        assert_eq!(pad(b"42\n".to_vec(), 2), b"42\n");
    }

    #[test]
    fn zeros_behind_the_value_are_damage() {
        assert!(matches!(decode::<Number>(b"42\n\0\0"), Content::Damaged(_)));
    }
}
