//! The three ways to keep a state on a disk. Each file is a proof: the protocol in numbered steps,
//! what holds at every instant, why each step is there, and the control (a twin without the step)
//! that the model or `stress` must catch.

mod append_log;
mod flock;
mod journal;
mod record;
mod rename;

pub use append_log::AppendLog;
pub use flock::Flock;
pub use rename::Rename;

pub(crate) use journal::{Journal, Pending};

use crate::kernel::Kernel;
use crate::{Durability, Outcome, Result, State};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The strategies, in the order in which tools list them.
pub const ALL: [AnyStrategy; 3] = [
    AnyStrategy::Flock(Flock),
    AnyStrategy::AppendLog(AppendLog),
    AnyStrategy::Rename(Rename),
];

/// A way to keep a state on a disk.
///
/// What an implementation owes: a change that was acknowledged is exactly once in the state or in
/// one that was removed, whatever other processes do and wherever they are killed, and a read gives
/// a whole state.
pub trait Strategy {
    /// Its one name: in the type, the file, the command line and the reports.
    fn name(&self) -> &'static str;

    /// The file that holds the state.
    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf;

    /// Reads, changes and writes the state in one exclusive window. Writes nothing if `change`
    /// returns an error.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>>;

    /// Makes a change that commutes with every other; by [`modify`](Self::modify) unless the
    /// strategy has a cheaper way.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    fn apply<T: State, K: Kernel>(
        &self,
        site: &Site<'_, K>,
        delta: &T::Delta,
    ) -> Result<Outcome<()>> {
        apply_by_modify::<T, K, Self>(self, site, delta)
    }

    /// Gives the state to `last` and removes it, in one exclusive window. Removes nothing if `last`
    /// returns an error; `None`, and `last` is not called, if there is no state.
    ///
    /// By [`modify`](Self::modify) unless the strategy can remove its files: then the default state
    /// takes the place of the one that goes, and one that was never changed counts as a state.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    fn remove<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        let outcome = self.modify(site, |state: &mut T| last(std::mem::take(state)))?;
        Ok(outcome.map(|value| value.map(Some)))
    }

    /// Reads a whole state.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>>;
}

/// Makes a change that commutes with every other in an exclusive window.
fn apply_by_modify<T: State, K: Kernel, S: Strategy + ?Sized>(
    strategy: &S,
    site: &Site<'_, K>,
    delta: &T::Delta,
) -> Result<Outcome<()>> {
    let outcome = strategy.modify(site, |state: &mut T| {
        state.apply(delta);
        Ok::<(), std::convert::Infallible>(())
    })?;
    Ok(outcome.map(|_| ()))
}

/// Where a strategy works and under which terms.
#[derive(Debug)]
pub struct Site<'a, K> {
    /// The kernel to call.
    pub kernel: &'a K,
    /// The directory of the store.
    pub directory: &'a Path,
    /// The name of the state, safe as the beginning of a file name.
    pub name: &'a str,
    /// What an acknowledged change must survive.
    pub durability: Durability,
    /// How long to wait for the lock.
    pub lock_timeout: Duration,
    /// Whether to work where flock may not keep processes apart.
    pub any_file_system: bool,
}

impl<K> Site<'_, K> {
    /// The path of the file with the state's name and this ending.
    #[must_use]
    pub fn path(&self, ending: &str) -> PathBuf {
        let mut path = String::with_capacity(self.name.len() + ending.len());
        path.push_str(self.name);
        path.push_str(ending);
        self.directory.join(path)
    }
}

/// One of the three, chosen while the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyStrategy {
    /// See [`Flock`].
    Flock(Flock),
    /// See [`AppendLog`].
    AppendLog(AppendLog),
    /// See [`Rename`].
    Rename(Rename),
}

impl AnyStrategy {
    /// The strategy with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

macro_rules! each {
    ($any:expr, $one:ident => $body:expr) => {
        match $any {
            AnyStrategy::Flock($one) => $body,
            AnyStrategy::AppendLog($one) => $body,
            AnyStrategy::Rename($one) => $body,
        }
    };
}

impl Strategy for AnyStrategy {
    fn name(&self) -> &'static str {
        each!(self, one => one.name())
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        each!(self, one => one.data_file(site))
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        each!(self, one => one.modify(site, change))
    }

    fn apply<T: State, K: Kernel>(
        &self,
        site: &Site<'_, K>,
        delta: &T::Delta,
    ) -> Result<Outcome<()>> {
        each!(self, one => one.apply::<T, K>(site, delta))
    }

    fn remove<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        each!(self, one => one.remove(site, last))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        each!(self, one => one.read(site))
    }
}
