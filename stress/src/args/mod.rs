//! The command line: first what the words say, then what they mean.

mod check;
mod errand;
mod external;
mod paper;
mod plan;
mod words;

pub(crate) use paper::Paper;
pub(crate) use plan::{Plan, Trial};
pub(crate) use words::{Format, Shape};

use crate::command;
use clap::{CommandFactory, Parser};
use errand::Errand;
use words::Words;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Task {
    /// To put strategies and controls under stress.
    Strategies(Plan),
    /// To put a command under stress.
    Command(command::Plan),
    /// To judge a history.
    Check(crate::check::Plan),
    /// To write something of the command line itself.
    Paper(Paper),
}

/// What the command line asks for. One that asks for nothing sensible, or for help, ends the
/// program.
pub(crate) fn task() -> Task {
    let words = Words::parse();
    meaning(&words).unwrap_or_else(|text| {
        let kind = clap::error::ErrorKind::ValueValidation;
        Words::command().error(kind, text).exit()
    })
}

fn meaning(words: &Words) -> Result<Task, String> {
    match &words.errand {
        Some(Errand::Check(words)) => Ok(Task::Check(words.plan())),
        Some(Errand::Paper(paper)) => Ok(Task::Paper(*paper)),
        None if words.external.is_any() => self::external::plan(words).map(Task::Command),
        None => plan::plan(words).map(Task::Strategies),
    }
}
