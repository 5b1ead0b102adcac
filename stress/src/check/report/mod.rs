//! What is told of histories. A report is a value; printing it is a courtesy.

mod human;
mod json;
#[cfg(test)]
mod tests;

use crate::args::Format;
use crate::verdict::{Conclusion, Status};
use hookstate_cli::paint::Paint;
use hookstate_history::{Judgement, Verdict};
use human::Human;
use json::Json;
use std::io::{Result, stdout};
use std::time::Duration;

/// How many histories came to what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    exact: u64,
    violated: u64,
    inconclusive: u64,
    operations: u64,
    pub(super) elapsed: Duration,
}

/// Prints judgements while they come.
pub(super) trait Reporter {
    /// A judgement that took so long; that of its kind, exact or not, with this number.
    fn judgement(&mut self, number: u64, judgement: &Judgement, elapsed: Duration) -> Result<()>;
    /// After the last.
    fn end(&mut self, report: &Report) -> Result<()>;
}

/// The reporter that prints in this format.
pub(super) fn reporter(format: Format) -> Box<dyn Reporter> {
    match format {
        Format::Human => Box::new(Human::new(stdout(), Paint::for_stdout())),
        Format::Json => Box::new(Json::new(stdout())),
    }
}

impl Report {
    /// Counts a judgement, and says how many there are now that are exact, or that are not.
    pub(super) fn add(&mut self, judgement: &Judgement) -> u64 {
        self.operations += judgement.operations;
        let count = match judgement.verdict {
            Verdict::Exact => &mut self.exact,
            Verdict::Violated { .. } => &mut self.violated,
            Verdict::Inconclusive { .. } => &mut self.inconclusive,
        };
        *count += 1;
        match judgement.verdict {
            Verdict::Exact => self.exact,
            _ => self.violated + self.inconclusive,
        }
    }

    pub(super) const fn histories(&self) -> u64 {
        self.exact + self.violated + self.inconclusive
    }

    pub(super) fn conclusion(&self) -> Conclusion {
        let violated = (self.violated > 0).then_some(Status::Violated);
        let inconclusive = (self.inconclusive > 0).then_some(Status::Inconclusive);
        Conclusion::of(violated.into_iter().chain(inconclusive), false)
    }
}

const fn status(verdict: &Verdict) -> Status {
    match verdict {
        Verdict::Exact => Status::Exact,
        Verdict::Violated { .. } => Status::Violated,
        Verdict::Inconclusive { .. } => Status::Inconclusive,
    }
}
