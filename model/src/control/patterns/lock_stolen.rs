//! A lock that is the existence of a file, and is stolen when it looks old.
//!
//! Protocol
//!   1. Make the lock file, which fails if there is one. Then sleep and try again; after so long a
//!      time remove it, because its holder must have died, and try again.
//!   2. Read P; change; write a temporary file with a name of its own; rename it over P.
//!   3. Remove the lock file.
//!
//! Missing: the knowledge whether the holder is alive, which only the kernel has. The repaired
//! program takes flock on the same file, steals nothing and removes nothing.
//!
//! What is lost: one of two updates, when the holder is slow rather than dead: it loses its lock,
//! goes on, and in step 3 removes the lock of the thief. The same happens with a directory as the
//! lock, and with a file that holds the number of a process.

use super::{Circumstance, Form, Pattern, Protocol, TIME_PASSES, Variant, each_changes};
use crate::control::file::{
    OpenFile, change_and_save, load, locked, replace_with_own_temporary, unlink,
};
use crate::oracle::ViolationKind;
use hookstate::kernel::{FlockOperation, Kernel};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const PATTERN: Pattern = Pattern {
    number: 10,
    name: "lock-stolen",
    lost: "one of two updates",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::SlowHolder,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            Box::new(each_changes(LockStolen(variant), processes).on(TIME_PASSES))
        },
    }),
};

/// How long the holder takes for its change.
const WORK: Duration = Duration::from_secs(60);
/// The age at which a lock looks old.
const OLD: Duration = Duration::from_secs(30);
const POLL: Duration = OLD;

#[derive(Clone, Copy, Debug)]
struct LockStolen(Variant);

impl Strategy for LockStolen {
    fn name(&self) -> &'static str {
        PATTERN.name
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".lock-stolen.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let lock = site.path(".lock-stolen.json.lock");
        match self.0 {
            Variant::AsSeen => {
                make_or_steal(site.kernel, &lock)?;
                let result = self.change(site, change)?;
                unlink(site.kernel, &lock)?;
                Ok(Outcome::clean(result))
            }
            Variant::Repaired => {
                let _alone = locked(site.kernel, &lock, FlockOperation::Exclusive)?;
                self.change(site, change).map(Outcome::clean)
            }
        }
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        load(site.kernel, &self.data_file(site)).map(Outcome::clean)
    }
}

impl LockStolen {
    /// Step 2.
    fn change<T: State, K: Kernel, R, E>(
        self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<std::result::Result<R, E>> {
        let path = self.data_file(site);
        let state = load(site.kernel, &path)?;
        site.kernel.nanosleep(WORK);
        let save = |state: &T| replace_with_own_temporary(site.kernel, &path, state);
        change_and_save(state, change, save)
    }
}

/// Step 1.
fn make_or_steal<K: Kernel>(kernel: &K, lock: &Path) -> Result<()> {
    let mut age = Duration::ZERO;
    while OpenFile::make_new(kernel, lock)?.is_none() {
        if age >= OLD {
            unlink(kernel, lock)?;
            age = Duration::ZERO;
        } else {
            kernel.nanosleep(POLL);
            age += POLL;
        }
    }
    Ok(())
}
