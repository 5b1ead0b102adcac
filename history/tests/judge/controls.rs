//! For each sort of violation a history that is exact but for one change in it.

use crate::common::{History, change, killed, look, versionless, words};
use hookstate_history::{
    Action, Evidence, Final, Limits, Model, Operation, Outcome, Token, Verdict,
};
use std::time::Duration;

/// Three processes, six changes, a look, a change that failed, one that was killed and is in the
/// state, and one by a command that does not tell versions.
fn good() -> History {
    let failed = Operation {
        outcome: Outcome::Failed,
        ..versionless(change(3, 3, (50, 60), 0))
    };
    let operations = vec![
        change(1, 1, (0, 10), 0),
        change(2, 1, (5, 15), 1),
        change(3, 1, (12, 25), 2),
        look(4, (26, 30), 3),
        change(1, 2, (20, 35), 3),
        killed(change(2, 2, (30, 0), 0)),
        change(3, 2, (40, 50), 5),
        failed,
        versionless(change(1, 3, (55, 65), 0)),
        change(2, 3, (66, 80), 7),
    ];
    let tokens = ["1-1", "2-1", "3-1", "1-2", "2-2", "3-2", "1-3", "2-3"];
    let last = Final {
        total: Some(8),
        tokens: Some(tokens.into_iter().map(Token::new).collect()),
    };
    History {
        operations,
        last: Some(last),
        ..History::new(Model::Set)
    }
}

fn judge_with(change: impl FnOnce(&mut History)) -> Verdict {
    let mut history = good();
    change(&mut history);
    assert_ne!(history, good(), "nothing was changed");
    history.judge()
}

fn tokens(history: &mut History) -> &mut Vec<Token> {
    let last = history
        .last
        .as_mut()
        .expect("the good history has a final state");
    last.tokens.as_mut().expect("it has tokens")
}

fn evidence(verdict: Verdict) -> Vec<Evidence> {
    match verdict {
        Verdict::Violated { evidence } => evidence,
        other => panic!("{other}"),
    }
}

