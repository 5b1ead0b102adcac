//! One change by one process, and what follows from its numbers alone.

use super::Seed;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The change number `iteration` of lane `lane`, both counted from 1. No two operations of a round
/// are equal, so this is also the token by which an operation is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) lane: u32,
    pub(crate) iteration: u32,
}

/// By which method of the store an operation is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// `locked_modify`.
    Modify,
    /// `apply`.
    Apply,
}

/// What an operation counts: the tools of a coding agent, as in a real hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tool {
    Bash,
    Edit,
    Grep,
    Read,
    Task,
}

impl Tool {
    const ALL: [Self; 5] = [Self::Bash, Self::Edit, Self::Grep, Self::Read, Self::Task];
}

impl Operation {
    /// Lanes and iterations alternate, so that both methods meet each other in every round, even
    /// when each lane does one change only.
    pub(crate) const fn entry(self) -> Entry {
        if (self.lane + self.iteration).is_multiple_of(2) {
            Entry::Modify
        } else {
            Entry::Apply
        }
    }

    pub(crate) const fn tool(self, seed: Seed) -> Tool {
        Tool::ALL[(seed.at(self.token()) % Tool::ALL.len() as u64) as usize]
    }

    /// A number that no other operation has.
    pub(crate) const fn token(self) -> u64 {
        ((self.lane as u64) << 32) | self.iteration as u64
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{} #{:02}", self.lane, self.iteration)
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bash => "bash",
            Self::Edit => "edit",
            Self::Grep => "grep",
            Self::Read => "read",
            Self::Task => "task",
        })
    }
}

/// A name that no tool has.
#[derive(Debug)]
pub(crate) struct NoTool;

impl FromStr for Tool {
    type Err = NoTool;

    fn from_str(name: &str) -> Result<Self, NoTool> {
        let mut all = Self::ALL.into_iter();
        all.find(|tool| tool.to_string() == name).ok_or(NoTool)
    }
}
