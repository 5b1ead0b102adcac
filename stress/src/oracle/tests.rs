//! Rounds with a known verdict, in both directions.

use super::{
    Acknowledged, Asked, Counted, Event, Oracle, Seed, Source, Summary, Verdict, Workload,
};
use crate::event::Span;
use crate::verdict::Evidence;
use crate::workload::{Change, Entry, Flaw, Operation, Tally, Tool};
use hookstate::State;

const SEED: Seed = Seed(9);
const SPAN: Span = Span {
    began_ns: 5000,
    took_ns: 10,
};

const fn asked(workload: Workload, changes: u32) -> Asked {
    Asked {
        workload,
        seed: SEED,
        lanes: changes,
        iterations: changes,
    }
}

/// Two lanes with two changes each: the given versions, and a final state with all four.
struct Round {
    oracle: Oracle,
    state: Tally,
}

impl Round {
    fn new() -> Self {
        Self {
            oracle: Oracle::new(asked(Workload::Tally, 2)),
            state: Tally::default(),
        }
    }

    fn acknowledge(&mut self, lane: u32, iteration: u32, laid_on: Option<u64>) {
        let acknowledged = Acknowledged {
            iteration,
            entry: Entry::Modify,
            span: SPAN,
            laid_on,
        };
        self.oracle
            .take(Source::Lane(lane), Event::Acknowledged(acknowledged));
    }

    fn keep(&mut self, lane: u32, iteration: u32) {
        self.state
            .apply(&Change::new(Operation { lane, iteration }, SEED));
    }

    fn judge(mut self) -> Verdict {
        let summary = Summary {
            counts: self.state.counts,
            ..Summary::default()
        };
        self.oracle.take(Source::Reader, Event::State(summary));
        self.oracle.judge(1).verdict
    }
}

fn round_of_four() -> Round {
    let mut round = Round::new();
    for (version, (lane, iteration)) in [(1, 1), (2, 1), (2, 2), (1, 2)].into_iter().enumerate() {
        round.acknowledge(lane, iteration, Some(version as u64));
        round.keep(lane, iteration);
    }
    round
}

