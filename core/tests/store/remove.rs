//! The end of a state: what is handed out when it is removed, and what comes later, have every change
//! between them exactly once.

use crate::directory::{Scratch, Snapshot, corpses, names};
use crate::ledger::{Add, Change, Ledger};
use crate::sweep::Swept;
use crate::watchers::{Asks, Notes};
use hookstate::kernel::{
    Call, CallKind, Ceased, DieAtNth, Ending, Errno, FailNth, Fault, Host, Kernel, Traced, Watched,
    Watcher, Way,
};
use hookstate::strategy::{ALL, AnyStrategy, Flock, Strategy};
use hookstate::{Durability, ErrorKind, Recovery, State, Store};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub const SMALL: Change = Change::Put { key: 1, bytes: 100 };
const LARGE: Change = Change::Put {
    key: 2,
    bytes: 9_000,
};
const ADD: Change = Change::Add {
    key: 3,
    key_bytes: 0,
};
const BOTH: [Durability; 2] = [Durability::Process, Durability::Power];

fn store<S: Strategy>(scratch: &Scratch, strategy: S) -> Store<Ledger, S> {
    on(scratch, strategy, Host)
}

fn on<S: Strategy, K: Kernel>(scratch: &Scratch, strategy: S, kernel: K) -> Store<Ledger, S, K> {
    Store::with(scratch.store(), "state", strategy, kernel).lock_timeout(Duration::from_secs(30))
}

fn used<S: Strategy + Copy>(strategy: S, history: &[Change]) -> Scratch {
    let scratch = Scratch::in_memory();
    for change in history {
        let _clean = change
            .made_in(&store(&scratch, strategy))
            .expect("nothing is wrong");
    }
    scratch
}

#[test]
fn the_state_is_handed_out_once_and_nothing_is_left_of_it() {
    for strategy in ALL {
        for durability in BOTH {
            let scratch = used(strategy, &[SMALL, LARGE, ADD, SMALL]);
            let store = store(&scratch, strategy).durability(durability);
            let expected = store.read().expect("a state").value;
            let first = store.remove(|ledger| ledger).expect("a removal");
            assert_eq!((first.value, first.recovery), (Some(expected), None));
            assert!(names(&scratch.store()).is_empty(), "{strategy:?}");
            let never = |_| -> () { panic!("there was no state") };
            assert_eq!(store.remove(never).expect("an answer").value, None);
            assert_eq!(store.read().expect("a state").value, Ledger::default());
            let _clean = ADD.made_in(&store).expect("a new state");
            assert_eq!(store.read().expect("a state").value, Ledger::of(&[ADD]));
        }
    }
}

#[test]
fn a_removal_where_nothing_is_creates_nothing() {
    for strategy in ALL {
        for durability in BOTH {
            let scratch = Scratch::new();
            let store = store(&scratch, strategy).durability(durability);
            assert_eq!(store.remove(drop).expect("an answer").value, None);
            assert!(names(scratch.root()).is_empty(), "{strategy:?}");
            fs::create_dir(scratch.store()).expect("mkdir");
            assert_eq!(store.remove(drop).expect("an answer").value, None);
            assert!(names(&scratch.store()).is_empty(), "{strategy:?}");
        }
    }
}

/// What was created and not written yet, as by a change that was refused, is no state.
#[test]
fn a_file_that_nobody_has_written_is_removed_and_no_state() {
    for strategy in ALL {
        let scratch = Scratch::new();
        let store = store(&scratch, strategy);
        let refused = store.try_locked_modify(|_| Err::<(), u8>(7));
        assert_eq!(refused.expect("an answer").value, Err(7));
        assert!(!names(&scratch.store()).is_empty(), "{strategy:?}");
        assert_eq!(store.remove(drop).expect("an answer").value, None);
        assert!(names(&scratch.store()).is_empty(), "{strategy:?}");
    }
}

