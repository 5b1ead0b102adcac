//! The lock: waiting for it, losing it, and what goes without it.

use crate::directory::{Scratch, Snapshot};
use crate::ledger::{Change, Ledger};
use crate::machine::Machine;
use crate::watchers::Asks;
use hookstate::kernel::{
    Access, Call, CallKind, Errno, FlockOperation, Host, Kernel, OpenHow, Watched, Watcher, Way,
};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate::{ErrorKind, Outcome, Store};
use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

const PUT: Change = Change::Put { key: 7, bytes: 20 };
const ADD: Change = Change::Add {
    key: 7,
    key_bytes: 0,
};

fn store(scratch: &Scratch, strategy: AnyStrategy) -> Store<Ledger, AnyStrategy> {
    Store::with(scratch.store(), "state", strategy, Host)
}

/// A store in which one change was made, so that all its permanent files exist.
fn used(strategy: AnyStrategy) -> (Scratch, Store<Ledger, AnyStrategy>) {
    let scratch = Scratch::new();
    let store = store(&scratch, strategy);
    let _clean = PUT.made_in(&store).expect("nothing is wrong");
    (scratch, store)
}

/// The file whose lock covers the state.
fn lock_file(scratch: &Scratch, strategy: AnyStrategy) -> PathBuf {
    let mut path = store(scratch, strategy).path().into_os_string();
    if strategy.name() == "rename" {
        path.push(".lock");
    }
    path.into()
}

/// Takes the lock as another process would, through an open file description of its own.
fn hold(scratch: &Scratch, strategy: AnyStrategy, operation: FlockOperation) -> OwnedFd {
    let path = lock_file(scratch, strategy);
    let fd = Host
        .open(&path, OpenHow::existing(Access::ReadWrite))
        .expect("the lock file exists");
    Host.flock(&fd, operation).expect("nobody holds it");
    fd
}

#[test]
fn a_lock_timeout_names_the_file_the_time_and_the_holder() {
    for strategy in ALL {
        let (scratch, store) = used(strategy);
        let _held = hold(&scratch, strategy, FlockOperation::TryExclusive);
        let before = Snapshot::of(scratch.root());
        let store = store.lock_timeout(Duration::from_millis(20));
        let started = Host.clock_monotonic();
        let never = |_: &mut Ledger| -> () { panic!("the closure ran without the lock") };
        let errors = [
            store.locked_modify(never).map(|_| ()).unwrap_err(),
            ADD.made_in(&store).unwrap_err(),
            Change::Finalize.made_in(&store).unwrap_err(),
        ];
        let took = Host.clock_monotonic() - started;
        for error in errors {
            let text = error.to_string();
            let path = lock_file(&scratch, strategy);
            assert_eq!(error.kind(), ErrorKind::LockTimeout, "{text}");
            assert_eq!(error.path(), path);
            assert!(text.contains(&*path.to_string_lossy()), "{text}");
            let waited = error.waited().expect("a lock timeout knows");
            assert!(waited >= Duration::from_millis(20), "{waited:?}");
            assert!(waited <= took, "{waited:?} of {took:?}");
            assert!(
                text.contains(&format!("{} ms", waited.as_millis())),
                "{text}"
            );
            if cfg!(target_os = "linux") {
                assert_eq!(error.holder(), Some(std::process::id()), "{text}");
                assert!(text.contains(&std::process::id().to_string()), "{text}");
            }
        }
        assert_eq!(Snapshot::of(scratch.root()), before);
    }
}

