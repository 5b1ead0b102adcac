//! A sync that failed behind another failure. A durable change that could not be written in place
//! put the old content back, and when the sync of that failed, reported only the first error: the
//! handle did not learn that nothing is known about the disk any more, and went on.

use crate::directory::Scratch;
use crate::history::until_compaction;
use crate::ledger::{Change, Ledger};
use crate::watchers::Asks;
use hookstate::kernel::{Call, Errno, Host, Watched, Way};
use hookstate::strategy::{AnyStrategy, Flock};
use hookstate::{Durability, ErrorKind, Store};
use std::cell::Cell;

const SMALL: Change = Change::Put { key: 1, bytes: 100 };

#[test]
fn a_handle_that_could_not_sync_what_it_put_back_refuses_further_work() {
    let scratch = Scratch::new();
    let good = Store::<Ledger, _>::with(scratch.store(), "state", Flock, Host)
        .durability(Durability::Power);
    let _clean = SMALL.made_in(&good).expect("nothing is wrong");

    // The journal's header, and then the data file.
    let writes_at_0 = Cell::new(0);
    let failing = Asks(|call: &Call<'_>| match call {
        Call::Pwrite { offset: 0, .. } => {
            writes_at_0.set(writes_at_0.get() + 1);
            match writes_at_0.get() {
                2 => Way::Fail(Errno::NOSPC),
                _ => Way::Through,
            }
        }
        Call::Fdatasync => Way::Fail(Errno::IO),
        _ => Way::Through,
    });
    let kernel = Watched::new(Host, failing);
    let store = Store::<Ledger, _, _>::with(scratch.store(), "state", Flock, kernel)
        .durability(Durability::Power);
    let error = SMALL.made_in(&store).expect_err("no space, and no sync");
    assert_eq!(error.kind(), ErrorKind::SyncFailed, "{error}");
    assert!(error.is_indeterminate());
    let refused = SMALL.made_in(&store).expect_err("nothing is known");
    assert_eq!(refused.kind(), ErrorKind::SyncFailed, "{refused}");
}

/// A compaction is work that can wait, and its errors are reported beside the change; but not this
/// one.
#[test]
fn a_handle_that_could_not_sync_a_compaction_refuses_further_work() {
    let log = AnyStrategy::named("append-log").expect("a strategy");
    let (history, change) = until_compaction(log).expect("the log is compacted");
    let scratch = Scratch::new();
    let good = Store::<Ledger, _>::with(scratch.store(), "state", log, Host);
    for earlier in &history {
        let _clean = earlier.made_in(&good).expect("nothing is wrong");
    }
    // The record is synced with fdatasync, the new log with fsync.
    let failing = Asks(|call: &Call<'_>| match call {
        Call::Fsync if is_compacting(&scratch) => Way::Fail(Errno::IO),
        _ => Way::Through,
    });
    let kernel = Watched::new(Host, failing);
    let store = Store::<Ledger, _, _>::with(scratch.store(), "state", log, kernel)
        .durability(Durability::Power);
    let error = change
        .made_in(&store)
        .expect_err("the new log is not synced");
    assert_eq!(error.kind(), ErrorKind::SyncFailed, "{error}");
    let refused = store.read().expect_err("nothing is known");
    assert_eq!(refused.kind(), ErrorKind::SyncFailed, "{refused}");
    // Another handle knows nothing of it, and nothing is lost.
    let expected = Ledger::of(&history).after(&change);
    assert_eq!(good.read().expect("a state").value, expected);
}

fn is_compacting(scratch: &Scratch) -> bool {
    scratch.store().join("state.log.spare").exists()
}
