//! Whether there is a terminal to draw on.

use std::ffi::OsStr;
use std::io::IsTerminal;

/// Whether what is written there can have colours and be drawn over.
pub fn can_draw(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && !is_dumb(std::env::var_os("TERM").as_deref())
}

/// A terminal that takes lines of text and nothing else calls itself so.
fn is_dumb(term: Option<&OsStr>) -> bool {
    term.is_some_and(|term| term == "dumb")
}

#[cfg(test)]
mod tests {
    use super::{OsStr, can_draw, is_dumb};
    use std::os::fd::OwnedFd;

    #[test]
    fn only_a_terminal_that_is_not_dumb_can_draw() {
        assert!(is_dumb(Some(OsStr::new("dumb"))));
        assert!(!is_dumb(Some(OsStr::new("xterm-256color"))));
        assert!(!is_dumb(None));
        assert!(!can_draw(&OwnedFd::from(std::io::pipe().unwrap().1)));
    }
}
