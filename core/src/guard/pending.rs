//! A queue of paths, from which batches are taken.
//!
//! Protocol
//!   1. `add`, in one window: at the end of the queue, unless the path is in it.
//!   2. `take`, in one window: removes the first paths and hands them out.
//!   3. `take_to_confirm`, in one window: batches whose time is up go back to the front of the queue;
//!      then the first paths become a batch, with a number of its own.
//!   4. `confirm`, in one window: the batch of that number is gone for good, if it has not gone back.
//!
//! Invariants
//!   I1. A path that was added is in the queue, in one unconfirmed batch or both; or it was handed out
//!       by `take`, or confirmed.
//!
//! Why a path can be in the queue and in a batch: it was added again after the batch was taken, and
//! whoever has the batch may have looked at the file before that change.
//!
//! Why one window: who writes back a queue that another has taken from hands out its paths again, and
//! one who empties a queue that another has added to loses them. Controls: `pending-unlocked`,
//! `pending-added-in-two-windows`, `pending-taken-in-two-windows`, `pending-confirm-unlocked`,
//! `pending-confirm-in-two-windows`.
//!
//! Why batches go back to the front: their paths arrived first. A path that was added again meanwhile
//! takes the place that it had then.
//!
//! A kill of `take` after its window loses the batch: at most once. A kill of whoever has a batch to
//! confirm gives it back when its time is up: at least once. Controls: `pending-never-given-back`,
//! `pending-confirmed-first`.
//!
//! Why batches have numbers: the confirmation of one that has gone back would take the batch of
//! another along. Control: `pending-without-numbers`. They are never behind the clock, so that the same
//! holds of a batch that was taken before the state was damaged and began anew.

use super::AnyPath;
use super::decide::decide;
use super::moment::Moment;
use crate::kernel::{Host, Kernel};
use crate::strategy::{Flock, Strategy};
use crate::{NoDelta, Outcome, Result, State, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How many paths there may be unless told otherwise.
const PATHS_MAX_DEFAULT: usize = 1_000;
/// How long a batch may take unless told otherwise.
const CONFIRM_WITHIN_DEFAULT: Duration = Duration::from_secs(60);

/// A queue of paths: the same path is in it once, in the order of its first arrival, and each batch
/// is taken by one process.
///
/// ```
/// use hookstate::guard::{Added, Pending};
/// use std::path::Path;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let edited = Pending::new(directory.path(), "edited");
/// assert_eq!(edited.add("src/a.rs")?.value, Added::New);
/// assert_eq!(edited.add("src/b.rs")?.value, Added::New);
/// assert_eq!(edited.add("src/a.rs")?.value, Added::Merged);
///
/// let batch = edited.take_to_confirm(100)?.value.expect("there are two");
/// assert_eq!(batch.paths(), [Path::new("src/a.rs"), Path::new("src/b.rs")]);
/// // Whoever is killed here has not confirmed, so another gets the batch later.
/// assert!(edited.confirm(batch)?.value);
/// assert!(edited.take(100)?.value.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Pending<S = Flock, K = Host> {
    store: Store<PendingState, S, K>,
    paths_max: usize,
    confirm_within: Duration,
}

/// What became of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a path that found the queue full is not in it"]
pub enum Added {
    /// It is in the queue now.
    New,
    /// It was there already, and will be taken once.
    Merged,
    /// It is **not** in the queue, which is full.
    Full,
}

/// Paths that were taken and are to be confirmed. Plain data, so that another process may do that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a batch that is not confirmed goes back"]
pub struct Batch {
    number: u64,
    paths: Vec<AnyPath>,
}

/// What a [`Pending`] keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PendingState {
    /// The number of the last batch; 0 if there was none.
    #[serde(rename = "batches")]
    number: u64,
    // Invariant: no path twice.
    queue: Vec<AnyPath>,
    /// In the order of their numbers.
    taken: Vec<Taken>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Taken {
    number: u64,
    at: Moment,
    paths: Vec<AnyPath>,
}

impl State for PendingState {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

impl Pending {
    /// The queue `name` in `directory`, of at most 1,000 paths; a batch has to be confirmed within 60
    /// seconds.
    pub fn new(directory: impl Into<PathBuf>, name: impl AsRef<[u8]>) -> Self {
        Self::over(Store::new(directory, name))
    }
}

impl<S: Strategy, K: Kernel> Pending<S, K> {
    /// The same over a store with terms of its own.
    #[must_use]
    pub fn over(store: Store<PendingState, S, K>) -> Self {
        Self {
            store: store.of_kind("pending"),
            paths_max: PATHS_MAX_DEFAULT,
            confirm_within: CONFIRM_WITHIN_DEFAULT,
        }
    }

    /// Sets how many paths there may be, 1,000 unless told otherwise, those in unconfirmed batches
    /// included. Every call reads all of them, and writes all of them if it changes anything: 100 KB for
    /// a thousand paths of 100 bytes. A queue that comes to more than
    /// [`STATE_BYTES_MAX`](crate::STATE_BYTES_MAX) takes no more paths either, but says so by an error;
    /// a thousand paths as long as a system takes them do not come to that.
    #[must_use]
    pub fn paths_max(mut self, most: usize) -> Self {
        self.paths_max = most;
        self
    }

