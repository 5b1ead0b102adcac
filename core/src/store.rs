//! The store: one state under one name in one directory.

use crate::kernel::{Host, Kernel};
use crate::name::file_stem;
use crate::strategy::{Flock, Site, Strategy};
use crate::{Error, ErrorKind, Outcome, Result, State};
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a change waits for the lock unless told otherwise: 250 ms, which a hook can afford.
pub const LOCK_TIMEOUT_DEFAULT: Duration = Duration::from_millis(250);

/// The most bytes of JSON that a store reads or writes: 64 MiB.
pub const STATE_BYTES_MAX: u64 = 64 << 20;

/// A state that any number of processes change without losing an update.
///
/// A handle is cheap, opens nothing until it is used and keeps nothing open between calls. Threads
/// may share one. A child that is forked by another thread in the middle of a call has the lock too
/// until it calls exec, as flock(2) says; if the parent is killed just then, the child holds it.
///
/// ```
/// use hookstate::{State, Store};
///
/// #[derive(Default, serde::Serialize, serde::Deserialize)]
/// struct Calls {
///     count: u64,
/// }
///
/// impl State for Calls {
///     type Delta = u64;
///     fn apply(&mut self, more: &u64) {
///         self.count += more;
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let store = Store::<Calls>::new(directory.path(), "session-1");
/// let count = store.locked_modify(|calls| {
///     calls.count += 1;
///     calls.count
/// })?;
/// assert_eq!(count.value, 1);
/// let applied = store.apply(&41)?;
/// if let Some(recovery) = applied.recovery {
///     eprintln!("{recovery}"); // something was damaged; here it says what became of it
/// }
/// assert_eq!(store.read()?.value.count, 42);
/// # Ok(())
/// # }
/// ```
pub struct Store<T, S = Flock, K = Host> {
    directory: PathBuf,
    name: String,
    strategy: S,
    kernel: K,
    pub(crate) durability: Durability,
    pub(crate) lock_timeout: Duration,
    pub(crate) any_file_system: bool,
    sync_failed: AtomicBool,
    state: PhantomData<fn() -> T>,
}

/// What an acknowledged change survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// kill -9 of any process at any instruction. Nothing is synced.
    #[default]
    Process,
    /// Power loss as well: files and directories are synced before the change is acknowledged,
    /// which costs milliseconds on most disks. The directories above the store's own are taken to
    /// be durable already.
    Power,
}

impl<T: State> Store<T> {
    /// The store `name` in `directory`, with the strategy [`Flock`] on the kernel of this machine.
    ///
    /// Nothing is opened or created before the first change. Any name is safe: one of
    /// `[A-Za-z0-9_-]{1,64}` is used as it is, any other is replaced by a hash.
    pub fn new(directory: impl Into<PathBuf>, name: impl AsRef<[u8]>) -> Self {
        Self::with(directory, name, Flock, Host)
    }
}

impl<T: State, S: Strategy, K: Kernel> Store<T, S, K> {
    /// The store `name` in `directory`, kept by `strategy` on `kernel`.
    ///
    /// Every process that uses the state must use the same strategy. Each strategy has file names
    /// of its own, so two that differ by mistake see two states rather than damage one.
    pub fn with(
        directory: impl Into<PathBuf>,
        name: impl AsRef<[u8]>,
        strategy: S,
        kernel: K,
    ) -> Self {
        Self {
            directory: directory_or_current(directory.into()),
            name: file_stem(name.as_ref()),
            strategy,
            kernel,
            durability: Durability::Process,
            lock_timeout: LOCK_TIMEOUT_DEFAULT,
            any_file_system: false,
            sync_failed: AtomicBool::new(false),
            state: PhantomData,
        }
    }

    /// Sets what an acknowledged change survives. The default is [`Durability::Process`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how long a call waits for the lock. The default is [`LOCK_TIMEOUT_DEFAULT`].
    #[must_use]
    pub fn lock_timeout(mut self, most: Duration) -> Self {
        self.lock_timeout = most;
        self
    }

    /// Works on network file systems and FUSE too, where flock may not keep processes apart. For
    /// those who know that theirs does.
    #[must_use]
    pub fn trust_any_file_system(mut self) -> Self {
        self.any_file_system = true;
        self
    }

