//! What a run comes to. Never a boolean: "nothing was found" and "nothing can be found" differ.

use crate::event::Acknowledged;
use crate::subject::Role;
use crate::workload::{Flaw, Operation, Tool};
use hookstate_cli::exit;
use serde::Serialize;
use std::fmt;

/// The judgement on one subject in one shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Every acknowledged change is in the state exactly once, and nobody ever saw anything else.
    Exact,
    /// Something happened that must not.
    Violated(Box<Evidence>),
    /// It cannot be said.
    Inconclusive {
        /// Why not.
        why: String,
    },
}

/// What shows that the promise was broken, in one round.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Evidence {
    /// In which round, counted from 1.
    pub(crate) round: u32,
    /// How many changes were acknowledged.
    pub(crate) expected: u64,
    /// How many of them the final state has; unknown if it could not be read.
    pub(crate) got: Option<u64>,
    /// Two changes of the same version.
    pub(crate) fork: Option<Fork>,
    /// What was going on around them, in the order in which it began.
    pub(crate) around: Vec<Moment>,
    /// A task that was announced twice.
    pub(crate) claimed_twice: Option<DoubleClaim>,
    /// Where the final state differs from what was acknowledged.
    pub(crate) miscounts: Vec<Miscount>,
    /// What processes saw while they ran: the first few.
    pub(crate) sightings: Vec<Sighting>,
    /// Acknowledged changes that are not in the final state, and changes that are in it twice, where
    /// each leaves its number: the first few.
    pub(crate) lost: Vec<Operation>,
    pub(crate) doubled: Vec<Operation>,
    /// Why one more change did not work.
    pub(crate) next_change: Option<String>,
}

/// A lost update, seen from its two ends: two acknowledged changes that had both read the same
/// version, so that both wrote the next one and one of them is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fork {
    /// The version that both had read.
    pub(crate) version: u64,
    /// The one whose acknowledgement came first.
    pub(crate) first: Operation,
    /// The other.
    pub(crate) second: Operation,
}

/// A change in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Moment {
    #[serde(flatten)]
    pub(crate) operation: Operation,
    /// From the earliest of those that are told of.
    pub(crate) began_ns: u64,
    pub(crate) took_ns: u64,
    /// The version that it had read, if it has seen one.
    pub(crate) read: Option<u64>,
}

impl Moment {
    pub(crate) const fn of(operation: Operation, acknowledged: Acknowledged) -> Self {
        Self {
            operation,
            began_ns: acknowledged.span.began_ns,
            took_ns: acknowledged.span.took_ns,
            read: acknowledged.laid_on,
        }
    }

    pub(crate) const fn ended_ns(&self) -> u64 {
        self.began_ns.saturating_add(self.took_ns)
    }
}

/// A task whose announcement was claimed twice, so that it was made twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct DoubleClaim {
    /// The change that added the task.
    pub(crate) task: Operation,
    /// Who claimed it first.
    pub(crate) first: Source,
    /// Who claimed it again.
    pub(crate) second: Source,
}

/// A number in the final state that is not what was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Miscount {
    /// Whose number.
    pub(crate) of: Counted,
    /// What was acknowledged.
    pub(crate) expected: u64,
    /// What the state says.
    pub(crate) got: u64,
}

/// Something that the state counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Counted {
    Total,
    Tool(Tool),
    Lane(u32),
    /// Not the changes of the lane, but the claims of the tasks that it added.
    Claims(u32),
}

/// A flaw and who saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sighting {
    pub(crate) by: Source,
    pub(crate) flaw: Flaw,
}

/// Where events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// A process that changes the state, or the succession of them, counted from 1.
    Lane(u32),
    /// The process that only reads.
    Reader,
}

/// A verdict in the light of what was expected: the word in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// A strategy kept its promise.
    Exact,
    /// A control was seen to lose updates.
    Caught,
    /// A strategy broke its promise.
    Violated,
    /// A control lost nothing that anybody noticed: the run proves nothing about the strategies.
    Missed,
    /// It cannot be said.
    Inconclusive,
}

/// What all runs come to together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Conclusion {
    Exact,
    Violated,
    Inconclusive,
    Interrupted,
}

