//! Finds two changes of the same version: the smallest evidence of a lost update.

use crate::verdict::Fork;
use crate::workload::Operation;
use std::collections::BTreeMap;

/// How many versions are remembered. The two sides of a fork are reported within moments of each
/// other, so the oldest can go; this is a few seconds' worth.
const VERSIONS_MAX: usize = 1 << 18;

/// The versions that acknowledged changes had read, and the first two that were the same.
///
/// Every change adds one to the version, so in a correct store no version is read by two changes.
/// Memory is bounded, time is linear up to a logarithm.
#[derive(Debug, Default)]
pub(crate) struct Forks {
    readers: BTreeMap<u64, Operation>,
    between_two: Option<Fork>,
    within_one: Option<Fork>,
}

impl Forks {
    /// Takes note that `operation` had read `version`.
    pub(crate) fn take(&mut self, version: u64, operation: Operation) {
        let first = *self.readers.entry(version).or_insert(operation);
        if first == operation {
            self.forget_oldest();
            return;
        }
        let fork = Fork {
            version,
            first,
            second: operation,
        };
        let place = if first.lane == operation.lane {
            &mut self.within_one
        } else {
            &mut self.between_two
        };
        place.get_or_insert(fork);
    }

    /// The first fork between two processes; or else one that a single process saw, whose change
    /// was rolled back by somebody in between.
    pub(crate) fn found(&self) -> Option<Fork> {
        self.between_two.or(self.within_one)
    }

    fn forget_oldest(&mut self) {
        if self.readers.len() > VERSIONS_MAX {
            self.readers.pop_first();
        }
    }
}
