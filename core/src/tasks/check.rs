//! Which announcements are due, and who sends them.
//!
//! Protocol of an announcement
//!   1. In one window: of each task that was not looked at for the check interval, claim the latest
//!      announcement that is due. Those before it pass. With as many claims as a check may have, leave
//!      the other tasks to the next check.
//!   2. Send it, in no window.
//!   3. In another window: confirm it, or say that it failed.
//!   4. A check that finds it failed, or claimed and unconfirmed for the time of a retry, claims it
//!      again; after the last try it is given up.
//!
//! Invariants
//!   I1. The announcements of a start of a task are claimed in ascending order, each by one process
//!       within the time of a retry and at most [`TRIES_MAX`] times.
//!   I2. One that is confirmed is not claimed again.
//!   I3. What a claimant does after the task was removed or reset changes nothing.
//!
//! Why step 1 in one window: two that read "not yet announced" would both announce. Controls:
//! `claims-unlocked`, `claims-in-two-windows`. Why those before it pass: the clock can be set back, and
//! they would be announced after it. Control: `earlier-not-passed`.
//!
//! Why step 2 is before step 3: who is killed in between would have confirmed what nobody has seen.
//! Controls: `confirms-before-sending`, `passing-confirms-first`.
//!
//! Why steps 1 and 3 are two windows and not one: the others would wait for the notifier. Why they
//! change one announcement and do not write back what step 1 saw: tasks that were removed meanwhile
//! would come back. Controls:
//! `check-saves-its-snapshot`, `check-saves-a-session`; `confirms-any-start` for a task that was reset.
//!
//! Why step 4: a claimant can be killed between steps 1 and 3, and nobody can know whether it came to
//! send. So an announcement is sent at least once if one of its claimants lives, and once if the first
//! does and confirms in time. Controls: `claims-never-retried`, `retries-unlocked`.
//!
//! Why a check can leave tasks out: the time of a retry runs from the check, for all that it has claimed,
//! and not from when each is sent. Who sends slowly comes to the last ones when others claim them again.
//!
//! Why one that failed is not free at once: hooks come in groups, and all tries would be used up within
//! the milliseconds of one hiccup of the notifier. It waits for the check interval, as its task does.

use super::report::{AnnouncementState, Claim, Due, Failure};
use super::state::{AnnouncementEntry, Key, TaskEntry, Tasks};
use super::terms::{TRIES_MAX, Terms};
use super::text::to_bytes;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// How many announcements of a task are kept. Those that were due first go first; none of them can
/// be due again, since they are claimed in ascending order.
const ANNOUNCEMENTS_MAX: usize = 32;

/// What a check does about one task.
enum Step {
    Nothing,
    Claim { after_ms: u64, attempt: u32 },
    GiveUp { after_ms: u64 },
}

impl Tasks {
    /// Step 1, and step 4. Tells whether the state is another one.
    pub(super) fn check(&mut self, now_ms: u64, terms: &Terms) -> (Due, bool) {
        let turned = self.turn(now_ms, terms);
        let mut changed = turned.changed;
        let mut due = Due {
            expired: turned.expired,
            ..Due::default()
        };
        for (key, task) in self.iter_mut() {
            if due.claims.len() >= terms.claims_max {
                break;
            }
            if task.was_checked_within(terms.check_interval_ms, now_ms) {
                continue;
            }
            changed = true;
            task.check(key, now_ms, terms, &mut due);
        }
        (due, changed)
    }

    /// Step 3. Whether the task is still the one that was claimed.
    pub(super) fn confirm(&mut self, claim: &Claim, now_ms: u64) -> bool {
        let Some(task) = self.claimed(claim) else {
            return false; // I3
        };
        // Whoever claimed it meanwhile, or gave it up: it was sent. I2
        if let Some(said) = task.announcements.get_mut(&claim.after_ms) {
            said.set(AnnouncementState::Sent, now_ms);
        }
        true
    }

    /// Step 3.
    pub(super) fn failed(&mut self, claim: &Claim, now_ms: u64) -> Failure {
        let Some(task) = self.claimed(claim) else {
            return Failure::Void; // I3
        };
        let Some(said) = task.announcements.get_mut(&claim.after_ms) else {
            return Failure::Void;
        };
        if said.state != AnnouncementState::Claimed || said.tries != claim.attempt {
            return Failure::Void;
        }
        if said.tries >= TRIES_MAX {
            said.set(AnnouncementState::GivenUp, now_ms);
            return Failure::GivenUp;
        }
        said.set(AnnouncementState::Failed, now_ms);
        Failure::TriedAgain
    }

