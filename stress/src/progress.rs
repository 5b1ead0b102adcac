//! How far a trial is, on standard error, if that and standard output are a terminal. If only
//! one of them is, as under `tee`, bars and lines would get in each other's way.

use crate::args::Trial;
use crate::terminal::can_draw;
use hookstate::strategy::Strategy;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::cell::RefCell;

/// A bar while a trial runs; nothing if nobody would see it.
pub(crate) struct Progress {
    on_terminal: bool,
    bar: RefCell<ProgressBar>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            on_terminal: can_draw(&std::io::stderr()) && can_draw(&std::io::stdout()),
            bar: RefCell::new(ProgressBar::hidden()),
        }
    }

    /// A trial with this many processes begins.
    pub(crate) fn begin(&self, trial: &Trial, procs: u32) {
        if self.on_terminal {
            let round = u64::from(procs) * u64::from(trial.iterations);
            *self.bar.borrow_mut() = visible_bar(round * u64::from(trial.rounds));
        }
    }

    /// A round begins.
    pub(crate) fn round(&self, trial: &Trial, number: u32) {
        if self.on_terminal {
            let (name, shape) = (trial.subject.name(), trial.shape);
            let message = format!("{name} {shape}, round {number} of {}", trial.rounds);
            self.bar.borrow().set_message(message);
        }
    }

    /// A change was acknowledged.
    pub(crate) fn step(&self) {
        self.bar.borrow().inc(1);
    }

    /// The trial is over; its line comes next.
    pub(crate) fn end(&self) {
        self.bar.borrow().finish_and_clear();
    }
}

fn visible_bar(changes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("     Running [{elapsed_precise}] {bar:24} {msg}");
    ProgressBar::with_draw_target(Some(changes), ProgressDrawTarget::stderr())
        .with_style(style.expect("the template is a constant"))
        // An error must not leave a bar behind.
        .with_finish(ProgressFinish::AndClear)
}
