//! Read under a lock, release it, write under a lock.
//!
//! Protocol
//!   1. Open P to read; lock it shared; read; close, which releases the lock. No P: defaults.
//!   2. Change the state in memory.
//!   3. Open P to write, creating it and truncating it; lock it exclusively; write; close.
//!
//! Missing: one exclusive window from the read to the write. Both locks are held correctly, each
//! for its own step, which is why the program looks locked.
//!
//! What is lost: of two processes that both do step 1 before either does step 3, the update of the
//! one that writes first. And nearly everything besides: step 3 truncates before it has the lock,
//! so a reader with the shared lock finds an empty file and takes it for the beginning. Of 800
//! updates by 8 processes 1 to 19 were kept.
//!
//! After the session counter that this project began from, a hook of a coding agent. Two processes
//! with one change each are enough.

use super::file::{OpenFile, TRUNCATING, change_and_save, change_in_one_window, load_locked};
use super::patterns::{Circumstance, Form, Pattern, Protocol, Variant, each_changes};
use crate::oracle::ViolationKind;
use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::{Path, PathBuf};

pub(super) const PATTERN: Pattern = Pattern {
    number: 2,
    name: "unlocked",
    lost: "one of two updates, and nearly everything where a torn read counts as an empty state",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Meeting,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| match variant {
            Variant::AsSeen => Box::new(each_changes(Unlocked, processes)),
            Variant::Repaired => Box::new(each_changes(OneWindow, processes)),
        },
    }),
};

/// Locks to read and locks to write, but not from the one to the other. See the source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unlocked;

impl Strategy for Unlocked {
    fn name(&self) -> &'static str {
        "unlocked"
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".unlocked.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let state = load_locked(site.kernel, &path)?;
        // Here nobody holds the lock: whoever writes now is overwritten by the save below.
        change_and_save(state, change, |state| save(site.kernel, &path, state)).map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        load_locked(site.kernel, &self.data_file(site)).map(Outcome::clean)
    }
}

/// The same program with one window from the read to the write.
#[derive(Clone, Copy, Debug)]
struct OneWindow;

impl Strategy for OneWindow {
    fn name(&self) -> &'static str {
        Unlocked.name()
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        Unlocked.data_file(site)
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
        Unlocked.read(site)
    }
}

/// Step 3.
fn save<T: State, K: Kernel>(kernel: &K, path: &Path, state: &T) -> Result<()> {
    let file = OpenFile::make(kernel, path, TRUNCATING)?;
    file.lock(FlockOperation::Exclusive)?;
    file.write(state)
}
