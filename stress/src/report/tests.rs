//! What is printed, for a report that has every status in it.

use super::human::Human;
use super::json::Json;
use super::well_formed::{assert_self_contained, assert_well_formed};
use super::{Report, Reporter, Run, html, junit};
use crate::args::Shape;
use crate::chaos::Chaos;
use crate::event::Span;
use crate::hunt::{Bounds, Rounds};
use crate::oracle::{Counters, HarmCounts};
use crate::pace::{Pace, RoundPace};
use crate::subject::Subject;
use crate::verdict::{
    Conclusion, Counted, DoubleClaim, Evidence, Fork, Miscount, Moment, Sighting, Source, Verdict,
};
use crate::worker::Durability;
use crate::workload::{BallastBytes, Flaw, Operation, Seed, Tool, Workload};
use hookstate_cli::paint::Paint;
use std::time::Duration;

const BOUNDS: Bounds = Bounds {
    rounds: Some(400),
    duration: None,
    fail_fast: true,
    timeout: Duration::from_secs(120),
};

const fn rounds(done: u32, violated: u32) -> Rounds {
    Rounds {
        done,
        violated,
        inconclusive: 0,
    }
}

fn run(name: &str, shape: Shape, verdict: Verdict) -> Run {
    Run {
        subject: Subject::named(name).unwrap(),
        shape,
        iterations: 100,
        rounds: Some(1),
        count: rounds(1, 0),
        verdict,
        expected: 800,
        got: Some(800),
        counters: Counters::default(),
        pace: pace(),
        elapsed: Duration::from_millis(20),
        kept: None,
        again: format!("stress --strategy {name} --no-control --shape {shape} --seed 7c1e9a4"),
    }
}

/// Of 8 lanes with 100 changes each, which take the longer the higher the lane is.
fn pace() -> Pace {
    let mut round = RoundPace::default();
    for (lane, iteration) in (1..=8).flat_map(|lane| (1..=100).map(move |n| (lane, n))) {
        let took_ns = 20_000 + 500 * u64::from(lane * iteration);
        let began_ns = 1_000_000 * u64::from(iteration) * u64::from(10 + lane) / 10;
        round.take(lane, Span { began_ns, took_ns });
    }
    round.of(8)
}

fn fork() -> Fork {
    Fork {
        version: 41,
        first: Operation {
            lane: 1,
            iteration: 17,
        },
        second: Operation {
            lane: 3,
            iteration: 9,
        },
    }
}

/// Three lanes around the fork.
fn around() -> Vec<Moment> {
    let moment = |lane, iteration, began_ns, took_ns, read| Moment {
        operation: Operation { lane, iteration },
        began_ns,
        took_ns,
        read,
    };
    vec![
        moment(2, 11, 0, 9_000, Some(40)),
        moment(1, 17, 4_000, 61_000, Some(41)),
        moment(3, 9, 12_000, 81_000, Some(41)),
        moment(2, 12, 14_000, 1_500_000, None),
    ]
}

fn exact() -> Run {
    let counters = Counters {
        reads: 213,
        lock_timeouts: 1,
        deferred: 2,
        first_deferred: Some("cannot compact s.log: no space left on device".to_owned()),
        ..Counters::default()
    };
    Run {
        counters,
        ..run("flock", Shape::Loop, Verdict::Exact)
    }
}

fn violated() -> Run {
    let flaw = |lane| Sighting {
        by: Source::Lane(lane),
        flaw: Flaw::OwnCount {
            expected: 17,
            got: 16,
        },
    };
    let torn = Sighting {
        by: Source::Reader,
        flaw: Flaw::Torn {
            offset: 4096,
            bytes: 9000,
        },
    };
    let miscount = |of, expected, got| Miscount { of, expected, got };
    let evidence = Evidence {
        round: 3,
        expected: 800,
        got: Some(799),
        fork: Some(fork()),
        around: around(),
        claimed_twice: None,
        sightings: vec![torn, flaw(1), flaw(2), flaw(4), flaw(5)],
        miscounts: vec![
            miscount(Counted::Total, 800, 799),
            miscount(Counted::Lane(1), 100, 99),
            miscount(Counted::Tool(Tool::Bash), 160, 159),
        ],
        ..Evidence::default()
    };
    Run {
        rounds: Some(400),
        count: rounds(3, 1),
        kept: Some("/tmp/stress-Ab12cd/rename-fresh-0003".into()),
        ..run(
            "rename",
            Shape::Fresh,
            Verdict::Violated(Box::new(evidence)),
        )
    }
}

