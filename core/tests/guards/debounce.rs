//! `Debounce`: the last event of a burst is acted on, also if the process that waits is killed or
//! hands its role on.

use crate::clock::Clocked;
use crate::meeting::scratch;
use crate::parts::patient;
use crate::twins::FlaggedDebounce;
use crate::workers::Worker;
use hookstate::guard::{AnyPath, Arrival, Debounce, Step, Waiter};
use hookstate::kernel::{
    Call, CallKind, Errno, FlockOperation, Host, Kernel, Watched, Watcher, Way,
};
use hookstate::strategy::{ALL, AppendLog, Flock};
use hookstate::{ErrorKind, Store};
use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

pub const QUIET: Duration = Duration::from_secs(5);
const SECOND: Duration = Duration::from_secs(1);

pub type Numbers<K> = Debounce<u32, Flock, K>;

pub fn debounce<K: Kernel>(directory: &Path, kernel: K) -> Numbers<K> {
    let store = Store::with(directory, "debounce", Flock, kernel).lock_timeout(Duration::ZERO);
    Debounce::over(store, QUIET)
}

fn event<K: Kernel>(debounce: &Numbers<K>, event: u32) -> Arrival<'_, u32, Flock, K> {
    debounce.event(event).expect("nothing is wrong").value
}

pub fn waiter<K: Kernel>(debounce: &Numbers<K>, number: u32) -> Waiter<'_, u32, Flock, K> {
    match event(debounce, number) {
        Arrival::Wait(waiter) => waiter,
        other => panic!("{other:?}"),
    }
}

fn merged<K: Kernel>(debounce: &Numbers<K>, number: u32) {
    let arrival = event(debounce, number);
    assert!(matches!(arrival, Arrival::Merged), "{arrival:?}");
}

fn step<K: Kernel>(waiter: &mut Waiter<'_, u32, Flock, K>) -> Step<u32> {
    waiter.step().expect("nothing is wrong").value
}

pub fn nothing_is_left<K: Kernel>(debounce: &Numbers<K>) -> bool {
    debounce
        .take_over()
        .expect("nothing is wrong")
        .value
        .is_none()
}

/// A debounce without an event, its clock, and where it is.
fn fresh() -> (Numbers<Clocked>, Clocked, TempDir) {
    let (scratch, clock) = (scratch(), Clocked::new());
    (debounce(scratch.path(), clock.clone()), clock, scratch)
}

/// Lets the waiter sleep for so long as it asks, which is a quiet time, and act on this event.
fn sleeps_and_acts(waiter: &mut Waiter<'_, u32, Flock, Clocked>, clock: &Clocked, event: u32) {
    assert_eq!(step(waiter), Step::Sleep(QUIET));
    clock.advance(QUIET);
    assert_eq!(step(waiter), Step::Act(event));
}

/// Where a process plays this role, which makes it wait, and is killed.
fn where_a_waiter_was_killed(role: &str) -> TempDir {
    let scratch = scratch();
    let dead = Worker::start(role, scratch.path(), 0);
    dead.expect("Wait");
    dead.kill();
    scratch
}

#[test]
fn the_last_event_is_acted_on_when_it_has_been_quiet() {
    let (debounce, clock, _scratch) = fresh();
    let mut one = waiter(&debounce, 1);
    assert_eq!(step(&mut one), Step::Sleep(QUIET));
    clock.advance(3 * SECOND);
    merged(&debounce, 2);
    assert_eq!(step(&mut one), Step::Sleep(QUIET));
    clock.advance(3 * SECOND);
    assert_eq!(step(&mut one), Step::Sleep(2 * SECOND));
    clock.advance(2 * SECOND);
    assert_eq!(step(&mut one), Step::Act(2));
    assert_eq!(step(&mut one), Step::Leave);
    assert!(nothing_is_left(&debounce));
    drop(waiter(&debounce, 3));
}

