//! A burst of 100 events from 8 processes: one of them acts, once, on the last event.

use crate::clock::Clocked;
use crate::meeting::scratch;
use crate::parts::append;
use crate::workers::{LIMIT, Worker, hear, say};
use hookstate::Store;
use hookstate::guard::{Arrival, Debounce, Waiter};
use hookstate::kernel::{Call, Watched, Watcher, Way};
use hookstate::strategy::Flock;
use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

const PROCESSES: usize = 8;
const EVENTS: usize = 100;
const QUIET: Duration = Duration::from_secs(5);

/// An event, by who brought it and which of his it is.
type Event = (usize, usize);
type Kernel<'a> = Watched<Clocked, &'a InWindow<'a>>;

/// Writes the event down that is being brought while the state is written, which is inside the window
/// of the event: so the log has the order of the windows, by other means than the state itself.
struct InWindow<'a> {
    log: &'a Path,
    event: Cell<Option<Event>>,
}

impl Watcher for &InWindow<'_> {
    fn before(&self, call: &Call<'_>) -> Way {
        if let Call::Pwrite { .. } = call
            && let Some(event) = self.event.take()
        {
            append(self.log, &format!("{}\n", line(event)));
        }
        Way::Through
    }
}

fn line((process, nth): Event) -> String {
    format!("event {nth} of {process}")
}

/// How many events a process brings.
fn share(process: usize) -> usize {
    EVENTS / PROCESSES + usize::from(process < EVENTS % PROCESSES)
}

/// Brings its share of the events when told so, and acts when told so, if it has the role.
pub fn take_part(how: &str, directory: &Path, process: usize) {
    let log = directory.join("log");
    let event = Cell::new(None);
    let in_window = InWindow { log: &log, event };
    let kernel: Kernel<'_> = Watched::new(Clocked::new(), &in_window);
    let store = Store::with(directory, "burst", Flock, kernel).lock_timeout(LIMIT);
    let debounce = Debounce::<Event, _, _>::over(store, QUIET);
    say("ready");
    let _go = hear();
    let mut waiter = None;
    for nth in 0..share(process) {
        in_window.event.set(Some((process, nth)));
        match debounce.event((process, nth)).expect("an answer").value {
            Arrival::Wait(role) => waiter = Some((role, nth)),
            Arrival::Merged => {}
            leading @ Arrival::Leading(_) => panic!("{leading:?}"),
        }
    }
    say("brought");
    let _settle = hear();
    match (how, waiter) {
        ("burst", Some((waiter, _))) => settle(waiter, line),
        // It acts on the event by which it came to wait.
        ("burst-on-the-first", Some((waiter, nth))) => settle(waiter, |_| line((process, nth))),
        // Nobody asks who has the role.
        ("burst-by-all", _) => say(line((process, share(process) - 1))),
        _ => {}
    }
}

fn settle(waiter: Waiter<'_, Event, Flock, Kernel<'_>>, acted: impl Fn(Event) -> String) {
    let settled = waiter.settle(|last| say(acted(last)));
    assert_eq!(settled.expect("it settles").recovery, None);
}

/// Whether one of the processes acts, once, on the last event by the log.
fn last_is_acted_on_once(how: &str) -> Result<(), String> {
    let scratch = scratch();
    let mut workers: Vec<Worker> = (0..PROCESSES)
        .map(|process| Worker::start(how, scratch.path(), process))
        .collect();
    for orders in [("ready", "go"), ("brought", "settle")] {
        workers.iter().for_each(|worker| worker.expect(orders.0));
        workers.iter_mut().for_each(|worker| worker.say(orders.1));
    }
    let acted: Vec<String> = workers.into_iter().flat_map(Worker::finish).collect();
    let log = std::fs::read_to_string(scratch.path().join("log")).expect("the log");
    let events: Vec<&str> = log.lines().collect();
    assert_eq!(events.len(), EVENTS);
    match acted.as_slice() {
        [one] if Some(&one.as_str()) == events.last() => Ok(()),
        _ => Err(format!("{acted:?} where {:?} is the last", events.last())),
    }
}

#[test]
fn of_a_hundred_events_from_eight_processes_the_last_is_acted_on_once() {
    last_is_acted_on_once("burst").expect("one acts, on the last");
}

/// The controls of the test above.
#[test]
fn an_action_on_the_first_event_and_one_by_everybody_are_caught() {
    last_is_acted_on_once("burst-on-the-first").expect_err("it is not the last");
    last_is_acted_on_once("burst-by-all").expect_err("all of them act");
}
