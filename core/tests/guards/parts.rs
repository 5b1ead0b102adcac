//! The roles that workers play.

use crate::burst;
use crate::clock::Clocked;
use crate::twins::{Counter, FlaggedDebounce};
use crate::workers::{LIMIT, hear, say};
use hookstate::guard::{
    Added, Admission, AnyPath, CircuitBreaker, Debounce, Once, Pending, RateLimit, Slot, Slots,
    Turn,
};
use hookstate::kernel::Host;
use hookstate::strategy::Flock;
use hookstate::{State, Store};
use std::ffi::OsString;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often each worker asks the rate limit.
pub const ASKS: usize = 20;
/// How many of them it may be answered, of all.
pub const TURNS: usize = 50;
/// How many paths each producer adds.
pub const PATHS: usize = 25;
/// After how many of them it says so.
pub const PATHS_IN_A_ROW: usize = 5;
/// How often each worker goes through a slot.
pub const PASSES: usize = 20;

pub fn play(role: &str, directory: &Path, number: usize) {
    match role {
        "once" => ask_once(directory),
        "limit" => ask_for_turns(directory),
        "probe" => ask_for_a_probe(directory),
        "looks-then-takes" => look_then_take(directory, 1),
        "looks-then-takes-one-of-five" => look_then_take(directory, 5),
        "slot" => hold_a_slot(directory, number),
        "counted-slot" => hold_a_counted_slot(directory, number),
        "passer" => pass_through_slots(directory, number),
        "producer" => produce(directory, number),
        "taker" => take(directory),
        "looking-taker" => take_in_two_windows(directory),
        "slow-taker" => take_slowly(directory),
        "waiter" => wait(directory),
        "flagged-waiter" => wait_flagged(directory),
        "adopter" => adopt(directory),
        burst if burst.starts_with("burst") => burst::take_part(burst, directory, number),
        unknown => panic!("nobody knows the role {unknown}"),
    }
}

/// A store that waits as long as a busy machine may take.
pub fn patient<T: State>(directory: &Path, name: &str) -> Store<T> {
    Store::new(directory, name).lock_timeout(LIMIT)
}

fn ready() {
    say("ready");
    let _go = hear();
}

fn ask_once(directory: &Path) {
    let once = Once::over(patient(directory, "once"), LIMIT);
    ready();
    say(usize::from(once.first("key").expect("an answer").value));
}

fn ask_for_turns(directory: &Path) {
    let limit = RateLimit::over(patient(directory, "limit"), TURNS, 60 * LIMIT);
    ready();
    let turns = (0..ASKS).filter(|_| limit.turn().expect("an answer").value == Turn::Now);
    say(turns.count());
}

pub fn half_open(directory: &Path) -> CircuitBreaker {
    CircuitBreaker::over(patient(directory, "breaker"))
        .failures(1)
        .cool_down(Duration::ZERO)
        .probe_timeout(60 * LIMIT)
}

fn ask_for_a_probe(directory: &Path) {
    let breaker = half_open(directory);
    ready();
    let admission = breaker.admit().expect("an answer").value;
    say(usize::from(matches!(admission, Admission::Granted(_))));
}

fn look_then_take(directory: &Path, most: usize) {
    let counter = Counter::over(directory, Host, LIMIT);
    let is_free = counter.look().expect("a number") < most;
    ready();
    if is_free {
        counter.take().expect("it is written");
    }
    say(usize::from(is_free));
}

/// Tries to get in whenever it is told so; holds the slot until it is told otherwise.
fn hold_a_slot(directory: &Path, number: usize) {
    let slots = Slots::new(directory, "slots", 3);
    // The last one is let go before the next one is asked for, and none when there are no more orders.
    let mut held: Option<Slot<'_>> = None;
    while let Some(order) = hear() {
        note(directory, false, number);
        drop(held);
        held = match order.as_str() {
            "leave" => None,
            _ => slots.try_acquire().expect("an answer"),
        };
        if held.is_some() {
            note(directory, true, number);
        }
        say(usize::from(held.is_some()));
    }
}

/// The same with a counter: looks, and when it is told once more, goes in.
fn hold_a_counted_slot(directory: &Path, number: usize) {
    let counter = Counter::over(directory, Host, LIMIT);
    let is_free = counter.look().expect("a number") < 3;
    ready();
    if is_free {
        counter.take().expect("it is written");
    }
    note(directory, is_free, number);
    say(usize::from(is_free));
    let _end = hear();
}

