//! How far a run is.

use hookstate_cli::progress::bar;
use indicatif::ProgressBar;
use std::cell::RefCell;

/// A bar while something runs; nothing if nobody would see it.
pub(crate) struct Progress(RefCell<ProgressBar>);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(ProgressBar::hidden()))
    }

    /// Something with so many changes begins.
    pub(crate) fn begin(&self, changes: u64) {
        *self.0.borrow_mut() = bar("Running", "{msg}", changes);
    }

    /// What is going on now.
    pub(crate) fn message(&self, text: String) {
        self.0.borrow().set_message(text);
    }

    /// A change was acknowledged.
    pub(crate) fn step(&self) {
        self.0.borrow().inc(1);
    }

    /// It is over; its line comes next.
    pub(crate) fn end(&self) {
        self.0.borrow().finish_and_clear();
    }
}
