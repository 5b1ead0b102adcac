//! Stop trying what fails, and find out when it works again.
//!
//! Protocol
//!   1. `admit`, in one window. Closed: grant. Open: refuse until it has cooled down; then the first
//!      who asks gets the probe, in a new generation. Half-open: refuse, as one is probing; but if
//!      that one has not reported within its time, grant a new probe in a new generation.
//!   2. `report`, in one window. A permit of another generation is late and changes nothing.
//!      Closed: a success sets the count of failures to 0, a failure adds one, and the last one opens
//!      it. Half-open: a success closes, a failure opens. Each of these begins a new generation.
//!
//! Invariants
//!   I1. In each generation that is half-open there is exactly one permit.
//!   I2. Only permits of the present generation change anything.
//!
//! Why generations: admit and report are often two processes, a pre and a post hook, so that no lock
//! can be held in between and nothing tells a slow probe from a dead one. A probe that is replaced may
//! still report; it would close a breaker that the new probe is just finding broken. Control:
//! `breaker-without-generations`. Their numbers are never behind the clock, and the first permit begins
//! the first of them, so that no report from before the state was damaged and began anew counts.
//!
//! Why a probe has a time limit: one that was killed never reports, and the breaker would stay
//! half-open for ever. Control: `breaker-without-time-limit`.
//!
//! Why one window: two who decide on the same state both probe, and two failures count as one.
//! Controls: `breaker-unlocked`, `breaker-in-two-windows`, `breaker-failures-unlocked`,
//! `breaker-failures-in-two-windows`.
//!
//! A kill of `admit` after its window leaves a probe that nobody makes, as does a kill of the probe:
//! the next is granted when its time is up. A kill of `report` leaves it counted or not.

use super::decide::decide;
use super::moment::Moment;
use crate::kernel::{Host, Kernel};
use crate::strategy::{Flock, Strategy};
use crate::{NoDelta, Outcome, Result, State, Store};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How many failures in a row open it unless told otherwise.
const FAILURES_DEFAULT: u32 = 3;
/// How long it stays open, and how long a probe may take, unless told otherwise.
const PERIOD_DEFAULT: Duration = Duration::from_secs(30);

/// Refuses after some failures in a row, and lets single probes through after a cool-down until one
/// succeeds.
///
/// ```
/// use hookstate::guard::{Admission, CircuitBreaker, Condition, Report};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let formatter = CircuitBreaker::new(directory.path(), "formatter").failures(1);
/// let Admission::Granted(permit) = formatter.admit()?.value else {
///     unreachable!("nothing has failed yet");
/// };
/// // The permit can be handed to another process, such as the post hook.
/// let permit = serde_json::from_str(&serde_json::to_string(&permit)?)?;
/// let opened = formatter.failed(permit)?.value;
/// assert_eq!(opened, Report::Counted(Condition::Open));
/// assert!(matches!(formatter.admit()?.value, Admission::Refused { .. }));
/// # Ok(())
/// # }
/// ```
pub struct CircuitBreaker<S = Flock, K = Host> {
    store: Store<BreakerState, S, K>,
    failures: u32,
    cool_down: Duration,
    probe_timeout: Duration,
}

/// Whether it is worth trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a permit has to be reported on"]
pub enum Admission {
    /// Try, and report how it went.
    Granted(Permit),
    /// Leave it, for this long at least.
    Refused {
        /// When asking again can have another answer, unless a report comes before.
        retry_after: Duration,
    },
}

/// What a report refers to. Plain data, as the one that reports may be another process.
///
/// All permits of a closed breaker are the same, since nothing is kept of those that nobody reports
/// on. So each report with one of them counts, also a second one for the same work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permit {
    generation: u64,
}

/// What a report did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// It counted, and this is the condition now.
    Counted(Condition),
    /// Its permit was of an earlier generation: nothing changed.
    Late,
}

/// In which condition a breaker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Everything goes through.
    Closed,
    /// Nothing goes through.
    Open,
    /// One probe is under way.
    HalfOpen,
}

