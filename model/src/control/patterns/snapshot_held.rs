//! A snapshot is held across slow work and then saved.
//!
//! Protocol
//!   1. Read P.
//!   2. Work slowly.
//!   3. Lock the lock file exclusively; change what step 1 has read; write a temporary file and
//!      rename it over P; unlock.
//!
//! Missing: in step 3, reading again before changing. What step 1 reads is whole, and step 3 is
//! alone.
//!
//! What is lost: the updates that came during the work. What others removed meanwhile comes back.

use super::{Circumstance, Form, Pattern, Protocol, TIME_PASSES, Variant, each_changes};
use crate::control::file::{change_and_save, load, locked, replace};
use crate::oracle::ViolationKind;
use hookstate::kernel::{FlockOperation, Kernel};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::PathBuf;
use std::time::Duration;

pub(super) const PATTERN: Pattern = Pattern {
    number: 15,
    name: "snapshot-held",
    lost: "the updates during the work",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::SlowWork,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            Box::new(each_changes(SnapshotHeld(variant), processes).on(TIME_PASSES))
        },
    }),
};

/// How long the work takes.
const WORK: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
struct SnapshotHeld(Variant);

impl Strategy for SnapshotHeld {
    fn name(&self) -> &'static str {
        PATTERN.name
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".snapshot-held.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let lock = site.path(".snapshot-held.json.lock");
        let snapshot: T = self.read(site)?.value;
        site.kernel.nanosleep(WORK);
        let _alone = locked(site.kernel, &lock, FlockOperation::Exclusive)?;
        let read_again = self.0.put_back(|| load(site.kernel, &path))?;
        let state = read_again.unwrap_or(snapshot);
        let temporary = site.path(".snapshot-held.json.tmp");
        let save = |state: &T| replace(site.kernel, &temporary, &path, state);
        change_and_save(state, change, save).map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        load(site.kernel, &self.data_file(site)).map(Outcome::clean)
    }
}
