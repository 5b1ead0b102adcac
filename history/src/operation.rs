//! What a history is made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// One operation: what a process asked for, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Which process, or which succession of processes that take turns, counted from 1.
    pub process: u32,
    /// What it asked for.
    pub action: Action,
    /// When, in nanoseconds of the monotonic clock that all processes of a history share.
    pub invoked_ns: u64,
    /// When it had the answer, on the same clock. None only if the outcome is unknown.
    pub responded_ns: Option<u64>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What a process asked for. A version is the number of changes that have been made to the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A change of a counter or a set: it adds one to the version, and its token to the state.
    Add {
        /// What it adds. No two operations have the same.
        token: Option<Token>,
        /// The version that it found, if that is known.
        read: Option<u64>,
        /// The version that it left behind, if that is known.
        wrote: Option<u64>,
    },
    /// A look at a counter or a set.
    Look {
        /// The version that it found.
        version: Option<u64>,
    },
    /// A register is given a value.
    Write {
        /// Which register.
        key: Box<str>,
        /// The value.
        value: Value,
    },
    /// A register is read.
    Get {
        /// Which register.
        key: Box<str>,
        /// The value that was found.
        value: Option<Value>,
    },
    /// A register is given a value if it has another.
    Cas {
        /// Which register.
        key: Box<str>,
        /// The value that it has to have.
        expected: Value,
        /// The value that it is given then.
        value: Value,
        /// Whether it had the expected value; if not, it is as before.
        swapped: bool,
    },
}

/// What came of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was acknowledged: it was made.
    Ok,
    /// It was certainly not made.
    Failed,
    /// It was made, now or later, or was not, but never by half: its process was killed, or was given
    /// an error that leaves it open.
    Unknown,
}

/// The name of a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    /// `3-17` is the seventeenth change of process 3. A token of this form takes a bit in a judge.
    Numbered {
        /// The process.
        process: u32,
        /// Its how many-th change.
        sequence: u32,
    },
    /// Anything else. Takes some tens of bytes.
    Named(Box<str>),
}

/// What kind of state a history is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// A number to which every change adds one. Changes may have tokens.
    #[default]
    Counter,
    /// A set to which every change adds its token; its version is its size.
    Set,
    /// Registers that are read, written, and compared and swapped, each with a key.
    Register,
}

/// What a history says about itself, in its first line. One that stands further below begins another
/// history in the same file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// What kind of state it is about.
    pub model: Model,
    /// The version before the first change of a counter, or the value of every register before it is
    /// written. None is 0 and null.
    pub initial: Option<Value>,
    /// What tells it from others in the same file.
    pub name: Option<Box<str>>,
}

/// What is left in the end, read when every process had ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Final {
    /// The version.
    pub total: Option<u64>,
    /// The tokens. A history may have them in several lines.
    pub tokens: Option<Vec<Token>>,
}

impl Model {
    /// The word for it in a history.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Set => "set",
            Self::Register => "register",
        }
    }
}

impl Outcome {
    /// The word for it in a history.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl Operation {
    /// Its token, if it is a change that has one.
    #[must_use]
    pub const fn token(&self) -> Option<&Token> {
        match &self.action {
            Action::Add { token, .. } => token.as_ref(),
            _ => None,
        }
    }

    /// The key, if it is one on a register.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match &self.action {
            Action::Write { key, .. } | Action::Get { key, .. } | Action::Cas { key, .. } => {
                Some(key)
            }
            Action::Add { .. } | Action::Look { .. } => None,
        }
    }
}

impl Token {
    /// The token of this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::numbered(text.as_bytes()).unwrap_or_else(|| Self::Named(text.into()))
    }

    fn numbered(text: &[u8]) -> Option<Self> {
        let hyphen = text.iter().position(|&byte| byte == b'-')?;
        Some(Self::Numbered {
            process: plain_number(&text[..hyphen])?,
            sequence: plain_number(&text[hyphen + 1..])?,
        })
    }
}

/// A number as it is always written: `007` is another text than `7`, so it is none.
fn plain_number(digits: &[u8]) -> Option<u32> {
    let is_plain = matches!(digits, [b'0'] | [b'1'..=b'9', ..]);
    let mut value = 0_u32;
    for digit in digits {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    is_plain.then_some(value)
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbered { process, sequence } => write!(f, "{process}-{sequence}"),
            Self::Named(text) => write!(f, "{text}"),
        }
    }
}

impl Serialize for Token {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_is_numbered_if_its_text_can_be_told_from_its_numbers() {
        let numbered = |process, sequence| Token::Numbered { process, sequence };
        assert_eq!(Token::new("3-17"), numbered(3, 17));
        assert_eq!(Token::new("0-4294967295"), numbered(0, u32::MAX));
        for text in [
            "",
            "-",
            "3-",
            "-17",
            "03-17",
            "3-017",
            "3-1-7",
            "+3-17",
            "3-4294967296",
            "a-1",
        ] {
            assert_eq!(Token::new(text), Token::Named(text.into()));
            assert_eq!(Token::new(text).to_string(), text);
        }
    }
}
