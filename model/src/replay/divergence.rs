//! What can come out otherwise on the host than the schedule says.

use super::readable::{Invocation, Response};
use crate::process::Exit;
use std::fmt;
use std::io;

/// The first thing that came out otherwise.
#[derive(Debug)]
pub struct Divergence {
    /// When.
    pub when: When,
    /// In which process; `None` where it is about what all of them left behind.
    pub process: Option<usize>,
    /// What it was.
    pub otherwise: Box<Otherwise>,
}

/// When something came out otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the first step.
    AtTheStart,
    /// At this step of the schedule, counted from 1.
    AtStep(usize),
    /// After the last step.
    InTheEnd,
}

/// How something came out otherwise.
#[derive(Debug)]
pub enum Otherwise {
    /// The process was about to make another call.
    Asked {
        /// The scheduled call.
        expected: Invocation,
        /// The call that the process was about to make.
        got: Invocation,
    },
    /// The process had come to its end.
    Ended {
        /// The scheduled call.
        expected: Invocation,
        /// How.
        exit: Exit,
    },
    /// The call writes too few pages to be killed in the middle of it there.
    Shorter {
        /// The scheduled call.
        expected: Invocation,
    },
    /// The call had another result.
    Answered {
        /// The call.
        invocation: Invocation,
        /// The result in the schedule.
        expected: Response,
        /// The result on the host.
        got: Response,
    },
    /// The schedule was over and the process was not.
    Unfinished {
        /// The call that it was about to make.
        got: Invocation,
    },
    /// There is no such process.
    Missing,
    /// The process could not be started.
    NotStarted(io::Error),
    /// The process fell silent.
    Silent {
        /// The call that was expected of it, or `None` if it was to end.
        expected: Option<Invocation>,
        /// Why nothing more is heard.
        cause: io::Error,
    },
    /// In the end something is not as it was foretold.
    Outcome {
        /// What.
        what: &'static str,
        /// As the model has it.
        expected: String,
        /// As it is on the host.
        got: String,
    },
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.when)?;
        if let Some(process) = self.process {
            write!(f, ", process {process}")?;
        }
        write!(f, ": {}", self.otherwise)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtTheStart => write!(f, "at the start"),
            Self::AtStep(number) => write!(f, "step {number}"),
            Self::InTheEnd => write!(f, "in the end"),
        }
    }
}

impl fmt::Display for Otherwise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked { expected, got } => {
                write!(
                    f,
                    "expected the call {expected}, and it is about to make {got}"
                )
            }
            Self::Ended { expected, exit } => {
                write!(
                    f,
                    "expected the call {expected}, and it has ended: {exit:?}"
                )
            }
            Self::Shorter { expected } => {
                write!(
                    f,
                    "expected a kill inside of {expected}, which writes fewer pages"
                )
            }
            Self::Answered {
                invocation,
                expected,
                got,
            } => write!(f, "{invocation}: expected {expected}, got {got}"),
            Self::Unfinished { got } => {
                write!(f, "expected nothing more, and it is about to make {got}")
            }
            Self::Missing => write!(f, "there is no such process"),
            Self::NotStarted(cause) => write!(f, "it could not be started: {cause}"),
            Self::Silent { expected, cause } => silence(f, expected.as_ref(), cause),
            Self::Outcome {
                what,
                expected,
                got,
            } => write!(f, "{what}: expected {expected}, got {got}"),
        }
    }
}

fn silence(
    f: &mut fmt::Formatter<'_>,
    expected: Option<&Invocation>,
    cause: &io::Error,
) -> fmt::Result {
    match expected {
        Some(call) => write!(f, "expected the call {call}, and "),
        None => write!(f, "expected its end, and "),
    }?;
    match cause.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            write!(f, "heard nothing for too long")
        }
        io::ErrorKind::UnexpectedEof => write!(f, "it is gone"),
        _ => write!(f, "it cannot be understood: {cause}"),
    }
}

impl std::error::Error for Divergence {}
