//! Each key is won by one process, until it expires.
//!
//! Looking for the key and writing it are one window, or two would win it. Controls: `once-unlocked`,
//! `once-in-two-windows`.
//!
//! The state has a moment for each key: its hash, unless it is a plain name, so that neither odd nor
//! long keys matter. Of too many the oldest is forgotten.
//!
//! A kill after the window leaves a key that was won by nobody who lives: at most once, not at least
//! once. A winner that could not do its work calls `forget`.

use super::decide::decide;
use super::moment::Moment;
use crate::kernel::{Host, Kernel};
use crate::name::file_stem;
use crate::strategy::{Flock, Strategy};
use crate::{NoDelta, Outcome, Result, State, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How many keys are remembered unless told otherwise.
const KEYS_MAX_DEFAULT: usize = 1_000;

/// Lets one process win each key; another can win it once it has expired.
///
/// ```
/// use hookstate::guard::Once;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let notices = Once::new(directory.path(), "notices", Duration::from_secs(3600));
/// if notices.first("disk almost full")?.value {
///     println!("the disk is almost full"); // one process says it, once an hour
/// }
/// assert!(!notices.first("disk almost full")?.value);
/// # Ok(())
/// # }
/// ```
pub struct Once<S = Flock, K = Host> {
    store: Store<OnceState, S, K>,
    expiry: Duration,
    keys_max: usize,
}

/// What a [`Once`] keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnceState {
    won: BTreeMap<String, Moment>,
}

impl State for OnceState {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

impl Once {
    /// The keys under the name `name` in `directory`, each of which can be won again after `expiry`.
    pub fn new(directory: impl Into<PathBuf>, name: impl AsRef<[u8]>, expiry: Duration) -> Self {
        Self::over(Store::new(directory, name), expiry)
    }
}

impl<S: Strategy, K: Kernel> Once<S, K> {
    /// The same over a store with terms of its own.
    #[must_use]
    pub fn over(store: Store<OnceState, S, K>, expiry: Duration) -> Self {
        Self {
            store: store.of_kind("once"),
            expiry,
            keys_max: KEYS_MAX_DEFAULT,
        }
    }

    /// Sets how many keys are remembered, 1,000 unless told otherwise and at least one. If more are
    /// won within one expiry, the one that was won first is forgotten, and can be won again.
    #[must_use]
    pub fn keys_max(mut self, most: usize) -> Self {
        self.keys_max = most.max(1);
        self
    }

    /// Whether this call is the first for `key`, which may be any bytes, since it expired: `true` for
    /// exactly one of all the processes that ask.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error the key is not won, unless
    /// [`is_indeterminate`](crate::Error::is_indeterminate) says that it may be.
    pub fn first(&self, key: impl AsRef<[u8]>) -> Result<Outcome<bool>> {
        let key = file_stem(key.as_ref());
        let kernel = self.store.site().kernel;
        decide(&self.store, |state| {
            let now = Moment::now(kernel);
            state.forget_expired(self.expiry, now);
            state.win(key, self.keys_max, now)
        })
    }

    /// Lets `key` be won again. For the winner, before the key expires, if it could not do its work.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn forget(&self, key: impl AsRef<[u8]>) -> Result<Outcome<()>> {
        let key = file_stem(key.as_ref());
        decide(&self.store, |state| {
            state.won.remove(&key);
        })
    }
}

impl OnceState {
    fn forget_expired(&mut self, expiry: Duration, now: Moment) {
        self.won
            .retain(|_, moment| moment.left_of(expiry, now).is_some());
    }

    fn win(&mut self, key: String, keys_max: usize, now: Moment) -> bool {
        if self.won.contains_key(&key) {
            return false;
        }
        while self.won.len() >= keys_max {
            self.forget_oldest();
        }
        self.won.insert(key, now);
        true
    }

    fn forget_oldest(&mut self) {
        let oldest = self.won.iter().min_by_key(|(_, moment)| **moment);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.won.remove(&key);
        }
    }
}

impl<S: Strategy, K> fmt::Debug for Once<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("store", &self.store)
            .field("expiry", &self.expiry)
            .field("keys_max", &self.keys_max)
            .finish()
    }
}