impl Status {
    pub(crate) const fn of(role: Role, verdict: &Verdict) -> Self {
        match (role, verdict) {
            (_, Verdict::Inconclusive { .. }) => Self::Inconclusive,
            (Role::Strategy, Verdict::Exact) => Self::Exact,
            (Role::Strategy, Verdict::Violated(_)) => Self::Violated,
            (Role::Control, Verdict::Exact) => Self::Missed,
            (Role::Control, Verdict::Violated(_)) => Self::Caught,
        }
    }
}

impl Conclusion {
    /// A violation stands, whatever else went wrong; without one, a run that was cut short or that
    /// missed a control says nothing.
    pub(crate) fn of(statuses: impl IntoIterator<Item = Status>, interrupted: bool) -> Self {
        let undecided = if interrupted {
            Self::Interrupted
        } else {
            Self::Inconclusive
        };
        let start = if interrupted { undecided } else { Self::Exact };
        let mut all = statuses.into_iter();
        all.try_fold(start, |so_far, status| match status {
            Status::Violated => Err(Self::Violated),
            Status::Missed | Status::Inconclusive => Ok(undecided),
            Status::Exact | Status::Caught => Ok(so_far),
        })
        .unwrap_or_else(|violated| violated)
    }

    /// The exit code that says it.
    pub(crate) const fn exit_code(self) -> exit::Code {
        match self {
            Self::Exact => exit::Code::Success,
            Self::Violated => exit::Code::Violated,
            Self::Inconclusive => exit::Code::Inconclusive,
            Self::Interrupted => exit::Code::Interrupted,
        }
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (read, wrote) = (self.version, self.version + 1);
        let (first, second) = (self.first, self.second);
        if first.lane == second.lane {
            write!(
                f,
                "one process read {read} and wrote {wrote} twice: {first}, {second}"
            )
        } else {
            write!(
                f,
                "two processes read {read} and both wrote {wrote}: {first}, {second}"
            )
        }
    }
}

impl fmt::Display for Miscount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: expected {} got {}",
            self.of, self.expected, self.got
        )
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Total => write!(f, "total"),
            Self::Tool(tool) => write!(f, "{tool}"),
            Self::Lane(lane) => write!(f, "p{lane}"),
            Self::Claims(lane) => write!(f, "claims of tasks of p{lane}"),
        }
    }
}

impl fmt::Display for DoubleClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (task, first, second) = (self.task, self.first, self.second);
        if first == second {
            write!(f, "one process announced the task {task} twice: {first}")
        } else {
            write!(
                f,
                "two processes announced the task {task}: {first}, {second}"
            )
        }
    }
}

impl fmt::Display for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.by, self.flaw)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lane(lane) => write!(f, "p{lane}"),
            Self::Reader => write!(f, "reader"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Conclusion, Status};

    #[test]
    fn only_exact_strategies_and_caught_controls_are_a_success() {
        let conclusion = |statuses: &[Status]| Conclusion::of(statuses.iter().copied(), false);
        assert_eq!(conclusion(&[]), Conclusion::Exact);
        assert_eq!(
            conclusion(&[Status::Exact, Status::Caught]),
            Conclusion::Exact
        );
        assert_eq!(
            conclusion(&[Status::Exact, Status::Missed]),
            Conclusion::Inconclusive
        );
        assert_eq!(
            conclusion(&[Status::Inconclusive, Status::Exact]),
            Conclusion::Inconclusive
        );
    }

    #[test]
    fn a_violation_stands_whatever_else_happened() {
        let all = [
            Status::Inconclusive,
            Status::Missed,
            Status::Violated,
            Status::Exact,
        ];
        assert_eq!(Conclusion::of(all, false), Conclusion::Violated);
        assert_eq!(Conclusion::of(all, true), Conclusion::Violated);
    }

    #[test]
    fn an_interrupted_run_is_never_exact() {
        assert_eq!(
            Conclusion::of([Status::Exact], true),
            Conclusion::Interrupted
        );
        assert_eq!(
            Conclusion::of([Status::Inconclusive], true),
            Conclusion::Interrupted
        );
    }
}
