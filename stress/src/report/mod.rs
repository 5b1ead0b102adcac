//! What is told of the runs. A report is a value; printing it is a courtesy.

mod files;
mod harm;
pub(crate) mod html;
mod human;
mod hunt;
mod into_view;
mod json;
pub(crate) mod junit;
#[cfg(test)]
mod tests;
pub(crate) mod view;
#[cfg(test)]
pub(crate) mod well_formed;
mod words;

pub(crate) use files::Files;

pub(crate) use human::{pace, plural, some, style, word};
pub(crate) use hunt::{SCHEDULER, UNSEEN, found, repro, was};
pub(crate) use words::time;

use crate::args::{Format, Plan, Shape};
use crate::chaos::Chaos;
use crate::hunt::{Bounds, Origin, Rounds};
use crate::oracle::Counters;
use crate::pace::Pace;
use crate::subject::{Role, Subject};
use crate::verdict::{Conclusion, Status, Verdict};
use crate::worker::Durability;
use crate::workload::{BallastBytes, Seed, Workload};
use hookstate_cli::paint::Paint;
use human::Human;
use json::Json;
use std::collections::BTreeSet;
use std::io::{Result, stdout};
use std::path::PathBuf;
use std::time::Duration;

/// Everything that was run, and what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) workload: Workload,
    pub(crate) procs: u32,
    pub(crate) iters: u32,
    pub(crate) bounds: Bounds,
    /// The round that was run again, if it was one.
    pub(crate) origin: Option<Origin>,
    pub(crate) durability: Durability,
    pub(crate) ballast: BallastBytes,
    pub(crate) seed: Seed,
    pub(crate) lock_timeout_ms: u64,
    pub(crate) chaos: Chaos,
    /// The subjects and shapes that were asked for.
    pub(crate) asked: Vec<(Subject, Shape)>,
    /// Whether no control could be caught, though some were wanted.
    pub(crate) lacks_race: bool,
    pub(crate) runs: Vec<Run>,
    pub(crate) interrupted: bool,
    pub(crate) elapsed: Duration,
}

/// One subject in one shape, and what it came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) subject: Subject,
    pub(crate) shape: Shape,
    /// How many changes each lane made in a round.
    pub(crate) iterations: u32,
    /// How many rounds there were to be at most, if that was known, and how many there were.
    pub(crate) rounds: Option<u32>,
    pub(crate) count: Rounds,
    pub(crate) verdict: Verdict,
    /// In all rounds: how many changes were acknowledged, and how many are in the final states.
    pub(crate) expected: u64,
    pub(crate) got: Option<u64>,
    pub(crate) counters: Counters,
    pub(crate) pace: Pace,
    pub(crate) elapsed: Duration,
    /// The directory of the round that the verdict is about, if it was kept.
    pub(crate) kept: Option<PathBuf>,
    /// The command line that shows it again, with that round as the first.
    pub(crate) again: String,
}

/// Prints a report while it grows.
pub(crate) trait Reporter {
    /// Before the first run.
    fn begin(&mut self, report: &Report) -> Result<()>;
    /// After each run, before it is part of the report.
    fn run(&mut self, report: &Report, run: &Run) -> Result<()>;
    /// After the last.
    fn end(&mut self, report: &Report) -> Result<()>;
}

/// The reporter that prints in this format.
pub(crate) fn reporter(format: Format) -> Box<dyn Reporter> {
    match format {
        Format::Human => Box::new(Human::new(stdout(), Paint::for_stdout())),
        Format::Json => Box::new(Json::new(stdout())),
    }
}

impl Report {
    /// A report of nothing yet.
    pub(crate) fn new(plan: &Plan) -> Self {
        let trials = plan.trials.iter();
        Self {
            workload: plan.workload,
            procs: plan.procs,
            iters: plan.iters,
            bounds: plan.bounds,
            origin: plan.origin.clone(),
            durability: plan.durability,
            ballast: plan.ballast,
            seed: plan.seed,
            lock_timeout_ms: plan.lock_timeout_ms,
            chaos: plan.chaos,
            asked: trials.map(|trial| (trial.subject, trial.shape)).collect(),
            lacks_race: plan.lacks_race,
            runs: Vec::new(),
            interrupted: false,
            elapsed: Duration::ZERO,
        }
    }

    pub(crate) fn conclusion(&self) -> Conclusion {
        let lacks = self.lacks_race || self.has_not_shown_again();
        let lacking = lacks.then_some(Status::Inconclusive);
        let statuses = self.runs.iter().map(Run::status).chain(lacking);
        Conclusion::of(statuses, self.interrupted)
    }

    /// Whether a round was run again, and what was seen in it was not seen.
    fn has_not_shown_again(&self) -> bool {
        self.origin.is_some() && self.runs.iter().all(|run| run.count.violated == 0)
    }

    /// The subjects with this role that were asked for, and how many of them came to `good` in
    /// every shape.
    fn subjects(&self, role: Role, good: Status) -> (usize, usize) {
        let asked = self
            .asked
            .iter()
            .filter(|(subject, _)| subject.role() == role);
        let names: BTreeSet<&str> = asked.map(|(subject, _)| (*subject).into()).collect();
        let is_good = |name: &&&str| self.all_runs_are(name, good);
        (names.len(), names.iter().filter(is_good).count())
    }

    fn all_runs_are(&self, name: &str, status: Status) -> bool {
        self.asked.iter().all(|&(subject, shape)| {
            <&str>::from(subject) != name
                || self.runs.iter().any(|run| {
                    (run.subject, run.shape) == (subject, shape) && run.status() == status
                })
        })
    }
}

impl Run {
    pub(crate) const fn status(&self) -> Status {
        Status::of(self.subject.role(), &self.verdict)
    }

    /// Only a process that makes all changes of its lane has a speed of its own. In the other shape
    /// most of the time is spent on starting processes.
    fn fairness(&self) -> Option<f64> {
        self.pace.fairness().filter(|_| self.shape == Shape::Loop)
    }
}
