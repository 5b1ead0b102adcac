//! What was done on purpose, and whether the state has stood it.

use crate::chaos::Dealt;
use crate::event::LockTimeout;
use crate::workload::{Operation, Presence};
use serde::Serialize;
use std::collections::BTreeSet;

/// How many changes are kept as evidence.
const EVIDENCE_MAX: usize = 16;

/// How many lock timeouts are kept until it is known whom they name.
const TIMEOUTS_MAX: usize = 10_000;

/// Everything that is known of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Harm {
    /// The changes that were acknowledged.
    pub(super) acknowledged: Presence,
    pub(super) recoveries: u64,
    pub(super) disk_full: u64,
    /// Why one more change did not work.
    pub(super) next_change: Option<String>,
    kills: u64,
    stopped: BTreeSet<u32>,
    stops: u64,
    timeouts: Vec<LockTimeout>,
    no_space: u64,
    first_no_space: Option<String>,
}

/// How the acknowledged changes compare with those that are in the final state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ending {
    /// How many of the acknowledged are there; unknown if the changes leave no numbers.
    pub(super) got: Option<u64>,
    /// Those that are not there, and those that are there twice: the first few.
    pub(super) lost: Vec<Operation>,
    pub(super) doubled: Vec<Operation>,
    in_doubt: u64,
    in_doubt_made: u64,
}

/// The numbers of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct HarmCounts {
    /// Processes that were killed, and stopped for a while.
    pub(crate) kills: u64,
    pub(crate) stops: u64,
    /// Changes whose processes were killed in them, and how many of these are in the final state.
    pub(crate) in_doubt: u64,
    pub(crate) in_doubt_made: u64,
    /// How often the store has cleared up behind somebody.
    pub(crate) recoveries: u64,
    /// Lock timeouts that name a process which was stopped, and the first of them.
    pub(crate) named_stopped: u64,
    pub(crate) first_named_stopped: Option<String>,
    /// How often the disk was full, how often the store has said so, and what it has said first.
    pub(crate) disk_full: u64,
    pub(crate) no_space: u64,
    pub(crate) first_no_space: Option<String>,
}

impl Harm {
    pub(super) fn take_dealt(&mut self, dealt: Dealt) {
        self.kills += dealt.kills;
        self.stops += dealt.stopped.len() as u64;
        self.stopped.extend(dealt.stopped);
    }

    pub(super) fn take_lock_timeout(&mut self, timeout: LockTimeout) {
        if self.timeouts.len() < TIMEOUTS_MAX {
            self.timeouts.push(timeout);
        }
    }

    pub(super) fn take_no_space(&mut self, error: String) {
        self.no_space += 1;
        self.first_no_space.get_or_insert(error);
    }

    /// Compares what was acknowledged with what is there.
    pub(super) fn compare(&self, present: Option<&Presence>, in_doubt: u64) -> Ending {
        let Some(present) = present.filter(|present| !present.is_empty()) else {
            return Ending {
                in_doubt,
                ..Ending::default()
            };
        };
        let acknowledged = self.acknowledged.operations();
        let (there, lost): (Vec<_>, Vec<_>) = acknowledged.partition(|one| present.has(*one));
        let more = present
            .operations()
            .filter(|one| !self.acknowledged.has(*one));
        Ending {
            got: Some(there.len() as u64),
            lost: lost.into_iter().take(EVIDENCE_MAX).collect(),
            doubled: present.doubled().take(EVIDENCE_MAX).collect(),
            in_doubt,
            in_doubt_made: more.count() as u64,
        }
    }

    pub(super) fn counts(&self, ending: &Ending) -> HarmCounts {
        let is_stopped = |pid: u32| self.stopped.contains(&pid);
        let timeouts = self.timeouts.iter();
        let named: Vec<_> = timeouts
            .filter(|timeout| timeout.holder.is_some_and(is_stopped))
            .collect();
        HarmCounts {
            kills: self.kills,
            stops: self.stops,
            in_doubt: ending.in_doubt,
            in_doubt_made: ending.in_doubt_made,
            recoveries: self.recoveries,
            named_stopped: named.len() as u64,
            first_named_stopped: named.first().map(|timeout| timeout.error.clone()),
            disk_full: self.disk_full,
            no_space: self.no_space,
            first_no_space: self.first_no_space.clone(),
        }
    }
}

impl HarmCounts {
    /// Adds what another round had.
    pub(super) fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.stops += other.stops;
        self.in_doubt += other.in_doubt;
        self.in_doubt_made += other.in_doubt_made;
        self.recoveries += other.recoveries;
        self.named_stopped += other.named_stopped;
        self.disk_full += other.disk_full;
        self.no_space += other.no_space;
        let first = &mut self.first_named_stopped;
        *first = first.take().or(other.first_named_stopped);
        self.first_no_space = self.first_no_space.take().or(other.first_no_space);
    }
}

#[cfg(test)]
mod tests {
    use super::{Dealt, Harm, LockTimeout, Operation, Presence};

    fn presence(iterations: &[u32]) -> Presence {
        let mut presence = Presence::default();
        for &iteration in iterations {
            presence.take(Operation { lane: 1, iteration });
        }
        presence
    }

    /// Of five changes the third is in doubt.
    fn harm() -> Harm {
        Harm {
            acknowledged: presence(&[1, 2, 4, 5]),
            ..Harm::default()
        }
    }

    #[test]
    fn what_is_in_doubt_may_be_there_or_not() {
        for (there, made) in [(&[1, 2, 3, 4, 5][..], 1), (&[1, 2, 4, 5], 0)] {
            let ending = harm().compare(Some(&presence(there)), 1);
            assert_eq!((ending.got, ending.in_doubt_made), (Some(4), made));
            assert!(ending.lost.is_empty() && ending.doubled.is_empty());
        }
    }

    /// As many are there as were acknowledged; only the numbers show it.
    #[test]
    fn a_loss_that_hides_behind_a_change_in_doubt_is_noticed() {
        let ending = harm().compare(Some(&presence(&[1, 3, 4, 5])), 1);
        assert_eq!(ending.got, Some(3));
        assert_eq!(
            ending.lost,
            [Operation {
                lane: 1,
                iteration: 2
            }]
        );
    }

    #[test]
    fn a_change_that_is_there_twice_is_noticed() {
        let ending = harm().compare(Some(&presence(&[1, 2, 4, 5, 4])), 1);
        assert_eq!(
            ending.doubled,
            [Operation {
                lane: 1,
                iteration: 4
            }]
        );
    }

    #[test]
    fn a_timeout_that_names_a_stopped_process_is_counted_and_others_are_not() {
        let mut harm = harm();
        for holder in [Some(7), None, Some(8)] {
            let error = format!("held by {holder:?}");
            harm.take_lock_timeout(LockTimeout { holder, error });
        }
        harm.take_dealt(Dealt {
            kills: 2,
            stopped: vec![8, 9],
        });
        let counts = harm.counts(&harm.compare(None, 0));
        assert_eq!(
            (counts.kills, counts.stops, counts.named_stopped),
            (2, 2, 1)
        );
        assert_eq!(counts.first_named_stopped.unwrap(), "held by Some(8)");
    }
}
