//! How far the searches are.

use hookstate_cli::progress::bar;
use indicatif::{HumanCount, ProgressBar};

/// A bar while searches run; nothing if nobody would see it.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of so many searches.
    pub(super) fn of(searches: usize) -> Self {
        Self(bar("Searching", "{pos}/{len} {msg}", searches as u64))
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
