//! `open(path, "w")`, and then lock.
//!
//! Protocol
//!   1. Lock the lock file exclusively. (Only those who change the state do; so it is not what is
//!      wrong.)
//!   2. Open P to read; read; close. No P: defaults. Change.
//!   3. Open P to write, creating it and truncating it; lock it exclusively; write; close.
//!
//!   Readers open P, lock it shared and read.
//!
//! Missing: in step 3, the lock before the truncation. The open empties the file while a process
//! that is starting holds the lock which is to keep the file as it is.
//!
//! What is lost: all updates so far, for the process that is starting. It has the lock, finds an
//! empty file, and begins with the defaults.

use super::{Circumstance, EXISTING, Form, MODIFY, Pattern, Protocol, READ, Variant};
use crate::control::file::{OpenFile, TRUNCATING, change_and_save, load, load_locked, locked};
use crate::oracle::ViolationKind;
use crate::scenario::Scenario;
use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::{Path, PathBuf};

pub(super) const PATTERN: Pattern = Pattern {
    number: 3,
    name: "truncating-open",
    lost: "all updates so far",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Reader,
        rejected_as: ViolationKind::RolledBack,
        model: |variant, processes| {
            let mut acts = vec![MODIFY; processes];
            acts[0] = READ;
            Box::new(Scenario::new(TruncatingOpen(variant), EXISTING, &acts))
        },
    }),
};

#[derive(Clone, Copy, Debug)]
struct TruncatingOpen(Variant);

impl Strategy for TruncatingOpen {
    fn name(&self) -> &'static str {
        PATTERN.name
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".truncating-open.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let lock = site.path(".truncating-open.json.lock");
        let _alone = locked(site.kernel, &lock, FlockOperation::Exclusive)?;
        let state = load(site.kernel, &path)?;
        let save = |state: &T| self.save(site.kernel, &path, state);
        change_and_save(state, change, save).map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        load_locked(site.kernel, &self.data_file(site)).map(Outcome::clean)
    }
}

impl TruncatingOpen {
    /// Step 3.
    fn save<T: State, K: Kernel>(self, kernel: &K, path: &Path, state: &T) -> Result<()> {
        let how = match self.0 {
            Variant::AsSeen => TRUNCATING,
            Variant::Repaired => OpenHow::or_create(Access::ReadWrite),
        };
        let file = OpenFile::make(kernel, path, how)?;
        file.lock(FlockOperation::Exclusive)?;
        self.0.put_back(|| file.truncate())?;
        file.write(state)
    }
}