#[test]
fn a_state_whose_removal_is_refused_or_panics_is_left_as_it_is() {
    for strategy in ALL {
        let scratch = used(strategy, &[SMALL, LARGE, ADD]);
        let store = store(&scratch, strategy).lock_timeout(Duration::ZERO);
        let expected = store.read().expect("a state").value;
        let before = Snapshot::of(scratch.root());
        let refused = store.try_remove(Err::<(), Ledger>).expect("an answer");
        assert_eq!(refused.value.as_ref(), Err(&expected));
        let panics = |_| -> () { std::panic::resume_unwind(Box::new("not today")) };
        let panicked = catch_unwind(AssertUnwindSafe(|| store.remove(panics)));
        assert!(panicked.is_err());
        assert_eq!(Snapshot::of(scratch.root()), before, "{strategy:?}");
        let removed = store.remove(|ledger| ledger).expect("the lock is free");
        assert_eq!(removed.value, Some(expected));
    }
}

/// Everybody else is kept out as long as the closure has not returned.
#[test]
fn the_lock_is_held_while_the_state_is_handed_out() {
    for strategy in ALL {
        let scratch = used(strategy, &[SMALL]);
        let other = store(&scratch, strategy).lock_timeout(Duration::ZERO);
        let tried = store(&scratch, strategy).remove(|_| {
            [SMALL, ADD, Change::Finalize].map(|change| change.made_in(&other).map(|_| ()))
        });
        for attempt in tried.expect("a removal").value.expect("a state") {
            let error = attempt.expect_err("the state is being removed");
            assert_eq!(error.kind(), ErrorKind::LockTimeout, "{strategy:?}");
        }
    }
}

/// In a removal that ceases, or fails, at each of its calls in turn: once the state is gone it has
/// been handed out whole, and as long as it is there the next removal hands it out.
pub fn handed_out_at_least_once<S: Strategy + Copy>(
    strategy: S,
    last: Change,
) -> Result<Swept, String> {
    let history = [SMALL, last];
    let Swept(deaths) = each(strategy, &history, |nth| DieAtNth::new(nth, Ending::Unwind))?;
    let mut swept = deaths;
    for errno in [Errno::IO, Errno::NOSPC, Errno::MFILE, Errno::ROFS] {
        let fault = Fault::Errno(errno);
        let Swept(failures) = each(strategy, &history, |nth| FailNth::new(nth, fault))?;
        swept += failures;
    }
    Ok(Swept(swept))
}

/// Removes the state with this fault at each call in turn, until a run stays untouched.
fn each<S: Strategy + Copy, W: Watcher + Clone>(
    strategy: S,
    history: &[Change],
    watcher: impl Fn(usize) -> W,
) -> Result<Swept, String> {
    let before = used(strategy, history);
    for nth in 0.. {
        let notes = Notes::new(watcher(nth));
        let attempt = Attempt::of(&before.copy(), strategy, notes.clone())?;
        attempt.judge(&Ledger::of(history))?;
        if notes.hits().is_empty() {
            return Ok(Swept(nth));
        }
    }
    unreachable!("a removal makes a finite number of calls")
}

/// A removal that something happened to, and the next one.
#[derive(Debug)]
struct Attempt {
    /// Whether it was acknowledged.
    done: bool,
    /// What was handed out, by it and by the next.
    handed_out: Vec<Ledger>,
    /// Whether the next found the state.
    was_there: bool,
}

impl Attempt {
    fn of<S: Strategy + Copy, W: Watcher>(
        scratch: &Scratch,
        strategy: S,
        watcher: W,
    ) -> Result<Self, String> {
        let handed_out = RefCell::new(Vec::new());
        let take = |ledger| handed_out.borrow_mut().push(ledger);
        let disturbed = on(scratch, strategy, Watched::new(Host, watcher));
        let done = match catch_unwind(AssertUnwindSafe(|| disturbed.remove(take))) {
            Ok(removed) => removed.is_ok(),
            Err(payload) if payload.is::<Ceased>() => false,
            Err(payload) => resume_unwind(payload),
        };
        let next = store(scratch, strategy).remove(take);
        let next = next.map_err(|error| format!("the next removal: {error:?}"))?;
        let was_there = next.value.is_some();
        Ok(Self {
            done,
            handed_out: handed_out.into_inner(),
            was_there,
        })
    }