fn caught() -> Run {
    let evidence = Evidence {
        round: 1,
        expected: 800,
        got: Some(17),
        fork: Some(fork()),
        ..Evidence::default()
    };
    Run {
        rounds: Some(400),
        count: rounds(1, 1),
        ..run(
            "unlocked",
            Shape::Loop,
            Verdict::Violated(Box::new(evidence)),
        )
    }
}

fn missed() -> Run {
    Run {
        rounds: Some(400),
        count: rounds(400, 0),
        expected: 3200,
        got: Some(3200),
        elapsed: Duration::from_millis(3456),
        ..run("create-race", Shape::Fresh, Verdict::Exact)
    }
}

fn inconclusive() -> Run {
    let why = "p2 was killed by signal 9 (after 16 of 100 changes)".to_owned();
    run("append-log", Shape::Loop, Verdict::Inconclusive { why })
}

fn report(runs: Vec<Run>) -> Report {
    Report {
        workload: Workload::Tally,
        procs: 8,
        iters: 100,
        bounds: BOUNDS,
        origin: None,
        durability: Durability::Process,
        ballast: BallastBytes {
            from: 100_000,
            to: 100,
        },
        seed: Seed(0x07c1_e9a4),
        lock_timeout_ms: 250,
        chaos: Chaos::default(),
        asked: runs.iter().map(|run| (run.subject, run.shape)).collect(),
        lacks_race: false,
        runs,
        interrupted: false,
        elapsed: Duration::from_millis(4321),
    }
}

fn report_with_every_status() -> Report {
    report(vec![
        exact(),
        inconclusive(),
        violated(),
        caught(),
        missed(),
    ])
}

fn human(report: &Report, paint: Paint) -> String {
    let mut text = Vec::new();
    print(&mut Human::new(&mut text, paint), report);
    String::from_utf8(text).unwrap()
}

fn print(reporter: &mut dyn Reporter, report: &Report) {
    reporter.begin(report).unwrap();
    for run in &report.runs {
        reporter.run(report, run).unwrap();
    }
    reporter.end(report).unwrap();
}

#[test]
fn every_status_has_its_line() {
    insta::assert_snapshot!(human(&report_with_every_status(), Paint::Plain));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let report = report_with_every_status();
    let mut painted = human(&report, Paint::Ansi);
    assert!(
        painted.contains("\x1b[1;31m    VIOLATED\x1b[0m"),
        "{painted}"
    );
    for sequence in [
        "\x1b[1;31m",
        "\x1b[1;32m",
        "\x1b[1;33m",
        "\x1b[1m",
        "\x1b[0m",
    ] {
        painted = painted.replace(sequence, "");
    }
    assert_eq!(painted, human(&report, Paint::Plain));
}

#[test]
fn a_success_is_short() {
    let mut report = report(vec![
        exact(),
        run("flock", Shape::Fresh, Verdict::Exact),
        caught(),
    ]);
    report.runs[0].counters = Counters::default();
    report.ballast = BallastBytes::default();
    report.bounds.rounds = Some(1);
    let text = human(&report, Paint::Plain);
    assert_eq!(longer_than_80(&text), Vec::<&str>::new());
    insta::assert_snapshot!(text);
}

fn longer_than_80(text: &str) -> Vec<&str> {
    let mut lines = text.lines().collect::<Vec<&str>>();
    lines.retain(|line| line.chars().count() > 80);
    lines
}

#[test]
fn another_workload_is_named_and_has_evidence_of_its_own() {
    let task = Operation {
        lane: 3,
        iteration: 17,
    };
    let evidence = Evidence {
        round: 1,
        expected: 800,
        got: Some(800),
        claimed_twice: Some(DoubleClaim {
            task,
            first: Source::Lane(1),
            second: Source::Lane(1),
        }),
        miscounts: vec![Miscount {
            of: Counted::Claims(3),
            expected: 100,
            got: 99,
        }],
        sightings: [Flaw::TaskLost { task }, Flaw::TaskBack { task }]
            .map(|flaw| Sighting {
                by: Source::Reader,
                flaw,
            })
            .to_vec(),
        ..Evidence::default()
    };
    let mut report = report(vec![
        run("flock", Shape::Loop, Verdict::Violated(Box::new(evidence))),
        run("snapshot-held", Shape::Loop, Verdict::Exact),
    ]);
    report.workload = Workload::Tasks;
    let mut json = Vec::new();
    print(&mut Json::new(&mut json), &report);
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let evidence = &json["runs"][0]["evidence"];
    insta::assert_snapshot!(format!("{}\n{evidence:#}", human(&report, Paint::Plain)));
}

