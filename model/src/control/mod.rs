//! Programs that lose updates, on purpose: what the checks must catch.
//!
//! Each is the protocol of a real program with the step missing that the program missed, told at
//! the top of its file. They are strategies like the three that keep their promise, so whatever
//! runs those runs these: a model must reject each of them, and `stress` must catch each of them
//! in the act. A check that lets a control pass has proved nothing about anything else.
//!
//! [`ALL`] has those that running freely catches, and [`UNDER_KILL`] those that take a kill. [`patterns`] has every known way to lose state,
//! these among them; most need a kill, a slow holder or an order of calls that only a model finds.

mod create_race;
pub(crate) mod file;
mod held;
mod rename_stale_lock;
mod unlocked;

pub mod patterns;

pub use create_race::CreateRace;
pub use held::Held;
pub use rename_stale_lock::RenameStaleLock;
pub use unlocked::Unlocked;

use hookstate::kernel::Kernel;
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use patterns::{TruncateThenWrite, Variant};
use std::path::PathBuf;

/// The controls, in the order in which tools list them.
pub const ALL: [AnyControl; 3] = [
    AnyControl::Unlocked(Unlocked),
    AnyControl::CreateRace(CreateRace),
    AnyControl::RenameStaleLock(RenameStaleLock),
];

/// The controls that lose updates when a process is killed, and only then.
pub const UNDER_KILL: [AnyControl; 1] = [AnyControl::TruncateThenWrite(TruncateThenWrite(
    Variant::AsSeen,
))];

/// One of the controls, chosen while the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyControl {
    /// See [`Unlocked`].
    Unlocked(Unlocked),
    /// See [`CreateRace`].
    CreateRace(CreateRace),
    /// See [`RenameStaleLock`].
    RenameStaleLock(RenameStaleLock),
    /// See [`TruncateThenWrite`].
    TruncateThenWrite(TruncateThenWrite),
}

impl AnyControl {
    /// The control with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = ALL.into_iter().chain(UNDER_KILL);
        all.find(|control| control.name() == name)
    }

    /// Whether it can lose an update only while the file is being created, so that it takes many
    /// first uses to catch it, and no number of changes to a file that exists.
    #[must_use]
    pub const fn loses_at_first_use_only(&self) -> bool {
        matches!(self, Self::CreateRace(_))
    }
}

macro_rules! each {
    ($any:expr, $one:ident => $body:expr) => {
        match $any {
            AnyControl::Unlocked($one) => $body,
            AnyControl::CreateRace($one) => $body,
            AnyControl::RenameStaleLock($one) => $body,
            AnyControl::TruncateThenWrite($one) => $body,
        }
    };
}

impl Strategy for AnyControl {
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

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        each!(self, one => one.read(site))
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, AnyControl, UNDER_KILL};
    use hookstate::kernel::Host;
    use hookstate::strategy::Strategy;
    use hookstate::{State, Store};

    #[derive(Default, serde::Serialize, serde::Deserialize)]
    struct Counter {
        count: u64,
    }

    impl State for Counter {
        type Delta = u64;

        fn apply(&mut self, more: &u64) {
            self.count += more;
        }
    }

    /// Otherwise catching it would say nothing about processes that meet.
    #[test]
    fn a_control_loses_nothing_while_it_is_alone() {
        for control in ALL.into_iter().chain(UNDER_KILL) {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::with(directory.path().join("made"), "s", control, Host);
            for _ in 0..10 {
                let _ = store.apply(&1).unwrap();
                let _ = store
                    .locked_modify(|counter: &mut Counter| counter.count += 1)
                    .unwrap();
            }
            assert_eq!(store.read().unwrap().value.count, 20, "{}", control.name());
        }
    }

    #[test]
    fn a_change_that_refuses_writes_nothing() {
        for control in ALL.into_iter().chain(UNDER_KILL) {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::with(directory.path(), "s", control, Host);
            let _ = store.apply(&7).unwrap();
            let refused = store.try_locked_modify(|counter: &mut Counter| {
                counter.count = 0;
                Err::<(), _>("no")
            });
            assert_eq!(refused.unwrap().value, Err("no"));
            assert_eq!(store.read().unwrap().value.count, 7, "{}", control.name());
        }
    }

    #[test]
    fn a_control_is_found_by_its_name() {
        for control in ALL.into_iter().chain(UNDER_KILL) {
            assert_eq!(AnyControl::named(control.name()), Some(control));
        }
        assert_eq!(AnyControl::named("flock"), None);
    }
}
