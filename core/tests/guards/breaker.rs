//! `CircuitBreaker`: refuses after failures in a row, and sends one probe at a time.

use crate::clock::Clocked;
use crate::meeting::{granted_to_two, scratch};
use crate::mortal::{Mortal, die_at_each_call};
use crate::parts::half_open;
use crate::workers::granted_among;
use hookstate::Store;
use hookstate::guard::{Admission, CircuitBreaker, Condition, Permit, Report};
use hookstate::kernel::Kernel;
use hookstate::strategy::Flock;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const COOL_DOWN: Duration = Duration::from_secs(30);
const PROBE: Duration = Duration::from_secs(5);
const MICROSECOND: Duration = Duration::from_micros(1);

fn breaker<K: Kernel>(directory: &Path, kernel: K) -> CircuitBreaker<Flock, K> {
    let store = Store::with(directory, "breaker", Flock, kernel).lock_timeout(Duration::ZERO);
    CircuitBreaker::over(store)
        .cool_down(COOL_DOWN)
        .probe_timeout(PROBE)
}

fn admission<K: Kernel>(breaker: &CircuitBreaker<Flock, K>) -> Admission {
    breaker.admit().expect("nothing is wrong").value
}

fn permit<K: Kernel>(breaker: &CircuitBreaker<Flock, K>) -> Permit {
    match admission(breaker) {
        Admission::Granted(permit) => permit,
        refused => panic!("{refused:?}"),
    }
}

fn refusal<K: Kernel>(breaker: &CircuitBreaker<Flock, K>) -> Duration {
    match admission(breaker) {
        Admission::Refused { retry_after } => retry_after,
        granted => panic!("{granted:?}"),
    }
}

fn fail<K: Kernel>(breaker: &CircuitBreaker<Flock, K>, permit: Permit) -> Report {
    breaker.failed(permit).expect("nothing is wrong").value
}

fn succeed<K: Kernel>(breaker: &CircuitBreaker<Flock, K>, permit: Permit) -> Report {
    breaker.succeeded(permit).expect("nothing is wrong").value
}

/// Three failures in a row.
fn open<K: Kernel>(breaker: &CircuitBreaker<Flock, K>) {
    for _ in 0..3 {
        fail(breaker, permit(breaker));
    }
    let condition = breaker.condition().expect("nothing is wrong").value;
    assert_eq!(condition, Condition::Open);
}

#[test]
fn three_failures_in_a_row_open_it_and_a_success_in_between_starts_the_row_again() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let breaker = breaker(scratch.path(), clock);
    for _ in 0..3 {
        for _ in 0..2 {
            let report = fail(&breaker, permit(&breaker));
            assert_eq!(report, Report::Counted(Condition::Closed));
        }
        let report = succeed(&breaker, permit(&breaker));
        assert_eq!(report, Report::Counted(Condition::Closed));
    }
    fail(&breaker, permit(&breaker));
    fail(&breaker, permit(&breaker));
    let third = fail(&breaker, permit(&breaker));
    assert_eq!(third, Report::Counted(Condition::Open));
    assert_eq!(refusal(&breaker), COOL_DOWN);
}

#[test]
fn a_probe_that_succeeds_closes_it_and_one_that_fails_opens_it_again() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let breaker = breaker(scratch.path(), clock.clone());
    open(&breaker);
    clock.advance(COOL_DOWN - MICROSECOND);
    assert_eq!(refusal(&breaker), MICROSECOND);
    clock.advance(MICROSECOND);
    let probe = permit(&breaker);
    assert_eq!(refusal(&breaker), PROBE);
    assert_eq!(fail(&breaker, probe), Report::Counted(Condition::Open));
    assert_eq!(refusal(&breaker), COOL_DOWN);
    clock.advance(COOL_DOWN);
    let probe = permit(&breaker);
    let report = succeed(&breaker, probe);
    assert_eq!(report, Report::Counted(Condition::Closed));
    // And the row starts anew.
    let report = fail(&breaker, permit(&breaker));
    assert_eq!(report, Report::Counted(Condition::Closed));
}

#[test]
fn a_probe_that_never_reports_is_replaced_and_its_late_report_does_not_count() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let breaker = breaker(scratch.path(), clock.clone());
    open(&breaker);
    clock.advance(COOL_DOWN);
    let lost = permit(&breaker);
    clock.advance(PROBE - MICROSECOND);
    assert_eq!(refusal(&breaker), MICROSECOND);
    clock.advance(MICROSECOND);
    let second = permit(&breaker);
    assert_eq!(refusal(&breaker), PROBE);
    assert_eq!(succeed(&breaker, lost), Report::Late);
    assert_eq!(fail(&breaker, lost), Report::Late);
    assert_eq!(refusal(&breaker), PROBE);
    let report = succeed(&breaker, second);
    assert_eq!(report, Report::Counted(Condition::Closed));
    assert_eq!(succeed(&breaker, second), Report::Late);
}

