//! Small histories of counters and sets: the judge says what trying every order says.

use crate::common::History;
use hookstate_history::{Action, Final, Header, Model, Operation, Outcome, Token, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Whether there is an order of the operations that explains all of the history.
///
/// What is tried next is any operation that no other, still to come, was over before. The outcome of
/// the whole is checked where all acknowledged ones have been placed.
fn has_order(history: &History) -> bool {
    let may_be_made = |operation: &&Operation| operation.outcome != Outcome::Failed;
    let open: Vec<&Operation> = history.operations.iter().filter(may_be_made).collect();
    let initial = history.header.initial.as_ref();
    let version = initial.and_then(serde_json::Value::as_u64).unwrap_or(0);
    let mut state = State {
        initial: version,
        version,
        tokens: Vec::new(),
    };
    goes_on(&open, &mut state, history.last.as_ref())
}

struct State {
    initial: u64,
    version: u64,
    tokens: Vec<Token>,
}

impl State {
    fn ends_as(&self, last: Option<&Final>) -> bool {
        let sorted = |tokens: &[Token]| {
            let mut tokens = tokens.to_vec();
            tokens.sort();
            tokens
        };
        let tokens = sorted(&self.tokens);
        let is_doubled = tokens.windows(2).any(|pair| pair[0] == pair[1]);
        let fits = last.is_none_or(|last| {
            let total_fits = last.total.is_none_or(|total| total == self.version);
            let tokens_fit = last.tokens.as_deref().is_none_or(|told| {
                sorted(told) == tokens && self.version == self.initial + told.len() as u64
            });
            total_fits && tokens_fit
        });
        !is_doubled && fits
    }
}

fn goes_on(open: &[&Operation], state: &mut State, last: Option<&Final>) -> bool {
    let is_due = |operation: &&Operation| operation.outcome == Outcome::Ok;
    if !open.iter().any(is_due) && state.ends_as(last) {
        return true;
    }
    (0..open.len()).any(|next| {
        let was_over = |other: &&Operation| {
            let end = other.responded_ns.filter(|_| other.outcome == Outcome::Ok);
            end.is_some_and(|end| end < open[next].invoked_ns)
        };
        if open.iter().any(was_over) {
            return false;
        }
        let mut rest = open.to_vec();
        rest.remove(next);
        with(open[next], state, |state| goes_on(&rest, state, last))
    })
}

/// Makes an operation, if it can be made, and takes it back.
fn with(operation: &Operation, state: &mut State, then: impl FnOnce(&mut State) -> bool) -> bool {
    let is_ok = operation.outcome == Outcome::Ok;
    match &operation.action {
        Action::Look { version } => {
            let fits = !is_ok || version.is_none_or(|version| version == state.version);
            fits && then(state)
        }
        Action::Add { token, read, wrote } => {
            let fits = read.is_none_or(|read| read == state.version)
                && wrote.is_none_or(|wrote| wrote == state.version + 1);
            if is_ok && !fits {
                return false;
            }
            state.version += 1;
            state.tokens.extend(token.clone());
            let found = then(state);
            state.version -= 1;
            state
                .tokens
                .truncate(state.tokens.len() - usize::from(token.is_some()));
            found
        }
        other => panic!("{other:?} is no operation on a counter"),
    }
}

/// A step of a history that has an order: when it began and ended around the moment at which it was
/// made, and how much of it is told.
#[derive(Clone, Copy, Debug)]
struct Step {
    is_look: bool,
    before: u64,
    after: u64,
    outcome: Outcome,
    /// Of what is unknown, whether it was made.
    is_made: bool,
    tells_read: bool,
    tells_wrote: bool,
}

/// Something that is changed in it.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Read(usize, i64),
    Wrote(usize, i64),
    Invoked(usize, u64),
    Responded(usize, u64),
    Outcome(usize, Outcome),
    Token(usize, usize),
    Forget(usize),
    Total(i64),
    LastToken(usize, usize),
    LastTokenGone(usize),
    NoLast,
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        6 => Just(Outcome::Ok),
        2 => Just(Outcome::Unknown),
        1 => Just(Outcome::Failed),
    ]
}

