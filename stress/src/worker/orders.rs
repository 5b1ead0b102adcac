//! What a worker is told to do.

use super::Fault;
use crate::chaos::{Chaos, Pause};
use crate::subject::Subject;
use crate::workload::{BallastBytes, Entry, Seed, Workload};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The work of one process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Orders {
    /// Change the state some number of times, as the workload has it.
    Change(ChangeOrders),
    /// Look at the state, over and over, until told to stop; then look once more and report it.
    Poll(PollOrders),
    /// Make one change, or several, and perhaps die in the middle.
    Single(SingleOrders),
    /// Read a tally once and report it.
    Look(Terms),
}

/// How the store is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) subject: Subject,
    pub(crate) durability: Durability,
    pub(crate) lock_timeout_ms: u64,
    #[serde(default)]
    pub(crate) workload: Workload,
}

/// The work of a process that changes the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangeOrders {
    pub(crate) terms: Terms,
    pub(crate) seed: Seed,
    pub(crate) lane: u32,
    /// The first and the last change that this process makes, counted from 1 within its lane.
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// How many changes its lane makes in all, in this process and others.
    pub(crate) iterations: u32,
    /// How many changes of the lane have been acknowledged before this process.
    pub(crate) acknowledged: u64,
    /// How many changes of the lane are in doubt, since their processes were killed in them.
    pub(crate) doubts: u64,
    /// The highest total that the lane has seen before this process.
    pub(crate) floor: u64,
    pub(crate) ballast: BallastBytes,
    pub(crate) fault: Option<Fault>,
    pub(crate) hardships: Hardships,
}

/// What a process has to live with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hardships {
    /// Whether each change leaves its number in the state, not only its count.
    pub(crate) numbered: bool,
    /// How long, and in which share of the changes, the lock is held on to.
    pub(crate) slow: Option<Pause>,
    /// Whether there may be no space left for a while.
    pub(crate) full_disk: bool,
}

impl Hardships {
    pub(crate) fn of(chaos: &Chaos) -> Self {
        Self {
            numbered: chaos.is_any(),
            slow: chaos.slow,
            full_disk: chaos.enospc,
        }
    }
}

impl ChangeOrders {
    /// All changes of a lane, under no hardship.
    pub(crate) fn of_lane(terms: Terms, seed: Seed, lane: u32, iterations: u32) -> Self {
        Self {
            terms,
            seed,
            lane,
            first: 1,
            last: iterations,
            iterations,
            acknowledged: 0,
            doubts: 0,
            floor: 0,
            ballast: BallastBytes::default(),
            fault: None,
            hardships: Hardships::default(),
        }
    }
}

/// The work of the process that is beside the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PollOrders {
    pub(crate) terms: Terms,
    pub(crate) seed: Seed,
}

/// The work of a process that makes the same change of a tally some number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SingleOrders {
    pub(crate) terms: Terms,
    pub(crate) entry: Entry,
    pub(crate) ballast_bytes: usize,
    pub(crate) times: u32,
    /// Before which of its system calls, counted from 0, the process kills itself.
    pub(crate) die_at: Option<usize>,
}

/// [`hookstate::Durability`], as the command line and the orders have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Durability {
    /// Survives kill -9
    Process,
    /// Survives power loss: syncs before each change is acknowledged
    Power,
}

impl Terms {
    pub(crate) const fn lock_timeout(&self) -> Duration {
        Duration::from_millis(self.lock_timeout_ms)
    }
}

impl From<Durability> for hookstate::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Process => Self::Process,
            Durability::Power => Self::Power,
        }
    }
}
