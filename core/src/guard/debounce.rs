//! Act once the events have stopped coming.
//!
//! Protocol
//!   1. `event`, in one window: note it as the last one, with its time, and try the lock of the role,
//!      a file beside the state. Whoever gets the role has to act; everybody else is merged.
//!   2. `Waiter::step`, in one window, by whoever has the role: if the event that was acted on is
//!      still the last one, nothing is pending.
//!   3. If nothing is pending, release the role, still in the window, and leave.
//!   4. If it has been quiet for long enough, act on the last event and go to 2. Otherwise sleep, go
//!      to 2.
//!   5. `take_over`, in one window: if an event is pending and the role is free, take the role.
//!
//! Invariants
//!   I1. At most one process has the role, and only that one acts.
//!   I2. Between windows: if an event is pending, a process has the role, or the one that had it was
//!       killed, has failed or gave it up.
//!
//! Why the role is a lock of the kernel: it is free as soon as its holder is dead, so the next event
//! finds out, inside its window, that nobody waits any more. A number of a process, or a time, would
//! have to be guessed about. Control: `debounce-role-unlocked`.
//!
//! Why the role is released in the window that decides to leave: an event between that decision and
//! the release would find the role taken and be merged, and nobody would act on it. A kill between the
//! release and the write leaves an event pending that was acted on; it is acted on once more. Control:
//! `debounce-leaves-late`.
//!
//! Why an event stays pending until it was acted on: whoever is killed in the middle has not done it.
//! So without a kill each burst is acted on once, and with one at least once. Control:
//! `debounce-confirms-first`.
//!
//! Why an event during the action is not lost: it is noted, and the step 2 after the action finds that
//! another event is the last one. Controls: `debounce-leaves-after-acting`,
//! `debounce-without-trailing-edge`.
//!
//! Why the number of an event is never behind the clock: if it were counted from 0 in a state that
//! begins anew after damage, the first event there would have the number of one before, and who acted
//! on that one would leave.
//!
//! Why one window: what was read is still so when the decision is written. Controls:
//! `debounce-state-unlocked`, `debounce-in-two-windows`.

use super::moment::Moment;
use super::waiter::{Step, Terms, Waiter};
use crate::file::File;
use crate::kernel::{Host, Kernel};
use crate::strategy::{Flock, Strategy};
use crate::{NoDelta, Outcome, Result, State, Store};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Lets one process act on the last event of a burst, once no more have come for a while.
///
/// An event carries a payload of type `E`, of which the action gets the last one: a path
/// ([`AnyPath`](super::AnyPath)), a JSON value, or `()`.
///
/// ```
/// use hookstate::guard::Debounce;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let edits = Debounce::new(directory.path(), "format", Duration::from_millis(20));
/// // Blocks until it is quiet, if nobody else waits for that already.
/// let acted = edits.act("src/lib.rs".to_owned(), |last| println!("format {last}"))?;
/// assert!(acted.value);
/// # Ok(())
/// # }
/// ```
///
/// A hook that must not block waits in another process; `core/examples/debounced_command.rs` shows
/// how. The steps are these:
///
/// ```
/// use hookstate::guard::{Arrival, Debounce, Step};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let edits = Debounce::new(directory.path(), "format", Duration::from_millis(20));
/// let Arrival::Wait(mut waiter) = edits.event(1)?.value else {
///     unreachable!("nobody waits yet");
/// };
/// assert!(matches!(edits.event(2)?.value, Arrival::Merged));
/// loop {
///     match waiter.step()?.value {
///         Step::Sleep(time) => std::thread::sleep(time),
///         Step::Act(last) => assert_eq!(last, 2),
///         Step::Leave => break,
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Debounce<E, S = Flock, K = Host> {
    pub(super) store: Store<DebounceState<E>, S, K>,
    /// The file whose lock is the role.
    pub(super) role: PathBuf,
    pub(super) terms: Terms,
    leading: bool,
}

