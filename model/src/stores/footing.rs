//! What a store stands on in the models: a strategy that is right, or one with a mistake in it. They are
//! one type, so that each store is compiled once.

use super::plain::Plain;
use crate::control::Unlocked;
use hookstate::kernel::Kernel;
use hookstate::strategy::{AnyStrategy, Flock, Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::PathBuf;

/// A strategy, right or wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Footing {
    Sound(Sound),
    /// See [`Unlocked`], which does something else wrong too: it truncates the file before it has the
    /// lock to write. So it is no evidence that a decision has to be one window;
    /// [`TwoWindows`](Self::TwoWindows) is.
    Unlocked,
    /// Reads the state, lets the code decide, and writes what it decided in a window of its own. Each
    /// of the two is whole, and in between anybody can decide the same.
    TwoWindows(Sound),
}

/// A strategy that is right.
#[derive(Clone, Copy, Debug)]
pub enum Sound {
    /// One that ships.
    Shipping(AnyStrategy),
    /// The shortest that is right on the simulated kernel where no write fails or stops short. A
    /// mistake in a store has nothing to do with what is below, and on this it is told in half the
    /// calls.
    Plain,
}

/// The default strategy. What stands on it promises the same on each, so that one is enough for most.
pub(super) const FLOCK: AnyStrategy = AnyStrategy::Flock(Flock);

impl Sound {
    /// The default strategy.
    pub const FLOCK: Self = Self::Shipping(FLOCK);
}

impl Strategy for Footing {
    fn name(&self) -> &'static str {
        match self {
            Self::Sound(sound) | Self::TwoWindows(sound) => sound.name(),
            Self::Unlocked => Unlocked.name(),
        }
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        match self {
            Self::Sound(sound) | Self::TwoWindows(sound) => sound.data_file(site),
            Self::Unlocked => Unlocked.data_file(site),
        }
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        match self {
            Self::Sound(sound) => sound.modify(site, change),
            Self::Unlocked => Unlocked.modify(site, change),
            Self::TwoWindows(sound) => in_two_windows(*sound, site, change),
        }
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        match self {
            Self::Sound(sound) | Self::TwoWindows(sound) => sound.read(site),
            Self::Unlocked => Unlocked.read(site),
        }
    }
}

impl Strategy for Sound {
    fn name(&self) -> &'static str {
        match self {
            Self::Shipping(strategy) => strategy.name(),
            Self::Plain => Plain.name(),
        }
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        match self {
            Self::Shipping(strategy) => strategy.data_file(site),
            Self::Plain => Plain.data_file(site),
        }
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        match self {
            Self::Shipping(strategy) => strategy.modify(site, change),
            Self::Plain => Plain.modify(site, change),
        }
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        match self {
            Self::Shipping(strategy) => strategy.read(site),
            Self::Plain => Plain.read(site),
        }
    }
}

/// There is no second window if there is nothing to write.
fn in_two_windows<T: State, K: Kernel, R, E>(
    sound: Sound,
    site: &Site<'_, K>,
    change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
) -> Result<Outcome<std::result::Result<R, E>>> {
    let mut state: T = sound.read(site)?.value;
    let before = encoded(&state);
    let decided = match change(&mut state) {
        Ok(decided) if encoded(&state) != before => decided,
        done => return Ok(Outcome::clean(done)),
    };
    sound.modify(site, |current: &mut T| {
        *current = state;
        Ok(decided)
    })
}

/// The state as JSON.
pub(super) fn encoded<T: State>(state: &T) -> Vec<u8> {
    serde_json::to_vec(state).expect("what is kept in the models is JSON")
}
