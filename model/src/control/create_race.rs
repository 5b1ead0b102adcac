//! One correct window, in a file that is created by check and truncating open.
//!
//! Protocol
//!   1. If stat finds no P: open it, creating it and truncating it; write the defaults; close.
//!   2. Open P to read and write; lock it exclusively; read; change; truncate; write; close.
//!
//! Missing: the creation is outside the window. Between the check and the open of step 1 another
//! process can do all of steps 1 and 2, and the open then empties what it wrote.
//!
//! What is lost: the updates of whoever was first. 8 processes with one change each on a file that
//! does not exist yet lost some in 99 of 400 rounds; the worst round ended at 0. Once the file
//! exists nothing is ever lost, so a test that creates it first can run for ever and pass.
//!
//! After the published repair of the program behind the control `unlocked`, whose regression test
//! does create the file first.

use super::file::{OpenFile, failed};
use hookstate::kernel::{Access, CallKind, Create, Errno, FlockOperation, Kernel, OpenHow};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::{Path, PathBuf};

/// Checks whether the file exists and then creates it with defaults. See the source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CreateRace;

impl Strategy for CreateRace {
    fn name(&self) -> &'static str {
        "create-race"
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".create-race.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        if !exists(site.kernel, &path)? {
            // Whatever others have written since the check is gone with this.
            create_with_defaults::<T, K>(site.kernel, &path)?;
        }
        change_in_one_window(site.kernel, &path, change).map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        let path = self.data_file(site);
        let how = OpenHow::existing(Access::Read);
        let Some(file) = OpenFile::open(site.kernel, &path, how)? else {
            return Ok(Outcome::clean(T::default()));
        };
        file.lock(FlockOperation::Shared)?;
        file.state().map(Outcome::clean)
    }
}

fn exists<K: Kernel>(kernel: &K, path: &Path) -> Result<bool> {
    match kernel.stat(path) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(failed("look for", path, CallKind::Stat, errno)),
    }
}

/// The rest of step 1.
fn create_with_defaults<T: State, K: Kernel>(kernel: &K, path: &Path) -> Result<()> {
    let truncating = OpenHow {
        access: Access::ReadWrite,
        create: Create::IfMissing,
        truncate: true,
    };
    OpenFile::make(kernel, path, truncating)?.write(&T::default())
}

/// Step 2.
fn change_in_one_window<T: State, K: Kernel, R, E>(
    kernel: &K,
    path: &Path,
    change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
) -> Result<std::result::Result<R, E>> {
    let file = OpenFile::make(kernel, path, OpenHow::existing(Access::ReadWrite))?;
    file.lock(FlockOperation::Exclusive)?;
    let mut state: T = file.state()?;
    let result = change(&mut state);
    if result.is_ok() {
        file.truncate()?;
        file.write(&state)?;
    }
    Ok(result)
}
