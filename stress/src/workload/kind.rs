//! What the processes of a run do.

use super::TASKS_KEPT;
use hookstate::stats::FLUSH_INTERVAL_DEFAULT;
use hookstate::tasks::TASKS_MAX;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many agents a statistics file has counts of (docs/design.md, "Statistics"). Of more, those
/// whose last call is the longest ago are added up, and nobody could say whose calls were lost.
const AGENTS_MAX: u32 = 32;

/// What the processes do to which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Workload {
    /// Changes of a state that contradicts itself when a part of one is lost, beside a reader
    #[default]
    Tally,
    /// Calls that are counted in the statistics of a session, beside a process that finalizes it
    Stats,
    /// Tasks that are added, announced by whoever comes first, and removed, beside a reader
    Tasks,
}

/// What a process that was ended in the middle of its work may have done without reporting it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unreported {
    /// How many changes are in the state beyond those that it reported.
    pub(crate) more: u64,
    /// How many are not in the state any more, since it took them out.
    pub(crate) fewer: u64,
}

impl Workload {
    /// How many processes there can be, if the workload has a bound of its own.
    pub(crate) fn procs_max(self) -> Option<u32> {
        match self {
            Self::Tally => None,
            Self::Stats => Some(AGENTS_MAX),
            Self::Tasks => u32::try_from(TASKS_MAX).ok().map(|most| most / TASKS_KEPT),
        }
    }

    /// Whether each change adds a task, which is to be claimed by one process and is left for a while.
    pub(crate) const fn leaves_tasks(self) -> bool {
        matches!(self, Self::Tasks)
    }

    /// See [`Unreported`].
    pub(crate) fn unreported_max(self) -> Unreported {
        let (more, fewer) = match self {
            Self::Tally => (1, 0),
            Self::Stats => (FLUSH_INTERVAL_DEFAULT.into(), 0),
            Self::Tasks => (1, 1),
        };
        Unreported { more, fewer }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tally => "tally",
            Self::Stats => "stats",
            Self::Tasks => "tasks",
        })
    }
}
