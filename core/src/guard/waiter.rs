//! Whoever waits for quiet, and then acts. The protocol is that of `debounce.rs`.

use super::debounce::{Acted, Debounce};
use super::moment::Moment;
use crate::kernel::{Host, Kernel};
use crate::lock::Locked;
use crate::strategy::{Flock, Strategy};
use crate::{ErrorKind, Outcome, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The role of the process that acts, among all that bring events.
///
/// Dropped before [`step`](Self::step) said [`Step::Leave`], it leaves its event to the next one that
/// comes or to [`take_over`](Debounce::take_over), as if the process had been killed.
#[must_use = "nobody else acts as long as this is kept, and nobody at all when it is dropped"]
pub struct Waiter<'d, E, S = Flock, K: Kernel = Host> {
    debounce: &'d Debounce<E, S, K>,
    // Invariant: `None` only after the role was released in a window.
    role: Option<Locked<'d, K>>,
    acted: Option<Acted>,
}

/// How often a waiter tries to get the lock of the state: for ten seconds, unless told otherwise.
const TRIES_MAX: u32 = 40;

/// What a [`Waiter`] has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it has to be done"]
pub enum Step<E> {
    /// Sleep for this long, and ask again.
    Sleep(Duration),
    /// Act on this event, and ask again; asking says that it is done.
    Act(E),
    /// Nothing more. The role is somebody else's from now on.
    Leave,
}

/// When to act.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) quiet: Duration,
    pub(super) act_within: Duration,
}

impl<'d, E, S, K: Kernel> Waiter<'d, E, S, K> {
    pub(super) fn new(debounce: &'d Debounce<E, S, K>, role: Locked<'d, K>) -> Self {
        Self {
            debounce,
            role: Some(role),
            acted: None,
        }
    }

    /// A waiter whose process acts, or has acted, on an event already.
    pub(super) fn having_acted(
        debounce: &'d Debounce<E, S, K>,
        role: Locked<'d, K>,
        acted: Acted,
    ) -> Self {
        Self {
            acted: Some(acted),
            ..Self::new(debounce, role)
        }
    }

    /// The descriptor that has the role, for another process to [`adopt`](Debounce::adopt): so nobody
    /// comes in between. Hand it over before acting on anything. It closes at exec like every other;
    /// as the standard input of a child it does not. `None` after [`Step::Leave`].
    ///
    /// The role is free when the last copy of the descriptor is closed. So the process that adopts it
    /// must not let its own children inherit it.
    #[must_use]
    pub fn into_fd(self) -> Option<K::Fd> {
        self.role.map(Locked::into_fd)
    }
}

impl<'d, E: Clone + Serialize + DeserializeOwned, S: Strategy, K: Kernel> Waiter<'d, E, S, K> {
    /// Says what to do next. To ask after [`Step::Act`], or after having acted on the event of
    /// [`Arrival::Leading`](super::Arrival::Leading), is to say that it is done.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error one may ask again. Who gives up instead
    /// leaves the event pending, so that it is acted on, perhaps once more.
    pub fn step(&mut self) -> Result<Outcome<Step<E>>> {
        let Debounce { store, terms, .. } = self.debounce;
        let kernel = store.site().kernel;
        let outcome = store.try_locked_modify(|state| {
            let Some(role) = self.role()? else {
                return Ok((Step::Leave, None));
            };
            let now = Moment::now(kernel);
            let step = state.step(self.acted, terms, now);
            let number = state.number;
            let acted = matches!(step, Step::Act(_)).then_some(Acted { number, at: now });
            match step {
                Step::Leave => drop(role), // I2: inside the window.
                Step::Sleep(_) | Step::Act(_) => self.role = Some(role),
            }
            Ok((step, acted))
        })?;
        let outcome = outcome.transpose()?;
        Ok(outcome.map(|(step, acted)| {
            self.acted = acted;
            step
        }))
    }

    /// To give up leaves the last event to one that may never come, so a busy lock is no reason yet.
    fn patient_step(&mut self) -> Result<Outcome<Step<E>>> {
        for _ in 1..TRIES_MAX {
            match self.step() {
                Err(error) if error.kind() == ErrorKind::LockTimeout => {}
                step => return step,
            }
        }
        self.step()
    }

    /// The role. If it was released, the window that did so was not written, or all is done; then it
    /// may be somebody else's.
    fn role(&mut self) -> Result<Option<Locked<'d, K>>> {
        match self.role.take() {
            Some(role) => Ok(Some(role)),
            None => {
                let Debounce { store, role, .. } = self.debounce;
                store.site().lock_at_once(role)
            }
        }
    }

    /// Sleeps and acts until there is nothing more to do. A panic of `action` leaves its event to
    /// others. If somebody holds the lock of the state for too long, it asks again, up to 40 times in
    /// a row.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step). What is pending then is left to the next event.
    pub fn settle(mut self, mut action: impl FnMut(E)) -> Result<Outcome<()>> {
        let mut settled = Outcome::clean(());
        loop {
            let step = self.patient_step()?;
            settled.recovery = settled.recovery.or(step.recovery);
            settled.deferred = settled.deferred.or(step.deferred);
            match step.value {
                Step::Sleep(time) => self.debounce.store.site().kernel.nanosleep(time),
                Step::Act(event) => action(event),
                Step::Leave => return Ok(settled),
            }
        }
    }
}

impl<E, S, K: Kernel> std::fmt::Debug for Waiter<'_, E, S, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiter")
            .field("role", &self.debounce.role)
            .field("acted", &self.acted)
            .finish_non_exhaustive()
    }
}
