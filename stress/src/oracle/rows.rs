//! Compares the tasks that are there in the end with those that the lanes have left.

use crate::workload::{Flaw, Operation, TASKS_KEPT};
use std::collections::{BTreeMap, BTreeSet};

/// The tasks that are lost or came back, if each lane has had so many changes acknowledged. Of a lane
/// `in_doubt` the task that it was about to remove may be gone, and that which it was about to add
/// may be there.
pub(super) fn flaws(
    acknowledged: &BTreeMap<u32, u64>,
    in_doubt: &BTreeMap<u32, u64>,
    tasks: &[Operation],
) -> Vec<Flaw> {
    let tasks: BTreeSet<Operation> = tasks.iter().copied().collect();
    let lanes = acknowledged.iter();
    let expected: BTreeSet<Operation> =
        lanes.flat_map(|(&lane, &count)| row(lane, count)).collect();
    let doubted = |task: &Operation| {
        let count = acknowledged.get(&task.lane).copied().unwrap_or(0);
        let next = iteration(count + 1);
        let removed = next.checked_sub(TASKS_KEPT);
        in_doubt.contains_key(&task.lane)
            && (task.iteration == next || Some(task.iteration) == removed)
    };
    let lost = expected
        .difference(&tasks)
        .map(|&task| Flaw::TaskLost { task });
    let back = tasks
        .difference(&expected)
        .map(|&task| Flaw::TaskBack { task });
    let is_certain = |flaw: &Flaw| match flaw {
        Flaw::TaskLost { task } | Flaw::TaskBack { task } => !doubted(task),
        _ => true,
    };
    lost.chain(back).filter(is_certain).collect()
}

/// What a lane leaves after so many changes.
fn row(lane: u32, count: u64) -> impl Iterator<Item = Operation> {
    let newest = iteration(count);
    let oldest = newest.saturating_sub(TASKS_KEPT) + 1;
    (oldest..=newest).map(move |iteration| Operation { lane, iteration })
}

fn iteration(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Flaw, Operation, TASKS_KEPT, flaws};
    use std::collections::BTreeMap;

    const fn p2(iteration: u32) -> Operation {
        Operation { lane: 2, iteration }
    }

    fn of_ten(in_doubt: bool, found: &[u32]) -> Vec<Flaw> {
        let tasks: Vec<Operation> = found.iter().map(|&iteration| p2(iteration)).collect();
        let in_doubt: BTreeMap<u32, u64> = in_doubt.then_some((2, 1)).into_iter().collect();
        flaws(&BTreeMap::from([(2, 10)]), &in_doubt, &tasks)
    }

    #[test]
    fn a_lane_leaves_its_last_tasks() {
        assert_eq!(TASKS_KEPT, 3, "the numbers below are for three");
        assert_eq!(of_ten(false, &[8, 9, 10]), []);
        let one = flaws(&BTreeMap::from([(2, 1)]), &BTreeMap::new(), &[p2(1)]);
        assert_eq!(one, []);
    }

    #[test]
    fn what_is_lost_and_what_came_back_is_named() {
        let lost = |iteration| Flaw::TaskLost {
            task: p2(iteration),
        };
        let back = |iteration| Flaw::TaskBack {
            task: p2(iteration),
        };
        assert_eq!(of_ten(false, &[7, 8, 10]), [lost(9), back(7)]);
        assert_eq!(of_ten(false, &[9, 10]), [lost(8)]);
        assert_eq!(of_ten(false, &[8, 9, 10, 11]), [back(11)]);
    }

    #[test]
    fn a_lane_in_doubt_may_have_gone_one_step_further() {
        for found in [&[8, 9, 10][..], &[9, 10], &[9, 10, 11], &[8, 9, 10, 11]] {
            assert_eq!(of_ten(true, found), [], "{found:?}");
        }
        assert_eq!(of_ten(true, &[10, 11]).len(), 1);
        assert_eq!(of_ten(true, &[7, 8, 9, 10]).len(), 1);
    }
}