fn reads(history: &mut History, index: usize, version: u64) {
    match &mut history.operations[index].action {
        Action::Add { read, wrote, .. } => (*read, *wrote) = (Some(version), Some(version + 1)),
        Action::Look { version: found } => *found = Some(version),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_history_that_the_controls_change_is_exact() {
    assert_eq!(good().judge(), Verdict::Exact);
}

#[test]
fn two_changes_of_one_version_are_lost_and_both_are_named() {
    let verdict = judge_with(|history| reads(history, 1, 0));
    let evidence = evidence(verdict);
    let Evidence::Overwritten {
        version,
        overwritten,
        by,
        ..
    } = &evidence[0]
    else {
        panic!("{evidence:?}")
    };
    assert_eq!((*version, overwritten.line, by.line), (0, 2, 3));
}

#[test]
fn the_final_tokens_say_which_of_the_two_is_gone() {
    let gone = |token: &str| {
        let verdict = judge_with(|history| {
            reads(history, 1, 0);
            tokens(history).retain(|one| *one != Token::new(token));
        });
        match evidence(verdict).swap_remove(0) {
            Evidence::Overwritten {
                overwritten,
                certain,
                ..
            } => (overwritten.line, certain),
            other => panic!("{other}"),
        }
    };
    assert_eq!(gone("1-1"), (2, true));
    assert_eq!(gone("2-1"), (3, true));
}

#[test]
fn a_fork_between_two_processes_is_told_before_one_within_a_process() {
    let mut history = History::new(Model::Counter);
    history.operations = vec![
        change(1, 1, (0, 10), 0),
        change(1, 2, (11, 20), 0),
        change(2, 1, (0, 30), 0),
    ];
    match evidence(history.judge()).swap_remove(0) {
        Evidence::Overwritten {
            overwritten,
            by,
            overwritten_in_all,
            ..
        } => {
            let processes = (overwritten.operation.process, by.operation.process);
            assert_eq!((processes, overwritten_in_all), ((1, 2), 2));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn an_acknowledged_token_that_is_not_in_the_end_is_lost() {
    let verdict = judge_with(|history| drop(tokens(history).remove(3)));
    assert_eq!(words(&verdict)[0], "lost");
    let evidence = evidence(verdict);
    assert!(matches!(&evidence[0], Evidence::Missing { change, .. } if change.line == 6));
}

#[test]
fn one_lost_and_one_doubled_are_noticed_though_the_total_is_right() {
    let verdict = judge_with(|history| {
        let tokens = tokens(history);
        tokens[0] = tokens[1].clone();
    });
    assert_eq!(words(&verdict), ["lost", "doubled"]);
}

#[test]
fn a_token_that_was_acknowledged_twice_is_doubled() {
    let verdict = judge_with(|history| history.operations[3] = change(2, 1, (26, 30), 4));
    assert_eq!(words(&verdict)[0], "doubled");
}

#[test]
fn a_failed_change_that_is_in_the_end_is_undead() {
    let verdict = judge_with(|history| {
        tokens(history)[4] = Token::new("3-3");
    });
    assert!(words(&verdict).contains(&"undead"), "{verdict}");
}

#[test]
fn a_token_of_nobody_is_torn() {
    for token in ["9-9", "half a tok"] {
        let verdict = judge_with(|history| tokens(history)[4] = Token::new(token));
        assert!(words(&verdict).contains(&"torn"), "{verdict}");
        assert!(verdict.to_string().contains(token), "{verdict}");
    }
}

#[test]
fn a_look_that_finds_less_than_was_acknowledged_is_rolled_back() {
    let verdict = judge_with(|history| reads(history, 3, 2));
    assert_eq!(words(&verdict), ["rolled back"]);
    match evidence(verdict).swap_remove(0) {
        Evidence::RolledBack { newer, older } => {
            assert!(newer.to_string().starts_with("p3 #01 "), "{newer}");
            assert!(older.to_string().starts_with("p4 line 5 "), "{older}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_look_beside_the_change_may_find_it_or_not() {
    for version in [2, 3] {
        let mut history = good();
        history.operations[3] = look(4, (25, 30), version);
        assert_eq!(history.judge(), Verdict::Exact, "{version}");
    }
}

#[test]
fn a_version_from_before_the_first_is_rolled_back() {
    let mut history = good();
    history.header = hookstate_history::Header {
        initial: Some(1.into()),
        ..hookstate_history::Header::default()
    };
    assert_eq!(words(&history.judge())[0], "rolled back");
}

#[test]
fn a_gap_that_no_killed_change_explains_is_unclaimed() {
    let verdict = judge_with(|history| {
        history.operations.remove(5);
        tokens(history).remove(4);
        history.last.as_mut().expect("it is there").total = Some(7);
    });
    assert!(!words(&verdict).is_empty(), "{verdict}");
    let without_end = judge_with(|history| {
        history.operations.remove(5);
        history.last = None;
        history.operations.remove(7);
    });
    assert_eq!(words(&without_end), ["unclaimed"]);
}

#[test]
fn a_killed_change_explains_one_gap_only_and_none_before_it_began() {
    let late = judge_with(|history| history.operations[5].invoked_ns = 51);
    assert_eq!(words(&late), ["unclaimed"]);
    let twice = judge_with(|history| {
        reads(history, 9, 8);
        history.last = None;
    });
    assert_eq!(words(&twice), ["unclaimed"]);
}

#[test]
fn two_tries_of_one_change_explain_one_gap() {
    let of_tokens = |sequences: [u32; 2]| {
        let mut history = History::new(Model::Counter);
        let tries = sequences.map(|sequence| killed(change(1, sequence, (0, 0), 0)));
        history.operations.extend(tries);
        history.operations.push(look(2, (10, 20), 2));
        history.judge()
    };
    assert_eq!(of_tokens([1, 2]), Verdict::Exact);
    assert_eq!(words(&of_tokens([1, 1])), ["unclaimed"]);
}

#[test]
fn a_killed_change_that_is_not_in_the_end_explains_no_gap() {
    let with_token = |survivor: Token| {
        let mut history = History::new(Model::Set);
        history.operations = vec![
            killed(change(1, 1, (0, 0), 0)),
            look(3, (10, 20), 1),
            killed(change(2, 1, (30, 0), 0)),
        ];
        history.last = Some(Final {
            total: None,
            tokens: Some(vec![survivor]),
        });
        history.judge()
    };
    assert_eq!(with_token(Token::new("1-1")), Verdict::Exact);
    assert_eq!(words(&with_token(Token::new("2-1"))), ["unclaimed"]);
}

#[test]
fn nobody_is_at_fault_for_what_a_killed_process_said() {
    let mut history = good();
    let dead = Operation {
        responded_ns: None,
        outcome: Outcome::Unknown,
        ..change(9, 1, (0, 0), 0)
    };
    history.operations.insert(0, dead);
    assert_eq!(history.judge(), Verdict::Exact);
    reads(&mut history, 2, 0);
    let evidence = evidence(history.judge());
    assert!(
        evidence[0].to_string().starts_with("lost: p1 #01 "),
        "{}",
        evidence[0]
    );
}

#[test]
fn a_change_without_a_version_needs_room_at_its_time() {
    let late = judge_with(|history| {
        history.operations[8].invoked_ns = 81;
        history.operations[8].responded_ns = Some(90);
    });
    assert_eq!(words(&late), ["unclaimed"]);
    let early = judge_with(|history| {
        history.operations[8].invoked_ns = 1;
        history.operations[8].responded_ns = Some(2);
        history.last = None;
    });
    assert_eq!(words(&early), ["lost"]);
}

#[test]
fn a_total_without_versions_has_room_for_what_was_acknowledged() {
    let of_total = |total| {
        let mut history = History::new(Model::Counter);
        let changes = (1..=4).map(|sequence| versionless(change(1, sequence, (0, 9), 0)));
        history.operations = changes.collect();
        history.operations.push(killed(change(2, 1, (0, 0), 0)));
        history.last = Some(Final {
            total: Some(total),
            tokens: None,
        });
        history.judge()
    };
    for total in [4, 5] {
        assert_eq!(of_total(total), Verdict::Exact, "{total}");
    }
    assert_eq!(words(&of_total(6)), ["unclaimed"]);
    match evidence(of_total(1)).swap_remove(0) {
        Evidence::NoRoom { without_room, .. } => assert_eq!(without_room, 3),
        other => panic!("{other}"),
    }
}

#[test]
fn a_change_that_adds_two_has_skipped_one() {
    let verdict = judge_with(|history| {
        if let Action::Add { wrote, .. } = &mut history.operations[9].action {
            *wrote = Some(9);
        }
    });
    assert_eq!(words(&verdict), ["skipped"]);
}

#[test]
fn a_total_that_is_not_the_number_of_tokens_is_miscounted() {
    let verdict = judge_with(|history| {
        history.last.as_mut().expect("it is there").total = Some(9);
    });
    assert_eq!(words(&verdict)[0], "miscounted");
}

#[test]
fn what_nobody_saw_is_inconclusive() {
    let mut unseen = History::new(Model::Counter);
    assert!(matches!(unseen.judge(), Verdict::Inconclusive { .. }));
    unseen.operations = vec![versionless(change(1, 1, (0, 9), 0))];
    assert!(matches!(unseen.judge(), Verdict::Inconclusive { .. }));
}

#[test]
fn a_limit_makes_it_inconclusive_and_is_named() {
    let memory = Limits {
        memory_bytes: 1000,
        ..Limits::default()
    };
    let time = Limits {
        time: Duration::ZERO,
        ..Limits::default()
    };
    let mut long = History::new(Model::Counter);
    long.operations = (0..20_000)
        .map(|version| change(1, 1 + version as u32, (version, version), version))
        .collect();
    for (limits, word) in [(memory, "memory"), (time, "time")] {
        match long.judge_within(&limits) {
            Verdict::Inconclusive { why } => assert!(why.contains(word), "{why}"),
            other => panic!("{other}"),
        }
    }
    assert_eq!(long.judge(), Verdict::Exact);
}

#[test]
fn a_large_search_ends_with_its_limit() {
    // Writes at the same time, and a read of a value that nobody wrote: every subset is tried.
    let mut history = History::new(Model::Register);
    let at_once = |action| Operation {
        process: 1,
        action,
        invoked_ns: 0,
        responded_ns: Some(9),
        outcome: Outcome::Ok,
    };
    for value in 0..24 {
        history.operations.push(at_once(Action::Write {
            key: "x".into(),
            value: value.into(),
        }));
    }
    history.operations.push(at_once(Action::Get {
        key: "x".into(),
        value: Some("nobody's".into()),
    }));
    let limits = Limits {
        memory_bytes: 1 << 20,
        ..Limits::default()
    };
    match history.judge_within(&limits) {
        Verdict::Inconclusive { why } => assert!(why.contains("memory"), "{why}"),
        other => panic!("{other}"),
    }
}
