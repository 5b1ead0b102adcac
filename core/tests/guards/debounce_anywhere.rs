//! `Debounce`: another event comes between any two calls of the process that waits and acts, or it is
//! killed there, or a call fails.

use crate::clock::Clocked;
use crate::debounce::{debounce, nothing_is_left, waiter};
use crate::meeting::{Before, Met, at_each_call, scratch};
use crate::mortal::{Mortal, die_at_each_call};
use crate::twins::{self, Flaw};
use hookstate::guard::{Arrival, Step};
use hookstate::kernel::{Errno, FailNth, Fault, Kernel, Watched};
use hookstate::{ErrorKind, Result};
use std::cell::{Cell, RefCell};
use std::path::Path;
use tempfile::TempDir;

/// A debounce, or a twin of it.
#[derive(Clone, Copy)]
enum Guard {
    Shipping,
    Twin(Flaw),
}

impl Guard {
    /// Brings an event and does what follows from it.
    fn act<K: Kernel + Clone>(
        self,
        directory: &Path,
        kernel: K,
        number: u32,
        action: impl FnMut(u32),
    ) -> Result<()> {
        let flaw = match self {
            Self::Shipping => return debounce(directory, kernel).act(number, action).map(|_| ()),
            Self::Twin(flaw) => flaw,
        };
        let twin = twins::Debounce::over(directory, kernel, flaw);
        match twin.event(number)? {
            Some(role) => twin.settle(role, action),
            None => Ok(()),
        }
    }

    /// Takes care of an event that is pending and of which nobody takes care, and tells whether there
    /// was one.
    fn take_over<K: Kernel + Clone>(
        self,
        directory: &Path,
        kernel: K,
        action: impl FnMut(u32),
    ) -> bool {
        match self {
            Self::Shipping => {
                let debounce = debounce(directory, kernel);
                let waiter = debounce.take_over().expect("nothing is wrong").value;
                let settled = waiter.map(|waiter| waiter.settle(action));
                settled
                    .map(|done| done.expect("nothing is wrong"))
                    .is_some()
            }
            Self::Twin(flaw) => {
                let twin = twins::Debounce::over(directory, kernel, flaw);
                let role = twin.take_over().expect("nothing is wrong");
                let settled = role.map(|role| twin.settle(role, action));
                settled
                    .map(|done| done.expect("nothing is wrong"))
                    .is_some()
            }
        }
    }

    /// Whether there is one.
    fn is_left<K: Kernel + Clone>(self, directory: &Path, kernel: K) -> bool {
        self.take_over(directory, kernel, |_| ())
    }
}

/// Lets another process bring event 2 between any two calls of the one that brings event 1, waits and
/// acts. Says if nobody acts on it.
fn met_by_another_event(guard: Guard) -> std::result::Result<(), String> {
    let mut verdict = Ok(());
    at_each_call(|nth| {
        let (scratch, clock) = (scratch(), Clocked::new());
        let acted = RefCell::new(Vec::new());
        let other = || {
            let action = |event| acted.borrow_mut().push(event);
            guard.act(scratch.path(), clock.clone(), 2, action)
        };
        let met = Cell::new(None);
        let before = Before::nth(nth, || met.set(Some(other())));
        let kernel: Met<'_, '_> = Watched::new(clock.clone(), &before);
        let action = |event| acted.borrow_mut().push(event);
        guard
            .act(scratch.path(), kernel, 1, action)
            .expect("the lock is free");
        let Some(met) = met.take() else {
            return false;
        };
        match met {
            Err(error) if error.kind() == ErrorKind::LockTimeout => {
                other().expect("it is free now");
            }
            done => done.expect("nothing is wrong"),
        }
        if !acted.borrow().contains(&2) || guard.is_left(scratch.path(), clock.clone()) {
            verdict = Err(format!("call {nth}: only {:?} acted on", acted.borrow()));
        }
        verdict.is_ok()
    });
    verdict
}

#[test]
fn an_event_between_any_two_calls_of_the_waiter_is_acted_on() {
    met_by_another_event(Guard::Shipping).expect("no event is lost");
}

/// The control of the test above.
#[test]
fn an_event_is_lost_if_the_role_is_released_after_the_window_that_decides_to_leave() {
    met_by_another_event(Guard::Twin(Flaw::None)).expect("the twin is right but for its flaw");
    met_by_another_event(Guard::Twin(Flaw::LeavesAfterTheWindow))
        .expect_err("an event comes in between");
}

