//! What a change costs, in system calls: which ones, in which order, and that they do not become
//! more with the number of changes that came before.

use crate::directory::Scratch;
use crate::ledger::{Change, Ledger};
use hookstate::kernel::{Call, CallKind, Errno, Host, Kernel, Traced, Watched, Watcher, Way};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate::{Durability, Store};
use std::cell::Cell;

const SMALL: Change = Change::Put { key: 1, bytes: 100 };
const LARGE: Change = Change::Put {
    key: 2,
    bytes: 9_000,
};
const ADD: Change = Change::Add {
    key: 3,
    key_bytes: 0,
};

/// The calls of a change in a store that has been used before.
fn calls(strategy: AnyStrategy, durability: Durability, change: &Change) -> Vec<String> {
    let scratch = Scratch::new();
    let calls = Traced::new();
    let kernel = Watched::new(Host, calls.clone());
    let store = Store::<Ledger, _, _>::with(scratch.store(), "state", strategy, kernel)
        .durability(durability);
    for earlier in [&SMALL, &ADD, &SMALL, &SMALL] {
        let _clean = earlier.made_in(&store).expect("nothing is wrong");
    }
    calls.clear();
    let _clean = change.made_in(&store).expect("nothing is wrong");
    let all = calls.lines();
    all.iter().map(|line| verb(line)).collect()
}

/// The call with what tells it from others, without sizes.
fn verb(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[0] {
        "open" | "flock" | "stat" | "unlink" | "exchange" => words[..2].join(" "),
        word => word.to_owned(),
    }
}

#[test]
fn a_small_change_through_flock_is_one_write_and_never_a_truncation() {
    let expected = [
        "open state.json",
        "fstatfs",
        "flock TryExclusive",
        "fstat",
        "geteuid",
        "stat state.json",
        "open state.json.journal",
        "pread",
        "pwrite",
        "flock Unlock",
        "close",
    ];
    assert_eq!(calls(ALL[0], Durability::Process, &SMALL), expected);
    assert_eq!(calls(ALL[0], Durability::Process, &ADD), expected);
}

#[test]
fn an_apply_to_the_log_is_one_append_and_reads_nothing() {
    let expected = [
        "open state.log",
        "fstatfs",
        "flock TryShared",
        "fstat",
        "geteuid",
        "stat state.log",
        "append",
        "flock Unlock",
        "close",
    ];
    assert_eq!(calls(ALL[1], Durability::Process, &ADD), expected);
}

#[test]
fn a_small_change_through_rename_writes_a_new_file_and_exchanges() {
    let calls = calls(ALL[2], Durability::Process, &SMALL);
    let count = |wanted: &str| calls.iter().filter(|call| call.starts_with(wanted)).count();
    for (call, times) in [
        ("unlink state.rename.json.spare", 1),
        ("unlink", 1),
        ("pwrite", 1),
        ("exchange", 1),
        ("open", 3),
        ("close", 3),
    ] {
        assert_eq!(count(call), times, "{call} in {calls:?}");
    }
    for call in ["rename", "ftruncate", "fallocate", "fsync"] {
        assert_eq!(count(call), 0, "{call} in {calls:?}");
    }
}

/// The calls of a durable change that bring something to the disk, in their order.
fn durable(strategy: AnyStrategy, change: &Change) -> Vec<String> {
    const WRITES: [&str; 8] = [
        "pwrite",
        "append",
        "ftruncate",
        "exchange",
        "rename",
        "open store",
        "fsync",
        "fdatasync",
    ];
    let all = calls(strategy, Durability::Power, change);
    let writes = |call: &String| WRITES.iter().any(|write| call.starts_with(write));
    all.into_iter().filter(writes).collect()
}

#[test]
fn a_durable_change_through_flock_syncs_the_journal_before_it_writes_in_place() {
    for change in [SMALL, ADD, LARGE] {
        let expected = [
            "pwrite", // the body of the journal
            "open store",
            "fsync",
            "pwrite", // its header
            "fsync",
            "pwrite", // in place
            "fdatasync",
            "pwrite", // no header
        ];
        assert_eq!(durable(ALL[0], &change), expected, "{change:?}");
    }
}

#[test]
fn a_durable_change_of_the_log_syncs_the_record_or_the_new_log_before_its_name() {
    let apply = ["append", "fdatasync", "open store", "fsync"];
    assert_eq!(durable(ALL[1], &ADD), apply);
    for change in [SMALL, LARGE] {
        let modify = [
            "pwrite",
            "fsync",
            "exchange state.log.spare",
            "open store",
            "fsync",
        ];
        assert_eq!(durable(ALL[1], &change), modify, "{change:?}");
    }
}

