//! The command line: first what the words say, then what they mean.

mod check;
mod errand;
mod external;
mod hunting;
mod paper;
mod plan;
mod suite;
mod words;

pub(crate) use paper::Paper;
pub(crate) use plan::{Plan, Trial};
pub(crate) use words::{Format, Shape};

use crate::command;
use crate::hunt::Origin;
use clap::{CommandFactory, Parser};
use errand::Errand;
use words::Words;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Task {
    /// To put strategies and controls under stress.
    Strategies(Box<Plan>),
    /// To put a command under stress.
    Command(Box<command::Plan>),
    /// To judge a history.
    Check(crate::check::Plan),
    /// To put many commands under stress, each with its repaired twin.
    Suite(crate::suite::Plan),
    /// To say what there is to choose from.
    List,
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

/// The plan to put a command under stress that these words ask for, which are those of the command line
/// without its first.
pub(crate) fn command_plan(line: &[String]) -> Result<command::Plan, String> {
    let line = std::iter::once("stress").chain(line.iter().map(String::as_str));
    let words = Words::try_parse_from(line).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        first.trim_start_matches("error: ").to_owned()
    })?;
    external::plan(&words)
}

fn meaning(words: &Words) -> Result<Task, String> {
    if let Some(directory) = &words.hunting.repro
        && words.hunting.origin.is_none()
    {
        let origin = Origin::read(directory)?;
        return meaning(&hunting::again(words, origin)?);
    }
    match &words.errand {
        Some(Errand::Check(words)) => Ok(Task::Check(words.plan())),
        Some(Errand::Suite(words)) => Ok(Task::Suite(words.plan())),
        Some(Errand::Paper(paper)) => Ok(Task::Paper(*paper)),
        None if words.list => Ok(Task::List),
        None if words.external.is_any() => {
            let plan = self::external::plan(words)?;
            Ok(Task::Command(Box::new(plan)))
        }
        None => Ok(Task::Strategies(Box::new(plan::plan(words)?))),
    }
}
