//! The shape in which most programs lose updates: lock, read, unlock; lock, write, unlock. Each of the
//! two windows is sound, and between them somebody else comes in.

use crate::common::{History, change, words};
use hookstate_history::{Evidence, Final, Model, Verdict};

const PROCESSES: u32 = 8;
const CHANGES: u32 = 100;

/// Eight processes with a hundred changes each, of which the total shows thirteen.
///
/// All have read the same version when the first of them writes; each writes the next one. A round of
/// them adds one to the total; after the twelfth the rest comes one by one, and a last late write
/// sets it back.
fn lock_read_unlock_lock_write() -> History {
    let mut history = History::new(Model::Counter);
    let (mut total, mut time) = (0, 0);
    for sequence in 1..=CHANGES {
        let read = total.min(12);
        for process in 1..=PROCESSES {
            let began = time + u64::from(process);
            let made = began + 100 + u64::from(process);
            history
                .operations
                .push(change(process, sequence, (began, made), read));
        }
        total = read + 1;
        time += 1000;
    }
    history.last = Some(Final {
        total: Some(total),
        tokens: None,
    });
    history
}

#[test]
fn thirteen_of_eight_hundred_is_violated_and_the_first_two_are_named() {
    let history = lock_read_unlock_lock_write();
    assert_eq!(history.operations.len(), 800);
    assert_eq!(history.last.as_ref().and_then(|last| last.total), Some(13));
    let verdict = history.judge();
    assert_eq!(words(&verdict)[0], "lost");
    let Verdict::Violated { evidence } = verdict else {
        panic!("{verdict}")
    };
    match &evidence[0] {
        Evidence::Overwritten {
            version,
            overwritten,
            by,
            overwritten_in_all,
            ..
        } => {
            assert_eq!((*version, *overwritten_in_all), (0, 787));
            assert_eq!((overwritten.line, by.line), (2, 3));
        }
        other => panic!("{other}"),
    }
    assert_eq!(
        evidence[0].to_string(),
        "lost: p1 #01 (1 to 102 ns) and p2 #01 (2 to 104 ns) had both read version 0 and wrote 1; \
         p2 #01 was acknowledged later; and 786 more"
    );
}

#[test]
fn the_same_in_one_window_is_exact() {
    let mut history = lock_read_unlock_lock_write();
    for (version, operation) in (0..).zip(&mut history.operations) {
        let (process, sequence) = (operation.process, 1 + (version / 8) as u32);
        *operation = change(process, sequence, (10 * version, 10 * version + 9), version);
    }
    history.last = Some(Final {
        total: Some(800),
        tokens: None,
    });
    assert_eq!(history.judge(), Verdict::Exact);
}
