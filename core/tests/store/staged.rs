//! What was staged and never committed. A change whose exchange failed was reported as not made, but
//! its version stayed as the spare, and came into the state when the data file was damaged later. And
//! a durable change made the file longer before its journal was synced, so that a power loss which
//! kept the length and lost the content left zeros behind the old state.

use crate::directory::Scratch;
use crate::ledger::{Change, Ledger};
use crate::watchers::Asks;
use hookstate::kernel::{Call, DieAtNth, Ending, Errno, Host, Watched, Way};
use hookstate::strategy::{Flock, Rename};
use hookstate::{Durability, Recovery, Store};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

const SMALL: Change = Change::Put { key: 1, bytes: 100 };
const LARGE: Change = Change::Put {
    key: 2,
    bytes: 9_000,
};

#[test]
fn a_version_whose_exchange_failed_never_comes_back() {
    let scratch = Scratch::new();
    let good = Store::<Ledger, _>::with(scratch.store(), "state", Rename, Host);
    for change in [SMALL, SMALL] {
        let _clean = change.made_in(&good).expect("nothing is wrong");
    }
    let failing = Asks(|call: &Call<'_>| match call {
        Call::Exchange { .. } => Way::Fail(Errno::IO),
        _ => Way::Through,
    });
    let kernel = Watched::new(Host, failing);
    let store = Store::<Ledger, _, _>::with(scratch.store(), "state", Rename, kernel);
    let error = LARGE.made_in(&store).expect_err("no exchange");
    assert!(!error.is_indeterminate());
    fs::write(good.path(), "damage").expect("write");
    let outcome = SMALL.made_in(&good).expect("a change");
    assert!(matches!(
        outcome.recovery,
        Some(Recovery::MovedAside { .. })
    ));
    let read = good.read().expect("a state");
    assert_eq!(read.value, Ledger::default().after(&SMALL));
}

/// A write that had come to its end needs no completing, although its journal is still there.
#[test]
fn a_completed_change_is_told_of_exactly_if_something_was_missing() {
    let change = LARGE;
    let (mut completed, mut whole) = (0, 0);
    for nth in 0.. {
        let scratch = Scratch::new();
        let plain = Store::<Ledger, _>::with(scratch.store(), "state", Flock, Host);
        let _clean = LARGE.made_in(&plain).expect("nothing is wrong");
        let new = Ledger::of(&[LARGE, change]);
        let dying = Watched::new(Host, DieAtNth::new(nth, Ending::Unwind));
        let killed = Store::<Ledger, _, _>::with(scratch.store(), "state", Flock, dying);
        let lived = catch_unwind(AssertUnwindSafe(|| change.made_in(&killed))).is_ok();
        let left = fs::read(plain.path()).expect("read");
        let was_whole = serde_json::from_slice::<Ledger>(&left).is_ok_and(|left| left == new);
        let outcome = SMALL.made_in(&plain).expect("a change");
        let has_change = plain.read().expect("a state").value == new.after(&SMALL);
        let was_completed = outcome.recovery == Some(Recovery::Completed);
        assert_eq!(was_completed, has_change && !was_whole, "killed at {nth}");
        completed += u32::from(was_completed);
        whole += u32::from(was_whole && !lived);
        if lived {
            break;
        }
    }
    assert!(completed > 0 && whole > 0, "{completed}, {whole}");
}

#[test]
fn zeros_where_a_durable_change_made_the_file_longer_are_filled_from_the_journal() {
    let mut lengthened = 0;
    for nth in 0.. {
        let scratch = Scratch::new();
        let plain = || {
            Store::<Ledger, _>::with(scratch.store(), "state", Flock, Host)
                .durability(Durability::Power)
        };
        let _clean = SMALL.made_in(&plain()).expect("nothing is wrong");
        let old = fs::read(plain().path()).expect("read");
        let dying = Watched::new(Host, DieAtNth::new(nth, Ending::Unwind));
        let killed = Store::<Ledger, _, _>::with(scratch.store(), "state", Flock, dying)
            .durability(Durability::Power);
        if catch_unwind(AssertUnwindSafe(|| LARGE.made_in(&killed))).is_ok() {
            break;
        }
        let mut content = fs::read(plain().path()).expect("read");
        let journal = fs::read(scratch.store().join("state.json.journal")).expect("read");
        let pending = journal.iter().take(36).any(|&byte| byte != 0);
        // Without a header the content has been synced; that it is synced before the header goes is
        // shown in `calls`.
        let read = if pending && content.len() > old.len() {
            // The length has reached the disk, the content has not.
            content[..old.len()].copy_from_slice(&old);
            content[old.len()..].fill(0);
            fs::write(plain().path(), &content).expect("write");
            lengthened += 1;
            Ledger::of(&[SMALL, LARGE])
        } else {
            plain().read().expect("a state").value
        };
        assert_eq!(plain().read().expect("a state").value, read, "call {nth}");
        let outcome = SMALL.made_in(&plain()).expect("a change");
        assert!(matches!(outcome.recovery, None | Some(Recovery::Completed)));
        assert_eq!(plain().read().expect("a state").value, read.after(&SMALL));
    }
    assert!(lengthened > 0);
}