#[test]
fn a_durable_change_through_rename_syncs_the_spare_before_its_name() {
    for change in [SMALL, ADD, LARGE] {
        let expected = [
            "pwrite",
            "fsync",
            "exchange state.rename.json.spare",
            "open store",
            "fsync",
        ];
        assert_eq!(durable(ALL[2], &change), expected, "{change:?}");
    }
}

/// The calls of a durable removal that remove names or bring that to the disk, in their order.
fn durable_removal(strategy: AnyStrategy) -> Vec<String> {
    let all = calls(strategy, Durability::Power, &Change::Finalize);
    let removes = ["unlink", "open store", "fsync"];
    let wanted = |call: &String| removes.iter().any(|remove| call.starts_with(remove));
    all.into_iter().filter(wanted).collect()
}

#[test]
fn a_durable_removal_through_flock_brings_the_end_of_the_journal_to_the_disk_first() {
    let expected = [
        "unlink state.json.journal",
        "open store",
        "fsync",
        "unlink state.json",
        "open store",
        "fsync",
    ];
    assert_eq!(durable_removal(ALL[0]), expected);
}

#[test]
fn a_durable_removal_through_the_others_syncs_once_in_the_end() {
    let log = [
        "unlink state.log.spare",
        "unlink state.log",
        "open store",
        "fsync",
    ];
    assert_eq!(durable_removal(ALL[1]), log);
    let rename = [
        "unlink state.rename.json.spare",
        "unlink state.rename.json",
        "unlink state.rename.json.lock",
        "open store",
        "fsync",
    ];
    assert_eq!(durable_removal(ALL[2]), rename);
}

#[test]
fn nothing_is_synced_unless_power_loss_is_to_be_survived() {
    for strategy in ALL {
        for change in [SMALL, ADD, LARGE, Change::Finalize] {
            let calls = calls(strategy, Durability::Process, &change);
            assert!(!calls.iter().any(|call| call.contains("sync")), "{calls:?}");
        }
    }
}

/// Counts calls and the bytes that they transfer.
#[derive(Default)]
struct Meter {
    calls: Cell<usize>,
    bytes: Cell<usize>,
    published: Cell<usize>,
}

impl Watcher for &Meter {
    fn before(&self, _call: &Call<'_>) -> Way {
        Way::Through
    }

    fn after(&self, call: &Call<'_>, _error: Option<Errno>) {
        self.calls.set(self.calls.get() + 1);
        let bytes = match *call {
            Call::Pread { length, .. } => length,
            Call::Pwrite { bytes, .. } | Call::Append { bytes } => bytes.len(),
            _ => 0,
        };
        self.bytes.set(self.bytes.get() + bytes);
        let published = matches!(call.kind(), CallKind::Exchange | CallKind::Rename);
        self.published
            .set(self.published.get() + usize::from(published));
    }
}

/// What this many changes cost, after those that came before.
fn cost<K: Kernel>(store: &Store<Ledger, AnyStrategy, K>, meter: &Meter) -> (usize, usize) {
    meter.calls.set(0);
    meter.bytes.set(0);
    for _ in 0..2_000 {
        let outcome = ADD.made_in(store).expect("nothing is wrong");
        assert!(outcome.deferred.is_none());
    }
    (meter.calls.get(), meter.bytes.get())
}

#[test]
fn the_cost_of_apply_does_not_grow_with_the_number_of_changes() {
    for strategy in ALL {
        let scratch = Scratch::new();
        let meter = Meter::default();
        let kernel = Watched::new(Host, &meter);
        let store = Store::<Ledger, _, _>::with(scratch.store(), "state", strategy, kernel);
        let _clean = SMALL.made_in(&store).expect("nothing is wrong");
        let (first_calls, first_bytes) = cost(&store, &meter);
        let more: Vec<(usize, usize)> = (0..4).map(|_| cost(&store, &meter)).collect();
        for (calls, bytes) in more {
            // The compactions do not fall evenly into each round.
            assert!(
                calls * 10 <= first_calls * 11,
                "{strategy:?}: {calls} calls"
            );
            assert!(bytes * 2 <= first_bytes * 3, "{strategy:?}: {bytes} bytes");
        }
        if strategy.name() == "append-log" {
            assert!(meter.published.get() > 1, "it was never compacted");
        }
        let all = store.read().expect("a state").value;
        assert_eq!(all.totals.values().sum::<u64>(), 5 * 2_000 * 4);
    }
}
