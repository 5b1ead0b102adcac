//! From bytes to a value.

use super::number::end_of_number;
use super::text::{Builder, hexadecimal, meaning};
use super::write::SEPARATOR;
use super::{List, Number, Object, Text, Value};
use std::fmt;

/// How deep lists and objects may be nested: as deep as Python's own parser goes.
pub(crate) const DEPTH_MAX: usize = 1_000;

/// Why bytes are no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    why: &'static str,
    /// The offset in bytes, counted from 0.
    at: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.why, self.at)
    }
}

/// Reads what Python's `json.loads` reads: JSON (RFC 8259), and the numbers `NaN`, `Infinity` and
/// `-Infinity`.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|error| Malformed {
        why: "not UTF-8",
        at: error.valid_up_to(),
    })?;
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    parser.skip_space();
    let value = parser.value()?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.malformed("something behind the value")),
    }
}

struct Parser<'a> {
    text: &'a str,
    // Invariant: at the beginning of a character, or at the end.
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Value, Malformed> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(_) => self.word(),
            None => Err(self.malformed("the end instead of a value")),
        }
    }

    fn nested(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<Value, Malformed>,
    ) -> Result<Value, Malformed> {
        if self.depth == DEPTH_MAX {
            return Err(self.malformed("too many lists and objects in one another"));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        let value = inside(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Value, Malformed> {
        if let Some(numbers) = self.numbers() {
            return Ok(numbers.into());
        }
        let mut values = Vec::new();
        while !self.is_at_the_end(b']', values.is_empty())? {
            values.push(self.value()?);
            self.skip_space();
        }
        Ok(Value::List(values.into_iter().collect()))
    }

    /// Passes a list of numbers that is written as we write it, in one piece. Passes nothing if it is
    /// anything else, also if it is none.
    fn numbers(&mut self) -> Option<List> {
        let bytes = self.text.as_bytes();
        let mut end = self.at;
        for count in 1.. {
            if !matches!(bytes.get(end)?, b'-' | b'0'..=b'9') {
                return None;
            }
            end = end_of_number(bytes, end).ok()?;
            let behind = &bytes[end..];
            if behind.first() == Some(&b']') {
                let numbers = List::verbatim(&self.text[self.at..end], count);
                self.at = end + 1;
                return Some(numbers);
            }
            if !behind.starts_with(SEPARATOR.as_bytes()) {
                return None;
            }
            end += SEPARATOR.len();
        }
        None
    }

    fn object(&mut self) -> Result<Value, Malformed> {
        let mut entries = Vec::new();
        while !self.is_at_the_end(b'}', entries.is_empty())? {
            if self.peek() != Some(b'"') {
                return Err(self.malformed("no key"));
            }
            let key = self.string()?;
            self.skip_space();
            self.expect(b':', "no colon behind a key")?;
            self.skip_space();
            entries.push((key, self.value()?));
            self.skip_space();
        }
        Ok(Value::Object(Object::from_entries(entries)))
    }

    /// Passes the closing bracket, or the comma that every element but the first has before it.
    fn is_at_the_end(&mut self, close: u8, first: bool) -> Result<bool, Malformed> {
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(true);
        }
        if !first {
            self.expect(b',', "neither a comma nor the end of a list or object")?;
            self.skip_space();
        }
        Ok(false)
    }

    fn string(&mut self) -> Result<Text, Malformed> {
        self.at += 1;
        let plain = self.plain();
        if self.skip_one(b"\"") {
            return Ok(Text::plain(plain));
        }
        let mut builder = Builder::after(plain);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(builder.finish());
                }
                Some(b'\\') => builder.push_unit(self.escape()?),
                Some(0x7f..) => builder.push_str(self.character()),
                Some(_) => return Err(self.malformed("a control character in a string")),
                None => return Err(self.malformed("the end inside a string")),
            }
            builder.push_plain(self.plain());
        }
    }

    /// Passes what stands in a [`Text`] as it stands in the file.
    fn plain(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'"' && *byte != b'\\';
        let length = rest
            .bytes()
            .position(|byte| !is_plain(&byte))
            .unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn character(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.chars().next().map_or(0, char::len_utf8);
        self.at += length;
        &rest[..length]
    }

    fn escape(&mut self) -> Result<u16, Malformed> {
        let (unit, length) = match self.rest() {
            [_, b'u', a, b, c, d, ..] => (hexadecimal([*a, *b, *c, *d]), 6),
            [_, letter, ..] => (meaning(*letter).map(u16::from), 2),
            _ => (None, 0),
        };
        let unit = unit.ok_or_else(|| self.malformed("an escape that is none"))?;
        self.at += length;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Number, Malformed> {
        let start = self.at;
        match end_of_number(self.text.as_bytes(), start) {
            Ok(end) => {
                self.at = end;
                Ok(Number::verbatim(&self.text[start..end]))
            }
            Err((why, at)) => Err(Malformed { why, at }),
        }
    }

    fn word(&mut self) -> Result<Value, Malformed> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        for (word, value) in words {
            if self.skip_word(word) {
                return Ok(value);
            }
        }
        for word in ["NaN", "Infinity"] {
            if self.skip_word(word) {
                return Ok(Value::Number(Number::verbatim(word)));
            }
        }
        Err(self.malformed("no value"))
    }

    fn skip_word(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    fn skip_one(&mut self, of: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| of.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Malformed> {
        match self.skip_one(&[byte]) {
            true => Ok(()),
            false => Err(self.malformed(otherwise)),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn malformed(&self, why: &'static str) -> Malformed {
        Malformed { why, at: self.at }
    }
}

#[cfg(test)]
mod tests {
    use super::{Malformed, parse};
    use crate::stats::json::Value;
    use proptest::prelude::*;

    /// The values of the list in these brackets, by the way that looks at each of them: it is the one
    /// that is taken if the first is no number.
    fn one_by_one(inside: &str) -> Result<Vec<Value>, Malformed> {
        let list = parse(format!("[null, {inside}]").as_bytes())?;
        Ok(values_of(&list, 1))
    }

    fn values_of(list: &Value, from: usize) -> Vec<Value> {
        let list = list.as_list().expect("a list");
        list.behind(from).map(|value| value.into_owned()).collect()
    }

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            6 => "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,17})?(e[-+]?[0-9]{1,3})?",
            1 => "-?[0-9.eE+]{0,4}",
            1 => prop::sample::select(vec!["NaN", "-Infinity", "Infinity", "\"1, 2\"", "[1, 2]", ""])
                .prop_map(str::to_owned),
        ]
    }

    fn separator() -> impl Strategy<Value = String> {
        prop_oneof![12 => Just(", ".to_owned()), 1 => "[, \n\\]]{0,3}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_096, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_list_in_one_piece_is_the_list_that_is_read_one_by_one(
            pieces in prop::collection::vec((piece(), separator()), 0..8),
            last in piece(),
        ) {
            let before: String = pieces.into_iter().flat_map(|(piece, separator)| [piece, separator]).collect();
            let inside = before + &last;
            // What has an end here has none there.
            prop_assume!(!matches!(inside.trim_start().chars().next(), None | Some(']')));
            let list = parse(format!("[{inside}]").as_bytes());
            match (list, one_by_one(&inside)) {
                (Ok(list), Ok(values)) => prop_assert_eq!(values_of(&list, 0), values),
                (Err(error), Err(other)) => {
                    prop_assert_eq!((error.why, error.at + "null, ".len()), (other.why, other.at));
                }
                (list, values) => prop_assert!(false, "{:?} {:?}", list, values),
            }
        }
    }
}