#[test]
fn an_event_during_the_action_is_acted_on_afterwards() {
    let (debounce, clock, _scratch) = fresh();
    let mut one = waiter(&debounce, 1);
    clock.advance(QUIET);
    assert_eq!(step(&mut one), Step::Act(1));
    clock.advance(SECOND);
    merged(&debounce, 2);
    sleeps_and_acts(&mut one, &clock, 2);
    assert_eq!(step(&mut one), Step::Leave);
    assert_eq!(step(&mut one), Step::Leave);
    assert!(nothing_is_left(&debounce));
}

#[test]
fn the_first_event_of_a_burst_is_acted_on_at_once_if_that_is_wanted() {
    let (debounce, clock, _scratch) = fresh();
    let debounce = debounce.leading_edge();
    let Arrival::Leading(mut leading) = event(&debounce, 1) else {
        panic!("it is the first one");
    };
    merged(&debounce, 2);
    sleeps_and_acts(&mut leading, &clock, 2);
    assert_eq!(step(&mut leading), Step::Leave);
    // That one was quiet for long enough before.
    let Arrival::Leading(mut leading) = event(&debounce, 3) else {
        panic!("it is the first one again");
    };
    // It was the only one: there is nothing at the trailing edge.
    assert_eq!(step(&mut leading), Step::Leave);
    // Not so long ago, so it belongs to the same burst.
    clock.advance(SECOND);
    let mut trailing = waiter(&debounce, 4);
    assert_eq!(step(&mut trailing), Step::Sleep(QUIET));
}

#[test]
fn a_leading_event_whose_process_is_killed_is_acted_on_by_the_next() {
    let (debounce, clock, _scratch) = fresh();
    let debounce = debounce.leading_edge();
    drop(event(&debounce, 1));
    let mut next = debounce.take_over().expect("an answer").value;
    let next = next.as_mut().expect("the first is still to be acted on");
    clock.advance(QUIET);
    assert_eq!(step(next), Step::Act(1));
    assert_eq!(step(next), Step::Leave);
}

#[test]
fn a_burst_without_end_is_acted_on_as_often_as_wanted() {
    let (debounce, clock, _scratch) = fresh();
    let debounce = debounce.act_within(3 * QUIET);
    let mut one = waiter(&debounce, 0);
    let mut acted = Vec::new();
    for second in 1..=40 {
        clock.advance(SECOND);
        merged(&debounce, second);
        // The next event comes before the action is over.
        if let Step::Act(event) = step(&mut one) {
            acted.push(event);
        }
    }
    assert_eq!(acted, [15, 30]);
}

#[test]
fn a_clock_that_is_set_back_delays_the_action_by_one_quiet_time() {
    let (debounce, clock, _scratch) = fresh();
    let mut one = waiter(&debounce, 1);
    clock.set_back(1_000 * QUIET);
    sleeps_and_acts(&mut one, &clock, 1);
    assert_eq!(step(&mut one), Step::Leave);
}

#[test]
fn the_blocking_form_sleeps_until_it_is_quiet_and_tells_who_acted() {
    let (scratch, clock) = (scratch(), Clocked::new());
    for leading in [false, true] {
        let mut debounce = debounce(scratch.path(), clock.clone());
        if leading {
            clock.advance(QUIET);
            debounce = debounce.leading_edge();
        }
        let (mut acted, before) = (Vec::new(), clock.clock_realtime());
        let outcome = debounce.act(1, |event| {
            acted.push(event);
            if acted.len() < 3 {
                let other = debounce.act(event + 1, |_| panic!("another has the role"));
                assert!(!other.expect("nothing is wrong").value);
            }
        });
        assert!(outcome.expect("nothing is wrong").value);
        assert_eq!(acted, [1, 2, 3]);
        let slept = clock.clock_realtime() - before;
        assert_eq!(slept, QUIET * if leading { 2 } else { 3 });
    }
}

