//! An operation as a task: its lane is the session, its number the agent, its tool the directory.
//!
//! Each lane has at most [`TASKS_KEPT`] tasks. It adds them in the order of their numbers and removes
//! the oldest before it adds one too many. So what a list shows of a lane is a row of numbers without
//! a gap, and both of its ends only ever go forward.

use super::{Counts, Flaw, Operation, Seed};
use hookstate::tasks::{Task, TaskId};
use std::collections::BTreeMap;

/// How many tasks each lane leaves in the store.
pub(crate) const TASKS_KEPT: u32 = 3;

/// The tasks that a reader found, and what their directories say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaskList {
    pub(crate) counts: Counts,
    /// The numbers that each lane has there, ascending.
    lanes: BTreeMap<u32, Vec<u32>>,
}

impl Operation {
    /// The task that it adds.
    pub(crate) fn task(self) -> TaskId {
        TaskId::of_agent(self.lane.to_string(), self.iteration.to_string())
    }

    /// The directory of that task.
    pub(crate) fn directory(self, seed: Seed) -> String {
        self.tool(seed).to_string()
    }

    /// The operation that added a task.
    pub(crate) fn of_task(task: &TaskId) -> Option<Self> {
        let number = |id: &[u8]| std::str::from_utf8(id).ok()?.parse().ok();
        Some(Self {
            lane: number(task.session()?)?,
            iteration: number(task.agent()?)?,
        })
    }

    /// The operation of the same lane whose task goes before this one is added.
    pub(crate) fn outdated(self) -> Option<Self> {
        let iteration = self.iteration.checked_sub(TASKS_KEPT)?;
        (iteration > 0).then_some(Self { iteration, ..self })
    }
}

impl TaskList {
    /// What a list of tasks comes to. Those of nobody are only in the total, which then contradicts
    /// the rest.
    pub(crate) fn of(tasks: &[Task]) -> Self {
        let mut list = Self::default();
        for task in tasks {
            list.counts.total += 1;
            if let Ok(tool) = task.cwd.to_string_lossy().parse() {
                *list.counts.tools.entry(tool).or_default() += 1;
            }
            if let Some(operation) = Operation::of_task(&task.id) {
                list.add(operation);
            }
        }
        list.lanes
            .values_mut()
            .for_each(|numbers| numbers.sort_unstable());
        list
    }

    fn add(&mut self, Operation { lane, iteration }: Operation) {
        *self.counts.lanes.entry(lane).or_default() += 1;
        self.lanes.entry(lane).or_default().push(iteration);
    }

    /// All of them, lane by lane.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let lanes = self.lanes.iter();
        lanes
            .flat_map(|(&lane, numbers)| {
                numbers
                    .iter()
                    .map(move |&iteration| Operation { lane, iteration })
            })
            .collect()
    }

    /// What is wrong if this was found after `before`.
    pub(crate) fn flaw_after(&self, before: &Self) -> Option<Flaw> {
        let lanes = before.lanes.iter();
        let mut flaws = lanes.filter_map(|(&lane, before)| {
            let after = self.lanes.get(&lane).map_or(&[][..], Vec::as_slice);
            flaw_between(lane, before, after)
        });
        self.counts.contradiction().or_else(|| flaws.next())
    }
}

fn flaw_between(lane: u32, before: &[u32], after: &[u32]) -> Option<Flaw> {
    let task = |&iteration: &u32| Operation { lane, iteration };
    let (newest, oldest) = (before.last()?, after.first());
    let is_back = |number: &&u32| *number <= newest && !before.contains(number);
    let is_lost =
        |number: &&u32| oldest.is_none_or(|oldest| *number > oldest) && !after.contains(number);
    let back = after.iter().find(is_back).map(task);
    let lost = before.iter().find(is_lost).map(task);
    back.map(|task| Flaw::TaskBack { task })
        .or_else(|| lost.map(|task| Flaw::TaskLost { task }))
}

#[cfg(test)]
mod tests {
    use super::{Flaw, Operation, TASKS_KEPT, TaskList, flaw_between};

    const fn p3(iteration: u32) -> Operation {
        Operation { lane: 3, iteration }
    }

    #[test]
    fn a_task_tells_its_operation() {
        assert_eq!(Operation::of_task(&p3(17).task()), Some(p3(17)));
        let foreign = hookstate::tasks::TaskId::of_session("3");
        assert_eq!(Operation::of_task(&foreign), None);
    }

    #[test]
    fn a_lane_removes_the_task_before_it_has_too_many() {
        assert_eq!(p3(TASKS_KEPT).outdated(), None);
        assert_eq!(p3(TASKS_KEPT + 1).outdated(), Some(p3(1)));
    }

    #[test]
    fn a_row_that_goes_forward_is_right() {
        for after in [&[4, 5, 6][..], &[5, 6], &[5, 6, 7], &[9, 10]] {
            assert_eq!(flaw_between(3, &[4, 5, 6], after), None, "{after:?}");
        }
        assert_eq!(flaw_between(3, &[], &[1]), None);
    }

    #[test]
    fn a_task_that_came_back_or_is_gone_is_noticed() {
        let back = |iteration| {
            Some(Flaw::TaskBack {
                task: p3(iteration),
            })
        };
        let lost = |iteration| {
            Some(Flaw::TaskLost {
                task: p3(iteration),
            })
        };
        assert_eq!(flaw_between(3, &[5, 6], &[4, 5, 6]), back(4));
        assert_eq!(flaw_between(3, &[4, 5, 6], &[4, 6]), lost(5));
        assert_eq!(flaw_between(3, &[4, 5, 6], &[4, 5]), lost(6));
        assert_eq!(flaw_between(3, &[4, 5], &[]), lost(4));
    }

    #[test]
    fn a_lane_that_is_gone_altogether_is_noticed() {
        let mut before = TaskList::default();
        before.counts.total = 1;
        before.add(p3(1));
        let flaw = TaskList::default().flaw_after(&before);
        assert_eq!(flaw, Some(Flaw::TaskLost { task: p3(1) }));
    }
}