struct Life {
    scratch: TempDir,
    acknowledged: Cell<bool>,
    acted: RefCell<Vec<u32>>,
}

impl Life {
    fn new(_clock: &Clocked) -> Self {
        Self {
            scratch: scratch(),
            acknowledged: Cell::new(false),
            acted: RefCell::default(),
        }
    }

    fn act(&self, guard: Guard, kernel: Mortal) {
        let action = |event| {
            // Whoever acts knows of the event.
            self.acknowledged.set(true);
            self.acted.borrow_mut().push(event);
        };
        let path = self.scratch.path();
        guard
            .act(path, kernel, 1, action)
            .expect("nothing is wrong");
    }
}

/// Lets the process die that brings an event, waits and acts. Says if nobody acts on it although its
/// state has it, or too often.
fn killed_anywhere(guard: Guard) -> std::result::Result<(), String> {
    die_at_each_call(
        Life::new,
        |life, kernel| life.act(guard, kernel),
        |life, clock| {
            let noted = life.acknowledged.get() || was_noted(life.scratch.path());
            let action = |event| life.acted.borrow_mut().push(event);
            guard.take_over(life.scratch.path(), clock.clone(), action);
            let left = guard.is_left(life.scratch.path(), clock.clone());
            match (noted, life.acted.borrow().as_slice(), left) {
                (true, [1] | [1, 1], false) | (false, [], false) => Ok(()),
                other => Err(format!("noted, acted on, left: {other:?}")),
            }
        },
    )
}

/// Whether there is more in a state than a creation leaves, by its file: then the event was noted.
fn was_noted(directory: &Path) -> bool {
    ["debounce.debounce.json", "twin.json"].iter().any(|name| {
        let content = std::fs::read_to_string(directory.join(name));
        content.is_ok_and(|content| !content.trim().is_empty())
    })
}

#[test]
fn an_event_is_acted_on_at_least_once_wherever_the_waiter_dies() {
    killed_anywhere(Guard::Shipping).expect("no event is lost");
}

/// The control of the test above.
#[test]
fn an_event_is_lost_if_it_is_taken_before_the_action_and_the_waiter_dies() {
    killed_anywhere(Guard::Twin(Flaw::None)).expect("the twin is right but for its flaw");
    let what = killed_anywhere(Guard::Twin(Flaw::TakesBeforeActing)).expect_err("an event is lost");
    assert!(what.contains("(true, [], false)"), "{what}");
}

#[test]
fn an_event_after_the_waiter_died_anywhere_is_acted_on() {
    die_at_each_call(
        Life::new,
        |life, kernel| life.act(Guard::Shipping, kernel),
        |life, clock| {
            let mut acted = Vec::new();
            let path = life.scratch.path();
            let next = Guard::Shipping.act(path, clock.clone(), 2, |event| acted.push(event));
            match (next, acted.as_slice()) {
                (Ok(()), [2]) if !Guard::Shipping.is_left(path, clock.clone()) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        },
    )
    .expect("the next event finds the role free");
}

#[test]
fn a_waiter_that_asks_again_after_a_failure_at_any_call_leaves_nothing_behind() {
    at_each_call(|nth| {
        let (scratch, clock) = (scratch(), Clocked::new());
        let fault = FailNth::new(nth, Fault::Errno(Errno::IO));
        let failing = debounce(scratch.path(), Watched::new(clock.clone(), fault.clone()));
        // The event itself may be what fails.
        let mut waiter = match failing.event(1).map(|outcome| outcome.value) {
            Ok(Arrival::Wait(waiter)) => waiter,
            Ok(other) => panic!("{other:?}"),
            Err(_) => waiter(&failing, 1),
        };
        let mut acted = 0;
        loop {
            match waiter.step().map(|outcome| outcome.value) {
                Ok(Step::Sleep(time)) => clock.advance(time),
                Ok(Step::Act(event)) => acted += event,
                Ok(Step::Leave) => break,
                Err(error) => assert_eq!(error.errno(), Some(Errno::IO), "{error}"),
            }
        }
        assert_eq!(acted, 1, "call {nth}");
        let whole = debounce(scratch.path(), clock);
        assert!(nothing_is_left(&whole), "call {nth}");
        fault.struck()
    });
}