    fn judge(&self, expected: &Ledger) -> Result<(), String> {
        let whole = |ledger: &Ledger| ledger == expected;
        if self.handed_out.is_empty() || !self.handed_out.iter().all(whole) {
            return Err(format!("the state is lost or not whole: {self:?}"));
        }
        if self.done && (self.was_there || self.handed_out.len() > 1) {
            return Err(format!("it was acknowledged and is there: {self:?}"));
        }
        Ok(())
    }
}

#[test]
fn a_state_is_handed_out_before_it_is_gone_wherever_the_removal_fails_or_is_killed() {
    for strategy in ALL {
        for last in [SMALL, LARGE, ADD] {
            let Swept(runs) = handed_out_at_least_once(strategy, last).unwrap();
            assert!(runs > 20, "{strategy:?}: {runs} runs");
        }
    }
}

/// Another process makes these changes, and a removal, between any two calls of a removal; and the
/// other way round.
pub fn nothing_falls_between<S: Strategy + Copy>(strategy: S) -> Result<Swept, String> {
    let mut swept = 0;
    for history in [vec![SMALL], vec![SMALL, LARGE], vec![]] {
        let meetings = [
            (Change::Finalize, vec![named(4)]),
            (Change::Finalize, vec![named(4), Change::Finalize, named(5)]),
            (Change::Finalize, vec![put(4, 20), put(5, 9_000)]),
            (named(6), vec![Change::Finalize]),
            (put(6, 20), vec![Change::Finalize, named(4)]),
            (put(6, 9_000), vec![put(4, 20), Change::Finalize]),
        ];
        for (one, other) in meetings {
            let before = used(strategy, &history);
            let Swept(runs) = meet(strategy, &before, &history, one, &other)?;
            swept += runs;
        }
    }
    Ok(Swept(swept))
}

fn named(key: u8) -> Change {
    Change::Add { key, key_bytes: 0 }
}

fn put(key: u8, bytes: usize) -> Change {
    Change::Put { key, bytes }
}

/// The changes that were acknowledged and the states that were handed out.
#[derive(Debug, Default)]
struct Books {
    made: Vec<Change>,
    handed_out: Vec<Ledger>,
}

impl Books {
    /// Makes the change, unless the other holds the lock, for whom there is no waiting.
    fn make<S: Strategy, K: Kernel>(&mut self, change: Change, store: &Store<Ledger, S, K>) {
        let made = match change {
            Change::Finalize => store
                .remove(|ledger| self.handed_out.push(ledger))
                .map(|outcome| outcome.recovery),
            _ => change.made_in(store).map(|outcome| {
                self.made.push(change);
                outcome.recovery
            }),
        };
        match made {
            Ok(recovery) => assert_eq!(recovery, None, "nothing was damaged"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::LockTimeout, "{error:?}"),
        }
    }

    /// Each change once, in one of the states that were handed out or in what is left.
    fn balance(&self, left: Ledger) -> Result<(), String> {
        let states: Vec<&Ledger> = self.handed_out.iter().chain([&left]).collect();
        for change in &self.made {
            let times: u64 = states.iter().map(|ledger| times(ledger, change)).sum();
            if times != 1 {
                return Err(format!("{change:?} is there {times} times: {states:?}"));
            }
        }
        let all: u64 = states.iter().map(|ledger| changes_in(ledger)).sum();
        match all == self.made.len() as u64 {
            true => Ok(()),
            false => Err(format!("{all} changes, made were {:?}", self.made)),
        }
    }
}

/// How often the change is in the ledger. An addition has the amount by which its key is known.
fn times(ledger: &Ledger, change: &Change) -> u64 {
    let alone = Ledger::of(&[*change]);
    let texts = alone.texts.keys();
    let puts = texts.filter(|key| ledger.texts.contains_key(*key)).count() as u64;
    let adds = alone.totals.iter().map(|(key, amount)| {
        let total = ledger.totals.get(key).copied().unwrap_or(0);
        total / amount
    });
    puts + adds.sum::<u64>()
}

