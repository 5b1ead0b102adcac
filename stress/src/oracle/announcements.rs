//! Finds a task that two processes announced, and counts those that anybody did.

use crate::verdict::{DoubleClaim, Source};
use crate::workload::Operation;
use std::collections::BTreeMap;

/// How many claims of a lane are remembered. The claims of one task are reported within moments of
/// each other, so the oldest can go.
const CLAIMS_MAX: usize = 1 << 10;

/// Who has claimed which task.
#[derive(Debug, Default)]
pub(crate) struct Announcements {
    lanes: BTreeMap<u32, Lane>,
    twice: Option<DoubleClaim>,
}

#[derive(Debug, Default)]
struct Lane {
    claims: BTreeMap<u32, Source>,
    /// How many were claimed, each counted once as far as is remembered.
    count: u64,
}

impl Announcements {
    /// Takes note that `by` has claimed the task of `operation`.
    pub(crate) fn take(&mut self, by: Source, operation: Operation) {
        let lane = self.lanes.entry(operation.lane).or_default();
        if let Some(&first) = lane.claims.get(&operation.iteration) {
            self.twice.get_or_insert(DoubleClaim {
                task: operation,
                first,
                second: by,
            });
            return;
        }
        lane.claims.insert(operation.iteration, by);
        lane.count += 1;
        if lane.claims.len() > CLAIMS_MAX {
            lane.claims.pop_first();
        }
    }

    /// The first task that was claimed twice.
    pub(crate) const fn claimed_twice(&self) -> Option<DoubleClaim> {
        self.twice
    }

    /// How many tasks of the lane were claimed.
    pub(crate) fn of_lane(&self, lane: u32) -> u64 {
        self.lanes.get(&lane).map_or(0, |lane| lane.count)
    }
}
