//! What is in the files that commands have left, whatever these are.
//!
//! A command may have left anything under that name: a pipe whose reader would wait for ever, a
//! device that never ends, JSON that other programs read and the parser here does not. Python writes
//! a name that is no UTF-8 as half of a surrogate pair, and others begin with a byte order mark.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::str::Utf8Error;

/// How much of a file is read. More is not judged: JSON has to be in memory as a whole, and what has no
/// end would be read for ever.
const BYTES_MAX: u64 = 1 << 30;

/// How deep JSON may be nested. Each level costs the parser a frame of the stack.
const DEPTH_MAX: u32 = 127;

/// Why there is nothing to judge.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// No right program could have left it so.
    Wrong(String),
    /// It may be right, but that is not to be seen from here.
    Unknown(String),
}

impl From<String> for Unread {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

/// The text of a file; nothing, if it is not there.
fn text_of(path: &str) -> Result<Option<String>, Unread> {
    let bytes = match bytes_of(path, BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unread(path, &error)),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(not_text(path, 0, error.utf8_error())),
    }
}

fn bytes_of(path: &str, most: u64) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let mut bytes = Vec::new();
    // It may have been left to somebody who still writes to it.
    file.by_ref().take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Takes each line of a file, one after the other, so that no more than the longest is in memory. Tells
/// whether the file is there.
pub(super) fn each_line(path: &str, take: impl FnMut(&str)) -> Result<bool, Unread> {
    each_line_up_to(path, BYTES_MAX, take)
}

fn each_line_up_to(path: &str, most: u64, mut take: impl FnMut(&str)) -> Result<bool, Unread> {
    let mut file = match open(path) {
        Ok(file) => BufReader::new(file).take(most + 1),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unread(path, &error)),
    };
    let (mut line, mut offset) = (Vec::new(), 0);
    loop {
        line.clear();
        let read = file.read_until(b'\n', &mut line);
        let length = read.map_err(|error| unread(path, &error))? as u64;
        if length == 0 {
            return Ok(true);
        }
        if offset + length > most {
            return Err(unread(path, &ErrorKind::FileTooLarge.into()));
        }
        let text = std::str::from_utf8(&line);
        take(text.map_err(|error| not_text(path, offset, error))?);
        offset += length;
    }
}

fn unread(path: &str, error: &io::Error) -> Unread {
    match error.kind() {
        ErrorKind::FileTooLarge => {
            Unread::Unknown(format!("{path} has more than {BYTES_MAX} bytes"))
        }
        _ => Unread::Wrong(format!("{path} cannot be read: {error}")),
    }
}

/// Why bytes that begin at the offset of a file are no text.
fn not_text(path: &str, offset: u64, error: Utf8Error) -> Unread {
    let at = offset + error.valid_up_to() as u64;
    let what = match error.error_len() {
        Some(length) => format!("invalid utf-8 sequence of {length} bytes"),
        None => "incomplete utf-8 byte sequence".to_owned(),
    };
    Unread::Wrong(format!("{path} is not text: {what} from index {at}"))
}

/// Opens a regular file. To open anything else could wait for somebody at the other end.
fn open(path: &str) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    Ok(file)
}

/// What is at the pointer in a file of JSON, or what is wrong with it. Nothing, if there is no file.
pub(super) fn value_in(path: &str, pointer: &str) -> Result<Option<serde_json::Value>, Unread> {
    let Some(text) = text_of(path)? else {
        return Ok(None);
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim().is_empty() {
        return Err(Unread::Wrong(format!("{path} is empty")));
    }
    let Some(text) = parsable(text) else {
        let why = format!("{path} is nested deeper than {DEPTH_MAX}");
        return Err(Unread::Unknown(why));
    };
    let value = serde_json::from_str(&text);
    let mut value: serde_json::Value =
        value.map_err(|error| format!("{path} is not JSON: {error}"))?;
    match value.pointer_mut(pointer) {
        Some(found) => Ok(Some(found.take())),
        None => Err(Unread::Wrong(format!("{path} has nothing at {pointer}"))),
    }
}

/// The text with a replacement character for each half of a surrogate pair that stands alone;
/// nothing, if it is nested too deep. Of what is no JSON it makes nothing that is.
fn parsable(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut in_string) = (0_u32, false);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '\\' if in_string => escaped(rest, &mut out),
            _ => {
                out.push(next);
                next.len_utf8()
            }
        };
        match next {
            '"' => in_string = !in_string,
            '[' | '{' if !in_string => depth += 1,
            ']' | '}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return None;
        }
        rest = &rest[length..];
    }
    Some(out)
}

