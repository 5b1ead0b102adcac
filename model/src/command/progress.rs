//! How far the searches are, on standard error, if that and standard output are a terminal. If only
//! one of them is, as under `tee`, bars and lines would get in each other's way.

use super::terminal::can_draw;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// A bar while searches run; nothing if nobody would see it.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of so many searches.
    pub(super) fn of(searches: usize) -> Self {
        let on_terminal = can_draw(&std::io::stderr()) && can_draw(&std::io::stdout());
        Self(match on_terminal {
            true => visible_bar(searches as u64),
            false => ProgressBar::hidden(),
        })
    }

    /// The search of this has found so many states.
    pub(super) fn found(&self, what: &str, states: usize) {
        let states = HumanCount(states as u64);
        self.0.set_message(format!("{what}: {states} states"));
    }

    /// One more search is over.
    pub(super) fn step(&self) {
        self.0.inc(1);
    }

    /// Prints without drawing over it.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

fn visible_bar(searches: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("   Searching [{elapsed_precise}] {bar:24} {pos}/{len} {msg}");
    ProgressBar::with_draw_target(Some(searches), ProgressDrawTarget::stderr())
        .with_style(style.expect("the template is a constant"))
        // An error must not leave a bar behind.
        .with_finish(ProgressFinish::AndClear)
}