#[test]
fn every_strategy_keeps_the_events_and_their_role() {
    for strategy in ALL {
        let (scratch, clock) = (scratch(), Clocked::new());
        let store = Store::with(scratch.path(), "debounce", strategy, clock.clone());
        let debounce = Debounce::over(store, QUIET);
        let mut acted = Vec::new();
        let outcome = debounce.act(1, |event| {
            acted.push(event);
            if event == 1 {
                let other = debounce.event(2).expect("nothing is wrong").value;
                assert!(matches!(other, Arrival::Merged), "{strategy:?}: {other:?}");
            }
        });
        assert!(outcome.expect("nothing is wrong").value);
        assert_eq!(acted, [1, 2], "{strategy:?}");
        let left = debounce.take_over().expect("nothing is wrong").value;
        assert!(left.is_none(), "{strategy:?}");
    }
}

#[test]
fn payloads_of_any_kind_come_out_as_they_went_in() {
    use std::os::unix::ffi::OsStrExt;
    let (scratch, clock) = (scratch(), Clocked::new());
    let odd = Path::new(std::ffi::OsStr::from_bytes(b"a\xff\n"));
    let store = Store::with(scratch.path(), "../../any name", Flock, clock.clone());
    let paths = Debounce::over(store, QUIET);
    let acted = paths.act(AnyPath::from(odd), |last| assert_eq!(last.as_ref(), odd));
    assert!(acted.expect("nothing is wrong").value);
    let json = serde_json::json!({"tool": "Edit", "nested": [1, null, "\u{0}"]});
    let store = Store::with(scratch.path(), "json", Flock, clock);
    let objects = Debounce::over(store, QUIET);
    let acted = objects.act(json.clone(), |last| assert_eq!(last, json));
    assert!(acted.expect("nothing is wrong").value);
}

#[test]
fn the_file_does_not_grow_with_the_events() {
    let (debounce, _clock, scratch) = fresh();
    let _waiter = waiter(&debounce, 0);
    for number in 1..300 {
        merged(&debounce, number);
    }
    let file = scratch.path().join("debounce.debounce.json");
    let length = std::fs::metadata(file).expect("the file").len();
    assert!(length < 300, "{length} bytes");
}

#[test]
fn where_there_was_no_event_nothing_is_taken_over_and_nothing_is_created() {
    let (debounce, _clock, scratch) = fresh();
    assert!(nothing_is_left(&debounce));
    assert_eq!(std::fs::read_dir(scratch.path()).expect("list").count(), 0);
}

// A process that waits is killed.

#[test]
fn an_event_after_the_waiter_was_killed_finds_somebody_who_acts() {
    let scratch = scratch();
    let dead = Worker::start("waiter", scratch.path(), 0);
    dead.expect("Wait");
    let debounce = Debounce::over(patient(scratch.path(), "debounce"), Duration::ZERO);
    merged(&debounce, 2);
    assert!(nothing_is_left(&debounce), "one waits still");
    dead.kill();
    let acted = RefCell::new(Vec::new());
    let outcome = debounce.act(3, |last| acted.borrow_mut().push(last));
    assert!(outcome.expect("nothing is wrong").value);
    assert_eq!(*acted.borrow(), [3]);
}

#[test]
fn what_a_killed_waiter_left_is_taken_over_without_another_event() {
    let scratch = where_a_waiter_was_killed("waiter");
    let debounce = Debounce::over(patient(scratch.path(), "debounce"), Duration::ZERO);
    let next = debounce.take_over().expect("nothing is wrong").value;
    let mut acted = Vec::new();
    let settled = next.expect("nobody waits").settle(|last| acted.push(last));
    assert_eq!(settled.expect("nothing is wrong").recovery, None);
    assert_eq!(acted, [1]);
    assert!(nothing_is_left(&debounce));
}

/// The control of the two tests above: a flag in the state that says that somebody waits.
#[test]
fn a_flag_of_a_killed_waiter_keeps_everybody_from_acting() {
    let scratch = where_a_waiter_was_killed("flagged-waiter");
    let debounce = FlaggedDebounce::over(scratch.path(), Host);
    assert!(
        !debounce.event(2).expect("nothing is wrong"),
        "somebody acts"
    );
}

// The role goes from one process to another.

