//! When a log is compacted: at which length, how often it is tried, and how long it waits for those
//! who are appending. The lengths are those that the documentation of the strategy gives.

use crate::directory::Scratch;
use crate::ledger::{Change, Ledger};
use hookstate::kernel::{Call, Errno, FlockOperation, Host, Watched, Watcher, Way};
use hookstate::strategy::AppendLog;
use hookstate::{ErrorKind, Store};
use std::cell::Cell;
use std::rc::Rc;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// From this length on a log with a small base is compacted.
const DUE: u64 = 64 * KIB;
/// The longest log.
const LIMIT: u64 = 128 * MIB;

/// A log beside somebody who appends all the time, if anybody does.
struct Log {
    store: Store<Ledger, AppendLog, Watched<Host, Appender>>,
    beside: Appender,
    _scratch: Scratch,
}

/// Somebody who has a share in the lock whenever others want it for themselves, and counts how often
/// they do, and how often they pause.
#[derive(Clone, Default)]
struct Appender {
    appends: Rc<Cell<bool>>,
    tries: Rc<Cell<u32>>,
    pauses: Rc<Cell<u32>>,
}

impl Watcher for Appender {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock {
                operation: FlockOperation::TryExclusive,
            } if self.appends.get() => {
                self.tries.set(self.tries.get() + 1);
                return Way::Fail(Errno::WOULDBLOCK);
            }
            Call::Nanosleep { .. } => self.pauses.set(self.pauses.get() + 1),
            _ => {}
        }
        Way::Through
    }
}

/// What one change did besides being appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    None,
    /// It tried once to have the log for itself.
    AtOnce,
    /// It waited for that.
    Waiting,
}

impl Log {
    fn new(appends: bool) -> Self {
        let (beside, scratch) = (Appender::default(), Scratch::new());
        beside.appends.set(appends);
        let kernel = Watched::new(Host, beside.clone());
        Self {
            store: Store::with(scratch.store(), "state", AppendLog, kernel),
            beside,
            _scratch: scratch,
        }
    }

    fn length(&self) -> u64 {
        std::fs::metadata(self.store.path()).map_or(0, |log| log.len())
    }

    fn make(&self, change: Change) -> hookstate::Result<Attempt> {
        self.beside.tries.set(0);
        self.beside.pauses.set(0);
        let outcome = change.made_in(&self.store)?;
        assert!(outcome.recovery.is_none());
        let put_off = outcome.deferred.map(|error| error.kind());
        let attempt = match (self.beside.tries.get(), self.beside.pauses.get()) {
            (0, 0) => Attempt::None,
            (1, 0) => Attempt::AtOnce,
            _ => Attempt::Waiting,
        };
        // Whoever has waited in vain says so.
        let waited = (attempt == Attempt::Waiting).then_some(ErrorKind::LockTimeout);
        assert_eq!(put_off, waited);
        Ok(attempt)
    }

    /// Appends one record that makes the log exactly so long, unless it is compacted then.
    fn append_to(&self, length: u64) -> Attempt {
        let around = around_the_key();
        let key_bytes = usize::try_from(length - self.length() - around).expect("it fits");
        let attempt = self.make(Change::Add { key: 0, key_bytes });
        attempt.expect("there is room")
    }
}

/// How many bytes of a record are not those of the key.
fn around_the_key() -> u64 {
    let log = Log::new(false);
    let key_bytes = 10;
    let made = log.make(Change::Add { key: 0, key_bytes });
    assert_eq!(made.expect("there is room"), Attempt::None);
    log.length() - 10
}

#[test]
fn a_log_is_compacted_by_the_change_that_makes_it_64_kib_long() {
    for (length, is_compacted) in [(DUE - 1, false), (DUE, true), (DUE + 1, true)] {
        let log = Log::new(false);
        log.append_to(40_000);
        log.append_to(length);
        assert_eq!(log.length() != length, is_compacted, "{length}");
    }
}

/// So that one which is put off again and again does not cost every change.
#[test]
fn a_compaction_that_is_put_off_is_tried_again_after_a_sixteenth() {
    let log = Log::new(true);
    log.append_to(60_000);
    let part = DUE / 16;
    let mut tried = 0;
    for length in (60_500..90_000).step_by(500) {
        let before = log.length();
        let attempt = log.append_to(length);
        let is_due = length >= DUE && length / part > before / part;
        assert_eq!(attempt == Attempt::AtOnce, is_due, "{length}");
        tried += u32::from(is_due);
    }
    assert_eq!(tried, 6);
}

#[test]
fn a_log_with_a_large_base_is_compacted_when_it_is_twice_as_long() {
    let log = Log::new(false);
    log.append_to(1_000);
    let put = Change::Put {
        key: 1,
        bytes: 100_000,
    };
    let _ = log.make(put).expect("there is room");
    let base = log.length();
    log.beside.appends.set(true);
    let first = (base..).step_by(1_000).skip(1).find(|&length| {
        let attempt = log.append_to(length);
        attempt != Attempt::None
    });
    let first = first.expect("it is tried some time");
    let due = 2 * base;
    assert!((due - 100..due + due / 16 + 1_000).contains(&first));
}

#[test]
fn a_log_that_is_four_times_as_long_as_it_should_be_is_worth_waiting_for() {
    for (length, attempt) in [
        (4 * DUE - 1, Attempt::AtOnce),
        (4 * DUE, Attempt::Waiting),
        (4 * DUE + 1, Attempt::Waiting),
    ] {
        let log = Log::new(true);
        log.append_to(4 * DUE - 4 * KIB - 1);
        assert_eq!(log.append_to(length), attempt, "{length}");
    }
}

/// The one log of this size in all tests: 128 MiB behind a base of more than 32.
#[test]
fn a_log_at_its_limit_is_compacted_before_the_next_change() {
    let log = Log::new(false);
    log.append_to(1_000);
    let put = |key| Change::Put {
        key,
        bytes: 11 << 20,
    };
    for key in 1..=2 {
        let _ = log.make(put(key)).expect("there is room");
    }
    let base = log.length();
    assert!((33 * MIB..60 * MIB).contains(&base), "{base}");
    log.beside.appends.set(true);
    let refused = loop {
        let add = Change::Add {
            key: 0,
            key_bytes: 1_000_000,
        };
        let before = log.length();
        let attempt = match log.make(add) {
            Ok(attempt) => attempt,
            Err(error) => break error,
        };
        let after = log.length();
        let is_tried = after >= 64 * MIB && after / (4 * MIB) > before / (4 * MIB);
        let expected = match is_tried {
            false => Attempt::None,
            true if after < 96 * MIB => Attempt::AtOnce,
            true => Attempt::Waiting,
        };
        assert_eq!(attempt, expected, "from {before} to {after}");
    };
    // Nothing more goes in before the log has been compacted, and that takes the lock.
    assert_eq!(refused.kind(), ErrorKind::LockTimeout, "{refused}");
    assert!((LIMIT - 1_000_100..=LIMIT).contains(&log.length()));
    log.beside.appends.set(false);
    let small = Change::Add {
        key: 0,
        key_bytes: 1_000_000,
    };
    let _ = log.make(small).expect("it is compacted first");
    assert!(log.length() < base + 3 * MIB, "{}", log.length());
}