fn changes_in(ledger: &Ledger) -> u64 {
    let keys = (1..10).flat_map(|key| [named(key), put(key, 0)]);
    keys.map(|change| times(ledger, &change)).sum()
}

fn meet<S: Strategy + Copy>(
    strategy: S,
    before: &Scratch,
    history: &[Change],
    one: Change,
    other: &[Change],
) -> Result<Swept, String> {
    for nth in 0.. {
        let scratch = before.copy();
        let at_once = store(&scratch, strategy).lock_timeout(Duration::ZERO);
        let calls = Cell::new(0);
        let theirs = RefCell::new(Books::default());
        let watcher = Asks(|_: &Call<'_>| {
            if calls.replace(calls.get() + 1) == nth {
                for change in other {
                    theirs.borrow_mut().make(*change, &at_once);
                }
            }
            Way::Through
        });
        let mut books = Books {
            made: history.to_vec(),
            ..Books::default()
        };
        books.make(one, &on(&scratch, strategy, Watched::new(Host, watcher)));
        let theirs = theirs.into_inner();
        books.made.extend(theirs.made);
        books.handed_out.extend(theirs.handed_out);
        let left = store(&scratch, strategy).read().expect("a state").value;
        books
            .balance(left)
            .map_err(|what| format!("{one:?} meets {other:?} before call {nth}: {what}"))?;
        if calls.get() <= nth {
            return Ok(Swept(nth));
        }
    }
    unreachable!("a change makes a finite number of calls")
}

#[test]
fn no_change_falls_between_a_removal_and_the_next_state() {
    for strategy in ALL {
        let Swept(runs) = nothing_falls_between(strategy).unwrap();
        assert!(runs > 100, "{strategy:?}: {runs} runs");
    }
}

const CHANGERS: usize = 8;
/// So many states are removed while the others change them.
const REMOVALS_MIN: usize = 40;

/// Each with a store of its own, so that their locks keep them apart as they do processes. Two
/// remove the state over and over, for as long as the others change it.
#[test]
fn changes_beside_removals_without_a_pause_are_each_in_exactly_one_state() {
    for strategy in ALL {
        let crowd = Crowd {
            scratch: Scratch::in_memory(),
            strategy,
            removals: AtomicUsize::new(0),
            at_work: AtomicUsize::new(CHANGERS),
        };
        let (made, mut states) = std::thread::scope(|scope| {
            let removers = [0, 1].map(|_| scope.spawn(|| crowd.remove()));
            let changers = std::array::from_fn::<_, CHANGERS, _>(|changer| {
                let crowd = &crowd;
                scope.spawn(move || crowd.change(changer))
            });
            let made = changers.map(|changer| changer.join().expect("it does not panic"));
            let states = removers.map(|remover| remover.join().expect("it does not panic"));
            (made, states.concat())
        });
        let left = store(&crowd.scratch, strategy).read().expect("a state");
        states.push(left.value);
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for (key, times) in states.into_iter().flat_map(|state| state.totals) {
            *found.entry(key).or_default() += times;
        }
        let keys = made.iter().enumerate();
        let once = keys.flat_map(|(by, &made)| (0..made).map(move |nth| (key(by, nth), 1)));
        assert_eq!(found, once.collect(), "{strategy:?}");
    }
}

struct Crowd {
    scratch: Scratch,
    strategy: AnyStrategy,
    /// How many states were handed out so far.
    removals: AtomicUsize,
    /// How many are still changing.
    at_work: AtomicUsize,
}

