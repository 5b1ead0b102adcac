//! A reader without a lock while a writer writes in place.
//!
//! Protocol
//!   1. Open P, creating it if there is none; lock it exclusively; read; change.
//!   2. Write P from its beginning, with a buffer; close, which releases the lock.
//!
//!   Readers open P and read it.
//!
//! Missing: the shared lock of the readers.
//!
//! What is lost: nothing from the file; but a reader sees a state that nobody wrote, made of the
//! beginning of one and the end of another. Of the reads of a record across a page boundary beside
//! a writer 51 to 53 of 100 were torn, on ext4, btrfs and tmpfs. Here the state goes through a
//! buffer that is smaller than it, so that writing it takes several calls.

use super::{Circumstance, EXISTING, Form, MODIFY, Pattern, Protocol, READ, Variant};
use crate::control::file::{change_and_save, load, load_locked, locked};
use crate::oracle::ViolationKind;
use crate::scenario::Scenario;
use hookstate::kernel::{FlockOperation, Kernel};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::PathBuf;

pub(super) const PATTERN: Pattern = Pattern {
    number: 22,
    name: "reader-unlocked",
    lost: "the wholeness of what is read",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Reader,
        rejected_as: ViolationKind::Torn,
        model: |variant, processes| {
            let mut acts = vec![MODIFY; processes];
            acts[0] = READ;
            Box::new(Scenario::new(ReaderUnlocked(variant), EXISTING, &acts))
        },
    }),
};

/// The first of two buffers has the new count in it and ends before the new token, so that what is
/// there after it still parses.
const BUFFER_BYTES: usize = 24;

#[derive(Clone, Copy, Debug)]
struct ReaderUnlocked(Variant);

impl Strategy for ReaderUnlocked {
    fn name(&self) -> &'static str {
        PATTERN.name
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".reader-unlocked.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let file = locked(site.kernel, &path, FlockOperation::Exclusive)?;
        let result = change_and_save(file.state()?, change, |state| {
            file.write_through(BUFFER_BYTES, state)
        });
        result.map(Outcome::clean)
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        let path = self.data_file(site);
        let state = match self.0 {
            Variant::AsSeen => load(site.kernel, &path),
            Variant::Repaired => load_locked(site.kernel, &path),
        };
        state.map(Outcome::clean)
    }
}