/// What a [`CircuitBreaker`] keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BreakerState {
    /// Grows with every change of the phase, and with every new probe; 0 before the first permit.
    generation: u64,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Closed { failures: u32 },
    Open { since: Moment },
    HalfOpen { since: Moment },
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl State for BreakerState {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

impl CircuitBreaker {
    /// The breaker `name` in `directory`: opens after 3 failures in a row, for 30 seconds, and gives a
    /// probe 30 seconds.
    pub fn new(directory: impl Into<PathBuf>, name: impl AsRef<[u8]>) -> Self {
        Self::over(Store::new(directory, name))
    }
}

impl<S: Strategy, K: Kernel> CircuitBreaker<S, K> {
    /// The same over a store with terms of its own.
    #[must_use]
    pub fn over(store: Store<BreakerState, S, K>) -> Self {
        Self {
            store: store.of_kind("breaker"),
            failures: FAILURES_DEFAULT,
            cool_down: PERIOD_DEFAULT,
            probe_timeout: PERIOD_DEFAULT,
        }
    }

    /// Sets how many failures in a row open it, at least one. In a row means: in the order of the
    /// reports, with no success in between.
    #[must_use]
    pub fn failures(mut self, most: u32) -> Self {
        self.failures = most.max(1);
        self
    }

    /// Sets how long it stays open before a probe is let through.
    #[must_use]
    pub fn cool_down(mut self, time: Duration) -> Self {
        self.cool_down = time;
        self
    }

    /// Sets how long a probe may take. One that has not reported by then is replaced. More than the
    /// work can take, or else two probes work at the same time.
    #[must_use]
    pub fn probe_timeout(mut self, time: Duration) -> Self {
        self.probe_timeout = time;
        self
    }

    /// Asks whether it is worth trying.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn admit(&self) -> Result<Outcome<Admission>> {
        let kernel = self.store.site().kernel;
        decide(&self.store, |state| {
            let now = Moment::now(kernel);
            match state.time_left(self.cool_down, self.probe_timeout, now) {
                Some(retry_after) => Admission::Refused { retry_after },
                None => Admission::Granted(state.grant(now)),
            }
        })
    }

    /// Reports that what `permit` admitted has succeeded.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn succeeded(&self, permit: Permit) -> Result<Outcome<Report>> {
        let kernel = self.store.site().kernel;
        decide(&self.store, |state| {
            let now = Moment::now(kernel);
            state.report(permit, |state| state.succeed(now))
        })
    }

    /// Reports that what `permit` admitted has failed.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error it was not counted, unless
    /// [`is_indeterminate`](crate::Error::is_indeterminate) says that it may have been. Who reports again
    /// then can count one failure twice, while the breaker is closed; who does not can have it counted
    /// not at all. A probe is counted once in any case: the first report ends its generation.
    pub fn failed(&self, permit: Permit) -> Result<Outcome<Report>> {
        let kernel = self.store.site().kernel;
        decide(&self.store, |state| {
            let now = Moment::now(kernel);
            state.report(permit, |state| state.fail(self.failures, now))
        })
    }

    /// In which condition it is, for those who only want to tell.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn condition(&self) -> Result<Outcome<Condition>> {
        Ok(self.store.read()?.map(|state| state.condition()))
    }
}

impl BreakerState {
    /// How long nobody is let through; `None` if somebody is.
    fn time_left(&mut self, cool_down: Duration, probe: Duration, now: Moment) -> Option<Duration> {
        match &mut self.phase {
            Phase::Closed { .. } => None,
            Phase::Open { since } => since.left_of(cool_down, now),
            Phase::HalfOpen { since } => since.left_of(probe, now),
        }
    }

    fn grant(&mut self, now: Moment) -> Permit {
        if self.condition() != Condition::Closed {
            self.enter(Phase::HalfOpen { since: now }, now); // I1
        } else if self.generation == 0 {
            self.generation = now.number_after(0); // I2
        }
        Permit {
            generation: self.generation,
        }
    }

    fn report(&mut self, permit: Permit, counted: impl FnOnce(&mut Self)) -> Report {
        if permit.generation != self.generation {
            return Report::Late; // I2
        }
        counted(self);
        Report::Counted(self.condition())
    }

    fn succeed(&mut self, now: Moment) {
        match &mut self.phase {
            Phase::Closed { failures } => *failures = 0,
            _ => self.enter(Phase::default(), now),
        }
    }

    fn fail(&mut self, failures_max: u32, now: Moment) {
        match &mut self.phase {
            Phase::Closed { failures } if failures.saturating_add(1) < failures_max => {
                *failures += 1;
            }
            _ => self.enter(Phase::Open { since: now }, now),
        }
    }

    fn enter(&mut self, phase: Phase, now: Moment) {
        self.generation = now.number_after(self.generation);
        self.phase = phase;
    }

    fn condition(&self) -> Condition {
        match self.phase {
            Phase::Closed { .. } => Condition::Closed,
            Phase::Open { .. } => Condition::Open,
            Phase::HalfOpen { .. } => Condition::HalfOpen,
        }
    }
}

impl<S: Strategy, K> fmt::Debug for CircuitBreaker<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("store", &self.store)
            .field("failures", &self.failures)
            .field("cool_down", &self.cool_down)
            .field("probe_timeout", &self.probe_timeout)
            .finish()
    }
}
