//! Pauses at chosen system calls, so that other processes come in between.
//!
//! A process that runs freely is hardly ever interrupted in the few microseconds that matter: the
//! control `create-race` once took 177 rounds to lose its first update, on two processors. One pause
//! in every second change, at a call that the seed chooses, makes it about one round of seven, and
//! leads the strategies into the same corners. This is the idea of probabilistic concurrency testing (Burckhardt et al.,
//! "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", 2010) with one
//! preemption, on a scheduler that cannot be told what to run instead.

use hookstate::kernel::{Call, Host, Kernel, Watcher, Way};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// As short as a sleep can be: the timer adds its slack of 50 microseconds (prctl(2),
/// `PR_SET_TIMERSLACK`), in which others can do a whole change.
const PAUSE: Duration = Duration::from_nanos(1);

/// The number of calls among which the one for the pause is chosen, at most: a change makes 5 to
/// 30. Every power of two up to this is as likely, so early calls are chosen more often.
const CALLS_MAX_LOG2: u64 = 5;

/// A [`Watcher`] that pauses at most once after it was armed. Clones share one pause.
#[derive(Clone, Debug, Default)]
pub(super) struct Preempt {
    calls_left: Rc<Cell<Option<u64>>>,
}

impl Preempt {
    /// Chooses, from a random number, whether and where to pause in the calls to come.
    pub(super) fn arm(&self, random: u64) {
        let pauses = random & 1 == 1;
        let calls = 1 << ((random >> 1) % CALLS_MAX_LOG2 + 1);
        self.calls_left
            .set(pauses.then_some((random >> 32) % calls));
    }
}

impl Watcher for Preempt {
    fn before(&self, _call: &Call<'_>) -> Way {
        let left = self.calls_left.get();
        self.calls_left
            .set(left.and_then(|left| left.checked_sub(1)));
        if left == Some(0) {
            Host.nanosleep(PAUSE);
        }
        Way::Through
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Preempt, Watcher};

    /// At which of 40 calls the pause is used up; `None` if it never is.
    fn pause_of(random: u64) -> Option<usize> {
        let preempt = Preempt::default();
        preempt.arm(random);
        preempt.calls_left.get()?;
        (0..40).find(|_| {
            preempt.before(&Call::Close);
            preempt.calls_left.get().is_none()
        })
    }

    #[test]
    fn every_call_of_a_change_is_chosen_by_some_seed_and_half_of_the_changes_run_freely() {
        let numbers = (0..4000).map(|position| crate::workload::Seed(1).at(position));
        let pauses: Vec<Option<usize>> = numbers.map(pause_of).collect();
        for call in 0..32 {
            assert!(pauses.contains(&Some(call)), "call {call} is never chosen");
        }
        assert!(pauses.iter().flatten().all(|call| *call < 32));
        let free = pauses.iter().filter(|pause| pause.is_none()).count();
        assert!((1800..2200).contains(&free), "{free} of 4000 run freely");
    }
}
