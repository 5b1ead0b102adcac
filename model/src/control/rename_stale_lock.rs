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

use super::file::{OpenFile, failed};
use hookstate::kernel::{Access, CallKind, Create, FlockOperation, Kernel, OpenHow};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::{Path, PathBuf};

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
        let file = OpenFile::make(site.kernel, &path, OpenHow::or_create(Access::ReadWrite))?;
        file.lock(FlockOperation::Exclusive)?;
        // The lock may be that of a file which has lost its name while this process waited.
        let mut state: T = file.state()?;
        let result = change(&mut state);
        if result.is_ok() {
            replace(site, &path, &state)?;
        }
        Ok(Outcome::clean(result))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        let path = self.data_file(site);
        let how = OpenHow::existing(Access::Read);
        match OpenFile::open(site.kernel, &path, how)? {
            Some(file) => file.state().map(Outcome::clean),
            None => Ok(Outcome::clean(T::default())),
        }
    }
}

/// The end of step 2.
fn replace<T: State, K: Kernel>(site: &Site<'_, K>, path: &Path, state: &T) -> Result<()> {
    let process = site.kernel.getpid();
    let temporary = site.path(&format!(".rename-stale-lock.{process}.tmp"));
    let truncating = OpenHow {
        access: Access::ReadWrite,
        create: Create::IfMissing,
        truncate: true,
    };
    OpenFile::make(site.kernel, &temporary, truncating)?.write(state)?;
    site.kernel
        .rename(&temporary, path)
        .map_err(|errno| failed("replace", path, CallKind::Rename, errno))
}
