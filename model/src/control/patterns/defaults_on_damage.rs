//! What cannot be parsed is answered by writing defaults.
//!
//! Protocol
//!   1. Lock the lock file exclusively.
//!   2. Read P. No P, or no state in it: defaults.
//!   3. Change. If P had a state, rename P to B, so that B is the version before.
//!   4. Make P anew, truncating what is there; write; close. Unlock.
//!
//!   Readers lock the lock file shared and do step 2.
//!
//! Missing: in step 2, a look at B before it is decided that there is no state. The version before
//! is whole and lies beside the damaged file.
//!
//! What is lost: everything, when somebody has been killed in step 4. It is the answer that loses
//! it, not the damage: the next process writes the defaults, and the one after that puts them in
//! the place of the version before as well.
//!
//! Of an agent's own settings file, 281 and 291 corrupt backups were reported for one day.

use super::{Circumstance, Form, Pattern, Protocol, Variant, each_changes};
use crate::control::file::{OpenFile, TRUNCATING, change_and_save, load_if_whole, locked, rename};
use crate::oracle::ViolationKind;
use hookstate::kernel::{FlockOperation, Kernel};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::PathBuf;

pub(super) const PATTERN: Pattern = Pattern {
    number: 6,
    name: "defaults-on-damage",
    lost: "everything",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Kill { victim: 0 },
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| Box::new(each_changes(DefaultsOnDamage(variant), processes)),
    }),
};

#[derive(Clone, Copy, Debug)]
struct DefaultsOnDamage(Variant);

impl Strategy for DefaultsOnDamage {
    fn name(&self) -> &'static str {
        PATTERN.name
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".defaults-on-damage.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let lock = lock_file(site);
        let _alone = locked(site.kernel, &lock, FlockOperation::Exclusive)?;
        let (state, whole) = self.state(site)?;
        let result = change_and_save(state, change, |state| {
            if whole {
                rename(site.kernel, &path, &version_before(site))?;
            }
            OpenFile::make(site.kernel, &path, TRUNCATING)?.write(state)
        });
        result.map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        let lock = lock_file(site);
        let _unchanged = locked(site.kernel, &lock, FlockOperation::Shared)?;
        self.state(site).map(|(state, _)| Outcome::clean(state))
    }
}

impl DefaultsOnDamage {
    /// Step 2, and whether P had a state.
    fn state<T: State, K: Kernel>(self, site: &Site<'_, K>) -> Result<(T, bool)> {
        if let Some(state) = load_if_whole(site.kernel, &self.data_file(site))? {
            return Ok((state, true));
        }
        let before = version_before(site);
        let kept = self.0.put_back(|| load_if_whole(site.kernel, &before))?;
        Ok((kept.flatten().unwrap_or_default(), false))
    }
}

fn lock_file<K>(site: &Site<'_, K>) -> PathBuf {
    site.path(".defaults-on-damage.json.lock")
}

/// B.
fn version_before<K>(site: &Site<'_, K>) -> PathBuf {
    site.path(".defaults-on-damage.json.before")
}
