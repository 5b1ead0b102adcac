//! At most so many at a time, held by kernel locks.
//!
//! Protocol
//!   1. For each slot in turn: open its file, creating it if it is missing; try its lock; check the
//!      name (`lock.rs`). The first that is free is ours.
//!   2. If none is, pause and go to 1 until the time is up.
//!   3. Unlock, then close.
//!
//! Invariants
//!   I1. Whoever is between 1 and 3 holds one of the locks alone, and there are as many as slots.
//!
//! Why locks and not a number: the kernel releases those of a process that dies, at once, and nobody
//! has to guess whether a holder is slow or dead. A number that is read and then increased admits
//! everybody, and nobody takes back the share of one who was killed. Controls: `slots-unlocked`,
//! `slots-looked-at-then-taken`, `slots-counted-for-ever`.
//!
//! Why the files are never removed: between the removal and the next creation two processes would
//! hold the lock of two files with one name. Control: `slots-removed`.
//!
//! Why step 2: a slot that is free a moment later is worth the time that the caller has. Control:
//! `slots-gives-up`.
//!
//! Why step 3: who lives on and comes again would wait for itself. Control: `slots-kept`.
//!
//! Why the descriptors close at exec: a command that the holder starts would keep the slot after the
//! holder is gone.

use crate::kernel::{Host, Kernel};
use crate::lock::{Locked, Wait};
use crate::name::file_stem;
use crate::store::directory_or_current;
use crate::strategy::Site;
use crate::{Durability, Result};
use std::path::PathBuf;
use std::time::Duration;

/// The longest sleep between two rounds of tries: a slot is held for long, and a waiter that looked
/// more often would only take time from the holders.
const PAUSE_MAX: Duration = Duration::from_millis(10);

/// How many slots there are at most, since the names of all are made with the handle. Whoever asks for
/// more wants no limit.
const SLOTS_MAX: usize = 4_096;

/// Lets at most so many processes, or threads, in at a time.
///
/// ```
/// use hookstate::guard::Slots;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let checks = Slots::new(directory.path(), "checks", 1);
/// let slot = checks.try_acquire()?;
/// assert!(slot.is_some());
/// assert!(checks.try_acquire()?.is_none());
/// drop(slot);
/// let slot = checks.acquire_within(Duration::from_millis(100))?;
/// assert_eq!(slot.expect("it is free again").number(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Slots<K = Host> {
    directory: PathBuf,
    name: String,
    files: Vec<PathBuf>,
    kernel: K,
    any_file_system: bool,
}

/// One of the [`Slots`], free again when this is dropped or its process dies.
///
/// It belongs to the process, not to the commands that this starts: when it is killed, the slot is
/// free although they may still run. A child that is forked and does not call exec shares the slot.
#[must_use = "the slot is free again at once"]
pub struct Slot<'s, K: Kernel = Host> {
    number: usize,
    _held: Locked<'s, K>,
}

impl Slots {
    /// So many slots under the name `name` in `directory`: the files `<name>.slot-1` and so on, which
    /// are made when they are needed. With 0 slots nobody gets one, and more than 4,096 are so many. Where
    /// processes ask for different numbers, the largest counts.
    pub fn new(directory: impl Into<PathBuf>, name: impl AsRef<[u8]>, slots: usize) -> Self {
        Self::with(directory, name, slots, Host)
    }
}

impl<K: Kernel> Slots<K> {
    /// The same on another kernel.
    pub fn with(
        directory: impl Into<PathBuf>,
        name: impl AsRef<[u8]>,
        slots: usize,
        kernel: K,
    ) -> Self {
        let directory = directory_or_current(directory.into());
        let name = file_stem(name.as_ref());
        let files = (1..=slots.min(SLOTS_MAX))
            .map(|number| directory.join(format!("{name}.slot-{number}")))
            .collect();
        Self {
            directory,
            name,
            files,
            kernel,
            any_file_system: false,
        }
    }

    /// Works on network file systems and FUSE too; see
    /// [`Store::trust_any_file_system`](crate::Store::trust_any_file_system).
    #[must_use]
    pub fn trust_any_file_system(mut self) -> Self {
        self.any_file_system = true;
        self
    }

    /// Takes a slot if one is free, without waiting; `None` if all are held.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind); not that all slots are held.
    pub fn try_acquire(&self) -> Result<Option<Slot<'_, K>>> {
        let site = self.site();
        for (index, file) in self.files.iter().enumerate() {
            if let Some(held) = site.lock_at_once(file)? {
                let number = index + 1;
                return Ok(Some(Slot {
                    number,
                    _held: held, // I1
                }));
            }
        }
        Ok(None)
    }

    /// Takes a slot, waiting for at most `limit` until one is free; `None` if none was. Those who wait
    /// have no order among them. A slot that becomes free is noticed within 10 ms.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind); not that the time is up.
    pub fn acquire_within(&self, limit: Duration) -> Result<Option<Slot<'_, K>>> {
        let mut wait = Wait::with_pauses(limit, PAUSE_MAX);
        loop {
            if let Some(slot) = self.try_acquire()? {
                return Ok(Some(slot));
            }
            if !wait.another_try(&self.kernel) {
                return Ok(None);
            }
        }
    }

    fn site(&self) -> Site<'_, K> {
        Site {
            kernel: &self.kernel,
            directory: &self.directory,
            name: &self.name,
            durability: Durability::Process,
            lock_timeout: Duration::ZERO,
            any_file_system: self.any_file_system,
        }
    }
}

impl<K: Kernel> Slot<'_, K> {
    /// Which one it is, from 1 on.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }
}

impl<K: Kernel> std::fmt::Debug for Slot<'_, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
