//! A process is killed at each of its calls in turn.

use crate::careless::Careless;
use crate::operation::{Case, OPERATIONS, Operation};
use hookstate::kernel::{Call, Ceased, DieAtNth, Ending, Watched, Watcher, Way};
use hookstate::strategy::{ALL, Strategy};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

/// The sweep, one operation by one process that ceases at each call in turn: what there is to see
/// afterwards is as if it had been done, or as if it had not. Counts the kills.
fn die_at_each<S: Strategy + Copy>(case: &Case<S>, operation: Operation) -> Result<usize, String> {
    let allowed = [case.after(&[]).1, case.after(&[operation]).1];
    for nth in 0.. {
        let place = case.copy();
        if !dies(&place, operation, DieAtNth::new(nth, Ending::Unwind)) {
            return Ok(nth);
        }
        let found = place.view();
        let name = case.strategy.name();
        if !allowed.contains(&found) {
            return Err(format!(
                "{name}: killed at call {nth} of {operation:?}: {found:?}"
            ));
        }
        let given_up = place.place.given_up();
        assert!(given_up.is_empty(), "{name}: {given_up:?}");
    }
    unreachable!("an operation makes a finite number of calls")
}

/// Whether the process did not come to its end.
fn dies<S: Strategy + Copy>(case: &Case<S>, operation: Operation, watcher: impl Watcher) -> bool {
    let tasks = case.tasks_on(Watched::new(case.clock.clone(), watcher));
    match catch_unwind(AssertUnwindSafe(|| case.run(operation, &tasks))) {
        Ok(told) => {
            let _told = told.expect("nothing is wrong with this call");
            false
        }
        Err(payload) if payload.is::<Ceased>() => true,
        Err(payload) => resume_unwind(payload),
    }
}

/// Counts the calls of a process that nobody kills.
#[derive(Clone, Default)]
struct Counts(Rc<Cell<usize>>);

impl Watcher for Counts {
    fn before(&self, _call: &Call<'_>) -> Way {
        self.0.set(self.0.get() + 1);
        Way::Through
    }
}

#[test]
fn a_kill_at_any_call_leaves_the_tasks_as_before_or_as_after() {
    for strategy in ALL {
        for operation in OPERATIONS {
            let case = Case::new(strategy);
            let calls = Counts::default();
            assert!(!dies(&case.copy(), operation, calls.clone()));
            let kills = die_at_each(&case, operation).unwrap_or_else(|what| panic!("{what}"));
            assert_eq!(
                kills,
                calls.0.get(),
                "each call was the last of one process"
            );
            assert!(kills >= 10, "{}: {operation:?}: {kills}", strategy.name());
        }
    }
    let case = Case::new(Careless::hasty());
    let caught = die_at_each(&case, Operation::Add);
    assert!(caught.is_err(), "the control was not caught");
}