/// What became of an event.
#[must_use = "a waiter that is dropped leaves its event to the next one"]
pub enum Arrival<'d, E, S = Flock, K: Kernel = Host> {
    /// The first of a burst, where [`leading_edge`](Debounce::leading_edge) asks for that: act on it
    /// at once, and then on what comes after it, as the waiter says.
    Leading(Waiter<'d, E, S, K>),
    /// Nobody waits: wait until it is quiet, and act, as the waiter says.
    Wait(Waiter<'d, E, S, K>),
    /// Another process waits, and will act on this event or a later one.
    Merged,
}

/// What a [`Debounce`] keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct DebounceState<E> {
    /// The number of the last event; 0 if there was none.
    #[serde(rename = "events")]
    pub(super) number: u64,
    last_at: Moment,
    /// The last event, until it was acted on.
    pub(super) pending: Option<Unsettled<E>>,
}

/// An event that is still to be acted on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Unsettled<E> {
    event: E,
    /// Since when there is something to be acted on.
    since: Moment,
}

/// What a waiter has acted on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acted {
    pub(super) number: u64,
    pub(super) at: Moment,
}

impl<E> Default for DebounceState<E> {
    fn default() -> Self {
        Self {
            number: 0,
            last_at: Moment::default(),
            pending: None,
        }
    }
}

impl<E: Serialize + DeserializeOwned> State for DebounceState<E> {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

impl<E: Clone + Serialize + DeserializeOwned> Debounce<E> {
    /// The events under the name `name` in `directory`, a burst of which is over when none has come
    /// for the time `quiet`.
    pub fn new(directory: impl Into<PathBuf>, name: impl AsRef<[u8]>, quiet: Duration) -> Self {
        Self::over(Store::new(directory, name), quiet)
    }
}

impl<E: Clone + Serialize + DeserializeOwned, S: Strategy, K: Kernel> Debounce<E, S, K> {
    /// The same over a store with terms of its own.
    #[must_use]
    pub fn over(store: Store<DebounceState<E>, S, K>, quiet: Duration) -> Self {
        let store = store.of_kind("debounce");
        let role = store.site().path(".waiter");
        Self {
            store,
            role,
            terms: Terms {
                quiet,
                act_within: Duration::MAX,
            },
            leading: false,
        }
    }

    /// Acts on the first event of a burst at once, and on the last one if that is another. The first
    /// is one that comes when none has come for the quiet time.
    #[must_use]
    pub fn leading_edge(mut self) -> Self {
        self.leading = true;
        self
    }

    /// Acts after this time even if it is not quiet yet, since a burst may have no end.
    #[must_use]
    pub fn act_within(mut self, time: Duration) -> Self {
        self.terms.act_within = time;
        self
    }

    /// Notes an event. When this has returned `Ok`, somebody will act on it or on a later one; if
    /// whoever was to do so is killed, the next event or [`take_over`](Self::take_over) finds
    /// somebody else.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error the event was not noted, unless
    /// [`is_indeterminate`](crate::Error::is_indeterminate) says that it may have been.
    pub fn event(&self, event: E) -> Result<Outcome<Arrival<'_, E, S, K>>> {
        let site = self.store.site();
        let mut role = None;
        let outcome = self.store.try_locked_modify(|state| {
            role = site.lock_at_once(&self.role)?; // I1, I2
            let now = Moment::now(site.kernel);
            let first = self.leading && state.is_first_of_a_burst(self.terms.quiet, now);
            state.note(event, now);
            let number = state.number;
            Ok(first.then_some(Acted { number, at: now }))
        })?;
        Ok(outcome.transpose()?.map(|acted| match (role, acted) {
            (None, _) => Arrival::Merged,
            (Some(role), None) => Arrival::Wait(Waiter::new(self, role)),
            (Some(role), Some(acted)) => Arrival::Leading(Waiter::having_acted(self, role, acted)),
        }))
    }