#[test]
fn the_lock_is_taken_as_soon_as_the_holder_is_gone() {
    for strategy in ALL {
        let (scratch, _) = used(strategy);
        let held = RefCell::new(Some(hold(&scratch, strategy, FlockOperation::TryExclusive)));
        let watcher = DropsWhenRefused(&held);
        let kernel = Watched::new(Host, watcher);
        let store = Store::<Ledger, _, _>::with(scratch.store(), "state", strategy, kernel)
            .lock_timeout(Duration::from_secs(5));
        let outcome = ADD.made_in(&store).expect("the lock is free");
        assert_eq!(outcome.recovery, None);
        assert!(held.borrow().is_none(), "nobody waited for the lock");
        let ledger = store.read().expect("a state").value;
        assert_eq!(ledger, Ledger::of(&[PUT, ADD]), "{strategy:?}");
    }
}

/// Ends the holder of a lock when somebody else is refused it.
struct DropsWhenRefused<'a>(&'a RefCell<Option<OwnedFd>>);

impl Watcher for DropsWhenRefused<'_> {
    fn before(&self, _call: &Call<'_>) -> Way {
        Way::Through
    }

    fn after(&self, call: &Call<'_>, error: Option<Errno>) {
        if call.kind() == CallKind::Flock && error == Some(Errno::WOULDBLOCK) {
            self.0.take();
        }
    }
}

#[test]
fn readers_of_rename_and_the_append_log_need_no_lock_and_those_of_flock_share_it() {
    for strategy in ALL {
        let (scratch, store) = used(strategy);
        let store = store.lock_timeout(Duration::from_millis(5));
        let shared = hold(&scratch, strategy, FlockOperation::TryShared);
        assert_eq!(store.read().expect("shared").value, Ledger::of(&[PUT]));
        drop(shared);
        let _alone = hold(&scratch, strategy, FlockOperation::TryExclusive);
        match (strategy.name(), store.read()) {
            ("flock", Err(error)) => assert_eq!(error.kind(), ErrorKind::LockTimeout),
            ("flock", Ok(_)) => panic!("a read of flock went past the lock"),
            (_, read) => assert_eq!(read.expect("no lock").value, Ledger::of(&[PUT])),
        }
    }
}

#[test]
fn appenders_share_the_lock() {
    let strategy = AnyStrategy::named("append-log").expect("a strategy");
    let (scratch, store) = used(strategy);
    let store = store.lock_timeout(Duration::from_millis(5));
    let _shared = hold(&scratch, strategy, FlockOperation::TryShared);
    let _clean = ADD.made_in(&store).expect("shared");
    let error = PUT.made_in(&store).expect_err("not alone");
    assert_eq!(error.kind(), ErrorKind::LockTimeout);
    assert_eq!(
        store.read().expect("a state").value,
        Ledger::of(&[PUT, ADD])
    );
}

#[test]
fn a_panic_in_the_closure_writes_nothing_and_releases_the_lock() {
    for strategy in ALL {
        for used_before in [true, false] {
            let scratch = Scratch::new();
            let store = store(&scratch, strategy).lock_timeout(Duration::ZERO);
            let mut expected = Ledger::default();
            if used_before {
                let _clean = PUT.made_in(&store).expect("nothing is wrong");
                expected = Ledger::of(&[PUT]);
            }
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                store.locked_modify(|ledger| {
                    ADD.on(ledger);
                    std::panic::resume_unwind(Box::new("not today"));
                })
            }));
            assert!(panicked.is_err());
            assert_eq!(store.read().expect("a state").value, expected);
            let _clean = ADD.made_in(&store).expect("the lock is free");
            assert_eq!(store.read().expect("a state").value, expected.after(&ADD));
        }
    }
}

#[test]
fn a_refusal_writes_nothing() {
    for strategy in ALL {
        let (scratch, store) = used(strategy);
        let before = Snapshot::of(scratch.root());
        let refused: Outcome<Result<(), u8>> = store
            .try_locked_modify(|ledger| {
                ADD.on(ledger);
                Err(7)
            })
            .expect("a refusal is an answer");
        assert_eq!(refused.value, Err(7));
        assert_eq!(Snapshot::of(scratch.root()), before, "{strategy:?}");
    }
}

