//! The exit codes, the same in every tool of this project.

use crate::verdict::Conclusion;
use std::io::{self, Write};
use std::process::ExitCode;

/// Every strategy was exact and every control was caught.
pub(crate) const EXACT: u8 = 0;
/// The tool itself could not do its work, or nobody read its report to the end.
pub(crate) const FAILED: u8 = 1;
/// The command line makes no sense. The command line parser exits with this number too.
pub(crate) const USAGE: u8 = 2;
/// A strategy lost or doubled an update, or showed a state that never was.
pub(crate) const VIOLATED: u8 = 10;
/// Nothing was violated, but the run does not show that nothing can be.
pub(crate) const INCONCLUSIVE: u8 = 11;
/// Ended by SIGINT, SIGTERM or SIGHUP before a verdict: 128 and the number of SIGINT, as shells
/// have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code that says `conclusion`.
pub(crate) const fn number(conclusion: Conclusion) -> u8 {
    match conclusion {
        Conclusion::Exact => EXACT,
        Conclusion::Violated => VIOLATED,
        Conclusion::Inconclusive => INCONCLUSIVE,
        Conclusion::Interrupted => INTERRUPTED,
    }
}

pub(crate) fn code(conclusion: Conclusion) -> ExitCode {
    ExitCode::from(number(conclusion))
}

/// Prints the chain of causes and gives the exit code of a failure. Whoever has closed standard
/// output, as `head` does, knows why the run has ended and is told nothing.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    if !is_broken_pipe(error) {
        // Standard error may be gone as well, and then there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
    }
    ExitCode::from(FAILED)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