impl Crowd {
    /// Gives back all states that were handed out.
    fn remove(&self) -> Vec<Ledger> {
        let store = store(&self.scratch, self.strategy);
        let mut states = Vec::new();
        while self.at_work.load(Ordering::Relaxed) > 0 {
            let outcome = store.remove(|ledger| ledger).expect("a removal");
            assert_eq!(outcome.recovery, None);
            assert!(outcome.deferred.is_none());
            if let Some(state) = outcome.value {
                states.push(state);
                self.removals.fetch_add(1, Ordering::Relaxed);
            }
        }
        states
    }

    /// Changes until there were enough removals, and tells how often.
    fn change(&self, changer: usize) -> usize {
        let store = store(&self.scratch, self.strategy);
        let mut made = 0;
        while made < 50 || self.removals.load(Ordering::Relaxed) < REMOVALS_MIN {
            let add = Add {
                key: key(changer, made),
                amount: 1,
            };
            let outcome = match made % 2 {
                0 => store.apply(&add),
                _ => store.locked_modify(|ledger| ledger.apply(&add)),
            };
            assert_eq!(outcome.expect("a change").recovery, None);
            made += 1;
        }
        self.at_work.fetch_sub(1, Ordering::Relaxed);
        made
    }
}

fn key(changer: usize, nth: usize) -> String {
    format!("{changer}-{nth}")
}

#[test]
fn what_is_left_of_a_damaged_state_is_handed_out_and_the_copy_stays() {
    for strategy in ALL {
        let scratch = used(strategy, &[SMALL, ADD, SMALL]);
        let store = store(&scratch, strategy);
        let mut content = fs::read(store.path()).expect("read");
        let damaged_at = content.iter().position(|&byte| byte == b'{').expect("JSON");
        content[damaged_at] = b'#';
        fs::write(store.path(), &content).expect("write");
        let removed = store.remove(|ledger| ledger).expect("a removal");
        let (value, moved_to) = match (strategy.name(), removed.recovery) {
            ("flock", Some(Recovery::MovedAside { moved_to })) => (None, moved_to),
            // The base held all of it.
            ("append-log", Some(Recovery::MovedAside { moved_to })) => (None, moved_to),
            // The version before.
            ("rename", Some(Recovery::Restored { moved_to })) => {
                (Some(Ledger::of(&[SMALL, ADD])), moved_to)
            }
            (_, other) => panic!("{strategy:?}: {other:?}"),
        };
        assert_eq!(removed.value, value, "{strategy:?}");
        assert_eq!(fs::read(&moved_to).expect("a copy"), content);
        assert_eq!(corpses(&scratch.store()), [moved_to]);
        assert_eq!(names(&scratch.store()).len(), 1, "{strategy:?}");
    }
}

#[test]
fn the_whole_records_of_a_damaged_log_are_handed_out() {
    let log = AnyStrategy::named("append-log").expect("a strategy");
    let scratch = used(log, &[SMALL, ADD, named(4)]);
    let store = store(&scratch, log);
    let mut content = fs::read(store.path()).expect("read");
    content[0] = b'#';
    fs::write(store.path(), &content).expect("write");
    let removed = store.remove(|ledger| ledger).expect("a removal");
    assert_eq!(removed.value, Some(Ledger::of(&[ADD, named(4)])));
    assert!(matches!(
        removed.recovery,
        Some(Recovery::MovedAside { .. })
    ));
}

#[test]
fn a_log_of_another_version_is_not_removed() {
    #[derive(Default, serde::Serialize, serde::Deserialize)]
    struct Other(u64);
    impl State for Other {
        type Delta = u64;
        fn apply(&mut self, more: &u64) {
            self.0 += more;
        }
    }
    let log = AnyStrategy::named("append-log").expect("a strategy");
    let scratch = used(log, &[SMALL, ADD]);
    let other = Store::<Other, _>::with(scratch.store(), "state", log, Host);
    let before = Snapshot::of(scratch.root());
    let never = |_| -> () { panic!("it is not understood") };
    let error = other.remove(never).expect_err("it is not understood");
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    assert_eq!(Snapshot::of(scratch.root()), before);
}

