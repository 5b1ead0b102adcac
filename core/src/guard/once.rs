//! Each key is won by one process, until it expires.
//!
//! Looking for the key and writing it are one window, or two would win it. Controls: `once-unlocked`,
//! `once-in-two-windows`.
//!
//! The state has a moment and a number for each key: its hash, unless it is a plain name, so that
//! neither odd nor long keys matter. Of too many the oldest is forgotten.
//!
//! A kill after the window leaves a key that was won by nobody who lives: at most once, not at least
//! once. A winner that could not do its work gives its win back. No other win has the same number, so
//! one that comes back late, when the key has expired and was won by another, takes nothing from that.

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
///
/// # fn send(_: &str) -> std::io::Result<()> { Err(std::io::ErrorKind::Other.into()) }
/// if let Some(win) = notices.win("disk full")?.value {
///     if send("the disk is full").is_err() {
///         let _ = notices.forget(win)?; // another may say it
///     }
/// }
/// assert!(notices.first("disk full")?.value);
/// # Ok(())
/// # }
/// ```
pub struct Once<S = Flock, K = Host> {
    store: Store<OnceState, S, K>,
    expiry: Duration,
    keys_max: usize,
}

/// What a winner has: with it, and only so, the key can be won again before it expires. Plain data, as
/// the one that does the work may be another process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Win {
    /// As the state has it.
    key: String,
    number: u64,
}

/// What a [`Once`] keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnceState {
    /// The number of the last win.
    number: u64,
    won: BTreeMap<String, Won>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Won {
    at: Moment,
    number: u64,
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
    /// As for [`win`](Self::win).
    pub fn first(&self, key: impl AsRef<[u8]>) -> Result<Outcome<bool>> {
        Ok(self.win(key)?.map(|win| win.is_some()))
    }

    /// As [`first`](Self::first), for work that can fail: `None` if the key is won already, and what
    /// [`forget`](Self::forget) asks for if it was not.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error the key is not won, unless
    /// [`is_indeterminate`](crate::Error::is_indeterminate) says that it may be.
    pub fn win(&self, key: impl AsRef<[u8]>) -> Result<Outcome<Option<Win>>> {
        let key = file_stem(key.as_ref());
        let kernel = self.store.site().kernel;
        decide(&self.store, |state| {
            let now = Moment::now(kernel);
            state.forget_expired(self.expiry, now);
            state.win(key, self.keys_max, now)
        })
    }

    /// Lets the key be won again, since its winner could not do its work. `false` if that comes too
    /// late: the key has expired or was forgotten, and somebody else may have won it since. Then
    /// nothing is changed.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn forget(&self, win: Win) -> Result<Outcome<bool>> {
        decide(&self.store, |state| state.forget(&win))
    }
}

impl OnceState {
    fn forget_expired(&mut self, expiry: Duration, now: Moment) {
        self.won
            .retain(|_, won| won.at.left_of(expiry, now).is_some());
    }

    fn win(&mut self, key: String, keys_max: usize, now: Moment) -> Option<Win> {
        if self.won.contains_key(&key) {
            return None;
        }
        while self.won.len() >= keys_max {
            self.forget_oldest();
        }
        let number = now.number_after(self.number);
        self.number = number;
        self.won.insert(key.clone(), Won { at: now, number });
        Some(Win { key, number })
    }

    fn forget(&mut self, win: &Win) -> bool {
        let is_won = |won: &Won| won.number == win.number;
        let forgets = self.won.get(&win.key).is_some_and(is_won);
        if forgets {
            self.won.remove(&win.key);
        }
        forgets
    }

    /// Of several that were won at the same moment that with the lowest number.
    fn forget_oldest(&mut self) {
        let oldest = self.won.iter().min_by_key(|(_, won)| (won.at, won.number));
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