/// The longest names, and a seed as long as those that nobody chose.
#[test]
fn a_line_of_the_usual_length_is_not_wrapped() {
    let usual = |name, verdict| Run {
        expected: 800,
        ..run(name, Shape::Fresh, verdict)
    };
    let strategies = ["flock", "append-log", "rename"].map(|name| usual(name, Verdict::Exact));
    let controls = ["unlocked", "create-race", "rename-stale-lock"].map(|name| {
        let Verdict::Violated(mut evidence) = caught().verdict else {
            panic!("a control that is not caught");
        };
        evidence.got = Some(100);
        evidence.fork.as_mut().unwrap().version = 741;
        usual(name, Verdict::Violated(evidence))
    });
    let mut report = report([strategies.to_vec(), controls.to_vec()].concat());
    report.ballast = BallastBytes::default();
    report.bounds.rounds = Some(1);
    let text = human(&report, Paint::Plain);
    assert!(text.contains("rename-stale-lock  fresh  expected 800 got 100, 700 lost\n"));
    assert_eq!(longer_than_80(&text), Vec::<&str>::new());
}

#[test]
fn one_process_is_told_at_once_that_it_cannot_race() {
    let mut report = report(vec![exact()]);
    report.procs = 1;
    report.lacks_race = true;
    assert_eq!(report.conclusion(), Conclusion::Inconclusive);
    insta::assert_snapshot!(human(&report, Paint::Plain));
    report.lacks_race = false;
    assert_eq!(report.conclusion(), Conclusion::Exact);
}

/// `asked` has what was not run any more.
#[test]
fn an_interrupted_report_does_not_count_what_was_not_run() {
    let mut report = report(vec![exact(), run("flock", Shape::Fresh, Verdict::Exact)]);
    report.runs.pop();
    report.interrupted = true;
    let text = human(&report, Paint::Plain);
    assert!(
        text.ends_with("0 of 1 strategy exact, interrupted\n"),
        "{text}"
    );
}

#[test]
fn json_has_every_status_and_all_evidence() {
    let mut text = Vec::new();
    print(&mut Json::new(&mut text), &report_with_every_status());
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

fn harmed() -> Report {
    let harm = HarmCounts {
        kills: 812,
        stops: 37,
        in_doubt: 790,
        in_doubt_made: 401,
        recoveries: 3,
        named_stopped: 11,
        first_named_stopped: Some("cannot lock s.json: process 4711 holds it".to_owned()),
        disk_full: 9,
        no_space: 52,
        first_no_space: Some("cannot write s.json: no space left on device".to_owned()),
    };
    let mut exact = run("flock", Shape::Loop, Verdict::Exact);
    exact.counters.harm = harm.clone();
    let one = |iteration| Operation { lane: 3, iteration };
    let evidence = Evidence {
        round: 1,
        expected: 760,
        got: Some(741),
        lost: (1..=5).map(one).collect(),
        doubled: vec![one(9)],
        next_change: Some("failed: cannot open s.json: it is no state".to_owned()),
        ..Evidence::default()
    };
    let mut violated = run("rename", Shape::Loop, Verdict::Violated(Box::new(evidence)));
    violated.counters.harm = harm;
    let mut report = report(vec![exact, violated]);
    report.chaos = "kill=5%,stop=1%:50ms,enospc".parse().unwrap();
    report
}

/// With one more that was asked for, and what would break XML.
fn report_for_files() -> Report {
    let mut report = report_with_every_status();
    report.asked.push((exact().subject, Shape::Fresh));
    report.interrupted = true;
    report.runs[0].again += " --dir '<&>\"'";
    let mut fresh = run("rename", Shape::Loop, Verdict::Exact);
    fresh.rounds = Some(2);
    report.runs.push(fresh);
    report
}

#[test]
fn what_was_done_on_purpose_is_told_with_what_came_of_it() {
    insta::assert_snapshot!(human(&harmed(), Paint::Plain));
}

#[test]
fn junit_has_every_status_and_what_was_skipped() {
    let text = junit::text(&report_for_files().view()).unwrap();
    assert_well_formed(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn the_page_has_every_status_and_escapes_what_it_shows() {
    let text = html::text(&report_for_files().view()).unwrap();
    assert_well_formed(&text);
    assert!(text.contains("--dir '&lt;&amp;&gt;&quot;'"), "{text}");
    let (_, body) = text.split_once("<body>").unwrap();
    insta::assert_snapshot!(body.replace('>', ">\n"));
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_runs_nothing() {
    assert_self_contained(&html::text(&report_for_files().view()).unwrap());
}

#[test]
fn a_page_of_nothing_is_a_page() {
    let mut report = report(Vec::new());
    report.interrupted = true;
    let text = html::text(&report.view()).unwrap();
    assert_well_formed(&text);
    assert!(text.contains("<strong>interrupted</strong>"), "{text}");
    assert!(!text.contains("How long a change took"), "{text}");
    assert_well_formed(&junit::text(&report.view()).unwrap());
}
