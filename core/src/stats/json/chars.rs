//! Short strings of ASCII without a heap: a file has hundreds of numbers and keys, nearly all of
//! them of a few bytes, and a hook reads it in a few microseconds.

use std::fmt;
use std::hash::{Hash, Hasher};

/// How many bytes fit without a heap, so that the whole is as long as three pointers.
const SHORT_MAX: usize = 22;

/// An ASCII string.
#[derive(Clone)]
pub(super) enum Chars {
    /// The first `length` bytes.
    Short { length: u8, bytes: [u8; SHORT_MAX] },
    /// More of them than fit.
    Long(Box<str>),
}

impl Chars {
    /// The characters.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Short { .. } => std::str::from_utf8(self.as_bytes()).expect("it was a string"),
            Self::Long(string) => string,
        }
    }

    /// The bytes of the characters.
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => &bytes[..usize::from(*length)],
            Self::Long(string) => string.as_bytes(),
        }
    }
}

impl From<&str> for Chars {
    fn from(string: &str) -> Self {
        match u8::try_from(string.len()) {
            Ok(length) if string.len() <= SHORT_MAX => {
                let mut bytes = [0; SHORT_MAX];
                bytes[..string.len()].copy_from_slice(string.as_bytes());
                Self::Short { length, bytes }
            }
            _ => Self::Long(string.into()),
        }
    }
}

impl Default for Chars {
    fn default() -> Self {
        Self::from("")
    }
}

impl PartialEq for Chars {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Chars {}

impl Hash for Chars {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for Chars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Chars, SHORT_MAX};

    #[test]
    fn long_and_short_strings_are_what_they_were() {
        for length in [0, 1, SHORT_MAX, SHORT_MAX + 1, 300] {
            let string = "x".repeat(length);
            let chars = Chars::from(string.as_str());
            assert_eq!(chars.as_str(), string);
            assert_eq!(matches!(chars, Chars::Short { .. }), length <= SHORT_MAX);
        }
        assert_eq!(size_of::<Chars>(), 24);
    }
}
