//! Which changes are in a state: each by its number, not only how many.
//!
//! Where processes are killed a count is not enough: a change that was acknowledged and lost can
//! hide behind one that was made and not acknowledged. A lane makes its changes in the order of their
//! numbers, so what is there is all of them up to the last, but for gaps; and the gaps are few, unless
//! something is lost.

use super::Operation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The changes of all lanes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Presence(BTreeMap<u32, Lane>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lane {
    last: u32,
    /// The first and the last of each run of numbers that are not there.
    // Invariant: in order, apart from each other, and below `last`.
    gaps: Vec<(u32, u32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    doubled: Vec<u32>,
}

impl Lane {
    fn take(&mut self, iteration: u32) {
        if iteration <= self.last {
            self.doubled.push(iteration);
            return;
        }
        let next = self.last + 1;
        if next < iteration {
            self.gaps.push((next, iteration - 1));
        }
        self.last = iteration;
    }

    fn has(&self, iteration: u32) -> bool {
        let at = self.gaps.partition_point(|(_, last)| *last < iteration);
        let in_gap = self
            .gaps
            .get(at)
            .is_some_and(|(first, _)| *first <= iteration);
        (1..=self.last).contains(&iteration) && !in_gap
    }
}

impl Presence {
    /// Takes note of a change. One that comes after a later one of its lane counts as doubled, since
    /// it was passed over once: it was lost, or it is made again.
    pub(crate) fn take(&mut self, operation: Operation) {
        self.0
            .entry(operation.lane)
            .or_default()
            .take(operation.iteration);
    }

    pub(crate) fn has(&self, operation: Operation) -> bool {
        let lane = self.0.get(&operation.lane);
        lane.is_some_and(|lane| lane.has(operation.iteration))
    }

    /// All that are there.
    pub(crate) fn operations(&self) -> impl Iterator<Item = Operation> {
        self.0.iter().flat_map(|(&lane, present)| {
            let all = (1..=present.last).filter(|iteration| present.has(*iteration));
            all.map(move |iteration| Operation { lane, iteration })
        })
    }

    /// Those that are there more than once.
    pub(crate) fn doubled(&self) -> impl Iterator<Item = Operation> {
        self.0.iter().flat_map(|(&lane, present)| {
            let all = present.doubled.iter();
            all.map(move |&iteration| Operation { lane, iteration })
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, Presence};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn presence(iterations: &[u32]) -> Presence {
        let mut presence = Presence::default();
        for &iteration in iterations {
            presence.take(Operation { lane: 3, iteration });
        }
        presence
    }

    #[test]
    fn a_change_that_is_made_again_is_doubled() {
        let presence = presence(&[1, 2, 4, 2]);
        let doubled: Vec<String> = presence.doubled().map(|one| one.to_string()).collect();
        assert_eq!(doubled, ["p3 #02"]);
        assert!(!presence.has(Operation {
            lane: 3,
            iteration: 3
        }));
        assert!(!presence.has(Operation {
            lane: 1,
            iteration: 1
        }));
        assert!(Presence::default().is_empty());
    }

    proptest! {
        #[test]
        fn what_was_taken_is_there_and_nothing_else(all in proptest::collection::btree_set(1_u32..60, 0..40)) {
            let all: Vec<u32> = all.into_iter().collect();
            let presence = presence(&all);
            let json = serde_json::to_string(&presence).unwrap();
            let presence: Presence = serde_json::from_str(&json).unwrap();
            let there: Vec<u32> = presence.operations().map(|one| one.iteration).collect();
            prop_assert_eq!(&there, &all);
            let wanted: BTreeSet<u32> = all.into_iter().collect();
            for iteration in 0..70 {
                prop_assert_eq!(presence.has(Operation { lane: 3, iteration }), wanted.contains(&iteration));
            }
            prop_assert_eq!(presence.doubled().count(), 0);
        }
    }
}