fn pass_through_slots(directory: &Path, number: usize) {
    let slots = Slots::new(directory, "slots", 3);
    ready();
    for _ in 0..PASSES {
        let slot = slots.acquire_within(LIMIT).expect("an answer");
        let _slot = slot.expect("a slot becomes free in time");
        note(directory, true, number);
        std::thread::yield_now();
        note(directory, false, number);
    }
    say(PASSES);
}

/// Writes down who is in and who is not, in the order in which that is so: after going in, and before
/// coming out.
fn note(directory: &Path, inside: bool, number: usize) {
    let sign = if inside { '+' } else { '-' };
    append(&directory.join("passes"), &format!("{sign}{number}\n"));
}

/// One write, at the end of the file.
pub fn append(file: &Path, line: &str) {
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .expect("the log opens");
    log.write_all(line.as_bytes()).expect("there is room");
}

/// Every third of the paths is no UTF-8.
pub fn path(producer: usize, nth: usize) -> PathBuf {
    let mut name = format!("src/{producer}/{nth}").into_bytes();
    if nth.is_multiple_of(3) {
        name.push(0xff);
    }
    OsString::from_vec(name).into()
}

fn produce(directory: &Path, number: usize) {
    let queue = Pending::over(patient(directory, "queue"));
    for nth in 0..PATHS {
        let added = queue.add(path(number, nth)).expect("an answer");
        assert_eq!(added.value, Added::New);
        if (nth + 1).is_multiple_of(PATHS_IN_A_ROW) {
            say("more");
        }
    }
}

/// Takes batches until the queue is empty, and again when it is told that there is more.
fn take(directory: &Path) {
    let queue = Pending::over(patient(directory, "queue"));
    let mut more = true;
    loop {
        let batch = queue.take(7).expect("an answer").value;
        batch.iter().for_each(|path| tell(path));
        if batch.is_empty() {
            if !more {
                return;
            }
            more = hear().is_some();
        }
    }
}

/// Looks what there is, and when it is told so, takes what it saw.
fn take_in_two_windows(directory: &Path) {
    let queue = Pending::over(patient(directory, "queue"))
        // So that to take is only to look: the batch is back at once.
        .confirm_within(Duration::ZERO);
    let seen = queue.take_to_confirm(7).expect("an answer").value;
    let seen = seen.expect("there is something");
    ready();
    seen.paths().iter().for_each(|path| tell(path));
    let _taken = queue.confirm(seen).expect("an answer");
}

fn take_slowly(directory: &Path) {
    let queue = Pending::over(patient(directory, "queue"));
    let batch = queue.take_to_confirm(7).expect("an answer").value;
    for path in batch.expect("there is something").paths() {
        tell(path);
    }
    let _killed = hear();
}

/// A line of text for a path of any bytes.
fn tell(path: &Path) {
    say(serde_json::to_string(&AnyPath::from(path)).expect("it can be written"));
}

/// The path on such a line.
pub fn told(line: &str) -> PathBuf {
    let path: AnyPath = serde_json::from_str(line).expect(line);
    path.into_path()
}

/// Brings the first event, and then waits for ever.
fn wait(directory: &Path) {
    let debounce = Debounce::over(patient(directory, "debounce"), LIMIT);
    let arrival = debounce.event(1_u32).expect("an answer").value;
    say(format!("{arrival:?}"));
    let _killed = hear();
}

fn wait_flagged(directory: &Path) {
    let debounce = FlaggedDebounce::over(directory, Host);
    let waits = debounce.event(1).expect("an answer");
    say(if waits { "Wait" } else { "Merged" });
    let _killed = hear();
}

/// Gets the role as its standard input.
fn adopt(directory: &Path) {
    let kernel = Clocked::new();
    let store = Store::with(directory, "debounce", Flock, kernel).lock_timeout(LIMIT);
    let debounce = Debounce::<u32, _, _>::over(store, LIMIT);
    let stdin = std::io::stdin();
    let fd = stdin.as_fd().try_clone_to_owned().expect("a descriptor");
    let waiter = debounce.adopt(fd).expect("an answer");
    let waiter = waiter.expect("the role is ours");
    let _clean = waiter.settle(say).expect("it settles");
    say("left");
}