#[test]
fn a_report_from_before_it_opened_does_not_count() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let breaker = breaker(scratch.path(), clock.clone());
    let early = permit(&breaker);
    open(&breaker);
    assert_eq!(succeed(&breaker, early), Report::Late);
    assert_eq!(refusal(&breaker), COOL_DOWN);
    clock.advance(COOL_DOWN);
    let probe = permit(&breaker);
    assert_eq!(fail(&breaker, early), Report::Late);
    let report = succeed(&breaker, probe);
    assert_eq!(report, Report::Counted(Condition::Closed));
    // Closed again, and still not the generation in which it was given.
    for _ in 0..3 {
        assert_eq!(fail(&breaker, early), Report::Late);
    }
    permit(&breaker);
}

#[test]
fn a_clock_that_is_set_back_delays_a_probe_by_one_cool_down() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let breaker = breaker(scratch.path(), clock.clone());
    open(&breaker);
    clock.set_back(1_000 * COOL_DOWN);
    assert_eq!(refusal(&breaker), COOL_DOWN);
    clock.advance(COOL_DOWN);
    permit(&breaker);
    clock.set_back(1_000 * COOL_DOWN);
    assert_eq!(refusal(&breaker), PROBE);
    clock.advance(PROBE);
    permit(&breaker);
}

#[test]
fn one_of_eight_processes_gets_the_probe() {
    let scratch = scratch();
    let breaker = half_open(scratch.path());
    fail(&breaker, permit(&breaker));
    assert_eq!(granted_among(8, "probe", scratch.path()), 1);
}

#[test]
fn one_of_two_gets_the_probe_wherever_they_meet() {
    let sums = granted_to_two(
        |directory, clock| {
            open(&breaker(directory, clock.clone()));
            clock.advance(COOL_DOWN);
        },
        |directory, kernel| {
            let admission = breaker(directory, kernel).admit()?.value;
            Ok(usize::from(matches!(admission, Admission::Granted(_))))
        },
    );
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), [1]);
}

/// A breaker that is open and has cooled down.
fn cooled_down(clock: &Clocked) -> TempDir {
    let scratch = scratch();
    open(&breaker(scratch.path(), clock.clone()));
    clock.advance(COOL_DOWN);
    scratch
}

fn probe_and_report(scratch: &TempDir, kernel: Mortal, succeeds: bool) {
    let breaker = breaker(scratch.path(), kernel);
    let permit = permit(&breaker);
    let _report = match succeeds {
        true => breaker.succeeded(permit),
        false => breaker.failed(permit),
    };
}

/// Whether somebody is let through, at once or when all times are up, and can close it.
fn recovers<K: Kernel>(breaker: &CircuitBreaker<Flock, K>, clock: &Clocked) -> Result<(), String> {
    let mut answer = admission(breaker);
    if let Admission::Refused { .. } = answer {
        clock.advance(COOL_DOWN.max(PROBE));
        answer = admission(breaker);
    }
    let Admission::Granted(permit) = answer else {
        return Err(format!("stuck: {answer:?}"));
    };
    match succeed(breaker, permit) {
        Report::Counted(Condition::Closed) => Ok(()),
        report => Err(format!("the report counts for nothing: {report:?}")),
    }
}

#[test]
fn a_probe_that_is_killed_anywhere_is_replaced() {
    for succeeds in [true, false] {
        die_at_each_call(
            cooled_down,
            |scratch, kernel| probe_and_report(scratch, kernel, succeeds),
            |scratch, clock| recovers(&breaker(scratch.path(), clock.clone()), clock),
        )
        .expect("it recovers");
    }
}

/// The control of the test above.
#[test]
fn a_probe_without_a_time_limit_that_is_killed_keeps_it_half_open_for_ever() {
    let verdict = die_at_each_call(
        cooled_down,
        |scratch, kernel| probe_and_report(scratch, kernel, true),
        |scratch, clock| {
            let breaker = breaker(scratch.path(), clock.clone()).probe_timeout(Duration::MAX);
            recovers(&breaker, clock)
        },
    );
    let what = verdict.expect_err("a probe is lost");
    assert!(what.contains("stuck"), "{what}");
}

#[test]
fn a_failure_that_is_killed_anywhere_is_counted_once_or_not_at_all() {
    die_at_each_call(
        |clock| {
            let scratch = scratch();
            let breaker = breaker(scratch.path(), clock.clone());
            fail(&breaker, permit(&breaker));
            scratch
        },
        |scratch, kernel| {
            let breaker = breaker(scratch.path(), kernel);
            let permit = permit(&breaker);
            let _report = breaker.failed(permit);
        },
        |scratch, clock| {
            let breaker = breaker(scratch.path(), clock.clone());
            let mut more = 0;
            while let Admission::Granted(permit) = admission(&breaker) {
                more += 1;
                fail(&breaker, permit);
            }
            match more {
                1 | 2 => Ok(()),
                _ => Err(format!("{more} more failures opened it")),
            }
        },
    )
    .expect("three failures open it");
}
