//! Lock the data file, replace it by rename.
//!
//! Protocol
//!   1. Open P, creating it if there is none; lock it exclusively.
//!   2. Read; change; write a temporary file with a name of its own; rename it over P; close.
//!
//! Missing: after the lock, the check whether P still names the file that was locked. The lock
//! belongs to the file and the name moves in step 2, so a process that waited in step 1 wakes up
//! with the lock of a file that nobody can reach, and reads from it what was true before.
//!
//! What is lost: the updates of whoever holds the lock of the file that P names meanwhile. Of 2000
//! updates 498 were kept. The control is correct in everything else: creation has no race, no
//! reader ever sees a half written file, no two processes share a temporary file.
//!
//! After a task store that had learned to "always write to a temporary file and rename". It takes
//! two processes with one change each: the second opens P before the first renames.

use super::file::{OpenFile, change_and_save, load, locked, replace_with_own_temporary};
use super::patterns::{Circumstance, Form, Pattern, Protocol, Variant, each_changes};
use crate::oracle::ViolationKind;
use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::{Path, PathBuf};

pub(super) const PATTERN: Pattern = Pattern {
    number: 8,
    name: "rename-stale-lock",
    lost: "the updates of the waiters",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Meeting,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| match variant {
            Variant::AsSeen => Box::new(each_changes(RenameStaleLock, processes)),
            Variant::Repaired => Box::new(each_changes(LockNamed, processes)),
        },
    }),
};

/// Holds a lock on a file that a rename has replaced. See the source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenameStaleLock;

impl Strategy for RenameStaleLock {
    fn name(&self) -> &'static str {
        "rename-stale-lock"
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".rename-stale-lock.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let file = locked(site.kernel, &path, FlockOperation::Exclusive)?;
        // The lock may be that of a file which has lost its name while this process waited.
        change_and_replace(site, &path, &file, change).map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        load(site.kernel, &self.data_file(site)).map(Outcome::clean)
    }
}

/// The same program with the check put back.
#[derive(Clone, Copy, Debug)]
struct LockNamed;

impl Strategy for LockNamed {
    fn name(&self) -> &'static str {
        RenameStaleLock.name()
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        RenameStaleLock.data_file(site)
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let how = OpenHow::or_create(Access::ReadWrite);
        let file = OpenFile::lock_named(|| OpenFile::make(site.kernel, &path, how))?;
        change_and_replace(site, &path, &file, change).map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        RenameStaleLock.read(site)
    }
}

/// Step 2.
fn change_and_replace<T: State, K: Kernel, R, E>(
    site: &Site<'_, K>,
    path: &Path,
    file: &OpenFile<'_, K>,
    change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
) -> Result<std::result::Result<R, E>> {
    let save = |state: &T| replace_with_own_temporary(site.kernel, path, state);
    change_and_save(file.state()?, change, save)
}
