//! The exit codes, the same in every tool of this project.

use super::verdict::Conclusion;
use std::io::{self, Write};
use std::process::ExitCode;

/// Every search was complete and clean, and every control was caught.
pub(super) const COMPLETE: u8 = 0;
/// The tool itself could not do its work, or nobody read its report to the end.
pub(super) const FAILED: u8 = 1;
/// The command line makes no sense. The command line parser exits with this number too.
pub(super) const USAGE: u8 = 2;
/// A strategy lost an update, or broke its promise otherwise.
pub(super) const VIOLATED: u8 = 10;
/// Nothing was violated, but the searches do not show that nothing can be.
pub(super) const INCONCLUSIVE: u8 = 11;
/// Ended by SIGINT, SIGTERM or SIGHUP before a verdict: 128 and the number of SIGINT, as shells
/// have it.
pub(super) const INTERRUPTED: u8 = 130;

/// The exit code that says `conclusion`.
pub(super) const fn number(conclusion: Conclusion) -> u8 {
    match conclusion {
        Conclusion::Complete => COMPLETE,
        Conclusion::Violated => VIOLATED,
        Conclusion::Inconclusive => INCONCLUSIVE,
        Conclusion::Interrupted => INTERRUPTED,
    }
}

pub(super) fn code(conclusion: Conclusion) -> ExitCode {
    ExitCode::from(number(conclusion))
}

/// Prints the chain of causes and gives the exit code of a failure. Whoever has closed standard
/// output, as `head` does, knows why the run has ended and is told nothing.
pub(super) fn failed(error: &anyhow::Error) -> ExitCode {
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

#[cfg(test)]
mod tests {
    use super::{COMPLETE, FAILED, INCONCLUSIVE, INTERRUPTED, USAGE, VIOLATED};

    /// Scripts rely on them, and `stress` has the same.
    #[test]
    fn the_codes_are_those_that_are_documented() {
        let codes = [COMPLETE, FAILED, USAGE, VIOLATED, INCONCLUSIVE, INTERRUPTED];
        assert_eq!(codes, [0, 1, 2, 10, 11, 130]);
    }
}
