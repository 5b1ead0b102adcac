//! Any name for a state is safe on the disk.

use crate::directory::{Scratch, names};
use crate::ledger::{Change, Ledger};
use hookstate::Store;
use hookstate::kernel::Host;
use hookstate::strategy::{ALL, AnyStrategy};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

const PUT: Change = Change::Put { key: 1, bytes: 10 };

fn store(scratch: &Scratch, name: &[u8], strategy: AnyStrategy) -> Store<Ledger, AnyStrategy> {
    Store::with(scratch.store(), name, strategy, Host)
}

/// Names that have broken programs, or could break this one.
fn odd_names() -> Vec<Vec<u8>> {
    let odd: [&[u8]; 26] = [
        b"",
        b".",
        b"..",
        b"/",
        b"../../x",
        b"/etc/passwd",
        b"a/b",
        b"a/../b",
        b"./a",
        b"a\0b",
        b"a\nb",
        b"\n",
        b" ",
        b"a ",
        b"-rf",
        b"~",
        b"~e3b0c44298fc1c149afbf4c8996fb924",
        b"\xff\xfe",
        b"a.json",
        b"a.json.journal",
        b"a.rename",
        b"a.rename.json",
        b"a.log.spare",
        b"a.json.corrupt-00000000000000000001-1",
        b"CON",
        "🦀".as_bytes(),
    ];
    let mut all: Vec<Vec<u8>> = odd.iter().map(|name| name.to_vec()).collect();
    all.extend([
        b"a".to_vec(),
        b"a".repeat(64),
        b"a".repeat(65),
        b"a".repeat(10 << 10),
    ]);
    all
}

/// Makes one change in each state, each its own, and looks whether every state has just that.
fn states_are_apart(names: &[Vec<u8>], strategies: &[AnyStrategy]) {
    let scratch = Scratch::new();
    let states = names
        .iter()
        .flat_map(|name| strategies.iter().map(move |strategy| (name, *strategy)));
    let own = |number: usize| format!("state {number}");
    for (number, (name, strategy)) in states.clone().enumerate() {
        let outcome = store(&scratch, name, strategy).locked_modify(|ledger| {
            ledger.texts.insert("own".to_owned(), own(number));
            ledger.texts.len()
        });
        assert_eq!(outcome.expect("a change").value, 1);
        let outcome = PUT.made_in(&store(&scratch, name, strategy));
        assert_eq!(outcome.expect("a change").recovery, None);
    }
    for (number, (name, strategy)) in states.enumerate() {
        let ledger = store(&scratch, name, strategy)
            .read()
            .expect("a state")
            .value;
        let shown = name.escape_ascii();
        assert_eq!(ledger.texts.len(), 2, "{strategy:?}: {shown}");
        assert_eq!(ledger.texts["own"], own(number), "{strategy:?}: {shown}");
    }
    assert_eq!(crate::directory::names(scratch.root()), ["store"]);
}

#[test]
fn odd_names_stay_inside_the_directory_and_apart_from_each_other() {
    states_are_apart(&odd_names(), &ALL);
}

/// The control of the test above.
#[test]
#[should_panic(expected = "left == right")]
fn two_states_with_one_name_are_caught() {
    states_are_apart(&[b"a".to_vec(), b"a".to_vec()], &ALL);
}

#[test]
fn every_file_of_a_state_is_a_plain_file_in_the_directory() {
    for name in odd_names() {
        let scratch = Scratch::new();
        for strategy in ALL {
            let store = store(&scratch, &name, strategy);
            for bytes in [10, 9_000, 10] {
                let _clean = Change::Put { key: 1, bytes }
                    .made_in(&store)
                    .expect("a change");
            }
            assert_eq!(store.path().parent(), Some(scratch.store().as_path()));
        }
        let files = names(&scratch.store());
        assert!(files.len() >= ALL.len(), "{files:?}");
        for file in files {
            let stat = std::fs::symlink_metadata(scratch.store().join(&file)).expect("stat");
            assert!(stat.is_file(), "{file:?}");
            assert!(file.len() <= 128, "{file:?}");
            assert!(
                file.to_str().is_some_and(|name| name.is_ascii()),
                "{file:?}"
            );
        }
        assert_eq!(names(scratch.root()), ["store"]);
    }
}

#[test]
fn reading_a_state_that_nobody_has_changed_makes_nothing() {
    for strategy in ALL {
        let scratch = Scratch::new();
        let outcome = store(&scratch, b"state", strategy)
            .read()
            .expect("the default");
        assert_eq!((outcome.value, outcome.recovery), (Ledger::default(), None));
        assert!(names(scratch.root()).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_names_stay_inside_the_directory_and_apart_from_each_other(
        wild in btree_set(vec(any::<u8>(), 0..80), 1..5),
        plain in btree_set("[a-z_-]{1,3}", 1..5),
    ) {
        let mut all: Vec<Vec<u8>> = wild.into_iter().collect();
        all.extend(plain.into_iter().map(String::into_bytes));
        all.sort();
        all.dedup();
        states_are_apart(&all, &ALL);
    }
}