    fn claimed(&mut self, claim: &Claim) -> Option<&mut TaskEntry> {
        self.get_mut(&claim.id)
            .filter(|task| task.incarnation == claim.incarnation)
    }
}

impl TaskEntry {
    pub(super) fn cwd(&self) -> PathBuf {
        PathBuf::from(OsString::from_vec(to_bytes(&self.cwd)))
    }

    fn was_checked_within(&self, interval_ms: u64, now_ms: u64) -> bool {
        self.checked_ms
            .is_some_and(|checked| now_ms.saturating_sub(checked) < interval_ms)
    }

    fn check(&mut self, key: Key<'_>, now_ms: u64, terms: &Terms, due: &mut Due) {
        self.checked_ms = Some(now_ms);
        match self.step(now_ms, terms) {
            Step::Nothing => {}
            Step::Claim { after_ms, attempt } => {
                self.pass_before(after_ms, now_ms, terms);
                let said = self.announcements.entry(after_ms).or_default();
                said.tries = attempt;
                said.set(AnnouncementState::Claimed, now_ms);
                self.forget_first();
                due.claims.push(self.claim(key, after_ms, attempt, now_ms));
            }
            Step::GiveUp { after_ms } => {
                let said = self.announcements.entry(after_ms).or_default();
                said.set(AnnouncementState::GivenUp, now_ms);
                let claim = self.claim(key, after_ms, TRIES_MAX, now_ms);
                due.given_up.push(claim);
            }
        }
    }

    /// Only the latest counts: of those that are due, and of those that were claimed. I1
    fn step(&self, now_ms: u64, terms: &Terms) -> Step {
        let due = terms.reached(self.age_ms(now_ms)).last().copied();
        match (self.announcements.last_key_value(), due) {
            (Some((&after_ms, said)), due) if due.is_none_or(|due| due <= after_ms) => {
                said.step(after_ms, now_ms, terms)
            }
            (_, Some(after_ms)) => Step::Claim {
                after_ms,
                attempt: 1,
            },
            (_, None) => Step::Nothing,
        }
    }

    fn pass_before(&mut self, after_ms: u64, now_ms: u64, terms: &Terms) {
        for earlier in terms.reached(after_ms) {
            self.announcements
                .entry(*earlier)
                .or_insert_with(|| AnnouncementEntry::passed(now_ms).into());
        }
        for (_, said) in self.announcements.range_mut(..after_ms) {
            if said.is_open() {
                said.set(AnnouncementState::Passed, now_ms);
            }
        }
    }

    fn forget_first(&mut self) {
        while self.announcements.len() > ANNOUNCEMENTS_MAX {
            self.announcements.pop_first();
        }
    }

    fn claim(&self, key: Key<'_>, after_ms: u64, attempt: u32, now_ms: u64) -> Claim {
        Claim {
            id: key.id(),
            cwd: self.cwd(),
            after_ms,
            age_ms: self.age_ms(now_ms),
            attempt,
            incarnation: self.incarnation,
        }
    }
}

impl AnnouncementEntry {
    fn passed(at_ms: u64) -> Self {
        Self {
            state: AnnouncementState::Passed,
            tries: 0,
            at_ms,
        }
    }

    /// Step 4.
    fn step(&self, after_ms: u64, now_ms: u64, terms: &Terms) -> Step {
        let waited_ms = now_ms.saturating_sub(self.at_ms);
        let is_free = match self.state {
            AnnouncementState::Failed => true,
            AnnouncementState::Claimed => waited_ms >= terms.retry_after_ms,
            _ => false,
        };
        match self.tries {
            _ if !is_free => Step::Nothing,
            tries if tries < TRIES_MAX => Step::Claim {
                after_ms,
                attempt: tries + 1,
            },
            _ => Step::GiveUp { after_ms },
        }
    }

    fn is_open(&self) -> bool {
        matches!(
            self.state,
            AnnouncementState::Claimed | AnnouncementState::Failed
        )
    }

    fn set(&mut self, state: AnnouncementState, now_ms: u64) {
        self.state = state;
        self.at_ms = now_ms;
    }
}
