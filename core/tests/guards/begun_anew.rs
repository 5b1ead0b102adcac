//! A state that begins anew gives no number again.
//!
//! What happened: events, batches and generations were counted from 0, and after damage from 0 once
//! more. A process that still had a number of the state before took it for one of the new state. A
//! waiter left, although the last event was another one; a late confirmation deleted the batch of
//! another process; a late report closed a breaker in the middle of a probe that was not its own.

use crate::clock::Clocked;
use crate::meeting::scratch;
use hookstate::guard::{Added, Admission, Arrival, Batch, CircuitBreaker, Condition, Debounce};
use hookstate::guard::{Pending, Permit, Report, Step};
use hookstate::kernel::Kernel;
use hookstate::strategy::Flock;
use hookstate::{Outcome, Result, State, Store};
use std::path::Path;
use std::time::Duration;

const SPAN: Duration = Duration::from_secs(5);

fn store<T: State>(directory: &Path, clock: &Clocked) -> Store<T, Flock, Clocked> {
    Store::with(directory, "g", Flock, clock.clone())
}

/// Damages the one state that is there, and lets some time pass, as it takes in any case.
fn damage(directory: &Path, kind: &str, clock: &Clocked) {
    std::fs::write(directory.join(format!("g.{kind}.json")), "{damaged").expect("it is there");
    clock.advance(Duration::from_millis(1));
}

/// What the first change after the damage gives, which says that it found some.
fn anew<T>(outcome: Result<Outcome<T>>) -> T {
    let outcome = outcome.expect("the state begins anew");
    assert!(outcome.recovery.is_some(), "no damage was found");
    outcome.value
}

fn clean<T>(outcome: Result<Outcome<T>>) -> T {
    outcome.expect("nothing is wrong").value
}

#[test]
fn an_event_in_a_state_that_begins_anew_is_acted_on_by_who_acted_on_one_before() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let debounce = Debounce::over(store(scratch.path(), &clock), SPAN);
    let Arrival::Wait(mut waiter) = clean(debounce.event("before".to_owned())) else {
        panic!("nobody waits yet");
    };
    clock.advance(SPAN);
    assert_eq!(clean(waiter.step()), Step::Act("before".to_owned()));
    damage(scratch.path(), "debounce", &clock);
    let arrival = anew(debounce.event("after".to_owned()));
    assert!(matches!(arrival, Arrival::Merged), "{arrival:?}");
    assert_eq!(clean(waiter.step()), Step::Sleep(SPAN));
    clock.advance(SPAN);
    assert_eq!(clean(waiter.step()), Step::Act("after".to_owned()));
    assert_eq!(clean(waiter.step()), Step::Leave);
}

fn take<K: Kernel>(queue: &Pending<Flock, K>) -> Batch {
    clean(queue.take_to_confirm(1)).expect("there is a path")
}

#[test]
fn a_batch_of_a_state_that_begins_anew_is_not_confirmed_by_who_has_one_of_before() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let queue = Pending::over(store(scratch.path(), &clock)).confirm_within(SPAN);
    assert_eq!(clean(queue.add("before")), Added::New);
    let late = take(&queue);
    damage(scratch.path(), "pending", &clock);
    assert_eq!(anew(queue.add("after")), Added::New);
    let lost = take(&queue);
    assert!(!clean(queue.confirm(late)), "it confirms another batch");
    clock.advance(SPAN);
    assert_eq!(take(&queue).paths(), [Path::new("after")]);
    assert!(!clean(queue.confirm(lost)), "it went back");
}

fn permit(admission: Admission) -> Permit {
    match admission {
        Admission::Granted(permit) => permit,
        refused => panic!("{refused:?}"),
    }
}

/// Opens it, and gives the probe.
fn probe(breaker: &CircuitBreaker<Flock, Clocked>, first: Permit) -> Permit {
    let report = clean(breaker.failed(first));
    assert_eq!(report, Report::Counted(Condition::Open));
    permit(clean(breaker.admit()))
}

#[test]
fn a_report_of_before_a_state_began_anew_changes_nothing_in_any_condition() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let breaker = CircuitBreaker::over(store(scratch.path(), &clock))
        .failures(1)
        .cool_down(Duration::ZERO);
    let early = permit(clean(breaker.admit()));
    let late = probe(&breaker, early);
    damage(scratch.path(), "breaker", &clock);
    let first = permit(anew(breaker.admit()));
    for permit in [early, late] {
        assert_eq!(clean(breaker.failed(permit)), Report::Late);
    }
    let own = probe(&breaker, first);
    for permit in [early, late] {
        assert_eq!(clean(breaker.succeeded(permit)), Report::Late);
    }
    let report = clean(breaker.succeeded(own));
    assert_eq!(report, Report::Counted(Condition::Closed));
}
