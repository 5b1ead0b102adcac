//! What a store stands on in the models: a strategy that ships, or one with a mistake in it. They are
//! one type, so that each store is compiled once.

use crate::control::Unlocked;
use hookstate::kernel::Kernel;
use hookstate::strategy::{AnyStrategy, Flock, Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::PathBuf;

/// A strategy, right or wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Footing {
    Shipping(AnyStrategy),
    /// See [`Unlocked`], which does something else wrong too: it truncates the file before it has the
    /// lock to write. So it is no evidence that a decision has to be one window;
    /// [`TwoWindows`](Self::TwoWindows) is.
    Unlocked,
    /// Reads the state, lets the code decide, and writes what it decided in a window of its own. Each
    /// of the two is locked as it should be, and in between anybody can decide the same.
    TwoWindows,
}

/// The default strategy. What stands on it promises the same on each, so that one is enough for most.
pub(super) const FLOCK: AnyStrategy = AnyStrategy::Flock(Flock);

impl Footing {
    /// That of a store that nobody has chosen another for.
    pub(super) const FLOCK: Self = Self::Shipping(FLOCK);
}

impl Strategy for Footing {
    fn name(&self) -> &'static str {
        match self {
            Self::Shipping(strategy) => strategy.name(),
            Self::Unlocked => Unlocked.name(),
            Self::TwoWindows => Flock.name(),
        }
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        match self {
            Self::Shipping(strategy) => strategy.data_file(site),
            Self::Unlocked => Unlocked.data_file(site),
            Self::TwoWindows => Flock.data_file(site),
        }
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        match self {
            Self::Shipping(strategy) => strategy.modify(site, change),
            Self::Unlocked => Unlocked.modify(site, change),
            Self::TwoWindows => in_two_windows(site, change),
        }
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        match self {
            Self::Shipping(strategy) => strategy.read(site),
            Self::Unlocked => Unlocked.read(site),
            Self::TwoWindows => Flock.read(site),
        }
    }
}

fn in_two_windows<T: State, K: Kernel, R, E>(
    site: &Site<'_, K>,
    change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
) -> Result<Outcome<std::result::Result<R, E>>> {
    let mut state: T = Flock.read(site)?.value;
    let decided = match change(&mut state) {
        Ok(decided) => decided,
        Err(refused) => return Ok(Outcome::clean(Err(refused))),
    };
    Flock.modify(site, |current: &mut T| {
        *current = state;
        Ok(decided)
    })
}
