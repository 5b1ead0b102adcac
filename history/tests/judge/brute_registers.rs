//! Small histories of registers: the search says what trying every order says.

use crate::common::History;
use hookstate_history::{Action, Model, Operation, Outcome, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

type State = BTreeMap<Box<str>, Value>;

/// Whether there is an order of all operations, of all registers together, that explains the values.
fn has_order(open: &[&Operation], state: &State) -> bool {
    if !open
        .iter()
        .any(|operation| operation.outcome == Outcome::Ok)
    {
        return true;
    }
    (0..open.len()).any(|next| {
        let was_over = |other: &&Operation| {
            let end = other.responded_ns.filter(|_| other.outcome == Outcome::Ok);
            end.is_some_and(|end| end < open[next].invoked_ns)
        };
        let mut rest = open.to_vec();
        let operation = rest.remove(next);
        !open.iter().any(was_over)
            && after(operation, state).is_some_and(|state| has_order(&rest, &state))
    })
}

/// The values after an operation, if it can be made.
fn after(operation: &Operation, state: &State) -> Option<State> {
    let is_ok = operation.outcome == Outcome::Ok;
    let now = |key: &str| state.get(key).cloned().unwrap_or(Value::Null);
    let with = |key: &str, value: &Value| {
        let mut state = state.clone();
        state.insert(key.into(), value.clone());
        state
    };
    match &operation.action {
        Action::Write { key, value } => Some(with(key, value)),
        Action::Get { key, value } => {
            let fits = !is_ok || value.as_ref() == Some(&now(key));
            fits.then(|| state.clone())
        }
        Action::Cas {
            key,
            expected,
            value,
            swapped,
        } => {
            let is_expected = now(key) == *expected;
            let fits = !is_ok || *swapped == is_expected;
            let next = if is_expected {
                with(key, value)
            } else {
                state.clone()
            };
            fits.then_some(next)
        }
        other => panic!("{other:?} is no operation on a register"),
    }
}

/// What an operation asks for, of register `x` or `y`, with small values.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Read,
    Write(u8),
    Cas(u8, u8),
}

fn asked() -> impl Strategy<Value = Asked> {
    let value = 0..3_u8;
    prop_oneof![
        3 => Just(Asked::Read),
        2 => value.clone().prop_map(Asked::Write),
        2 => (value.clone(), value).prop_map(|(from, to)| Asked::Cas(from, to)),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        7 => Just(Outcome::Ok),
        2 => Just(Outcome::Unknown),
        1 => Just(Outcome::Failed),
    ]
}

prop_compose! {
    fn step()(
        asked in asked(),
        key in prop_oneof![3 => Just("x"), 1 => Just("y")],
        outcome in outcome(),
        is_made in any::<bool>(),
        before in 0..40_u64,
        after in 0..40_u64,
    ) -> (Asked, &'static str, Outcome, bool, u64, u64) {
        (asked, key, outcome, is_made, before, after)
    }
}

prop_compose! {
    /// A history that has an order, and then a few values and times are changed in it.
    fn any_history()(
        steps in vec(step(), 1..8),
        damages in vec((0..8_usize, 0..4_u8, 0..3_u8, 0..120_u64), 0..3),
    ) -> History {
        let mut history = History::new(Model::Register);
        let mut state = State::new();
        for (index, (asked, key, outcome, is_made, before, after)) in steps.into_iter().enumerate() {
            let moment = 40 + 10 * index as u64;
            let action = act(asked, key, &mut state, outcome, is_made);
            history.operations.push(Operation {
                process: 1 + index as u32 % 3,
                action,
                invoked_ns: moment - before,
                responded_ns: (outcome != Outcome::Unknown).then_some(moment + after),
                outcome,
            });
        }
        for (at, what, value, time) in damages {
            let index = at % history.operations.len();
            spoil(&mut history.operations[index], what, value, time);
        }
        history
    }
}

fn act(asked: Asked, key: &str, state: &mut State, outcome: Outcome, is_made: bool) -> Action {
    let now = state.get(key).cloned().unwrap_or(Value::Null);
    let is_made = outcome == Outcome::Ok || (outcome == Outcome::Unknown && is_made);
    match asked {
        Asked::Read => Action::Get {
            key: key.into(),
            value: (outcome == Outcome::Ok).then_some(now),
        },
        Asked::Write(value) => {
            if is_made {
                state.insert(key.into(), value.into());
            }
            Action::Write {
                key: key.into(),
                value: value.into(),
            }
        }
        Asked::Cas(expected, value) => {
            let swapped = now == expected;
            if is_made && swapped {
                state.insert(key.into(), value.into());
            }
            Action::Cas {
                key: key.into(),
                expected: expected.into(),
                value: value.into(),
                swapped,
            }
        }
    }
}

fn spoil(operation: &mut Operation, what: u8, to: u8, time: u64) {
    match (what, &mut operation.action) {
        (0, Action::Get { value, .. }) if operation.outcome == Outcome::Ok => {
            *value = Some(to.into());
        }
        (0, Action::Write { value, .. } | Action::Cas { value, .. }) => *value = to.into(),
        (1, Action::Cas { swapped, .. }) => *swapped = !*swapped,
        (2, _) => operation.invoked_ns = time,
        (3, _) => operation.responded_ns = operation.responded_ns.map(|_| time),
        _ => {}
    }
    operation.responded_ns = operation
        .responded_ns
        .map(|end| end.max(operation.invoked_ns));
}

#[test]
fn the_search_says_what_trying_every_order_says() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let counts = RefCell::new(BTreeMap::<&str, u32>::new());
    let run = runner.run(&any_history(), |history| {
        let may_be_made = |one: &&Operation| one.outcome != Outcome::Failed;
        let open: Vec<&Operation> = history.operations.iter().filter(may_be_made).collect();
        let verdict = history.judge();
        let kind = match verdict {
            Verdict::Violated { .. } => {
                prop_assert!(
                    !has_order(&open, &State::new()),
                    "there is an order, and {verdict}"
                );
                "violated"
            }
            Verdict::Exact => {
                prop_assert!(has_order(&open, &State::new()), "there is no order");
                "exact"
            }
            Verdict::Inconclusive { .. } => {
                prop_assert!(has_order(&open, &State::new()), "there is no order");
                "inconclusive"
            }
        };
        *counts.borrow_mut().entry(kind).or_default() += 1;
        Ok(())
    });
    run.unwrap_or_else(|difference| panic!("{difference}"));
    println!("{:?}", counts.borrow());
    assert_eq!(
        counts.borrow().len(),
        3,
        "a verdict was never seen: {counts:?}"
    );
}
