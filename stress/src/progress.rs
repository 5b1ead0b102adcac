//! How far a trial is.

use crate::args::Trial;
use hookstate::strategy::Strategy;
use hookstate_cli::progress::bar;
use indicatif::ProgressBar;
use std::cell::RefCell;

/// A bar while a trial runs; nothing if nobody would see it.
pub(crate) struct Progress(RefCell<ProgressBar>);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(ProgressBar::hidden()))
    }

    /// A trial with this many processes begins.
    pub(crate) fn begin(&self, trial: &Trial, procs: u32) {
        let round = u64::from(procs) * u64::from(trial.iterations);
        let changes = round * u64::from(trial.rounds);
        *self.0.borrow_mut() = bar("Running", "{msg}", changes);
    }

    /// A round begins.
    pub(crate) fn round(&self, trial: &Trial, number: u32) {
        let (name, shape) = (trial.subject.name(), trial.shape);
        let message = format!("{name} {shape}, round {number} of {}", trial.rounds);
        self.0.borrow().set_message(message);
    }

    /// A change was acknowledged.
    pub(crate) fn step(&self) {
        self.0.borrow().inc(1);
    }

    /// The trial is over; its line comes next.
    pub(crate) fn end(&self) {
        self.0.borrow().finish_and_clear();
    }
}
