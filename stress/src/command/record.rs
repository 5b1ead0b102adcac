//! What is known of one process that has ended.

use crate::event::Span;
use crate::workload::Operation;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// One process: which it was, when it ran, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) operation: Operation,
    /// From before its start to after its end, counted from the beginning of the round. What it did
    /// to the state it did in between.
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
    pub(crate) fate: Fate,
    /// The changes that it said it had made.
    pub(crate) steps: Vec<Step>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Fate {
    /// Exit code 0: its update is made.
    Acknowledged,
    /// It failed by itself: its update may have been made.
    Exited(i32),
    /// It was killed by a signal that we have not sent: its update may have been made.
    Died(i32),
    /// We have killed it: its update may have been made.
    Killed,
}

/// A change as the process that made it saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) read: String,
    pub(crate) wrote: String,
}

impl Record {
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.fate == Fate::Acknowledged
    }

    /// Whether it failed by itself.
    pub(crate) const fn has_failed(&self) -> bool {
        matches!(self.fate, Fate::Exited(_) | Fate::Died(_))
    }

    /// The same time in nanoseconds.
    pub(crate) fn span(&self) -> Span {
        Span {
            began_ns: nanoseconds(self.began),
            took_ns: nanoseconds(self.ended.saturating_sub(self.began)),
        }
    }

    /// Whether both ran at the same time, as far as can be seen from outside.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.began < other.ended && other.began < self.ended
    }
}

impl Step {
    /// Reads a line of the form `stress: read VERSION wrote VERSION`. A version is a word.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("stress: ")?.split_whitespace();
        let mut expect = |word| (words.next()? == word).then(|| words.next()).flatten();
        let (read, wrote) = (expect("read")?.to_owned(), expect("wrote")?.to_owned());
        words.next().is_none().then_some(Self { read, wrote })
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acknowledged => write!(f, "exit code 0"),
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Died(signal) => write!(f, "signal {signal}"),
            Self::Killed => write!(f, "killed"),
        }
    }
}

/// A time in nanoseconds, which go on for 584 years.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The token of an operation in a round. No two processes of a run have the same, so a token also
/// shows when state leaks from one round into another.
pub(crate) fn token(round: u32, operation: Operation) -> String {
    let Operation { lane, iteration } = operation;
    format!("r{round}-p{lane}-{iteration}")
}

/// The operation whose token this is in a round. A number that is written in another way, such as
/// 007, is in no token.
pub(super) fn operation_of(round: u32, text: &str) -> Option<Operation> {
    let (lane, iteration) = text
        .strip_prefix('r')?
        .split_once("-p")?
        .1
        .split_once('-')?;
    let operation = Operation {
        lane: lane.parse().ok()?,
        iteration: iteration.parse().ok()?,
    };
    (token(round, operation) == text).then_some(operation)
}

#[cfg(test)]
mod tests {
    use super::{Operation, Step, operation_of, token};
    use proptest::prelude::*;

    #[test]
    fn a_token_is_written_in_one_way() {
        let operation = Operation {
            lane: 2,
            iteration: 17,
        };
        assert_eq!(operation_of(1, "r1-p2-17"), Some(operation));
        for text in [
            "",
            "r1-p2",
            "r2-p2-17",
            "r01-p2-17",
            "r1-p02-17",
            "r1-p+2-17",
            "r1-p2-017",
            "r1-p2-17-",
            "r1-p2--17",
            " r1-p2-17",
            "r1-p2-4294967313",
        ] {
            assert_eq!(operation_of(1, text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_token_says_whose_it_is(round: u32, lane: u32, iteration: u32) {
            let operation = Operation { lane, iteration };
            prop_assert_eq!(operation_of(round, &token(round, operation)), Some(operation));
        }
    }

    #[test]
    fn a_step_is_a_line_with_two_versions_and_nothing_else() {
        let step = Step {
            read: "41".to_owned(),
            wrote: "\"a3f\"".to_owned(),
        };
        assert_eq!(Step::parse("stress: read 41  wrote \"a3f\"\r"), Some(step));
        for line in [
            "",
            "stress:",
            "stress: read 41",
            "stress: read 41 wrote",
            "stress: read 41 wrote 42 twice",
            "stress: wrote 42 read 41",
            " stress: read 41 wrote 42",
        ] {
            assert_eq!(Step::parse(line), None, "{line}");
        }
    }
}
