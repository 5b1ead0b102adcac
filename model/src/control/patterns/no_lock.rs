//! Read, change, write, and no lock at all.
//!
//! Protocol
//!   1. Open P; read; close. No P: defaults.
//!   2. Change; write a temporary file with a name of its own; rename it over P.
//!
//! Missing: a lock around both steps. Nobody ever sees half a state, which is why the program looks
//! careful.
//!
//! What is lost: of two processes that both read before either renames, the update of the one that
//! renames first.

use super::{Circumstance, Form, Pattern, Protocol, Variant, each_changes};
use crate::control::file::{change_and_save, load, locked, replace_with_own_temporary};
use crate::oracle::ViolationKind;
use hookstate::kernel::{FlockOperation, Kernel};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::PathBuf;

pub(super) const PATTERN: Pattern = Pattern {
    number: 1,
    name: "no-lock",
    lost: "one of two updates",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Meeting,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| Box::new(each_changes(NoLock(variant), processes)),
    }),
};

#[derive(Clone, Copy, Debug)]
struct NoLock(Variant);

impl Strategy for NoLock {
    fn name(&self) -> &'static str {
        PATTERN.name
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".no-lock.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let lock = site.path(".no-lock.json.lock");
        let operation = FlockOperation::Exclusive;
        let _alone = self.0.put_back(|| locked(site.kernel, &lock, operation))?;
        let state = load(site.kernel, &path)?;
        let save = |state: &T| replace_with_own_temporary(site.kernel, &path, state);
        change_and_save(state, change, save).map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        load(site.kernel, &self.data_file(site)).map(Outcome::clean)
    }
}
