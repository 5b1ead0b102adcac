//! The lock file is deleted on release.
//!
//! Protocol
//!   1. Open the lock file, creating it if there is none; lock it exclusively.
//!   2. Read P; change; write a temporary file with a name of its own; rename it over P.
//!   3. Remove the lock file; close it, which releases the lock.
//!
//! Missing: after step 1, the check whether the name still names the file that was locked. A
//! process that waited there gets the lock of a file without a name, while the next one makes a new
//! file and has the lock of that.
//!
//! What is lost: one of two updates: both hold "the" lock, on two inodes. In 160,000 windows there
//! were 858 overlaps.

use super::{Circumstance, Form, Pattern, Protocol, TWO_PREEMPTIONS, Variant, each_changes};
use crate::control::file::{
    OpenFile, change_and_save, load, locked, replace_with_own_temporary, unlink,
};
use crate::oracle::ViolationKind;
use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::{Path, PathBuf};

pub(super) const PATTERN: Pattern = Pattern {
    number: 9,
    name: "lock-file-removed",
    lost: "one of two updates",
    form: Form::Protocol(Protocol {
        processes: 3,
        needs: Circumstance::Meeting,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            Box::new(each_changes(LockFileRemoved(variant), processes).within(TWO_PREEMPTIONS))
        },
    }),
};

#[derive(Clone, Copy, Debug)]
struct LockFileRemoved(Variant);

impl Strategy for LockFileRemoved {
    fn name(&self) -> &'static str {
        PATTERN.name
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".lock-file-removed.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let lock = site.path(".lock-file-removed.json.lock");
        let _alone = self.lock(site.kernel, &lock)?;
        let state = load(site.kernel, &path)?;
        let save = |state: &T| replace_with_own_temporary(site.kernel, &path, state);
        let result = change_and_save(state, change, save)?;
        unlink(site.kernel, &lock)?;
        Ok(Outcome::clean(result))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        load(site.kernel, &self.data_file(site)).map(Outcome::clean)
    }
}

impl LockFileRemoved {
    /// Step 1.
    fn lock<'a, K: Kernel>(self, kernel: &'a K, path: &'a Path) -> Result<OpenFile<'a, K>> {
        let how = OpenHow::or_create(Access::ReadWrite);
        match self.0 {
            Variant::AsSeen => locked(kernel, path, FlockOperation::Exclusive),
            Variant::Repaired => OpenFile::lock_named(|| OpenFile::make(kernel, path, how)),
        }
    }
}
