//! At most so many in any window of time.
//!
//! The state is the list of the moments of the last admissions, at most as many as the limit. So the
//! window slides exactly; a counter for each stretch of time would admit twice as many around the
//! bound between two of them.
//!
//! Looking for a turn and taking it are one window, or two would take the last. Controls:
//! `rate-limit-unlocked`, `rate-limit-in-two-windows`.
//!
//! A kill leaves either nothing or an admission that nobody makes use of: never more than the limit.

use super::decide::decide;
use super::moment::Moment;
use crate::kernel::{Host, Kernel};
use crate::strategy::{Flock, Strategy};
use crate::{NoDelta, Outcome, Result, State, Store};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Admits at most so many in any window of time, among all processes.
///
/// ```
/// use hookstate::guard::{RateLimit, Turn};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let edits = RateLimit::new(directory.path(), "format", 2, Duration::from_secs(10));
/// assert_eq!(edits.turn()?.value, Turn::Now);
/// assert_eq!(edits.turn()?.value, Turn::Now);
/// match edits.turn()?.value {
///     Turn::Now => unreachable!("that would be three in ten seconds"),
///     Turn::In(wait) => assert!(wait <= Duration::from_secs(10)),
/// }
/// # Ok(())
/// # }
/// ```
pub struct RateLimit<S = Flock, K = Host> {
    store: Store<RateLimitState, S, K>,
    most: usize,
    window: Duration,
}

/// Whether it is one's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "whoever does not look is not limited"]
pub enum Turn {
    /// Now. It counts from now on.
    Now,
    /// After this time at the earliest, if nobody else comes before. Nothing was counted.
    In(Duration),
}

/// What a [`RateLimit`] keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateLimitState {
    // Invariant: ascending, and all within the window when one was added.
    admitted: Vec<Moment>,
}

impl State for RateLimitState {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

impl RateLimit {
    /// At most `most` in any `window`, under the name `name` in `directory`. If `most` is 0, nobody's
    /// turn ever comes. The cost of a call grows with `most`, about 20 bytes of JSON for each.
    pub fn new(
        directory: impl Into<PathBuf>,
        name: impl AsRef<[u8]>,
        most: usize,
        window: Duration,
    ) -> Self {
        Self::over(Store::new(directory, name), most, window)
    }
}

impl<S: Strategy, K: Kernel> RateLimit<S, K> {
    /// The same over a store with terms of its own.
    #[must_use]
    pub fn over(store: Store<RateLimitState, S, K>, most: usize, window: Duration) -> Self {
        Self {
            store: store.of_kind("rate"),
            most,
            window,
        }
    }

    /// Asks whether it is one's turn, and takes it.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error nothing was counted, unless
    /// [`is_indeterminate`](crate::Error::is_indeterminate) says that it may have been.
    pub fn turn(&self) -> Result<Outcome<Turn>> {
        let kernel = self.store.site().kernel;
        decide(&self.store, |state| {
            state.turn(self.most, self.window, Moment::now(kernel))
        })
    }
}

impl RateLimitState {
    fn turn(&mut self, most: usize, window: Duration, now: Moment) -> Turn {
        self.admitted
            .retain_mut(|moment| moment.left_of(window, now).is_some());
        if self.admitted.len() < most {
            self.admitted.push(now);
            return Turn::Now;
        }
        // There can be more than the limit, if that was higher before.
        let leaving = self.admitted.len() - most;
        let left = self.admitted.get_mut(leaving);
        Turn::In(left.map_or(Duration::MAX, |moment| {
            moment.left_of(window, now).unwrap_or_default()
        }))
    }
}

impl<S: Strategy, K> fmt::Debug for RateLimit<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("store", &self.store)
            .field("most", &self.most)
            .field("window", &self.window)
            .finish()
    }
}
