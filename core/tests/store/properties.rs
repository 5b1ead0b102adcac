//! Any sequence of changes by several handles equals the same changes on a plain map.

use crate::directory::{Scratch, names};
use crate::ledger::{Change, Ledger};
use crate::machine::Machine;
use hookstate::kernel::Host;
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate::{Durability, NoDelta, State, Store};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;
use proptest::test_runner::{TestCaseResult, TestRunner};
use serde::{Deserialize, Serialize};

/// What a handle does.
#[derive(Clone, Debug)]
pub enum Step {
    Make(Change),
    /// `try_locked_modify` with a closure that changes the state and then refuses.
    Refuse(Change),
    Read,
    Remove,
    /// `try_remove` with a closure that refuses.
    RefuseRemoval,
}

/// A step and the handle that does it.
pub type Steps = Vec<(usize, Step)>;

/// Three handles of one state, of which each may keep its own durability.
pub type Handles = [Durability; 3];

fn any_change() -> impl Generator<Value = Change> {
    let bytes = prop_oneof![
        8 => 0_usize..200,
        // A page is 4096 bytes; escapes make the JSON longer than the text.
        4 => 2_000_usize..5_000,
        3 => 5_000_usize..20_000,
        1 => Just(300_000_usize),
    ];
    let key_bytes = prop_oneof![6 => 0_usize..20, 1 => 3_000_usize..6_000];
    let key = 0_u8..6;
    prop_oneof![
        4 => (key.clone(), bytes).prop_map(|(key, bytes)| Change::Put { key, bytes }),
        3 => key.clone().prop_map(|key| Change::Remove { key }),
        4 => (key, key_bytes).prop_map(|(key, key_bytes)| Change::Add { key, key_bytes }),
    ]
}

fn any_steps() -> impl Generator<Value = Steps> {
    let step = prop_oneof![
        8 => any_change().prop_map(Step::Make),
        1 => any_change().prop_map(Step::Refuse),
        1 => Just(Step::Read),
        1 => Just(Step::Remove),
        1 => Just(Step::RefuseRemoval),
    ];
    vec((0_usize..3, step), 0..16)
}

fn any_handles() -> impl Generator<Value = Handles> {
    let one = prop_oneof![
        3 => Just(Durability::Process),
        1 => Just(Durability::Power),
    ];
    proptest::array::uniform3(one)
}

/// Does the steps on a store and on a plain ledger, and compares after each.
pub fn equals_a_plain_map<S: Strategy + Copy>(
    strategy: S,
    handles: &Handles,
    steps: &Steps,
) -> TestCaseResult {
    let scratch = Scratch::new();
    let open = |durability: &Durability| {
        Store::<Ledger, _, _>::with(scratch.store(), "state", strategy, Machine::without_disk())
            .durability(*durability)
    };
    let stores: Vec<_> = handles.iter().map(open).collect();
    let mut plain = Ledger::default();
    let mut exists = false;
    for (by, step) in steps {
        let recovery = match step {
            Step::Make(change) => {
                change.on(&mut plain);
                exists = true;
                change.made_in(&stores[*by])?.recovery
            }
            Step::Refuse(change) => {
                let refused = stores[*by].try_locked_modify(|ledger: &mut Ledger| {
                    change.on(ledger);
                    Err::<(), &str>("not today")
                })?;
                prop_assert_eq!(refused.value, Err("not today"));
                refused.recovery
            }
            Step::Read => stores[*by].read()?.recovery,
            Step::Remove => {
                let removed = stores[*by].remove(|ledger| ledger)?;
                prop_assert_eq!(removed.value, exists.then(|| std::mem::take(&mut plain)));
                prop_assert_eq!(names(&scratch.store()), Vec::<&str>::new());
                exists = false;
                removed.recovery
            }
            Step::RefuseRemoval => {
                let refused = stores[*by].try_remove(Err::<(), _>)?;
                let expected = exists.then_some(&plain);
                prop_assert_eq!(refused.value.as_ref().err(), expected);
                refused.recovery
            }
        };
        prop_assert_eq!(recovery, None);
        let read = stores[(by + 1) % stores.len()].read()?;
        prop_assert_eq!(read.recovery, None);
        prop_assert_eq!(&read.value, &plain);
    }
    Ok(())
}

/// Runs `equals_a_plain_map` on so many random sequences.
pub fn try_many<S: Strategy + Copy>(strategy: S, cases: u32) -> Result<(), String> {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(&(any_handles(), any_steps()), |(handles, steps)| {
            equals_a_plain_map(strategy, &handles, &steps)
        })
        .map_err(|failure| failure.to_string())
}

fn named(name: &str) -> AnyStrategy {
    AnyStrategy::named(name).expect("a strategy")
}

#[test]
fn any_sequence_of_changes_through_flock_equals_a_plain_map() {
    try_many(named("flock"), 96).unwrap();
}

#[test]
fn any_sequence_of_changes_through_the_append_log_equals_a_plain_map() {
    try_many(named("append-log"), 96).unwrap();
}

#[test]
fn any_sequence_of_changes_through_rename_equals_a_plain_map() {
    try_many(named("rename"), 96).unwrap();
}

/// A state that is any JSON value: a lone number, `null`, a string that ends in spaces. The file
/// is then as short as one byte, and shrinks by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Anything(serde_json::Value);

impl State for Anything {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

fn any_value() -> impl Generator<Value = Anything> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        (0_u64..100).prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
        "[ \n\t]{0,9}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(serde_json::Value::from),
            btree_map(any::<String>(), inner, 0..8)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
    .prop_map(Anything)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_json_value_reads_back(values in vec(any_value(), 1..6)) {
        for strategy in ALL {
            let scratch = Scratch::new();
            let store = Store::<Anything, _, _>::with(scratch.store(), "any", strategy, Host);
            for value in &values {
                let outcome = store.locked_modify(|state| *state = value.clone())?;
                prop_assert_eq!(outcome.recovery, None);
                let read = store.read()?;
                prop_assert_eq!(read.recovery, None);
                prop_assert_eq!(&read.value, value);
            }
        }
    }
}
