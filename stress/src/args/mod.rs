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
use clap::error::{ContextKind, ContextValue, ErrorKind};
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
    let words = Words::try_parse().unwrap_or_else(|error| {
        let line = std::env::args_os().skip(1);
        with_tip(error, line.map(|word| word.to_string_lossy().into_owned())).exit()
    });
    meaning(&words).unwrap_or_else(|text| {
        let error = Words::command().error(ErrorKind::ValueValidation, text);
        error.exit()
    })
}

/// The same error; if it may be that -- was forgotten before a command, it says so. Words after a
/// subcommand are none.
fn with_tip(mut error: clap::Error, mut line: impl Iterator<Item = String>) -> clap::Error {
    let is_errand = |word: &String| Words::command().find_subcommand(word).is_some();
    let word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if error.kind() == ErrorKind::UnknownArgument => word,
        _ => return error,
    };
    if !word.starts_with('-') && !line.next().is_some_and(|first| is_errand(&first)) {
        let tip = format!(
            "a program to put under stress stands after '--', with its arguments: stress ... -- {word} ..."
        );
        let tip = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
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

#[cfg(test)]
mod tests {
    use super::{Parser, Words, with_tip};

    fn error(line: &str) -> String {
        let words = line.split(' ').map(str::to_owned);
        let error = Words::try_parse_from(words.clone()).unwrap_err();
        with_tip(error, words.skip(1)).to_string()
    }

    #[test]
    fn a_command_without_the_two_hyphens_gets_a_tip_and_nothing_else_does() {
        for line in [
            "stress python3 hook.py",
            "stress --procs 8 python3 hook.py --x",
            "stress --check true ./hook",
        ] {
            let text = error(line);
            let program = if line.contains("./hook") {
                "./hook"
            } else {
                "python3"
            };
            let tip = format!("with its arguments: stress ... -- {program} ...");
            assert!(text.contains(&tip), "{text}");
            assert!(text.contains("unexpected argument"), "{text}");
        }
        for line in [
            "stress --prosc 8",
            "stress check one two",
            "stress --procs x",
        ] {
            let text = error(line);
            assert!(!text.contains("stands after '--'"), "{text}");
        }
    }
}