fn evidence(verdict: Verdict) -> Evidence {
    match verdict {
        Verdict::Violated(evidence) => *evidence,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_acknowledged_and_nothing_else_is_exact() {
    assert_eq!(round_of_four().judge(), Verdict::Exact);
}

#[test]
fn two_changes_of_one_version_are_a_lost_update_and_both_are_named() {
    let mut round = Round::new();
    round.acknowledge(1, 1, Some(0));
    round.acknowledge(2, 1, Some(0));
    round.acknowledge(1, 2, Some(1));
    round.acknowledge(2, 2, Some(2));
    for (lane, iteration) in [(2, 1), (1, 2), (2, 2)] {
        round.keep(lane, iteration);
    }
    let evidence = evidence(round.judge());
    assert_eq!((evidence.expected, evidence.got), (4, Some(3)));
    assert_eq!(
        evidence.fork.unwrap().to_string(),
        "two processes read 0 and both wrote 1: p1 #01, p2 #01"
    );
    let around = evidence
        .around
        .iter()
        .map(|moment| (moment.began_ns, moment.read));
    assert_eq!(
        around.collect::<Vec<_>>(),
        [(0, Some(0)), (0, Some(1)), (0, Some(0)), (0, Some(2))]
    );
}

#[test]
fn every_acknowledged_change_counts_for_the_pace() {
    let mut round = round_of_four();
    round.acknowledge(1, 3, None);
    let pace = round.oracle.judge(1).pace;
    assert_eq!(pace.quantiles().unwrap().changes, 5);
    assert_eq!(pace.quantiles().unwrap().max, 10);
    // Lane 1 has made three changes in the time that lane 2 took for two.
    assert_eq!(pace.fairness(), Some(2.0 / 3.0));
}

#[test]
fn a_fork_between_two_processes_is_told_before_one_within_a_process() {
    let mut round = Round::new();
    round.acknowledge(1, 1, Some(0));
    round.acknowledge(1, 2, Some(0));
    round.acknowledge(2, 1, Some(0));
    let fork = evidence(round.judge()).fork.unwrap();
    assert_eq!((fork.first.lane, fork.second.lane), (1, 2));
}

#[test]
fn one_lost_and_one_doubled_are_noticed_though_the_total_is_right() {
    let mut round = round_of_four();
    round.state = Tally::default();
    for (lane, iteration) in [(1, 1), (1, 1), (1, 2), (2, 2)] {
        round.keep(lane, iteration);
    }
    let miscounts = evidence(round.judge()).miscounts;
    assert!(
        miscounts
            .iter()
            .all(|miscount| miscount.of != Counted::Total)
    );
    let lanes: Vec<String> = miscounts.iter().map(ToString::to_string).collect();
    assert!(
        lanes.contains(&"p1: expected 2 got 3".to_owned()),
        "{lanes:?}"
    );
    assert!(
        lanes.contains(&"p2: expected 2 got 1".to_owned()),
        "{lanes:?}"
    );
}

#[test]
fn a_change_counted_under_another_tool_is_noticed() {
    let mut round = round_of_four();
    let tools = &mut round.state.counts.tools;
    tools.clear();
    tools.insert(Tool::Bash, 4);
    let miscounts = evidence(round.judge()).miscounts;
    assert!(
        miscounts
            .iter()
            .all(|miscount| matches!(miscount.of, Counted::Tool(_)))
    );
    assert!(!miscounts.is_empty());
}

#[test]
fn a_flaw_that_a_reader_saw_is_a_violation_though_the_end_is_right() {
    let mut round = round_of_four();
    let flaw = Flaw::Torn {
        offset: 4096,
        bytes: 9000,
    };
    round.oracle.take(Source::Reader, Event::Flaw(flaw));
    let sightings = evidence(round.judge()).sightings;
    assert_eq!(
        sightings[0].to_string(),
        "reader: byte 4096 of 9000 of the ballast was not what anybody wrote"
    );
}

#[test]
fn the_reader_is_heard_among_many() {
    let mut round = round_of_four();
    let flaw = |to| Event::Flaw(Flaw::TotalFell { from: 9, to });
    for to in 0..100 {
        round.oracle.take(Source::Lane(1), flaw(to % 9));
    }
    round.oracle.take(Source::Reader, flaw(3));
    let sightings = evidence(round.judge()).sightings;
    assert_eq!(sightings.len(), 17);
    assert_eq!(sightings[16].by, Source::Reader);
}

#[test]
fn a_process_that_ended_early_makes_it_inconclusive() {
    let mut round = Round::new();
    round.acknowledge(1, 1, Some(0));
    round.keep(1, 1);
    round
        .oracle
        .take_trouble(Source::Lane(2), "was killed by signal 9");
    let why = "p2 was killed by signal 9".to_owned();
    assert_eq!(round.judge(), Verdict::Inconclusive { why });
}

/// Who kills processes that are not his, as a system does that has no memory left, leaves something to
/// clear up behind them.
#[test]
fn a_recovery_accuses_the_store_unless_somebody_died() {
    let recovered = |died: bool| {
        let mut round = round_of_four();
        let recovery = "Restored".to_owned();
        let flaw = Event::Flaw(Flaw::Recovered { recovery });
        round.oracle.take(Source::Lane(1), flaw);
        if died {
            let why = "was killed by signal 9";
            round.oracle.take_trouble(Source::Lane(2), why);
        }
        round.judge()
    };
    assert_eq!(evidence(recovered(false)).sightings.len(), 1);
    let why = "p2 was killed by signal 9".to_owned();
    assert_eq!(recovered(true), Verdict::Inconclusive { why });
}

#[test]
fn a_change_after_all_others_accuses_the_store_if_it_fails_and_not_if_it_was_not_tried() {
    let mut failed = round_of_four();
    failed.oracle.take_next_change("failed: corrupt".to_owned());
    assert!(evidence(failed.judge()).next_change.is_some());
    let mut untried = round_of_four();
    untried
        .oracle
        .take_untried("could not be started: no memory");
    let why = "one more change could not be started: no memory".to_owned();
    assert_eq!(untried.judge(), Verdict::Inconclusive { why });
}

#[test]
fn a_change_that_a_dead_process_could_not_report_may_be_in_the_state() {
    let mut round = Round::new();
    round.keep(2, 1);
    round
        .oracle
        .take_trouble(Source::Lane(2), "was killed by signal 9");
    assert!(matches!(round.judge(), Verdict::Inconclusive { .. }));
}

#[test]
fn two_changes_that_a_dead_process_did_not_report_are_one_too_many() {
    let mut round = Round::new();
    round.keep(2, 1);
    round.keep(2, 2);
    round
        .oracle
        .take_trouble(Source::Lane(2), "was killed by signal 9");
    assert_eq!(evidence(round.judge()).expected, 0);
}

#[test]
fn an_acknowledged_change_that_is_missing_is_lost_though_a_process_died() {
    let mut round = Round::new();
    round.acknowledge(1, 1, Some(0));
    round
        .oracle
        .take_trouble(Source::Lane(2), "was killed by signal 9");
    assert_eq!(evidence(round.judge()).expected, 1);
}

#[test]
fn missing_reports_make_it_inconclusive() {
    let mut round = Round::new();
    round.acknowledge(1, 1, Some(0));
    round.keep(1, 1);
    assert!(matches!(round.judge(), Verdict::Inconclusive { .. }));
    let unread = Oracle::new(asked(Workload::Tally, 0)).judge(1);
    assert!(matches!(unread.verdict, Verdict::Inconclusive { .. }));
}

/// A round of two lanes that add four tasks each and have removed all but the last three.
fn round_of_tasks(claims: &[(u32, u32, u32)]) -> Oracle {
    let mut oracle = Oracle::new(Asked {
        iterations: 4,
        ..asked(Workload::Tasks, 2)
    });
    for lane in 1..=2 {
        for iteration in 1..=4 {
            oracle.take(
                Source::Lane(lane),
                Event::Acknowledged(Acknowledged {
                    iteration,
                    entry: Entry::Modify,
                    span: SPAN,
                    laid_on: None,
                }),
            );
        }
        oracle.take(Source::Lane(lane), Event::Removed(1));
    }
    for &(by, lane, iteration) in claims {
        let claimed = Event::Claimed(Operation { lane, iteration });
        oracle.take(Source::Lane(by), claimed);
    }
    oracle
}

/// Lane 1 claims everything.
const CLAIMS: [(u32, u32, u32); 8] = [
    (1, 1, 1),
    (1, 1, 2),
    (1, 2, 1),
    (1, 1, 3),
    (1, 2, 2),
    (1, 2, 3),
    (1, 2, 4),
    (1, 1, 4),
];

fn judge_tasks(mut oracle: Oracle, left: &[(u32, u32)]) -> Verdict {
    let mut last = Summary::default();
    for &(lane, iteration) in left {
        let operation = Operation { lane, iteration };
        last.counts.count(operation, SEED);
        last.tasks.push(operation);
    }
    oracle.take(Source::Reader, Event::State(last));
    oracle.judge(1).verdict
}

const LEFT: [(u32, u32); 6] = [(1, 2), (1, 3), (1, 4), (2, 2), (2, 3), (2, 4)];

#[test]
fn tasks_that_are_removed_or_left_and_claimed_once_are_exact() {
    assert_eq!(judge_tasks(round_of_tasks(&CLAIMS), &LEFT), Verdict::Exact);
}

#[test]
fn a_task_that_is_claimed_twice_is_a_violation_that_names_both() {
    let oracle = round_of_tasks(&[&CLAIMS[..], &[(2, 1, 3)]].concat());
    let claimed_twice = evidence(judge_tasks(oracle, &LEFT)).claimed_twice;
    assert_eq!(
        claimed_twice.unwrap().to_string(),
        "two processes announced the task p1 #03: p1, p2"
    );
}

#[test]
fn a_task_that_nobody_claims_is_a_violation() {
    let evidence = evidence(judge_tasks(round_of_tasks(&CLAIMS[1..]), &LEFT));
    let miscounts: Vec<String> = evidence.miscounts.iter().map(ToString::to_string).collect();
    assert_eq!(miscounts, ["claims of tasks of p1: expected 4 got 3"]);
}

#[test]
fn a_task_that_came_back_in_the_place_of_a_lost_one_is_noticed_though_the_numbers_are_right() {
    let left = [(1, 1), (1, 3), (1, 4), (2, 2), (2, 3), (2, 4)];
    let evidence = evidence(judge_tasks(round_of_tasks(&CLAIMS), &left));
    let sightings: Vec<String> = evidence.sightings.iter().map(ToString::to_string).collect();
    assert_eq!(
        sightings,
        [
            "reader: the task p1 #02 is gone, which nobody removed",
            "reader: the task p1 #01 is back, which was removed",
        ]
    );
    assert_eq!((evidence.expected, evidence.got), (8, Some(8)));
}

#[test]
fn calls_that_a_dead_process_had_not_flushed_may_be_in_the_statistics() {
    for (unreported, is_doubt) in [(10, true), (11, false)] {
        let mut oracle = Oracle::new(asked(Workload::Stats, 2));
        oracle.take_trouble(Source::Lane(2), "was killed by signal 9");
        let mut last = Summary::default();
        for iteration in 1..=unreported {
            last.counts.count(Operation { lane: 2, iteration }, SEED);
        }
        oracle.take(Source::Reader, Event::State(last));
        let verdict = oracle.judge(1).verdict;
        let is_inconclusive = matches!(verdict, Verdict::Inconclusive { .. });
        assert_eq!(is_inconclusive, is_doubt, "{unreported}: {verdict:?}");
    }
}
