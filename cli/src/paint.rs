//! How the words of a report look: in colour, where it is wanted.

use crate::terminal::can_draw;
use std::ffi::OsStr;

/// The width of the word that each line begins with. A shorter one stands at its right end, so that
/// what follows is aligned.
pub const WORD_WIDTH: usize = 12;

/// Whether to paint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// The text as it is.
    Plain,
    /// The text between escape sequences.
    Ansi,
}

/// What a word is to say by its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// All is well: bold and green.
    Good,
    /// Something is broken: bold and red.
    Bad,
    /// It cannot be said: bold and yellow.
    Warn,
    /// Here is something to find by eye: bold.
    Emphasis,
}

impl Paint {
    /// Paints on a terminal, unless it is a dumb one or `NO_COLOR` is set to anything but the empty
    /// string (no-color.org).
    #[must_use]
    pub fn for_stdout() -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        Self::choose(can_draw(&std::io::stdout()), no_color.as_deref())
    }

    fn choose(on_terminal: bool, no_color: Option<&OsStr>) -> Self {
        let unwanted = no_color.is_some_and(|value| !value.is_empty());
        if on_terminal && !unwanted {
            Self::Ansi
        } else {
            Self::Plain
        }
    }

    /// The word that a line begins with, aligned and in that style.
    #[must_use]
    pub fn word(self, style: Style, word: &str) -> String {
        self.with(style, &format!("{word:>WORD_WIDTH$}"))
    }

    /// The text in that style.
    #[must_use]
    pub fn with(self, style: Style, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\x1b[{}m{text}\x1b[0m", style.parameters()),
        }
    }
}

impl Style {
    /// Those of the escape sequence that chooses it.
    const fn parameters(self) -> &'static str {
        match self {
            Self::Good => "1;32",
            Self::Bad => "1;31",
            Self::Warn => "1;33",
            Self::Emphasis => "1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OsStr, Paint, Style};

    #[test]
    fn colour_is_for_terminals_and_for_those_who_want_it() {
        assert_eq!(Paint::choose(true, None), Paint::Ansi);
        assert_eq!(Paint::choose(true, Some(OsStr::new(""))), Paint::Ansi);
        assert_eq!(Paint::choose(true, Some(OsStr::new("1"))), Paint::Plain);
        assert_eq!(Paint::choose(false, None), Paint::Plain);
    }

    #[test]
    fn every_style_is_bold_and_ends_behind_the_text() {
        let painted = [Style::Good, Style::Bad, Style::Warn, Style::Emphasis];
        assert_eq!(
            painted.map(|style| Paint::Ansi.with(style, "x")),
            [
                "\x1b[1;32mx\x1b[0m",
                "\x1b[1;31mx\x1b[0m",
                "\x1b[1;33mx\x1b[0m",
                "\x1b[1mx\x1b[0m",
            ]
        );
        assert_eq!(Paint::Plain.with(Style::Bad, "x"), "x");
    }

    #[test]
    fn colour_does_not_move_a_word() {
        let caught = |paint: Paint| paint.word(Style::Good, "CAUGHT");
        assert_eq!(caught(Paint::Plain), "      CAUGHT");
        assert_eq!(caught(Paint::Ansi), "\x1b[1;32m      CAUGHT\x1b[0m");
    }
}