    /// Notes an event and does what follows from it: blocks until it is quiet and lets `action` act,
    /// unless another process does. Tells whether this one did.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event) and [`Waiter::step`].
    pub fn act(&self, event: E, mut action: impl FnMut(E)) -> Result<Outcome<bool>> {
        let arrival = self.event(event.clone())?;
        let settled = match arrival.value {
            Arrival::Merged => Outcome::clean(false),
            Arrival::Wait(waiter) => waiter.settle(action)?.map(|()| true),
            Arrival::Leading(waiter) => {
                action(event);
                waiter.settle(action)?.map(|()| true)
            }
        };
        Ok(Outcome {
            value: settled.value,
            recovery: arrival.recovery.or(settled.recovery),
            deferred: arrival.deferred.or(settled.deferred),
        })
    }

    /// Takes the role if an event is pending and nobody has it, as when the process that waited was
    /// killed. For a hook that comes by often, such as the one at the end of a turn. Nothing is
    /// created where there was no event.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn take_over(&self) -> Result<Outcome<Option<Waiter<'_, E, S, K>>>> {
        // No more than a way to end early: whoever brings an event after this look sees to it.
        if self.store.read()?.value.pending.is_none() {
            return Ok(Outcome::clean(None));
        }
        let site = self.store.site();
        let mut role = None;
        let outcome = self.store.try_locked_modify(|state| {
            if state.pending.is_some() {
                role = site.lock_at_once(&self.role)?;
            }
            Ok(())
        })?;
        let outcome = outcome.transpose()?;
        Ok(outcome.map(|()| role.map(|role| Waiter::new(self, role))))
    }

    /// Takes the role from the process that gave its descriptor away by
    /// [`Waiter::into_fd`]. `None` if the descriptor is of another file, or somebody else has the role.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind); [`NotAStateFile`](crate::ErrorKind::NotAStateFile) if it is
    /// no regular file of this user, such as a pipe.
    pub fn adopt(&self, fd: K::Fd) -> Result<Option<Waiter<'_, E, S, K>>> {
        let site = self.store.site();
        let file = File::from_fd(site.kernel, &self.role, fd);
        let role = site.lock_open(file, &self.role)?;
        Ok(role.map(|role| Waiter::new(self, role)))
    }
}

impl<E> DebounceState<E> {
    fn is_first_of_a_burst(&mut self, quiet: Duration, now: Moment) -> bool {
        self.number == 0 || self.last_at.left_of(quiet, now).is_none()
    }

    fn note(&mut self, event: E, now: Moment) {
        let since = self.pending.take().map_or(now, |earlier| earlier.since);
        self.pending = Some(Unsettled { event, since });
        self.last_at = now;
        self.number = now.number_after(self.number);
    }

    /// Step 2.
    fn settle(&mut self, acted: Acted) {
        if acted.number == self.number {
            self.pending = None;
        } else if let Some(later) = &mut self.pending {
            later.since = acted.at;
        }
    }
}

impl<E: Clone> DebounceState<E> {
    /// Steps 2 to 4.
    pub(super) fn step(&mut self, acted: Option<Acted>, terms: &Terms, now: Moment) -> Step<E> {
        if let Some(acted) = acted {
            self.settle(acted);
        }
        let Some(last) = &mut self.pending else {
            return Step::Leave;
        };
        let quiet = self.last_at.left_of(terms.quiet, now);
        let most = last.since.left_of(terms.act_within, now);
        match (quiet, most) {
            (Some(quiet), Some(most)) => Step::Sleep(quiet.min(most)),
            _ => Step::Act(last.event.clone()),
        }
    }
}

impl<E, S: Strategy, K> fmt::Debug for Debounce<E, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debounce")
            .field("store", &self.store)
            .field("terms", &self.terms)
            .field("leading", &self.leading)
            .finish_non_exhaustive()
    }
}

impl<E, S, K: Kernel> fmt::Debug for Arrival<'_, E, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leading(_) => "Leading",
            Self::Wait(_) => "Wait",
            Self::Merged => "Merged",
        })
    }
}