    /// The file that holds the state.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.strategy.data_file(&self.site())
    }

    /// Reads the state, lets `change` change it and writes it, in one exclusive window. Gives back
    /// what `change` returned.
    ///
    /// The closure runs at most once. If it panics, nothing is written and the lock is released. It
    /// must not use the same state: that would wait for a lock that its own caller holds, and end
    /// in [`ErrorKind::LockTimeout`].
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. After an error the change is not in the state, unless
    /// [`Error::is_indeterminate`] says otherwise.
    pub fn locked_modify<R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<Outcome<R>> {
        let outcome = self.try_locked_modify(|state| Ok::<R, Infallible>(change(state)))?;
        Ok(outcome.map(|value| match value {
            Ok(value) => value,
            Err(never) => match never {},
        }))
    }

    /// As [`locked_modify`](Self::locked_modify), with a closure that may refuse: if it returns an
    /// error, nothing is written and the error is the value of the outcome.
    ///
    /// # Errors
    ///
    /// As for [`locked_modify`](Self::locked_modify).
    pub fn try_locked_modify<R, E>(
        &self,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        self.guarded(|site| self.strategy.modify(site, change))
    }

    /// Makes a change that commutes with every other. The append log does it without reading the
    /// state, at a cost that does not depend on how many changes came before.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn apply(&self, delta: &T::Delta) -> Result<Outcome<()>> {
        self.guarded(|site| self.strategy.apply::<T, K>(site, delta))
    }

    /// Ends the state: gives it to `last` and then removes its files, in one exclusive window. Gives
    /// back what `last` returned; `None`, and `last` is not called, if there was no state.
    ///
    /// Nobody else gets in between: every change is in what `last` was given, or it comes later and
    /// is in the next state, which it begins. Copies of damaged content stay.
    ///
    /// Nothing is removed before `last` has returned. So if the value must not be lost, `last` is the
    /// place to hand it on, and durably so if it has to survive a power loss. With `Ok` it has run
    /// exactly once for this state. After an error or a kill either the state is there whole, and
    /// the next call gives it to its closure again, or it is gone and `last` has returned: so it is
    /// handed on at least once. If `last` panics, nothing is removed. It must not use the same
    /// state, as with [`locked_modify`](Self::locked_modify).
    ///
    /// A program of another kind that locks the file of [`Flock`] has to look, once it has the lock,
    /// whether the file still has its name. Beside one that does not, end the state by
    /// `locked_modify` with [`std::mem::take`], which leaves the file there.
    ///
    /// ```
    /// # use hookstate::{State, Store};
    /// # #[derive(Default, serde::Serialize, serde::Deserialize)]
    /// # struct Calls { count: u64 }
    /// # impl State for Calls {
    /// #     type Delta = u64;
    /// #     fn apply(&mut self, more: &u64) { self.count += more; }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// let store = Store::<Calls>::new(directory.path(), "session-1");
    /// let _ = store.apply(&41)?;
    /// let total = store.remove(|calls| calls.count)?;
    /// assert_eq!(total.value, Some(41));
    /// assert!(!store.path().exists());
    /// assert_eq!(store.remove(|calls| calls.count)?.value, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. After an error the state is still there, unless
    /// [`Error::is_indeterminate`] says that it may be gone.
    pub fn remove<R>(&self, last: impl FnOnce(T) -> R) -> Result<Outcome<Option<R>>> {
        let outcome = self.try_remove(|state| Ok::<R, Infallible>(last(state)))?;
        Ok(outcome.map(|value| match value {
            Ok(value) => value,
            Err(never) => match never {},
        }))
    }

    /// As [`remove`](Self::remove), with a closure that may refuse, for example since it could not
    /// hand the state on: if it returns an error, nothing is removed and the error is the value of
    /// the outcome.
    ///
    /// # Errors
    ///
    /// As for [`remove`](Self::remove).
    pub fn try_remove<R, E>(
        &self,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        self.guarded(|site| self.strategy.remove(site, last))
    }

    /// Reads a whole state: never torn, never with a change half applied. A store that nobody has
    /// changed yet, or since its state was removed, has the default state; reading creates no file.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]; in particular [`ErrorKind::Corrupt`] if the content is not a state.
    pub fn read(&self) -> Result<Outcome<T>> {
        self.guarded(|site| self.strategy.read(site))
    }

    /// After a failed sync the pages count as clean although the disk does not have them
    /// (fsync(2), "Errors"), so that trying again proves nothing: the handle refuses.
    fn guarded<R>(&self, work: impl FnOnce(&Site<'_, K>) -> Result<R>) -> Result<R> {
        if self.sync_failed.load(Ordering::Relaxed) {
            return Err(Error::after_failed_sync(&self.path()));
        }
        let result = work(&self.site());
        if let Err(error) = &result
            && error.kind() == ErrorKind::SyncFailed
        {
            self.sync_failed.store(true, Ordering::Relaxed);
        }
        result
    }

    /// The same store for a guard of this kind, which stands behind the name: two kinds of guard and a
    /// plain state of one name are three states.
    pub(crate) fn of_kind(mut self, kind: &str) -> Self {
        self.name.push('.');
        self.name.push_str(kind);
        self
    }

    /// For what is kept beside the state, such as the lock of one who waits.
    pub(crate) fn site(&self) -> Site<'_, K> {
        Site {
            kernel: &self.kernel,
            directory: &self.directory,
            name: &self.name,
            durability: self.durability,
            lock_timeout: self.lock_timeout,
            any_file_system: self.any_file_system,
        }
    }
}

/// An empty path names nothing to the kernel; to people it is where they are. A `.` at the end goes,
/// since no directory of that name can be made.
pub(crate) fn directory_or_current(directory: PathBuf) -> PathBuf {
    if directory.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        directory.components().collect()
    }
}

impl<T, S: Strategy, K> fmt::Debug for Store<T, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("directory", &self.directory)
            .field("name", &self.name)
            .field("strategy", &self.strategy.name())
            .field("durability", &self.durability)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}