/// Writes the escape that the text begins with, and gives its length.
fn escaped(text: &str, out: &mut String) -> usize {
    let pair = || unit(text.get(6..)?).filter(|unit| (0xdc00..0xe000).contains(unit));
    let length = match unit(text) {
        Some(0xd800..0xdc00) if pair().is_some() => 12,
        Some(0xd800..0xe000) => {
            out.push_str("\\ufffd");
            return 6;
        }
        Some(_) => 6,
        None => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
    };
    out.push_str(&text[..length]);
    length
}

/// The number in `\uXXXX`, which the text begins with.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{
        DEPTH_MAX, Unread, bytes_of, each_line, each_line_up_to, parsable, text_of, value_in,
    };
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn value(text: &str) -> Result<Option<Value>, Unread> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        value_in(file.path().to_str().unwrap(), "/n")
    }

    #[test]
    fn json_as_other_programs_write_it_is_read() {
        for text in [
            "\u{feff}{\"n\":1}",
            r#"{"f":"\udcff","n":1}"#,
            r#"{"\ud83d":"\ud83dx\ude00\ud83d","n":1}"#,
            r#"{"f":"\\udcff \"[[{\ud83d\ude00","n":1}"#,
        ] {
            assert_eq!(value(text), Ok(Some(json!(1))), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for text in [
            r#"{"n":1,"f":"\ud83"#,
            r#"{"n":1}\udcff"#,
            r#"{"n":1"#,
            "\u{feff}",
        ] {
            assert!(matches!(value(text), Err(Unread::Wrong(_))), "{text}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_not_judged_and_what_is_not_is_read() {
        let nested = |depth: u32| {
            let arrays = depth as usize - 1;
            format!(
                "{{\"f\":{}{},\"n\":1}}",
                "[".repeat(arrays),
                "]".repeat(arrays)
            )
        };
        assert_eq!(value(&nested(DEPTH_MAX)), Ok(Some(json!(1))));
        let found = value(&nested(DEPTH_MAX + 1));
        assert!(matches!(found, Err(Unread::Unknown(_))), "{found:?}");
    }

    /// Its reader would wait for ever.
    #[test]
    fn a_pipe_and_a_device_are_no_files() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [pipe.to_str().unwrap(), "/dev/zero"] {
            let why = format!("{path} cannot be read: it is no regular file");
            assert_eq!(text_of(path), Err(Unread::Wrong(why.clone())));
            assert_eq!(each_line(path, |_| ()), Err(Unread::Wrong(why)));
        }
    }

    fn lines(text: &[u8], most: u64) -> Result<Vec<String>, Unread> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut lines = Vec::new();
        let path = file.path().to_str().unwrap();
        let there = each_line_up_to(path, most, |line| lines.push(line.trim_end().to_owned()))
            .map_err(|unread| match unread {
                Unread::Wrong(why) => Unread::Wrong(why.replace(path, "F")),
                Unread::Unknown(why) => Unread::Unknown(why.replace(path, "F")),
            })?;
        assert!(there);
        Ok(lines)
    }

    #[test]
    fn lines_are_read_up_to_the_most_and_no_further() {
        assert_eq!(lines(b"", 0), Ok(Vec::new()));
        assert_eq!(lines(b"a\n\nb", 4).unwrap(), ["a", "", "b"]);
        let found = lines(b"a\n\nb", 3);
        assert!(matches!(found, Err(Unread::Unknown(_))), "{found:?}");
        assert_eq!(each_line("/nonexistent", |_| ()), Ok(false));
    }

    proptest! {
        /// Read line by line it is the same, and if it is no text the same is said of it.
        #[test]
        fn what_is_no_text_is_found_where_it_is(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'a'), Just(0xc3), Just(0xa9), Just(0xe2), Just(0xff)],
                0..12,
            ),
        ) {
            let whole = match String::from_utf8(bytes.clone()) {
                Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
                Err(error) => Err(Unread::Wrong(format!("F is not text: {error}"))),
            };
            prop_assert_eq!(lines(&bytes, 12), whole);
        }
    }

    #[test]
    fn a_file_is_read_up_to_the_most_and_no_further() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "12345").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(bytes_of(path, 5).unwrap(), b"12345");
        let error = bytes_of(path, 4).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_can_be_parsed_is_left_as_it_is(
            text in r#"[\[{}"\\uUdD8f0é\]]{0,40}"#,
        ) {
            let cleaned = parsable(&text);
            if serde_json::from_str::<Value>(&text).is_ok() {
                prop_assert_eq!(cleaned.unwrap(), text);
            }
        }
    }
}
