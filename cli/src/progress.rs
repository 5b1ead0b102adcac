//! How far the work is, on standard error, if that and standard output are a terminal. If only one
//! of them is, as under `tee`, bars and lines would get in each other's way.

use crate::paint::WORD_WIDTH;
use crate::terminal::can_draw;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::io::{stderr, stdout};

/// A bar of so many steps; a hidden one if nobody would see it. Before it stand `word`, aligned with
/// those of the report, and the time; behind it stands what the template `figures` asks for.
///
/// # Panics
///
/// If `figures` is not a template as [`ProgressStyle`] has them.
#[must_use]
pub fn bar(word: &str, figures: &str, steps: u64) -> ProgressBar {
    // Even for a hidden bar, so that a template with a mistake is found without a terminal.
    let style = style(word, figures);
    if can_draw(&stderr()) && can_draw(&stdout()) {
        visible_bar(steps, style)
    } else {
        ProgressBar::hidden()
    }
}

fn visible_bar(steps: u64, style: ProgressStyle) -> ProgressBar {
    ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr())
        .with_style(style)
        // An error must not leave a bar behind.
        .with_finish(ProgressFinish::AndClear)
}

fn style(word: &str, figures: &str) -> ProgressStyle {
    ProgressStyle::with_template(&template(word, figures)).expect("the template has no mistake")
}

fn template(word: &str, figures: &str) -> String {
    format!("{word:>WORD_WIDTH$} [{{elapsed_precise}}] {{bar:24}} {figures}")
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn the_word_of_a_bar_is_aligned_with_those_of_the_report() {
        assert_eq!(
            template("Searching", "{pos}/{len} {msg}"),
            "   Searching [{elapsed_precise}] {bar:24} {pos}/{len} {msg}"
        );
    }
}
