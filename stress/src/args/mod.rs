//! The command line: first what the words say, then what they mean.

mod plan;
mod words;

pub(crate) use plan::{Plan, Trial};
pub(crate) use words::{Format, Shape};

use clap::{CommandFactory, Parser};
use words::Words;

/// The plan that the command line asks for. A command line that asks for nothing sensible, or for
/// help, ends the program.
pub(crate) fn plan() -> Plan {
    let words = Words::parse();
    plan::plan(&words).unwrap_or_else(|text| {
        let kind = clap::error::ErrorKind::ValueValidation;
        Words::command().error(kind, text).exit()
    })
}
