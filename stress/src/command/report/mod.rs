//! What is told of a command. A report is a value; printing it is a courtesy.

mod human;
mod into_view;
mod json;
#[cfg(test)]
mod tests;

use super::plan::Plan;
use super::verdict::{Failures, Harm, Verdict};
use crate::args::Format;
use crate::hunt::Rounds;
use crate::pace::Pace;
use crate::verdict::{Conclusion, Status};
use hookstate_cli::paint::Paint;
use human::Human;
use json::Json;
use std::io::{Result, stdout};
use std::path::PathBuf;
use std::time::Duration;

/// What a command came to, in all rounds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Report {
    pub(super) count: Rounds,
    pub(super) verdict: Verdict,
    pub(super) acked: u64,
    pub(super) started: u64,
    /// What the first oracle that counts has expected, and what it got.
    pub(super) expected: Option<i128>,
    pub(super) got: Option<i128>,
    pub(super) failures: Failures,
    /// From the start of each process that has acknowledged its update to its exit.
    pub(super) pace: Pace,
    pub(super) harm: Harm,
    pub(super) elapsed: Duration,
    /// The directory of the round that the verdict is about, if it was kept.
    pub(super) kept: Option<PathBuf>,
    pub(super) interrupted: bool,
    /// The command line that does all of this again, with that round as the first.
    pub(super) again: String,
}

/// Prints a report.
pub(super) trait Reporter {
    /// Before the first round.
    fn begin(&mut self, plan: &Plan) -> Result<()>;
    /// After the last.
    fn end(&mut self, plan: &Plan, report: &Report) -> Result<()>;
}

/// The reporter that prints in this format.
pub(super) fn reporter(format: Format) -> Box<dyn Reporter> {
    match format {
        Format::Human => Box::new(Human::new(stdout(), Paint::for_stdout())),
        Format::Json => Box::new(Json::new(stdout())),
    }
}

impl Report {
    pub(super) fn conclusion(&self, plan: &Plan) -> Conclusion {
        let lacks = plan.lacks_race || self.has_not_shown_again(plan);
        let lacking = lacks.then_some(Status::Inconclusive);
        let statuses = [self.verdict.status()].into_iter().chain(lacking);
        Conclusion::of(statuses, self.interrupted)
    }

    /// Whether a round was run again, and what was seen in it was not seen.
    fn has_not_shown_again(&self, plan: &Plan) -> bool {
        plan.origin.is_some() && self.count.violated == 0
    }
}
