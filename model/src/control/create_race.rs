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

use super::file::{OpenFile, TRUNCATING, change_in_one_window, failed, load_locked};
use super::patterns::{Circumstance, Form, MODIFY, Pattern, Protocol, Variant};
use crate::oracle::ViolationKind;
use crate::scenario::{Before, Scenario};
use hookstate::kernel::{Access, CallKind, Errno, Kernel, OpenHow};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::{Path, PathBuf};

pub(super) const PATTERN: Pattern = Pattern {
    number: 4,
    name: "create-race",
    lost: "the updates of whoever was first",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::FirstUse,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            let (before, acts) = (Before::Directory, vec![MODIFY; processes]);
            match variant {
                Variant::AsSeen => Box::new(Scenario::new(CreateRace, before, &acts)),
                Variant::Repaired => Box::new(Scenario::new(CreatedByOpen, before, &acts)),
            }
        },
    }),
};

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
        let how = OpenHow::existing(Access::ReadWrite);
        change_in_one_window(site.kernel, &path, how, change).map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        load_locked(site.kernel, &self.data_file(site)).map(Outcome::clean)
    }
}

/// The same program with a file that is created by the open of step 2, and step 1 left out.
#[derive(Clone, Copy, Debug)]
struct CreatedByOpen;

impl Strategy for CreatedByOpen {
    fn name(&self) -> &'static str {
        CreateRace.name()
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        CreateRace.data_file(site)
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let how = OpenHow::or_create(Access::ReadWrite);
        change_in_one_window(site.kernel, &self.data_file(site), how, change).map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        CreateRace.read(site)
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
    OpenFile::make(kernel, path, TRUNCATING)?.write(&T::default())
}
