//! The wall clock, which steps.
//!
//! Protocol, at the beginning of every window
//!   1. Read the clock, inside the window.
//!   2. If it is behind the time of the last window, it was set back: move every time in the state
//!      back by the difference. What is still ahead of it then, it is.
//!   3. Drop the tasks that have come to their age.
//!
//! Invariants
//!   I1. No time in the state is ahead of the clock that the state was written by.
//!   I2. The age of a task never shrinks, and grows whenever the clock goes forward between windows;
//!       unless the clock is set to a time so near to 1970 that the task would have begun before it.
//!
//! Why step 1 inside: a time that was read before waiting for the lock can be behind that of the
//! window before, and would pass for a step back. Control: `clock-read-before-the-window`.
//!
//! Why step 2: against a clock that was set back a task would be too young for as long as the step,
//! and a claim or a check too recent; with a clock that is set back again and again, for ever. A
//! difference to the last window is all that can be known: of each step back the time since then is
//! lost from the age, at most the time between two checks. Control: `clock-forgotten`.
//!
//! Why step 3: nobody ends the task of an agent that was killed. Control: `tasks-never-dropped`.
//!
//! Why the exception: no time is before 1970, as no clock that works is anywhere near it. A task is then as
//! old as the time since, and has that much longer to go; what was announced stays so.
//!
//! A step forward is not told from a machine that slept, and counts: tasks have become older. So an
//! announcement can come early, or a task be dropped, after the clock was set forward by mistake; none
//! comes twice, since what was announced is recorded by the age at which it was due, not by a time.

use super::id::TaskId;
use super::state::{TaskEntry, Tasks};
use super::terms::Terms;

/// What came of the time that has passed since the last window.
#[derive(Debug, Default)]
pub(super) struct Turned {
    pub(super) expired: Vec<TaskId>,
    /// Whether the state is another one, apart from the time itself.
    pub(super) changed: bool,
}

impl Tasks {
    /// Steps 2 and 3.
    pub(super) fn turn(&mut self, now_ms: u64, terms: &Terms) -> Turned {
        let back_ms = self.clock_ms.saturating_sub(now_ms);
        self.clock_ms = now_ms;
        let mut changed = false;
        for (_, task) in self.iter_mut() {
            changed |= task.move_back(back_ms, now_ms); // I1, I2
        }
        let expired = self.drop_expired(now_ms, terms);
        changed |= !expired.is_empty();
        Turned { expired, changed }
    }

    fn drop_expired(&mut self, now_ms: u64, terms: &Terms) -> Vec<TaskId> {
        let is_expired = |task: &TaskEntry| task.age_ms(now_ms) >= terms.expire_after_ms;
        let expired: Vec<TaskId> = self
            .iter()
            .filter(|(_, task)| is_expired(task))
            .map(|(key, _)| key.id())
            .collect();
        if !expired.is_empty() {
            self.retain(|task| !is_expired(task));
        }
        expired
    }
}

impl TaskEntry {
    pub(super) fn age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.started_ms)
    }

    /// Tells whether any of its times was moved.
    fn move_back(&mut self, back_ms: u64, now_ms: u64) -> bool {
        let said = self.announcements.values_mut();
        let mut moved = false;
        for time in [&mut self.added_ms, &mut self.started_ms]
            .into_iter()
            .chain(&mut self.checked_ms)
            .chain(said.map(|said| &mut said.at_ms))
        {
            let earlier = time.saturating_sub(back_ms).min(now_ms);
            moved |= earlier != *time;
            *time = earlier;
        }
        moved
    }
}
