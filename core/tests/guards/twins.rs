//! Guards that are wrong on purpose, each in one step. They are what people write.

use hookstate::guard::{Slot, Slots};
use hookstate::kernel::Kernel;
use hookstate::strategy::Flock;
use hookstate::{NoDelta, Result, State, Store};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// A counter of those who are in: look, and then add oneself.
pub struct Counter<K>(Store<Count, Flock, K>);

#[derive(Default, Serialize, Deserialize)]
struct Count(usize);

impl State for Count {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

impl<K: Kernel> Counter<K> {
    pub fn over(directory: &Path, kernel: K, lock_timeout: Duration) -> Self {
        Self(Store::with(directory, "count", Flock, kernel).lock_timeout(lock_timeout))
    }

    pub fn look(&self) -> Result<usize> {
        Ok(self.0.read()?.value.0)
    }

    pub fn take(&self) -> Result<()> {
        let _clean = self.0.locked_modify(|count| count.0 += 1)?;
        Ok(())
    }
}

/// A debounce like the shipping one, but for the [`Flaw`], without a clock: it is quiet as soon as
/// the last event is the one that was looked at.
pub struct Debounce<K> {
    store: Store<Events, Flock, K>,
    role: Slots<K>,
    flaw: Flaw,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// The role is released after the window that decided to leave.
    LeavesAfterTheWindow,
    /// An event is no longer pending when it is handed to the action.
    TakesBeforeActing,
}

#[derive(Default, Serialize, Deserialize)]
struct Events {
    pending: Option<u32>,
    count: u64,
}

impl State for Events {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

impl<K: Kernel + Clone> Debounce<K> {
    pub fn over(directory: &Path, kernel: K, flaw: Flaw) -> Self {
        Self {
            store: Store::with(directory, "twin", Flock, kernel.clone())
                .lock_timeout(Duration::ZERO),
            role: Slots::with(directory, "twin", 1, kernel),
            flaw,
        }
    }

    /// Notes an event; whoever gets the role has to settle.
    pub fn event(&self, event: u32) -> Result<Option<Slot<'_, K>>> {
        let mut role = Ok(None);
        let _clean = self.store.locked_modify(|events| {
            events.pending = Some(event);
            events.count += 1;
            role = self.role.try_acquire();
        })?;
        role
    }

    /// What is pending with nobody to act on it.
    pub fn take_over(&self) -> Result<Option<Slot<'_, K>>> {
        let mut role = Ok(None);
        let _clean = self.store.locked_modify(|events| {
            if events.pending.is_some() {
                role = self.role.try_acquire();
            }
        })?;
        role
    }

    pub fn settle(&self, role: Slot<'_, K>, mut action: impl FnMut(u32)) -> Result<()> {
        let mut role = Some(role);
        let mut acted = None;
        loop {
            let outcome = self.store.locked_modify(|events| {
                if acted == Some(events.count) {
                    events.pending = None;
                }
                if events.pending.is_none() && self.flaw != Flaw::LeavesAfterTheWindow {
                    role = None;
                }
                let next = events.pending;
                if self.flaw == Flaw::TakesBeforeActing {
                    events.pending = None;
                }
                (next, events.count)
            })?;
            let (next, count) = outcome.value;
            match next {
                Some(event) => action(event),
                None => return Ok(()),
            }
            acted = Some(count);
        }
    }
}

/// A debounce whose state says that somebody waits, instead of a lock.
pub struct FlaggedDebounce<K>(Store<Flagged, Flock, K>);

#[derive(Default, Serialize, Deserialize)]
struct Flagged {
    somebody_waits: bool,
    pending: Option<u32>,
}

impl State for Flagged {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

impl<K: Kernel> FlaggedDebounce<K> {
    pub fn over(directory: &Path, kernel: K) -> Self {
        Self(Store::with(directory, "flagged", Flock, kernel))
    }

    /// Notes an event. Whether this process has to wait and act.
    pub fn event(&self, event: u32) -> Result<bool> {
        let outcome = self.0.locked_modify(|state| {
            state.pending = Some(event);
            !std::mem::replace(&mut state.somebody_waits, true)
        })?;
        Ok(outcome.value)
    }
}
