//! The exit codes, the same in every command of this project.

use std::io::{self, Write};
use std::process::{ExitCode, Termination};

/// How a command ends. A `main` can return it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Whatever was tried is as it should be, and every control was caught.
    Success,
    /// The command itself could not do its work, or nobody read its report to the end.
    Failed,
    /// The command line makes no sense. The command line parser exits with this number too.
    Usage,
    /// A strategy broke its promise.
    Violated,
    /// Nothing was violated, but what was tried does not show that nothing can be.
    Inconclusive,
    /// Ended by SIGINT, SIGTERM or SIGHUP before a verdict.
    Interrupted,
}

impl Code {
    /// The number that scripts rely on.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Violated => 10,
            Self::Inconclusive => 11,
            // 128 and the number of SIGINT, as shells have it.
            Self::Interrupted => 130,
        }
    }
}

impl Termination for Code {
    fn report(self) -> ExitCode {
        ExitCode::from(self.number())
    }
}

/// Prints the chain of causes and gives the exit code of a failure. Whoever has closed standard
/// output, as `head` does, knows why the run has ended and is told nothing.
pub fn failed(error: &anyhow::Error) -> Code {
    if !is_broken_pipe(error) {
        // Standard error may be gone as well, and then there is nobody left to tell.
        let _ = writeln!(io::stderr(), "error: {error:#}");
    }
    Code::Failed
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::{Code, is_broken_pipe};
    use std::io;

    /// Scripts rely on them.
    #[test]
    fn the_codes_are_those_that_are_documented() {
        let codes = [
            Code::Success,
            Code::Failed,
            Code::Usage,
            Code::Violated,
            Code::Inconclusive,
            Code::Interrupted,
        ];
        assert_eq!(codes.map(Code::number), [0, 1, 2, 10, 11, 130]);
    }

    #[test]
    fn a_broken_pipe_is_known_by_its_kind_whatever_it_kept_from_being_done() {
        let kept_from_printing = |kind: io::ErrorKind| {
            let error = anyhow::Error::new(io::Error::from(kind));
            error.context("cannot write the report")
        };
        let broken = kept_from_printing(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&broken));
        let full = kept_from_printing(io::ErrorKind::StorageFull);
        assert!(!is_broken_pipe(&full));
        assert!(!is_broken_pipe(&anyhow::anyhow!("broken pipe")));
    }
}
