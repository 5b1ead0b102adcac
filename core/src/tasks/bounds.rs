//! How large a task store may get.

use super::id::TaskId;
use super::state::{TaskEntry, Tasks};
use std::cmp::Reverse;

/// The most tasks that a store keeps; beyond, the oldest go.
pub const TASKS_MAX: usize = 1000;

/// The most bytes that the ids and the directory of one task may have: 64 KiB.
pub const TASK_BYTES_MAX: usize = 64 << 10;

/// The most bytes of ids and directories, as they are written; beyond, the oldest tasks go: 1 MiB.
const TEXTS_BYTES_MAX: usize = 1 << 20;

/// What decides which task is older: the start, and between two of the same millisecond their order.
type Seniority = (u64, u64);

impl Tasks {
    /// Takes the oldest tasks out until the store is within its bounds. The newest stays, whatever
    /// its size: no task is larger than the bound for all.
    pub(super) fn evict(&mut self) -> Vec<TaskId> {
        let Some(oldest_kept) = self.oldest_within_bounds() else {
            return Vec::new();
        };
        let stays = |task: &TaskEntry| task.seniority() >= oldest_kept;
        let evicted: Vec<TaskId> = self
            .iter()
            .filter(|(_, task)| !stays(task))
            .map(|(key, _)| key.id())
            .collect();
        self.retain(stays);
        evicted
    }

    /// `None` if all are.
    fn oldest_within_bounds(&self) -> Option<Seniority> {
        let mut tasks: Vec<(Seniority, usize)> = self
            .iter()
            .map(|(key, task)| (task.seniority(), key.bytes() + task.cwd.len()))
            .collect();
        tasks.sort_unstable_by_key(|task| Reverse(*task));
        let mut bytes = 0;
        let within = tasks.iter().take(TASKS_MAX).take_while(|(_, more)| {
            bytes += more;
            bytes <= TEXTS_BYTES_MAX
        });
        let count = within.count();
        if count == tasks.len() {
            return None;
        }
        tasks[..count].last().map(|(seniority, _)| *seniority)
    }
}

impl TaskEntry {
    fn seniority(&self) -> Seniority {
        (self.started_ms, self.incarnation)
    }
}
