//! Another process does something between any two calls of the first. This is every interleaving of
//! two processes with one preemption, on the real kernel. What both were told, and what there is
//! afterwards, must be as if one had come after the other.

use crate::careless::Careless;
use crate::operation::{Answer, Case, OPERATIONS, Operation};
use hookstate::kernel::{Call, Watched, Watcher, Way};
use hookstate::strategy::{ALL, Strategy};
use hookstate::{ErrorKind, Outcome, Result};
use std::cell::{Cell, RefCell};
use std::time::Duration;

struct Asks<F>(F);

impl<F: Fn()> Watcher for Asks<F> {
    fn before(&self, _call: &Call<'_>) -> Way {
        (self.0)();
        Way::Through
    }
}

/// Lets the other run before each call of the one in turn. Counts the meetings.
fn meet<S: Strategy + Copy>(
    case: &Case<S>,
    one: Operation,
    other: Operation,
) -> std::result::Result<usize, String> {
    let in_order = |answers: Vec<Answer>, first| {
        let mut answers = answers;
        if first == other {
            answers.reverse();
        }
        answers
    };
    let (answers, view) = case.after(&[one, other]);
    let one_first = (answers, view);
    let (answers, view) = case.after(&[other, one]);
    let other_first = (in_order(answers, other), view);
    for nth in 0.. {
        let place = case.copy();
        let Some(answers) = meet_at(&place, nth, one, other) else {
            return Ok(nth);
        };
        let found = (answers, place.view());
        if found != one_first && found != other_first {
            let name = case.strategy.name();
            return Err(format!(
                "{name}: {other:?} before call {nth} of {one:?}: {found:?}"
            ));
        }
    }
    unreachable!("an operation makes a finite number of calls")
}

/// What the one and the other were told. `None` if the one made fewer calls.
fn meet_at<S: Strategy + Copy>(
    case: &Case<S>,
    nth: usize,
    one: Operation,
    other: Operation,
) -> Option<Vec<Answer>> {
    let calls = Cell::new(0);
    let met = Cell::new(false);
    let told = RefCell::new(None);
    let watcher = Asks(|| {
        if calls.replace(calls.get() + 1) == nth {
            met.set(true);
            *told.borrow_mut() = told_at_once(case, other);
        }
    });
    let tasks = case.tasks_on(Watched::new(case.clock.clone(), watcher));
    let first = value(case.run(one, &tasks));
    // If it had to wait for the lock, it comes when the one is done.
    let second = met.get().then(|| told.take())?;
    let second = second.unwrap_or_else(|| value(case.run(other, &case.tasks())));
    Some(vec![first, second])
}

/// `None` if the lock is held, by the one, who waits for us.
fn told_at_once<S: Strategy + Copy>(case: &Case<S>, other: Operation) -> Option<Answer> {
    let tasks = case.tasks().lock_timeout(Duration::ZERO);
    match case.run(other, &tasks) {
        Err(error) if error.kind() == ErrorKind::LockTimeout => None,
        told => Some(value(told)),
    }
}

fn value(told: Result<Outcome<Answer>>) -> Answer {
    let outcome = told.expect("nothing is wrong with this call");
    assert_eq!(outcome.recovery, None, "nothing was damaged");
    outcome.value
}

fn meet_all<S: Strategy + Copy>(strategy: S) -> std::result::Result<usize, String> {
    let case = Case::new(strategy);
    let mut meetings = 0;
    for one in OPERATIONS {
        for other in OPERATIONS {
            meetings += meet(&case, one, other)?;
        }
    }
    Ok(meetings)
}

#[test]
fn two_processes_that_meet_anywhere_are_as_if_one_came_after_the_other() {
    for strategy in ALL {
        let meetings = meet_all(strategy).unwrap_or_else(|what| panic!("{what}"));
        assert!(meetings > 500, "{meetings}");
    }
    for operation in OPERATIONS {
        let case = Case::new(Careless::hasty());
        let caught = meet(&case, Operation::Add, operation).is_err();
        // It writes back what it read before the other came.
        assert!(caught, "the control was not caught beside {operation:?}");
    }
}
