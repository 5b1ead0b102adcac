//! The error path writes without the lock that the main path held.
//!
//! Protocol
//!   1. Lock the lock file exclusively.
//!   2. Read P; change; write a temporary file with a name of its own; rename it over P. Unlock.
//!   3. If step 2 failed: do its second half again.
//!
//! Missing: the lock in step 3. The block that held it has been left through the error, and the
//! handler saves a state that was read in a window which is over.
//!
//! What is lost: the updates of whoever came in between. It takes one error, here a disk that is
//! full for one write and then no longer.

use super::{Circumstance, Form, Pattern, Protocol, Variant, each_changes};
use crate::control::file::{load, locked, replace_with_own_temporary};
use crate::oracle::ViolationKind;
use hookstate::kernel::{Call, Errno, FlockOperation, Kernel, Watched, Watcher, Way};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::cell::Cell;
use std::path::PathBuf;

pub(super) const PATTERN: Pattern = Pattern {
    number: 7,
    name: "error-path-unlocked",
    lost: "one of two updates",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Error,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            let scenario = each_changes(ErrorPathUnlocked(variant), processes);
            Box::new(scenario.around(|process| Watched::new(process, FullForOneWrite::default())))
        },
    }),
};

#[derive(Clone, Copy, Debug)]
struct ErrorPathUnlocked(Variant);

impl Strategy for ErrorPathUnlocked {
    fn name(&self) -> &'static str {
        PATTERN.name
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".error-path-unlocked.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let lock = site.path(".error-path-unlocked.json.lock");
        let alone = locked(site.kernel, &lock, FlockOperation::Exclusive)?;
        let mut state: T = load(site.kernel, &self.data_file(site))?;
        let result = change(&mut state);
        if result.is_ok() && self.save(site, &state).is_err() {
            let _still_alone = (self.0 == Variant::Repaired).then_some(alone);
            self.save(site, &state)?;
        }
        Ok(Outcome::clean(result))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        load(site.kernel, &self.data_file(site)).map(Outcome::clean)
    }
}

impl ErrorPathUnlocked {
    fn save<T: State, K: Kernel>(self, site: &Site<'_, K>, state: &T) -> Result<()> {
        replace_with_own_temporary(site.kernel, &self.data_file(site), state)
    }
}

/// The disk has no room for the first thing that the process writes.
#[derive(Debug, Default)]
struct FullForOneWrite {
    struck: Cell<bool>,
}

impl Watcher for FullForOneWrite {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Pwrite { .. } if !self.struck.replace(true) => Way::Fail(Errno::NOSPC),
            _ => Way::Through,
        }
    }
}
