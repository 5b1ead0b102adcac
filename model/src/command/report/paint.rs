//! Colour, where it is wanted.

use crate::command::verdict::Status;
use std::ffi::OsStr;

/// Whether to paint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Ansi,
}

impl Paint {
    /// Paints on a terminal, unless it is a dumb one or `NO_COLOR` is set to anything
    /// (no-color.org).
    pub(super) fn for_stdout() -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        Self::choose(
            crate::command::terminal::can_draw(&std::io::stdout()),
            no_color.as_deref(),
        )
    }

    fn choose(on_terminal: bool, no_color: Option<&OsStr>) -> Self {
        let unwanted = no_color.is_some_and(|value| !value.is_empty());
        if on_terminal && !unwanted {
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
        Status::Complete | Status::Caught => "1;32",
        Status::Violated => "1;31",
        Status::Missed | Status::Inconclusive | Status::Bounded => "1;33",
        Status::LeftOut => "1",
    }
}

#[cfg(test)]
mod tests {
    use super::{OsStr, Paint};

    #[test]
    fn colour_is_for_terminals_and_for_those_who_want_it() {
        assert_eq!(Paint::choose(true, None), Paint::Ansi);
        assert_eq!(Paint::choose(true, Some(OsStr::new(""))), Paint::Ansi);
        assert_eq!(Paint::choose(true, Some(OsStr::new("1"))), Paint::Plain);
        assert_eq!(Paint::choose(false, None), Paint::Plain);
    }
}
