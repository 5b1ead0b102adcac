//! Sizes at the edges: around a page, and beyond what a store takes or can read back.

use crate::directory::Scratch;
use hookstate::kernel::Host;
use hookstate::strategy::{ALL, AnyStrategy};
use hookstate::{ErrorKind, NoDelta, STATE_BYTES_MAX, State, Store};
use serde::{Deserialize, Serialize};

/// A state whose JSON is two bytes longer than the text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Text(String);

impl State for Text {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

fn store<T: State>(scratch: &Scratch, strategy: AnyStrategy) -> Store<T, AnyStrategy> {
    Store::with(scratch.store(), "state", strategy, Host)
}

#[test]
fn a_state_of_any_size_around_a_page_becomes_one_of_any_other() {
    let sizes = [
        0, 1, 100, 4_091, 4_092, 4_093, 4_094, 4_095, 4_096, 8_190, 8_191, 12_288,
    ];
    for strategy in ALL {
        let scratch = Scratch::new();
        let store = store::<Text>(&scratch, strategy);
        for from in sizes {
            for to in sizes {
                for bytes in [from, to] {
                    let text = "x".repeat(bytes);
                    let outcome = store.locked_modify(|state| state.0.clone_from(&text));
                    assert_eq!(outcome.unwrap().recovery, None);
                    let read = store.read().unwrap();
                    assert_eq!(read.recovery, None);
                    assert_eq!(read.value.0, text, "{strategy:?}: {from} to {to} bytes");
                }
            }
        }
    }
}

/// Within a page it grows by 64 bytes and never shrinks; otherwise it has whole pages, at most twice
/// as many as it needs. The line is three bytes longer than the text.
#[test]
fn the_file_is_little_longer_than_its_state() {
    let strategy = AnyStrategy::named("flock").expect("a strategy");
    let scratch = Scratch::new();
    let store = store::<Text>(&scratch, strategy);
    for (bytes, length) in [
        (10, 64),
        (61, 64),
        (62, 128),
        (10, 128),
        (4_093, 4_096),
        (4_094, 8_192),
        (4_093, 4_096),
        (81_000, 81_920),
        (60_000, 81_920),
        (40_000, 81_920),
        (36_000, 36_864),
        (81_000, 81_920),
        (10, 4_096),
    ] {
        let text = "x".repeat(bytes);
        let outcome = store.locked_modify(|state| state.0.clone_from(&text));
        assert_eq!(outcome.unwrap().recovery, None);
        let file = std::fs::metadata(store.path()).unwrap();
        assert_eq!(file.len(), length, "{bytes} bytes");
    }
}

#[test]
fn a_state_that_is_too_large_is_refused_and_the_old_one_stays() {
    let large = usize::try_from(STATE_BYTES_MAX).unwrap();
    for strategy in ALL {
        let scratch = Scratch::new();
        let store = store::<Text>(&scratch, strategy);
        let set = |text: String| {
            store
                .locked_modify(|state| state.0 = text)
                .map(|done| done.value)
        };
        set("small".to_owned()).unwrap();
        let error = set("x".repeat(large)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{strategy:?}");
        assert_eq!(store.read().unwrap().value.0, "small");
        set("as before".to_owned()).unwrap();
        assert_eq!(store.read().unwrap().value.0, "as before");
    }
}

/// A state that serde_json writes without complaint and cannot read back: NaN becomes `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Measure(f64);

impl State for Measure {
    type Delta = Measure;

    fn apply(&mut self, more: &Measure) {
        self.0 += more.0;
    }
}

#[test]
fn a_state_that_cannot_be_read_back_is_never_written() {
    for strategy in ALL {
        let scratch = Scratch::new();
        let store = store::<Measure>(&scratch, strategy);
        let _clean = store.locked_modify(|state| state.0 = 1.5).unwrap();
        for nonsense in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = store.locked_modify(|state| state.0 = nonsense).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unstorable, "{strategy:?}");
            let error = store.apply(&Measure(nonsense)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unstorable, "{strategy:?}");
        }
        let read = store.read().unwrap();
        assert_eq!((read.value.0, read.recovery), (1.5, None), "{strategy:?}");
    }
}

/// A state that grows deeper with every change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Deep(Option<Vec<Deep>>);

impl State for Deep {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

#[test]
fn a_state_nested_too_deeply_to_be_read_back_is_never_written() {
    for strategy in ALL {
        let scratch = Scratch::new();
        let store = store::<Deep>(&scratch, strategy);
        let deeper = |state: &mut Deep| *state = Deep(Some(vec![std::mem::take(state)]));
        let refused = (0..200).find_map(|_| store.locked_modify(deeper).err());
        assert_eq!(
            refused.map(|error| error.kind()),
            Some(ErrorKind::Unstorable)
        );
        let before = store.read().unwrap().value;
        assert_ne!(before, Deep::default());
        let _clean = store.locked_modify(|state| *state = Deep(None)).unwrap();
        assert_eq!(store.read().unwrap().value, Deep(None), "{strategy:?}");
    }
}
