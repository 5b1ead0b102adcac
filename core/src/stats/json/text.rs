//! Strings, in the one form in which Python writes them.

use super::chars::Chars;
use std::fmt::Write;

/// A string as Python's `json.dump` writes it, without the quotes around it: printable ASCII, with
/// an escape for everything else. Half of a surrogate pair, which a Rust string cannot hold, is an
/// escape like any other. Two strings are equal exactly if they are in this form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Text(Chars);

impl Text {
    /// The string with these characters.
    pub(crate) fn new(characters: &str) -> Self {
        let mut builder = Builder::default();
        builder.push_str(characters);
        builder.finish()
    }

    /// The string with these characters, none of which has need of an escape.
    pub(super) fn plain(characters: &str) -> Self {
        Self(characters.into())
    }

    /// The string that Python makes of bytes from outside (`os.fsdecode`, PEP 383): what is no UTF-8
    /// becomes the half surrogates U+DC80 to U+DCFF, one for each byte. Of more than `most` bytes
    /// the first, as many as are whole characters.
    pub(crate) fn from_bytes(bytes: &[u8], most: usize) -> Self {
        let mut builder = Builder::default();
        for chunk in beginning(bytes, most).utf8_chunks() {
            builder.push_str(chunk.valid());
            for &byte in chunk.invalid() {
                builder.push_unit(0xdc00 + u16::from(byte));
            }
        }
        builder.finish()
    }

    /// As it stands between the quotes.
    pub(crate) fn escaped(&self) -> &str {
        self.0.as_str()
    }

    /// As [`escaped`](Self::escaped), for those who need no `str`.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The characters; half surrogates become U+FFFD.
    pub(crate) fn decoded(&self) -> String {
        char::decode_utf16(self.units())
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }

    /// The code points, by which Python sorts.
    pub(crate) fn code_points(&self) -> Vec<u32> {
        char::decode_utf16(self.units())
            .map(|unit| match unit {
                Ok(character) => u32::from(character),
                Err(half) => u32::from(half.unpaired_surrogate()),
            })
            .collect()
    }

    fn units(&self) -> impl Iterator<Item = u16> {
        let mut rest = self.escaped().as_bytes();
        std::iter::from_fn(move || {
            let (unit, length) = match rest {
                [] => return None,
                [b'\\', b'u', a, b, c, d, ..] => (hexadecimal([*a, *b, *c, *d])?, 6),
                [b'\\', escape, ..] => (u16::from(meaning(*escape)?), 2),
                [byte, ..] => (u16::from(*byte), 1),
            };
            rest = &rest[length..];
            Some(unit)
        })
    }
}

/// Makes a [`Text`] of UTF-16 units, in which JSON writes what it escapes.
#[derive(Default)]
pub(super) struct Builder(String);

impl Builder {
    /// Appends characters, escaped where Python would.
    pub(super) fn push_str(&mut self, characters: &str) {
        for character in characters.chars() {
            for unit in character.encode_utf16(&mut [0; 2]) {
                self.push_unit(*unit);
            }
        }
    }

    /// Appends one unit, escaped where Python would.
    pub(super) fn push_unit(&mut self, unit: u16) {
        let byte = u8::try_from(unit).ok();
        match (byte, byte.and_then(short_escape)) {
            (_, Some(escape)) => {
                self.0.push('\\');
                self.0.push(char::from(escape));
            }
            (Some(byte @ b' '..=b'~'), None) => self.0.push(char::from(byte)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(self.0, "\\u{unit:04x}");
            }
        }
    }

    /// Begins with what has no need of an escape.
    pub(super) fn after(plain: &str) -> Self {
        Self(plain.to_owned())
    }

    /// Appends what has no need of an escape.
    pub(super) fn push_plain(&mut self, characters: &str) {
        self.0.push_str(characters);
    }

    pub(super) fn finish(self) -> Text {
        Text(self.0.as_str().into())
    }
}

/// The letters behind the backslash and the characters that they stand for (RFC 8259, section 7),
/// but for the slash, which is read and not written.
const ESCAPES: [(u8, u8); 7] = [
    (b'"', b'"'),
    (b'\\', b'\\'),
    (b'n', b'\n'),
    (b'r', b'\r'),
    (b't', b'\t'),
    (b'b', 0x08),
    (b'f', 0x0c),
];

/// The character that this letter behind a backslash stands for.
pub(super) fn meaning(escape: u8) -> Option<u8> {
    if escape == b'/' {
        return Some(b'/');
    }
    let found = ESCAPES.iter().find(|(letter, _)| *letter == escape)?;
    Some(found.1)
}

fn short_escape(byte: u8) -> Option<u8> {
    let found = ESCAPES.iter().find(|(_, character)| *character == byte)?;
    Some(found.0)
}

/// The number that four hexadecimal digits are.
pub(super) fn hexadecimal(digits: [u8; 4]) -> Option<u16> {
    digits.iter().try_fold(0, |number, &digit| {
        let value = char::from(digit).to_digit(16)?;
        Some(number << 4 | u16::try_from(value).ok()?)
    })
}

/// At most `most` bytes, without a character that would be cut in two.
fn beginning(bytes: &[u8], most: usize) -> &[u8] {
    if bytes.len() <= most {
        return bytes;
    }
    let is_inside = |end: usize| bytes[end] & 0b1100_0000 == 0b1000_0000;
    let end = (most.saturating_sub(3)..=most).rfind(|&end| !is_inside(end));
    &bytes[..end.unwrap_or(most)]
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn everything_but_printable_ascii_is_escaped_as_in_python() {
        let text = Text::new("a\"\\/\n\r\t\u{8}\u{c}\0\u{7f}é€😀");
        let escaped = r#"a\"\\/\n\r\t\b\f\u0000\u007f\u00e9\u20ac\ud83d\ude00"#;
        assert_eq!(text.escaped(), escaped);
        assert_eq!(text.decoded(), "a\"\\/\n\r\t\u{8}\u{c}\0\u{7f}é€😀");
    }

    #[test]
    fn bytes_that_are_no_text_become_half_surrogates() {
        let text = Text::from_bytes(b"a\xff\xfeb\xc3", 100);
        assert_eq!(text.escaped(), r"a\udcff\udcfeb\udcc3");
        assert_eq!(text.decoded(), "a\u{fffd}\u{fffd}b\u{fffd}");
    }

    #[test]
    fn too_many_bytes_are_cut_between_characters() {
        let bytes = "aé€😀".as_bytes();
        let lengths: Vec<usize> = (0..=bytes.len())
            .map(|most| Text::from_bytes(bytes, most).decoded().len())
            .collect();
        assert_eq!(lengths, [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10]);
        assert_eq!(Text::from_bytes(&[0x80; 9], 5).units().count(), 5);
    }

    #[test]
    fn texts_sort_by_code_points_as_in_python() {
        let mut texts = ["z", "é", "😀", "\u{ffff}", "a"].map(Text::new);
        texts.sort_by_key(Text::code_points);
        assert_eq!(texts, ["a", "z", "é", "\u{ffff}", "😀"].map(Text::new));
    }
}
