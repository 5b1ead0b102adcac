//! What a process can see to be wrong with a state.

use super::Operation;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that no state of a correct store ever shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Flaw {
    /// The total was smaller than one that the same process had seen before.
    TotalFell { from: u64, to: u64 },
    /// The count of one lane was smaller than one that the same process had seen before.
    LaneFell { lane: u32, from: u64, to: u64 },
    /// The count of the process's own lane was not what it has had acknowledged.
    OwnCount { expected: u64, got: u64 },
    /// The total was not the sum of its parts.
    Contradiction { total: u64, tools: u64, lanes: u64 },
    /// A task is not there, though it was added and nobody has removed it.
    TaskLost { task: Operation },
    /// A task is there, though it was removed.
    TaskBack { task: Operation },
    /// The ballast was not one that anybody wrote.
    Torn { offset: usize, bytes: usize },
    /// The store said that the content is not a state, though nothing had damaged it.
    Corrupt { error: String },
    /// The store said that it had repaired something, though nothing had been damaged.
    Recovered { recovery: String },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TotalFell { from, to } => write!(f, "the total fell from {from} to {to}"),
            Self::LaneFell { lane, from, to } => {
                write!(f, "the count of p{lane} fell from {from} to {to}")
            }
            Self::OwnCount { expected, got } => write!(
                f,
                "found {got} of its own changes where {expected} had been acknowledged"
            ),
            Self::Contradiction {
                total,
                tools,
                lanes,
            } => write!(
                f,
                "the total was {total}, the sum of the tools {tools}, of the processes {lanes}"
            ),
            Self::TaskLost { task } => write!(f, "the task {task} is gone, which nobody removed"),
            Self::TaskBack { task } => write!(f, "the task {task} is back, which was removed"),
            Self::Torn { offset, bytes } => {
                write!(
                    f,
                    "byte {offset} of {bytes} of the ballast was not what anybody wrote"
                )
            }
            Self::Corrupt { error } => write!(f, "{error}"),
            Self::Recovered { recovery } => {
                write!(
                    f,
                    "a recovery was reported though nothing was damaged: {recovery}"
                )
            }
        }
    }
}
