//! A line of a log is a record only if every character of its frame is right, and only where a
//! record of its kind can stand; and no delta is longer than 1 MiB.

use crate::directory::{Scratch, Snapshot};
use crate::ledger::{Add, Change, Ledger};
use crate::log_format::framed;
use hookstate::strategy::AppendLog;
use hookstate::{ErrorKind, Outcome, Recovery, State, Store, kernel::Host};

fn read(log: &[u8]) -> Outcome<Ledger> {
    try_read(log).expect("a damaged record stops no reader")
}

/// What a reader makes of a log with these bytes.
fn try_read(log: &[u8]) -> hookstate::Result<Outcome<Ledger>> {
    let scratch = Scratch::new();
    let store = Store::<Ledger, _>::with(scratch.store(), "state", AppendLog, Host);
    std::fs::create_dir(scratch.store()).expect("mkdir");
    std::fs::write(store.path(), log).expect("write");
    store.read()
}

fn base(amount: u64) -> Vec<u8> {
    let base = ledger(amount);
    framed(b's', &serde_json::to_vec(&base).expect("JSON"))
}

fn delta(amount: u64) -> Vec<u8> {
    framed(b'd', &serde_json::to_vec(&add(amount)).expect("JSON"))
}

fn add(amount: u64) -> Add {
    let key = "key".to_owned();
    Add { key, amount }
}

fn ledger(amount: u64) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.apply(&add(amount));
    ledger
}

fn skips_one(read: &Outcome<Ledger>) -> bool {
    let one = Recovery::Skipped {
        records: 1,
        moved_to: None,
    };
    read.recovery.as_ref() == Some(&one)
}

#[test]
fn a_base_counts_at_the_beginning_only() {
    let log = [&base(1)[..], b"\n", &delta(10)].concat();
    let whole = read(&log);
    assert_eq!((whole.value, whole.recovery), (ledger(11), None));
    let read = read(&[&log[..], b"\n", &base(100)].concat());
    assert!(skips_one(&read), "{:?}", read.recovery);
    assert_eq!(read.value, ledger(11));
}

#[test]
fn a_log_that_begins_with_a_delta_has_lost_its_base() {
    let whole = read(&[b"\n", &delta(10)[..]].concat());
    assert_eq!((whole.value, whole.recovery), (ledger(10), None));
    let error = try_read(&[&delta(10)[..], b"\n", &delta(1)].concat());
    assert_eq!(error.expect_err("no base").kind(), ErrorKind::Corrupt);
}

/// Also if the character that takes its place would be right elsewhere.
#[test]
fn a_frame_with_one_wrong_character_is_no_record() {
    const FRAME: usize = 20;
    for at in 0..FRAME {
        for wrong in *b"_01d " {
            let mut record = delta(10);
            if record[at] == wrong {
                continue;
            }
            record[at] = wrong;
            let read = read(&[b"\n", &record[..], b"\n", &delta(1)].concat());
            assert!(skips_one(&read), "{}", String::from_utf8_lossy(&record));
            assert_eq!(read.value, ledger(1));
        }
    }
}

#[test]
fn a_delta_of_more_than_one_mebibyte_is_refused() {
    let scratch = Scratch::new();
    let store = Store::<Ledger, _>::with(scratch.store(), "state", AppendLog, Host);
    let around = serde_json::to_vec(&Add {
        key: String::new(),
        amount: 1,
    });
    let longest = (1 << 20) - around.expect("JSON").len();
    let change = |key_bytes| Change::Add { key: 0, key_bytes };
    let made = change(longest).made_in(&store).expect("it is not too long");
    assert!(made.recovery.is_none());
    let before = Snapshot::of(scratch.root());
    let error = change(longest + 1).made_in(&store).expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert_eq!(Snapshot::of(scratch.root()), before);
}
