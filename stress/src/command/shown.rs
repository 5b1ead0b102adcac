//! What commands have said and written, in words that can be shown.
//!
//! It may be anything, and control characters among it would do to a terminal what the command wants.

/// More of one word tells no more.
const CHARS_MAX: usize = 60;

/// A line without control characters.
pub(super) fn line(text: &str) -> String {
    let is_harmless = |c: char| !c.is_control() || c == '\t';
    let shown = |c| if is_harmless(c) { c } else { '\u{fffd}' };
    text.chars().map(shown).collect()
}

/// The beginning of a word without control characters.
pub(super) fn word(text: &str) -> String {
    let end = text.char_indices().nth(CHARS_MAX);
    line(end.map_or(text, |(end, _)| &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::{CHARS_MAX, line, word};

    #[test]
    fn what_would_act_on_a_terminal_is_replaced_and_everything_else_is_not() {
        assert_eq!(
            line("\x1b]0;t\x07a\tb\r\u{9b}é"),
            "\u{fffd}]0;t\u{fffd}a\tb\u{fffd}\u{fffd}é"
        );
        assert_eq!(word("\n"), "\u{fffd}");
    }

    #[test]
    fn a_word_is_cut_between_characters() {
        assert_eq!(word(&"é".repeat(CHARS_MAX + 1)), "é".repeat(CHARS_MAX));
        assert_eq!(word(&"é".repeat(CHARS_MAX)), "é".repeat(CHARS_MAX));
    }
}
