//! The judges: one for counters and sets, one for registers.

mod section;

mod register;
mod versions;

use crate::error::Error;
use crate::format::Reader;
use crate::limits::{Budget, Limits, Stop};
use crate::operation::{Action, Model};
use crate::verdict::Verdict;
use section::Section;
use std::io::{Read, Seek};

/// The judgement on one of the histories in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What its header calls it.
    pub name: Option<Box<str>>,
    /// The line where it begins, counted from 1.
    pub line: u64,
    /// How many operations it has; if a limit was reached, how many of them were read.
    pub operations: u64,
    /// What it comes to.
    pub verdict: Verdict,
}

/// Judges a history. It is read from the beginning, and a second time to name those at fault.
///
/// If there are several, each with its header, the verdict is that of the first that is violated, or
/// else of the first that is inconclusive.
///
/// # Errors
///
/// If the history cannot be read, or is none.
pub fn judge<R: Read + Seek>(source: R, limits: &Limits) -> Result<Verdict, Error> {
    let mut worst = Verdict::Exact;
    judge_each(source, limits, |Judgement { verdict, .. }| {
        if verdict.is_worse_than(&worst) {
            worst = verdict;
        }
    })?;
    Ok(worst)
}

/// Judges all histories of a file, one after the other, each in the memory that its own length takes.
/// The time limit is one for all; that at which it is over is the last that is judged. A file with
/// nothing in it is one history, and inconclusive.
///
/// # Errors
///
/// If one cannot be read, or is none.
pub fn judge_each<R: Read + Seek>(
    source: R,
    limits: &Limits,
    mut take: impl FnMut(Judgement),
) -> Result<(), Error> {
    let budget = Budget::of(limits);
    let mut reader = Reader::new(source);
    reader.rewind()?;
    let mut is_empty = true;
    while let Some(mut section) = Section::begin(&mut reader)? {
        is_empty = false;
        let line = section.first_line();
        let verdict = match judge_one(&mut section, &budget) {
            Ok(verdict) => verdict,
            Err(Stop::Limit(why)) => inconclusive(why),
            Err(Stop::Error(error)) => return Err(error),
        };
        let is_last = matches!(verdict, Verdict::Inconclusive { .. }) && budget.is_over();
        take(Judgement {
            name: section.header().name.clone(),
            line,
            operations: section.operations(),
            verdict,
        });
        if is_last {
            break;
        }
        section.skip_rest()?;
    }
    if is_empty {
        take(Judgement {
            name: None,
            line: 1,
            operations: 0,
            verdict: inconclusive("the history is empty"),
        });
    }
    Ok(())
}

fn judge_one<R: Read + Seek>(
    section: &mut Section<'_, R>,
    budget: &Budget,
) -> Result<Verdict, Stop> {
    budget.check_time()?;
    match section.header().model {
        Model::Counter | Model::Set => versions::judge(section, budget),
        Model::Register => register::judge(section, budget),
    }
}

fn inconclusive(why: impl Into<String>) -> Verdict {
    let why = why.into();
    Verdict::Inconclusive { why }
}

/// An operation that the model does not know.
fn not_of(model: Model, action: &Action, line: u64) -> Error {
    let name = match action {
        Action::Add { .. } => "add",
        Action::Look { .. } => "a read without a value",
        Action::Get { .. } => "a read of a value",
        Action::Write { .. } => "write",
        Action::Cas { .. } => "cas",
    };
    let what = format!(
        "{name} is no operation of a {}; give each its own history, with a header that has its model",
        model.name()
    );
    Error::at(line, 1, what)
}
