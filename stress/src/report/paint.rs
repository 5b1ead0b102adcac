//! Colour, where it is wanted.

use crate::verdict::Status;
use std::env::VarError;
use std::io::IsTerminal;

/// Whether to paint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Ansi,
}

impl Paint {
    /// Paints on a terminal, unless `NO_COLOR` is set to anything (no-color.org).
    pub(super) fn for_stdout() -> Self {
        let unwanted = match std::env::var("NO_COLOR") {
            Ok(value) => !value.is_empty(),
            Err(VarError::NotUnicode(_)) => true,
            Err(VarError::NotPresent) => false,
        };
        if std::io::stdout().is_terminal() && !unwanted {
            Self::Ansi
        } else {
            Self::Plain
        }
    }

    /// The word in the colour of the status.
    pub(super) fn status(self, status: Status, word: &str) -> String {
        self.with(colour(status), word)
    }

    /// The word in bold.
    pub(super) fn bold(self, word: &str) -> String {
        self.with("1", word)
    }

    fn with(self, sequence: &str, word: &str) -> String {
        match self {
            Self::Plain => word.to_owned(),
            Self::Ansi => format!("\x1b[{sequence}m{word}\x1b[0m"),
        }
    }
}

/// Bold, and green, red or yellow.
const fn colour(status: Status) -> &'static str {
    match status {
        Status::Exact | Status::Caught => "1;32",
        Status::Violated => "1;31",
        Status::Missed | Status::Inconclusive => "1;33",
    }
}