prop_compose! {
    fn step()(
        is_look in prop::bool::weighted(0.25),
        before in 0..40_u64,
        after in 0..40_u64,
        outcome in outcome(),
        is_made in any::<bool>(),
        tells_read in prop::bool::weighted(0.6),
        tells_wrote in prop::bool::weighted(0.4),
    ) -> Step {
        Step { is_look, before, after, outcome, is_made, tells_read, tells_wrote }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let which = 0..8_usize;
    prop_oneof![
        (which.clone(), -2..3_i64).prop_map(|(at, by)| Damage::Read(at, by)),
        (which.clone(), -2..3_i64).prop_map(|(at, by)| Damage::Wrote(at, by)),
        (which.clone(), 0..120_u64).prop_map(|(at, to)| Damage::Invoked(at, to)),
        (which.clone(), 0..120_u64).prop_map(|(at, to)| Damage::Responded(at, to)),
        (which.clone(), outcome()).prop_map(|(at, to)| Damage::Outcome(at, to)),
        (which.clone(), which.clone()).prop_map(|(at, of)| Damage::Token(at, of)),
        which.clone().prop_map(Damage::Forget),
        (-2..3_i64).prop_map(Damage::Total),
        (which.clone(), which.clone()).prop_map(|(at, of)| Damage::LastToken(at, of)),
        which.prop_map(Damage::LastTokenGone),
        Just(Damage::NoLast),
    ]
}

/// A token of the change number `index`; some are not ours.
fn token(index: usize) -> Token {
    if index % 3 == 2 {
        Token::new(&format!("change {index}"))
    } else {
        Token::new(&format!("1-{index}"))
    }
}

/// The history of these steps, one after the other ten nanoseconds apart.
fn history(steps: &[Step], initial: u64, tells: (bool, bool), is_named: bool) -> History {
    let mut history = History::new(Model::Counter);
    let initial_value = (initial > 0).then(|| initial.into());
    history.header.initial = initial_value;
    let (mut version, mut tokens) = (initial, Vec::new());
    for (index, step) in steps.iter().enumerate() {
        let moment = 40 + 10 * index as u64;
        let is_made = match step.outcome {
            Outcome::Ok => true,
            Outcome::Unknown => step.is_made,
            Outcome::Failed => false,
        };
        let action = if step.is_look {
            let is_ok = step.outcome == Outcome::Ok;
            Action::Look {
                version: is_ok.then_some(version),
            }
        } else {
            Action::Add {
                token: is_named.then(|| token(index)),
                read: step.tells_read.then_some(version),
                wrote: step.tells_wrote.then_some(version + 1),
            }
        };
        if is_made && !step.is_look {
            version += 1;
            tokens.extend(is_named.then(|| token(index)));
        }
        let has_answer = step.outcome != Outcome::Unknown || step.after % 2 == 0;
        history.operations.push(Operation {
            process: 1 + index as u32 % 3,
            action,
            invoked_ns: moment - step.before,
            responded_ns: has_answer.then_some(moment + step.after),
            outcome: step.outcome,
        });
    }
    let (tells_total, tells_tokens) = tells;
    let last = Final {
        total: tells_total.then_some(version),
        tokens: (tells_tokens && is_named).then_some(tokens),
    };
    history.last = (last != Final::default()).then_some(last);
    history
}

fn spoil(history: &mut History, damage: Damage) {
    let count = history.operations.len();
    let add = |number: &mut Option<u64>, by| {
        *number = number.and_then(|number| number.checked_add_signed(by));
    };
    let total = |last: &mut Final, by| {
        last.total = last.total.map(|total| total.saturating_add_signed(by));
    };
    match (damage, history.last.as_mut()) {
        (Damage::Total(by), Some(last)) => total(last, by),
        (Damage::LastToken(at, of), Some(last)) => {
            if let Some(tokens) = &mut last.tokens {
                tokens.insert(at.min(tokens.len()), token(of));
            }
        }
        (Damage::LastTokenGone(at), Some(last)) => {
            if let Some(tokens) = &mut last.tokens
                && !tokens.is_empty()
            {
                tokens.remove(at % tokens.len());
            }
        }
        (Damage::NoLast, _) => history.last = None,
        (Damage::Forget(at), _) => drop(history.operations.remove(at % count)),
        (Damage::Read(at, by), _) => match &mut history.operations[at % count].action {
            Action::Add { read, .. } | Action::Look { version: read } => add(read, by),
            _ => {}
        },
        (Damage::Wrote(at, by), _) => {
            if let Action::Add { wrote, .. } = &mut history.operations[at % count].action {
                add(wrote, by);
            }
        }
        (Damage::Token(at, of), _) => {
            if let Action::Add {
                token: Some(one), ..
            } = &mut history.operations[at % count].action
            {
                *one = token(of);
            }
        }
        (Damage::Invoked(at, to), _) => history.operations[at % count].invoked_ns = to,
        (Damage::Responded(at, to), _) => history.operations[at % count].responded_ns = Some(to),
        (Damage::Outcome(at, to), _) => history.operations[at % count].outcome = to,
        _ => {}
    }
    history.operations.iter_mut().for_each(mend);
}

/// What no writer writes is not what is on trial here.
fn mend(operation: &mut Operation) {
    if operation.outcome != Outcome::Unknown && operation.responded_ns.is_none() {
        operation.responded_ns = Some(operation.invoked_ns);
    }
    operation.responded_ns = operation
        .responded_ns
        .map(|end| end.max(operation.invoked_ns));
    match &mut operation.action {
        Action::Look { version } if operation.outcome == Outcome::Ok => {
            version.get_or_insert(0);
        }
        Action::Add { wrote, .. } if *wrote == Some(0) => *wrote = None,
        _ => {}
    }
}

prop_compose! {
    fn any_history()(
        steps in vec(step(), 1..7),
        damages in vec(damage(), 0..4),
        initial in prop_oneof![3 => Just(0_u64), 1 => Just(7_u64)],
        tells in any::<(bool, bool)>(),
        is_named in prop::bool::weighted(0.7),
    ) -> History {
        let mut history = history(&steps, initial, tells, is_named);
        for damage in damages {
            if !history.operations.is_empty() {
                spoil(&mut history, damage);
            }
        }
        history
    }
}

/// How many histories are judged; each has a few thousand orders at most.
const CASES: u32 = 20_000;

#[test]
fn the_judge_of_versions_says_what_trying_every_order_says() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let counts = std::cell::RefCell::new(BTreeMap::<String, u32>::new());
    let run = runner.run(&any_history(), |history| {
        let verdict = history.judge();
        let kind = match &verdict {
            Verdict::Exact => {
                prop_assert!(has_order(&history), "there is no order");
                "exact".to_owned()
            }
            Verdict::Violated { evidence } => {
                prop_assert!(!has_order(&history), "there is an order, and {verdict}");
                variant(&evidence[0])
            }
            Verdict::Inconclusive { .. } => {
                prop_assert!(has_order(&history), "there is no order, and {verdict}");
                "inconclusive".to_owned()
            }
        };
        *counts.borrow_mut().entry(kind).or_default() += 1;
        Ok(())
    });
    run.unwrap_or_else(|difference| panic!("{difference}"));
    let counts = counts.into_inner();
    println!("{counts:?}");
    for kind in KINDS {
        assert!(
            counts.contains_key(*kind),
            "{kind} was never seen: {counts:?}"
        );
    }
}

/// Every verdict has to come about, or the comparison says little of it.
const KINDS: &[&str] = &[
    "exact",
    "inconclusive",
    "overwritten",
    "missing",
    "no_room",
    "doubled",
    "undead",
    "torn",
    "rolled_back",
    "unclaimed",
    "skipped",
    "miscounted",
];

fn variant(evidence: &hookstate_history::Evidence) -> String {
    let json = serde_json::to_value(evidence).expect("evidence is JSON");
    json["kind"]
        .as_str()
        .expect("evidence has a kind")
        .to_owned()
}

#[test]
fn the_orders_are_tried_as_they_should_be() {
    use crate::common::{change, killed, look};
    let of = |operations: &[Operation]| History {
        header: Header::default(),
        operations: operations.to_vec(),
        last: None,
    };
    let first = change(1, 1, (0, 10), 0);
    assert!(has_order(&of(&[first.clone(), look(2, (5, 9), 0)])));
    assert!(!has_order(&of(&[first.clone(), look(2, (11, 12), 0)])));
    let dead = killed(change(2, 1, (0, 0), 0));
    assert!(has_order(&of(&[first.clone(), dead, look(2, (20, 21), 2)])));
    assert!(!has_order(&of(&[first, look(2, (20, 21), 2)])));
}