#[test]
fn threads_that_share_a_store_lose_nothing() {
    const THREADS: u8 = 8;
    const CHANGES: u8 = 100;
    for strategy in ALL {
        let scratch = Scratch::new();
        let store = store(&scratch, strategy).lock_timeout(Duration::from_secs(30));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let store = &store;
                scope.spawn(move || {
                    for nth in 0..CHANGES {
                        let outcome = match nth % 2 {
                            0 => store.locked_modify(|ledger| add_one(ledger, thread)),
                            _ => ADD.made_in(store),
                        };
                        assert_eq!(outcome.expect("a change").recovery, None);
                    }
                });
            }
        });
        let ledger = store.read().expect("a state").value;
        let each = u64::from(CHANGES / 2);
        for thread in 0..THREADS {
            let own = ledger.totals.get(&format!("thread {thread}"));
            assert_eq!(own, Some(&each), "{strategy:?}");
        }
        let applied = Ledger::of(&[ADD]).totals["7"] * each * u64::from(THREADS);
        assert_eq!(ledger.totals.get("7"), Some(&applied), "{strategy:?}");
    }
}

fn add_one(ledger: &mut Ledger, thread: u8) {
    *ledger.totals.entry(format!("thread {thread}")).or_default() += 1;
}

/// A change whose file is replaced between open and flock. The other file has one more change in
/// it. Gives back what is under the name in the end, and what should be.
fn replaced_before_flock(
    strategy: AnyStrategy,
    change: &Change,
    stale_name: bool,
) -> (Ledger, Ledger) {
    let (scratch, _) = used(strategy);
    let elsewhere = used(strategy).0;
    let one_more = Change::Add {
        key: 9,
        key_bytes: 0,
    };
    let _clean = one_more
        .made_in(&store(&elsewhere, strategy))
        .expect("nothing is wrong");
    let path = lock_file(&scratch, strategy);
    let opened = Host.stat(&path).expect("the file exists").identity;
    let replacement = RefCell::new(Some(lock_file(&elsewhere, strategy)));
    let watcher = Asks(|call: &Call<'_>| {
        if call.kind() == CallKind::Flock
            && let Some(replacement) = replacement.take()
        {
            std::fs::rename(replacement, &path).expect("rename");
        }
        Way::Through
    });
    let machine = Machine {
        every_name_is: stale_name.then_some(opened),
        ..Machine::default()
    };
    let kernel = Watched::new(machine, watcher);
    let overtaken = Store::<Ledger, _, _>::with(scratch.store(), "state", strategy, kernel);
    let outcome = change.made_in(&overtaken).expect("a change");
    assert_eq!(outcome.recovery, None);
    assert_eq!(replacement.take(), None, "it took no lock");
    let expected = match strategy.name() {
        // What was replaced is the lock file; the state is another file.
        "rename" => Ledger::of(&[PUT]).after(change),
        _ => Ledger::of(&[PUT, one_more]).after(change),
    };
    let found = store(&scratch, strategy).read().expect("a state").value;
    (found, expected)
}

#[test]
fn a_change_goes_to_the_file_that_has_the_name_when_the_lock_is_there() {
    for strategy in ALL {
        for change in [Change::Put { key: 8, bytes: 9 }, ADD] {
            let (found, expected) = replaced_before_flock(strategy, &change, false);
            assert_eq!(found, expected, "{strategy:?}, {change:?}");
        }
    }
}

/// The control of the test above: on a kernel that always says that the name is still right.
#[test]
fn a_change_is_lost_if_the_name_is_not_looked_at_again() {
    for strategy in ["flock", "append-log"] {
        let strategy = AnyStrategy::named(strategy).expect("a strategy");
        for change in [Change::Put { key: 8, bytes: 9 }, ADD] {
            let (found, expected) = replaced_before_flock(strategy, &change, true);
            assert_ne!(found, expected, "{strategy:?}, {change:?}");
        }
    }
}
