//! Several histories in one file: each is judged by itself, and found again by its name and line.

use crate::common::{History, change};
use hookstate_history::{Judgement, Limits, Model, Verdict, judge, judge_each};
use std::io::Cursor;
use std::time::Duration;

/// A history with this name: one change after the other, or two of one version.
fn named(name: &str, changes: u32, forked: bool) -> Vec<u8> {
    let mut history = History::new(Model::Counter);
    history.header.name = Some(name.into());
    let operation = |number: u32| {
        let at = u64::from(number);
        change(1, 1 + number, (at, at), at)
    };
    history.operations = (0..changes).map(operation).collect();
    if forked {
        let at = u64::from(changes);
        history.operations.push(change(2, 1, (0, at), 0));
    }
    history.bytes()
}

fn judged(bytes: Vec<u8>, limits: &Limits) -> Vec<Judgement> {
    let mut all = Vec::new();
    judge_each(Cursor::new(bytes), limits, |judgement| all.push(judgement))
        .expect("they are histories");
    all
}

#[test]
fn each_history_of_a_file_is_judged_by_itself() {
    let bytes = [
        named("a", 3, false),
        named("b", 2, true),
        // Longer than what is read at once.
        named("c", 10_000, false),
        b"\n\n".to_vec(),
        named("d", 0, false),
        named("e", 1, false),
    ]
    .concat();
    let all = judged(bytes.clone(), &Limits::default());
    let told: Vec<_> = all
        .iter()
        .map(|one| (one.name.as_deref(), one.line, one.operations))
        .collect();
    assert_eq!(
        told,
        [
            (Some("a"), 1, 3),
            (Some("b"), 5, 3),
            (Some("c"), 9, 10_000),
            (Some("d"), 10_012, 0),
            (Some("e"), 10_013, 1),
        ]
    );
    let Verdict::Violated { evidence } = &all[1].verdict else {
        panic!("{all:?}");
    };
    assert_eq!(
        evidence[0].to_string(),
        "lost: p1 #01 (0 to 0 ns) and p2 #01 (0 to 2 ns) had both read version 0 and wrote 1; \
         p2 #01 was acknowledged later"
    );
    for exact in [0, 2, 4] {
        assert_eq!(all[exact].verdict, Verdict::Exact, "{exact}");
    }
    let together = judge(Cursor::new(bytes), &Limits::default()).expect("they are histories");
    assert_eq!(together, all[1].verdict);
}

#[test]
fn thousands_of_short_histories_are_judged() {
    let bytes: Vec<u8> = (0..3000)
        .flat_map(|number| named(&number.to_string(), number % 3, number % 1000 == 999))
        .collect();
    let all = judged(bytes, &Limits::default());
    let violated = |one: &&Judgement| matches!(one.verdict, Verdict::Violated { .. });
    let names: Vec<_> = all
        .iter()
        .filter(violated)
        .map(|one| one.name.clone())
        .collect();
    assert_eq!(all.len(), 3000);
    // The one named 999 has no other change.
    assert_eq!(names, [Some("1999".into()), Some("2999".into())]);
}

#[test]
fn when_the_time_is_over_the_rest_is_not_taken_for_exact() {
    let limits = Limits {
        time: Duration::ZERO,
        ..Limits::default()
    };
    let all = judged(
        [named("a", 1, false), named("b", 1, false)].concat(),
        &limits,
    );
    assert_eq!(all.len(), 1);
    assert!(matches!(all[0].verdict, Verdict::Inconclusive { .. }));
}

#[test]
fn a_history_that_takes_too_much_memory_leaves_the_others_to_be_judged() {
    let limits = Limits {
        memory_bytes: 1 << 20,
        ..Limits::default()
    };
    let mut scattered = History::new(Model::Counter);
    // Every page has a gap, so none can be given up.
    scattered.operations = (0..40_u32)
        .map(|page| change(1, 1 + page, (0, 1), u64::from(page) * 4096))
        .collect();
    let all = judged([scattered.bytes(), named("b", 1, false)].concat(), &limits);
    assert!(
        matches!(all[0].verdict, Verdict::Inconclusive { .. }),
        "{all:?}"
    );
    assert_eq!(all[1].verdict, Verdict::Exact);
}

/// The first collision is that of one process with itself; it is the other that tells more.
#[test]
fn a_fork_between_two_processes_is_told_before_one_within_a_process() {
    let mut history = History::new(Model::Counter);
    history.operations = vec![
        change(1, 1, (0, 1), 0),
        change(1, 2, (2, 3), 0),
        change(1, 3, (4, 5), 1),
        change(2, 1, (4, 9), 1),
    ];
    let Verdict::Violated { evidence } = history.judge() else {
        panic!("{history:?}");
    };
    let line = evidence[0].to_string();
    assert!(
        line.contains("p1 #03 (4 to 5 ns) and p2 #01 (4 to 9 ns)"),
        "{line}"
    );
}
