//! Two versions of a program beside each other. The append log took records that it did not
//! understand for damaged, although their checksums said that they were whole, and a compaction by
//! the older version dropped what the newer one had been promised.

use crate::directory::{Scratch, Snapshot};
use hookstate::kernel::Host;
use hookstate::strategy::AppendLog;
use hookstate::{ErrorKind, State, Store};

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Old {
    a: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
enum OldDelta {
    A,
}

impl State for Old {
    type Delta = OldDelta;
    fn apply(&mut self, _: &OldDelta) {
        self.a += 1;
    }
}

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct New {
    a: u64,
    #[serde(default)]
    b: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
enum NewDelta {
    A,
    B,
}

impl State for New {
    type Delta = NewDelta;
    fn apply(&mut self, delta: &NewDelta) {
        match delta {
            NewDelta::A => self.a += 1,
            NewDelta::B => self.b += 1,
        }
    }
}

#[test]
fn records_of_another_version_are_refused_and_left_alone() {
    let scratch = Scratch::new();
    let old = Store::<Old, _>::with(scratch.store(), "state", AppendLog, Host);
    let new = Store::<New, _>::with(scratch.store(), "state", AppendLog, Host);
    assert!(
        old.apply(&OldDelta::A)
            .expect("a change")
            .recovery
            .is_none()
    );
    for _ in 0..100 {
        assert!(
            new.apply(&NewDelta::B)
                .expect("a change")
                .recovery
                .is_none()
        );
    }
    let before = Snapshot::of(scratch.root());
    for error in [
        old.read()
            .map(|_| ())
            .expect_err("100 records are not understood"),
        old.locked_modify(|state| state.a += 1)
            .map(|_| ())
            .expect_err("they would be dropped"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Incompatible);
        assert!(error.to_string().contains("100 of its records"), "{error}");
    }
    assert_eq!(Snapshot::of(scratch.root()), before);
    // What both understand goes on.
    assert!(
        old.apply(&OldDelta::A)
            .expect("a change")
            .recovery
            .is_none()
    );
    let read = new.read().expect("a state").value;
    assert_eq!((read.a, read.b), (2, 100));
}
