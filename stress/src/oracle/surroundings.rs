//! What was going on around a lost update.

use crate::verdict::{Fork, Moment};
use std::collections::VecDeque;

/// How many of the latest changes are remembered.
const LATEST_MAX: usize = 4096;

/// How many changes are listened to after a fork was found: those that were made at the same time
/// and are reported later.
const LATER_MAX: usize = 256;

/// How many changes are told of. More would not fit a screen.
const TOLD_MAX: usize = 48;

/// The latest changes, and those around a fork once there is one. Memory is bounded.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    latest: VecDeque<Moment>,
    found: Option<Found>,
}

#[derive(Debug)]
struct Found {
    fork: Fork,
    moments: Vec<Moment>,
    /// How many more are listened to.
    left: usize,
}

impl Surroundings {
    /// Takes note of a change.
    pub(super) fn take(&mut self, moment: Moment) {
        self.latest.push_back(moment);
        if self.latest.len() > LATEST_MAX {
            self.latest.pop_front();
        }
        if let Some(found) = self.found.as_mut().filter(|found| found.left > 0) {
            found.left -= 1;
            found.moments.push(moment);
        }
    }

    /// Takes note that this is the fork to tell of; the latest change was one side of it.
    pub(super) fn mark(&mut self, fork: Fork) {
        if self.found.as_ref().is_none_or(|found| found.fork != fork) {
            self.found = Some(Found {
                fork,
                moments: self.latest.iter().copied().collect(),
                left: LATER_MAX,
            });
        }
    }

    /// The changes nearest to the fork in the order in which they began, the first of them at time
    /// zero.
    pub(super) fn nearest(&self) -> Vec<Moment> {
        let mut nearest = self.found.as_ref().map_or_else(Vec::new, Found::nearest);
        nearest.sort_by_key(|moment| (moment.began_ns, moment.operation));
        let zero = nearest.first().map_or(0, |first| first.began_ns);
        for moment in &mut nearest {
            moment.began_ns -= zero;
        }
        nearest
    }
}

impl Found {
    fn nearest(&self) -> Vec<Moment> {
        let sides = [self.fork.first, self.fork.second];
        let is_side = |moment: &Moment| sides.contains(&moment.operation);
        let sides = || self.moments.iter().filter(|moment| is_side(moment));
        let from = sides().map(|side| side.began_ns).min().unwrap_or(0);
        let to = sides().map(Moment::ended_ns).max().unwrap_or(0);
        let mut all = self.moments.clone();
        all.sort_by_key(|moment| (!is_side(moment), gap(moment, from, to)));
        all.truncate(TOLD_MAX);
        all
    }
}

/// The time between a change and that from one moment to another; none if they overlap.
fn gap(moment: &Moment, from: u64, to: u64) -> u64 {
    let before = from.saturating_sub(moment.ended_ns());
    before.max(moment.began_ns.saturating_sub(to))
}

#[cfg(test)]
mod tests {
    use super::{Fork, LATEST_MAX, Moment, Surroundings, TOLD_MAX};
    use crate::workload::Operation;

    fn moment(lane: u32, iteration: u32, began_ns: u64) -> Moment {
        Moment {
            operation: Operation { lane, iteration },
            began_ns,
            took_ns: 10,
            read: Some(u64::from(iteration)),
        }
    }

    fn fork(first: Moment, second: Moment) -> Fork {
        Fork {
            version: 7,
            first: first.operation,
            second: second.operation,
        }
    }

    #[test]
    fn what_was_at_the_same_time_and_what_was_near_is_told_in_order_from_zero() {
        let mut surroundings = Surroundings::default();
        let sides = (moment(1, 500, 5000), moment(2, 500, 5005));
        for iteration in 1..=499 {
            surroundings.take(moment(1, iteration, u64::from(iteration) * 10));
        }
        surroundings.take(sides.0);
        surroundings.take(sides.1);
        surroundings.mark(fork(sides.0, sides.1));
        // It began before them, and was reported after them.
        surroundings.take(moment(3, 1, 4995));
        let told = surroundings.nearest();
        assert_eq!(told.len(), TOLD_MAX);
        assert_eq!(told[0].began_ns, 0);
        assert!(told.is_sorted_by_key(|moment| moment.began_ns));
        for operation in [
            sides.0.operation,
            sides.1.operation,
            moment(3, 1, 0).operation,
        ] {
            assert!(told.iter().any(|moment| moment.operation == operation));
        }
    }

    #[test]
    fn the_first_fork_stays_in_view_however_much_comes_after_it() {
        let mut surroundings = Surroundings::default();
        let sides = (moment(1, 1, 0), moment(2, 1, 5));
        surroundings.take(sides.0);
        surroundings.take(sides.1);
        for iteration in 2..=2 * LATEST_MAX as u32 {
            surroundings.mark(fork(sides.0, sides.1));
            surroundings.take(moment(3, iteration, u64::from(iteration) * 10));
        }
        let told = surroundings.nearest();
        assert_eq!(told[0].operation, sides.0.operation);
        assert_eq!(told[1].operation, sides.1.operation);
    }

    #[test]
    fn without_a_fork_nothing_is_told() {
        let mut surroundings = Surroundings::default();
        surroundings.take(moment(1, 1, 0));
        assert!(surroundings.nearest().is_empty());
    }
}
