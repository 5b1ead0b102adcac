//! The command line: first what the words say, then what they mean.

mod meaning;
mod nearest;
mod words;

pub(super) use meaning::Request;

use clap::{CommandFactory, Parser};
use hookstate_cli::exit;
use words::Words;

/// What the command line asks for. One that asks for nothing sensible, or for help, ends the
/// program.
pub(super) fn request() -> Request {
    let words = Words::parse();
    meaning::meaning(&words).unwrap_or_else(|text| {
        let kind = clap::error::ErrorKind::ValueValidation;
        // Standard error may be gone, and then there is nobody left to tell.
        let _ = Words::command().error(kind, text).print();
        std::process::exit(exit::Code::Usage.number().into())
    })
}