#[test]
fn the_role_is_handed_to_a_child_as_its_standard_input() {
    let (debounce, _clock, scratch) = fresh();
    let fd = waiter(&debounce, 1).into_fd().expect("it has the role");
    merged(&debounce, 2);
    let child = Worker::start_with(fd.into(), "adopter", scratch.path(), 0);
    // The descriptor is the child's alone now.
    assert_eq!(child.finish(), ["2", "left"]);
    assert!(nothing_is_left(&debounce));
    drop(waiter(&debounce, 3));
}

#[test]
fn a_role_that_was_handed_to_a_child_which_is_killed_is_free() {
    let (debounce, _clock, scratch) = fresh();
    let fd = waiter(&debounce, 1).into_fd().expect("it has the role");
    let child = Worker::start_with(fd.into(), "burst-never-heard-of", scratch.path(), 0);
    child.kill();
    assert!(!nothing_is_left(&debounce));
    drop(waiter(&debounce, 2));
}

#[test]
fn only_the_descriptor_of_the_role_is_adopted() {
    let scratch = scratch();
    let debounce = debounce(scratch.path(), Host);
    let mut one = waiter(&debounce, 1);
    let open = |name: &str| -> OwnedFd {
        let file = std::fs::File::open(scratch.path().join(name));
        file.expect("the file is there").into()
    };
    // The same file, but not the same open file: somebody else has the lock.
    assert!(
        debounce
            .adopt(open("debounce.debounce.waiter"))
            .expect("an answer")
            .is_none()
    );
    assert!(
        debounce
            .adopt(open("debounce.debounce.json"))
            .expect("an answer")
            .is_none()
    );
    let (pipe, _writer) = std::io::pipe().expect("a pipe");
    let error = debounce.adopt(pipe.into()).expect_err("a pipe is no role");
    assert_eq!(error.kind(), ErrorKind::NotAStateFile);
    assert!(matches!(step(&mut one), Step::Sleep(_)));
}

/// The first file that is removed cannot be.
struct Unremovable(Cell<bool>);

impl Watcher for Unremovable {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Unlink { .. } if !self.0.replace(true) => Way::Fail(Errno::IO),
            _ => Way::Through,
        }
    }
}

#[test]
fn the_blocking_form_tells_of_what_the_window_of_the_event_could_not_do() {
    let scratch = scratch();
    let kernel = Watched::new(Clocked::new(), Unremovable(Cell::new(false)));
    let store = Store::with(scratch.path(), "debounce", AppendLog, kernel);
    let acted = Debounce::over(store, QUIET).act(1, |_| ());
    let acted = acted.expect("it is acted on all the same");
    let deferred = acted.deferred.expect("the spare of the event stays");
    assert_eq!(deferred.call(), Some(CallKind::Unlink));
}

/// The lock of the state is somebody else's so many times.
struct Busy<'a>(&'a Cell<usize>);

impl Watcher for Busy<'_> {
    fn before(&self, call: &Call<'_>) -> Way {
        let operation = FlockOperation::TryExclusive;
        match self.0.get().checked_sub(1) {
            Some(left) if *call == (Call::Flock { operation }) => {
                self.0.set(left);
                Way::Fail(Errno::WOULDBLOCK)
            }
            _ => Way::Through,
        }
    }
}

#[test]
fn a_waiter_does_not_give_up_as_soon_as_the_state_is_locked() {
    for (busy_times, settles) in [(39, true), (40, false)] {
        let (scratch, busy) = (scratch(), Cell::new(0));
        let kernel = Watched::new(Clocked::new(), Busy(&busy));
        let debounce = debounce(scratch.path(), kernel);
        let waiter = waiter(&debounce, 1);
        busy.set(busy_times);
        let mut acted = Vec::new();
        match waiter.settle(|event| acted.push(event)) {
            Ok(_) => assert!(settles && acted == [1], "{acted:?}"),
            Err(error) => assert!(!settles && error.kind() == ErrorKind::LockTimeout),
        }
        assert_eq!(nothing_is_left(&debounce), settles);
    }
}