/// A write that is complete in the journal comes out with the removal, and never into a later state,
/// also if the data file alone was deleted meanwhile.
#[test]
fn a_write_that_was_interrupted_is_completed_before_the_state_is_handed_out() {
    for deleted in [false, true] {
        let mut interrupted = 0;
        for nth in 0.. {
            let scratch = used(Flock, &[SMALL]);
            let dying = Watched::new(Host, DieAtNth::new(nth, Ending::Unwind));
            let killed = on(&scratch, Flock, dying);
            if catch_unwind(AssertUnwindSafe(|| LARGE.made_in(&killed))).is_ok() {
                break;
            }
            let journal = scratch.store().join("state.json.journal");
            let header = fs::read(&journal).unwrap_or_default();
            if header.iter().take(36).any(|&byte| byte != 0) {
                interrupted += 1;
                if deleted {
                    fs::remove_file(killed.path()).expect("unlink");
                }
                completed_and_removed(&scratch);
            }
        }
        assert!(interrupted > 1, "{interrupted} writes were interrupted");
    }
}

fn completed_and_removed(scratch: &Scratch) {
    let store = store(scratch, Flock);
    let removed = store.remove(|ledger| ledger).expect("a removal");
    assert_eq!(removed.value, Some(Ledger::of(&[SMALL, LARGE])));
    assert!(names(&scratch.store()).iter().all(is_copy));
    let _clean = ADD.made_in(&store).expect("a new state");
    assert_eq!(store.read().expect("a state").value, Ledger::of(&[ADD]));
}

/// What replaces the data file that was deleted is not what the journal knows.
fn is_copy(name: &OsString) -> bool {
    name.to_string_lossy().contains(".corrupt-")
}

/// The lock file alone is gone, as after somebody tidied up: the state is still removed.
#[test]
fn a_state_without_its_lock_file_is_handed_out() {
    let rename = AnyStrategy::named("rename").expect("a strategy");
    let scratch = used(rename, &[SMALL, ADD]);
    fs::remove_file(scratch.store().join("state.rename.json.lock")).expect("unlink");
    let removed = store(&scratch, rename).remove(|ledger| ledger);
    assert_eq!(
        removed.expect("a removal").value,
        Some(Ledger::of(&[SMALL, ADD]))
    );
    assert!(names(&scratch.store()).is_empty());
}

/// A process that was killed between the removal and its sync leaves the end of the state in the page
/// cache. Whoever is told then that there is no state can rely on it.
#[test]
fn a_durable_removal_of_nothing_syncs_that_there_is_nothing() {
    for strategy in ALL {
        let scratch = used(strategy, &[SMALL]);
        let calls = Traced::new();
        let kernel = Watched::new(Host, calls.clone());
        let store = on(&scratch, strategy, kernel).durability(Durability::Power);
        let _removed = store.remove(drop).expect("a removal");
        calls.clear();
        assert_eq!(store.remove(drop).expect("an answer").value, None);
        assert!(calls.kinds().contains(&CallKind::Fsync), "{strategy:?}");
    }
}

/// The state is gone, and whoever comes next uses the lock file that is left.
#[test]
fn a_lock_file_that_cannot_be_removed_is_reported_and_used_again() {
    let rename = AnyStrategy::named("rename").expect("a strategy");
    let scratch = used(rename, &[SMALL, ADD]);
    let stuck = Asks(|call: &Call<'_>| match call {
        Call::Unlink { path } if path.ends_with("state.rename.json.lock") => Way::Fail(Errno::IO),
        _ => Way::Through,
    });
    let removed = on(&scratch, rename, Watched::new(Host, stuck)).remove(|ledger| ledger);
    let removed = removed.expect("the state is gone");
    assert_eq!(removed.value, Some(Ledger::of(&[SMALL, ADD])));
    let deferred = removed.deferred.expect("the lock file is there");
    assert_eq!(deferred.call(), Some(CallKind::Unlink));
    let store = store(&scratch, rename);
    assert_eq!(store.remove(drop).expect("an answer").value, None);
    assert!(names(&scratch.store()).is_empty());
}