    /// Sets how long a batch may take. One that is not confirmed by then is given to another. More
    /// than the work can take, or else two do the same work at the same time.
    #[must_use]
    pub fn confirm_within(mut self, time: Duration) -> Self {
        self.confirm_within = time;
        self
    }

    /// Adds a path, which may be any bytes and is not looked at: `a` and `./a` are two.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](crate::ErrorKind::TooLarge) if the queue would come to more than a state may have;
    /// otherwise see [`ErrorKind`](crate::ErrorKind). After an error it was not added, unless
    /// [`is_indeterminate`](crate::Error::is_indeterminate) says that it may have been.
    pub fn add(&self, path: impl Into<PathBuf>) -> Result<Outcome<Added>> {
        let path = AnyPath::from(path.into());
        decide(&self.store, |state| state.add(path, self.paths_max))
    }

    /// Takes at most `most` paths, for good: each is handed out **at most once**. If this process is
    /// killed before it has dealt with them, nobody does.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error nothing was taken, unless
    /// [`is_indeterminate`](crate::Error::is_indeterminate) says that it may have been.
    pub fn take(&self, most: usize) -> Result<Outcome<Vec<PathBuf>>> {
        let kernel = self.store.site().kernel;
        let taken = decide(&self.store, |state| {
            state.give_back(self.confirm_within, Moment::now(kernel));
            state.first(most)
        })?;
        Ok(taken.map(|paths| paths.into_iter().map(AnyPath::into_path).collect()))
    }

    /// Takes at most `most` paths, to be confirmed when they are dealt with: each is handed out **at
    /// least once**. If this process is killed, or is too slow, another gets them. `None` if the queue
    /// is empty.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error nothing is lost.
    pub fn take_to_confirm(&self, most: usize) -> Result<Outcome<Option<Batch>>> {
        let kernel = self.store.site().kernel;
        decide(&self.store, |state| {
            let now = Moment::now(kernel);
            state.give_back(self.confirm_within, now);
            state.batch(most, now)
        })
    }

    /// Says that a batch has been dealt with. `false` if that comes too late: it went back and was, or
    /// will be, given to another.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error the batch goes back, unless
    /// [`is_indeterminate`](crate::Error::is_indeterminate) says that it may not.
    pub fn confirm(&self, batch: Batch) -> Result<Outcome<bool>> {
        decide(&self.store, |state| state.confirm(batch.number))
    }
}

impl Batch {
    /// The paths, in the order of their first arrival.
    #[must_use]
    pub fn paths(&self) -> Vec<&std::path::Path> {
        self.paths.iter().map(AsRef::as_ref).collect()
    }
}

impl PendingState {
    fn add(&mut self, path: AnyPath, paths_max: usize) -> Added {
        if self.queue.contains(&path) {
            return Added::Merged;
        }
        if self.count() >= paths_max {
            return Added::Full;
        }
        self.queue.push(path);
        Added::New
    }

    fn count(&self) -> usize {
        let taken: usize = self.taken.iter().map(|batch| batch.paths.len()).sum();
        self.queue.len() + taken
    }

    fn first(&mut self, most: usize) -> Vec<AnyPath> {
        let count = most.min(self.queue.len());
        self.queue.drain(..count).collect()
    }

    fn batch(&mut self, most: usize, now: Moment) -> Option<Batch> {
        let paths = self.first(most);
        if paths.is_empty() {
            return None;
        }
        let number = now.number_after(self.number);
        self.number = number;
        self.taken.push(Taken {
            number,
            at: now,
            paths: paths.clone(),
        });
        Some(Batch { number, paths })
    }

    fn confirm(&mut self, number: u64) -> bool {
        let before = self.taken.len();
        self.taken.retain(|batch| batch.number != number);
        self.taken.len() < before
    }

    /// Brings the paths of the batches whose time is up back to the front of the queue, the older
    /// batch first.
    fn give_back(&mut self, within: Duration, now: Moment) {
        let overdue = |batch: &mut Taken| batch.at.left_of(within, now).is_none();
        let mut back: Vec<AnyPath> = Vec::new();
        for batch in self.taken.extract_if(.., overdue) {
            back.extend(batch.paths);
        }
        if !back.is_empty() {
            back.append(&mut self.queue);
            self.queue = without_repetitions(back);
        }
    }
}

fn without_repetitions(paths: Vec<AnyPath>) -> Vec<AnyPath> {
    let mut seen = BTreeSet::new();
    let mut kept = paths;
    kept.retain(|path| seen.insert(path.clone()));
    kept
}

impl<S: Strategy, K> fmt::Debug for Pending<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("store", &self.store)
            .field("paths_max", &self.paths_max)
            .field("confirm_within", &self.confirm_within)
            .finish()
    }
}
