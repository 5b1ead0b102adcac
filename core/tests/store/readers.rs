//! Readers among writers: every read is a whole state, and no acknowledged change is gone again.

use crate::directory::Scratch;
use hookstate::kernel::Host;
use hookstate::strategy::{ALL, AnyStrategy};
use hookstate::{State, Store};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const WRITERS: u64 = 2;
const CHANGES: u64 = 150;

/// A state that shows whether it is whole: the text follows from the number. It has from a few
/// bytes to more than two pages, and grows and shrinks with every change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Proof {
    number: u64,
    text: String,
}

impl Proof {
    fn of(number: u64) -> Self {
        let repeats = usize::try_from(number * 37 % 1_000).expect("below 1000");
        let text = format!("{number:09} ").repeat(repeats);
        Self { number, text }
    }

    fn is_whole(&self) -> bool {
        self.number == 0 || *self == Self::of(self.number)
    }
}

impl State for Proof {
    type Delta = u64;

    fn apply(&mut self, more: &u64) {
        *self = Self::of(self.number + more);
    }
}

fn store(scratch: &Scratch, strategy: AnyStrategy) -> Store<Proof, AnyStrategy> {
    Store::with(scratch.store(), "state", strategy, Host).lock_timeout(Duration::from_secs(30))
}

/// Reads until all changes are made. What is acknowledged before a read must be in it, and what it
/// has in it must have been begun.
fn read_until_the_end(
    store: &Store<Proof, AnyStrategy>,
    acknowledged: &AtomicU64,
    begun: &AtomicU64,
) -> usize {
    let mut reads = 0;
    let mut last = 0;
    while last < WRITERS * CHANGES {
        let at_least = acknowledged.load(Ordering::SeqCst).max(last);
        let read = store.read().expect("a state");
        let at_most = begun.load(Ordering::SeqCst);
        assert_eq!(read.recovery, None);
        assert!(read.value.is_whole(), "torn: {}", read.value.number);
        last = read.value.number;
        assert!(
            (at_least..=at_most).contains(&last),
            "{at_least} {last} {at_most}"
        );
        reads += 1;
    }
    reads
}

fn write(store: &Store<Proof, AnyStrategy>, acknowledged: &AtomicU64, begun: &AtomicU64) {
    for nth in 0..CHANGES {
        begun.fetch_add(1, Ordering::SeqCst);
        let outcome = match nth % 2 {
            0 => store.apply(&1),
            _ => store.locked_modify(|proof| proof.apply(&1)),
        };
        assert_eq!(outcome.expect("a change").recovery, None);
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_reader_among_writers_sees_whole_states_that_only_grow() {
    for strategy in ALL {
        let scratch = Scratch::new();
        let acknowledged = AtomicU64::new(0);
        let begun = AtomicU64::new(0);
        let reads = std::thread::scope(|scope| {
            let reader = scope
                .spawn(|| read_until_the_end(&store(&scratch, strategy), &acknowledged, &begun));
            for _ in 0..WRITERS {
                scope.spawn(|| write(&store(&scratch, strategy), &acknowledged, &begun));
            }
            reader.join().expect("no read went wrong")
        });
        println!("{strategy:?}: {reads} reads");
        assert!(reads > 0);
    }
}

#[test]
fn a_state_made_of_two_is_not_whole() {
    let mut torn = Proof::of(7);
    torn.text = Proof::of(8).text;
    assert!(!torn.is_whole());
    assert!(Proof::of(7).is_whole());
}
