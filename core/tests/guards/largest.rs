//! Files whose numbers are the largest there are, as nobody counts that far but anybody can write.

use crate::clock::Clocked;
use crate::meeting::scratch;
use hookstate::Store;
use hookstate::guard::{Added, Admission, Arrival, CircuitBreaker, Condition, Debounce};
use hookstate::guard::{Pending, Report, Step};
use hookstate::strategy::Flock;
use std::fs;
use std::path::Path;
use std::time::Duration;

const LARGEST: u64 = u64::MAX;

fn plant(directory: &Path, file: &str, content: String) {
    fs::write(directory.join(file), content).expect("write");
}

#[test]
fn a_breaker_goes_on() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let store = Store::with(scratch.path(), "b", Flock, clock);
    let content = format!(
        r#"{{"generation": {LARGEST}, "phase": {{"closed": {{"failures": {}}}}}}}"#,
        u32::MAX
    );
    plant(scratch.path(), "b.breaker.json", content);
    let breaker = CircuitBreaker::over(store).failures(u32::MAX);
    let Admission::Granted(permit) = breaker.admit().expect("an answer").value else {
        panic!("it is closed");
    };
    let report = breaker.failed(permit).expect("an answer").value;
    assert_eq!(report, Report::Counted(Condition::Open));
    let late = breaker.succeeded(permit).expect("an answer").value;
    assert_eq!(late, Report::Late, "of another generation");
}

#[test]
fn a_queue_goes_on() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let store = Store::with(scratch.path(), "p", Flock, clock);
    plant(
        scratch.path(),
        "p.pending.json",
        format!(r#"{{"batches": {LARGEST}}}"#),
    );
    let pending = Pending::over(store);
    for path in ["a", "b"] {
        assert_eq!(pending.add(path).expect("an answer").value, Added::New);
    }
    let take = || pending.take_to_confirm(1).expect("an answer").value;
    let (one, other) = (take().expect("a batch"), take().expect("a batch"));
    assert!(pending.confirm(one).expect("an answer").value);
    assert!(pending.confirm(other).expect("an answer").value);
}

#[test]
fn a_debounce_goes_on() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let quiet = Duration::from_millis(1);
    let store = Store::with(scratch.path(), "d", Flock, clock.clone());
    plant(
        scratch.path(),
        "d.debounce.json",
        format!(r#"{{"events": {LARGEST}}}"#),
    );
    let debounce = Debounce::over(store, quiet);
    let Arrival::Wait(mut waiter) = debounce.event("last".to_owned()).expect("an answer").value
    else {
        panic!("nobody waits");
    };
    clock.advance(quiet);
    let step = waiter.step().expect("an answer").value;
    assert!(matches!(step, Step::Act(last) if last == "last"));
    let step = waiter.step().expect("an answer").value;
    assert!(matches!(step, Step::Leave));
}
