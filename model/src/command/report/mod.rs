//! What is told of the searches. A report is a value; printing it is a courtesy.

mod coverage;
mod describe;
mod human;
mod json;
mod list;
mod summary;
mod table;
#[cfg(test)]
mod tests;

pub(super) use list::list;

use super::plan::{Format, Line, Outcome, Plan, Setting, Subject, TraceStyle};
use super::verdict::{Conclusion, Status};
use hookstate_cli::paint::Paint;
use human::Human;
use json::Json;
use std::io::{Result, stdout};
use std::time::Duration;
use table::{Table, tables};

/// Of the program, where nobody says how it was called.
const NAME: &str = "hookstate-model";

/// Everything that was searched, and what was asked for.
pub(super) struct Report {
    /// One for each heading.
    tables: Vec<Table>,
    /// How many searches of scenarios, and how many controls, there are to be.
    searches: usize,
    controls: usize,
    trace: Option<TraceStyle>,
    in_full: bool,
    /// What else there is to say.
    notes: Vec<String>,
    pub(super) lines: Vec<Judged>,
    pub(super) interrupted: bool,
    pub(super) elapsed: Duration,
}

/// A line of the plan, and what its searches came to.
pub(super) struct Judged {
    subject: Subject,
    name: &'static str,
    left_out: Option<&'static str>,
    tried: Vec<Tried>,
    status: Status,
    /// Whether somebody asked to end before all of its searches were over.
    interrupted: bool,
}

/// A search and what it came to.
pub(super) struct Tried {
    setting: Setting,
    outcome: Outcome,
    status: Status,
}

/// Prints a report while it grows.
pub(super) trait Reporter {
    /// Before the first search.
    fn begin(&mut self, report: &Report) -> Result<()>;
    /// After the searches of a line.
    fn line(&mut self, judged: &Judged) -> Result<()>;
    /// After the last.
    fn end(&mut self, report: &Report) -> Result<()>;
}

/// The reporter that prints as the plan asks.
pub(super) fn reporter(plan: &Plan) -> Box<dyn Reporter> {
    match plan.format {
        Format::Human => {
            let program = std::env::args().next();
            let program = program.unwrap_or_else(|| NAME.to_owned());
            Box::new(Human::new(stdout(), Paint::for_stdout(), program))
        }
        Format::Json => Box::new(Json::new(stdout())),
    }
}

impl Report {
    /// A report of nothing yet.
    pub(super) fn new(plan: &Plan) -> Self {
        let (controls, scenarios): (Vec<&Line>, Vec<&Line>) = plan
            .lines
            .iter()
            .partition(|line| line.subject.is_control());
        let settings = |line: &Line| line.trials.iter().map(|trial| trial.setting).collect();
        let rows = plan.lines.iter();
        Self {
            tables: tables(rows.map(|line| (&line.subject, line.name, settings(line)))),
            searches: scenarios.iter().map(|line| line.trials.len()).sum(),
            controls: controls.len(),
            trace: plan.trace,
            in_full: plan.in_full,
            notes: plan.notes.clone(),
            lines: Vec::new(),
            interrupted: false,
            elapsed: Duration::ZERO,
        }
    }

    pub(super) fn conclusion(&self) -> Conclusion {
        let statuses = self.lines.iter().map(|line| line.status);
        Conclusion::of(statuses, self.interrupted)
    }
}

impl Judged {
    /// As bad as the worst of its searches.
    pub(super) fn new(line: Line, tried: Vec<Tried>) -> Self {
        let worst = tried.iter().map(|tried| tried.status).max();
        Self {
            subject: line.subject,
            name: line.name,
            left_out: line.left_out,
            tried,
            status: worst.unwrap_or(Status::LeftOut),
            interrupted: false,
        }
    }

    /// As [`new`](Self::new), when the last of these searches was cut short.
    pub(super) fn interrupted(line: Line, tried: Vec<Tried>) -> Self {
        Self {
            interrupted: true,
            ..Self::new(line, tried)
        }
    }

    /// Whether not all of its searches are over.
    pub(super) const fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    fn elapsed(&self) -> Duration {
        self.tried.iter().map(|tried| tried.outcome.elapsed).sum()
    }
}

impl Tried {
    pub(super) fn new(subject: &Subject, setting: Setting, outcome: Outcome) -> Self {
        let status = Status::of(subject, &outcome);
        Self {
            setting,
            outcome,
            status,
        }
    }
}

impl Subject {
    const fn is_control(&self) -> bool {
        matches!(self, Self::Control { .. })
    }
}
