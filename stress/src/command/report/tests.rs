//! What is printed, with every verdict in it.

use super::super::plan::{Again, MaxFail, Oracles, Plan, Stdin};
use super::super::record::Fate;
use super::super::template::{Scope, Template};
use super::super::verdict::{Evidence, Failures, Fork, Harm, Lost, Moment, Verdict};
use super::human::Human;
use super::json::Json;
use super::{Report, Reporter};
use crate::args::Format;
use crate::chaos::Chaos;
use crate::event::Span;
use crate::hunt::{Bounds, Origin, Rounds};
use crate::pace::{Pace, RoundPace};
use crate::report::well_formed::{assert_self_contained, assert_well_formed};
use crate::report::{html, junit};
use crate::verdict::Conclusion;
use crate::workload::{Operation, Seed};
use hookstate_cli::paint::Paint;
use std::collections::BTreeMap;
use std::time::Duration;

fn template(text: &str, scope: Scope) -> Template {
    Template::parse(text, scope).unwrap()
}

fn plan() -> Plan {
    let words = ["python3", "hook.py", "{dir}", "{token}"];
    Plan {
        name: "command".to_owned(),
        within: None,
        words: words.map(|word| template(word, Scope::Process)).to_vec(),
        stdin: Some(Stdin {
            file: "event.json".into(),
            text: template("{}", Scope::Process),
        }),
        setup: Some(template("mkdir {dir}/a", Scope::Round)),
        oracles: Oracles {
            json: vec!["{dir}/s.json:/count=procs*iters".parse().unwrap()],
            tokens: vec!["{dir}/s.json:/tokens".parse().unwrap()],
            check: Some(template("python3 check.py {dir}", Scope::Round)),
        },
        max_fail: MaxFail::Percent(2),
        procs: 8,
        iters: 100,
        bounds: Bounds {
            rounds: Some(3),
            duration: None,
            fail_fast: true,
            timeout: Duration::from_secs(120),
        },
        origin: None,
        pulse: None,
        seed: Seed(0x07c1_e9a4),
        directory: None,
        keep: false,
        format: Format::Human,
        junit: None,
        html: None,
        history: None,
        chaos: Chaos::default(),
        lacks_race: false,
        again: Again {
            options: Vec::new(),
            command: words.map(str::to_owned).to_vec(),
        },
    }
}

fn failures() -> Failures {
    let operation = Operation {
        lane: 2,
        iteration: 17,
    };
    Failures {
        by_fate: BTreeMap::from([(Fate::Exited(1), 3), (Fate::Died(11), 1)]),
        last_words: Some((operation, "TimeoutError: locked".to_owned())),
        said: Vec::new(),
    }
}

/// Of 2 lanes with 3 processes each, of which those of the second lane take twice as long.
fn pace() -> Pace {
    let mut round = RoundPace::default();
    for (lane, iteration) in (1..=3_u64).flat_map(|iteration| [(1, iteration), (2, iteration)]) {
        let took_ns = 4_000_000 * u64::from(lane);
        let began_ns = took_ns * iteration;
        round.take(lane, Span { began_ns, took_ns });
    }
    round.of(2)
}

fn report(verdict: Verdict) -> Report {
    Report {
        count: Rounds {
            done: 3,
            ..Rounds::default()
        },
        verdict,
        acked: 2400,
        started: 2400,
        expected: Some(2400),
        got: Some(2400),
        failures: Failures::default(),
        pace: pace(),
        harm: Harm::default(),
        elapsed: Duration::from_millis(610),
        kept: None,
        interrupted: false,
        again: "stress --procs 8 -- python3 hook.py '{dir}' '{token}'".to_owned(),
    }
}

/// Three lanes around the fork.
fn around() -> Vec<Moment> {
    let moment = |lane, iteration, began_ns, fate: Fate, versions: Option<(&str, &str)>| {
        let (read, wrote) = versions.unzip();
        Moment {
            operation: Operation { lane, iteration },
            began_ns,
            took_ns: 9_000_000,
            fate: fate.to_string(),
            read: read.map(str::to_owned),
            wrote: wrote.map(str::to_owned),
        }
    };
    let long = "9f86d081884c7d65";
    vec![
        moment(2, 3, 0, Fate::Acknowledged, Some((long, "41"))),
        moment(1, 17, 4_000_000, Fate::Acknowledged, Some(("41", "42"))),
        moment(3, 9, 5_000_000, Fate::Acknowledged, Some(("41", "42"))),
        moment(2, 4, 9_500_000, Fate::Killed, None),
    ]
}

fn violated() -> Report {
    let operation = |lane, iteration| Operation { lane, iteration };
    let lost = |lane, iteration, rival| Lost {
        token: format!("r2-p{lane}-{iteration}"),
        operation: operation(lane, iteration),
        rival,
    };
    let evidence = Evidence {
        round: 2,
        fork: Some(Fork {
            read: "41".to_owned(),
            wrote: ["42".to_owned(), "42".to_owned()],
            first: operation(1, 17),
            second: operation(3, 9),
            overwritten: Some(operation(1, 17)),
        }),
        around: around(),
        lost: 7,
        first_lost: vec![
            lost(1, 17, Some(operation(3, 9))),
            lost(2, 4, None),
            lost(2, 5, None),
            lost(2, 6, None),
        ],
        doubled: vec!["r2-p4-1".to_owned()],
        foreign: vec!["r1-p4-1".to_owned(), "x".to_owned()],
        complaints: vec!["{dir}/s.json:/count: expected 800 got 793".to_owned()],
        check: vec!["two were inside at once".to_owned()],
    };
    Report {
        count: Rounds {
            done: 2,
            violated: 1,
            inconclusive: 0,
        },
        got: Some(2393),
        failures: failures(),
        kept: Some("/tmp/stress-Ab12cd/command-0002".into()),
        ..report(Verdict::Violated(Box::new(evidence)))
    }
}

fn inconclusive() -> Report {
    let why = "4 of 2400 commands failed, more than --max-fail 0: exit code 1 (4 times)".to_owned();
    Report {
        expected: None,
        got: None,
        acked: 2396,
        ..report(Verdict::Inconclusive { why })
    }
}

fn print(reporter: &mut dyn Reporter, plan: &Plan, report: &Report) {
    reporter.begin(plan).unwrap();
    reporter.end(plan, report).unwrap();
}

fn human(plan: &Plan, report: &Report) -> String {
    let mut text = Vec::new();
    print(&mut Human::new(&mut text, Paint::Plain), plan, report);
    String::from_utf8(text).unwrap()
}

#[test]
fn every_verdict_has_its_lines() {
    let tolerated = Report {
        failures: failures(),
        ..report(Verdict::Exact)
    };
    let mut alone = plan();
    alone.lacks_race = true;
    alone.procs = 1;
    alone.bounds.rounds = Some(1);
    let interrupted = Report {
        interrupted: true,
        ..inconclusive()
    };
    let mut harmed = plan();
    harmed.chaos = "kill=2%,stop=1%:50ms,enospc".parse().unwrap();
    let survived = Report {
        harm: Harm {
            kills: 51,
            stops: 1,
            disk_full: 9,
        },
        ..report(Verdict::Exact)
    };
    let texts = [
        human(&harmed, &survived),
        human(&plan(), &tolerated),
        human(&plan(), &violated()),
        human(&plan(), &interrupted),
        human(&alone, &report(Verdict::Exact)),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

/// Five of twenty thousand rounds, and a round that was run again.
#[test]
fn a_hunt_tells_what_it_was_after_and_how_often_it_was_seen() {
    let mut hunted = plan();
    hunted.bounds = Bounds {
        rounds: None,
        duration: Some(Duration::from_secs(90)),
        fail_fast: false,
        ..hunted.bounds
    };
    let found = Report {
        count: Rounds {
            done: 20_000,
            violated: 5,
            inconclusive: 1,
        },
        ..violated()
    };
    let mut again = hunted.clone();
    again.bounds.fail_fast = true;
    again.origin = Some(Origin {
        directory: "/tmp/stress-Ab12cd/command-0002".into(),
        words: ["--seed", "7", "--", "./hook", "{dir}"]
            .map(str::to_owned)
            .to_vec(),
        work_in: "/".into(),
        seed: Seed(0x07c1_e9a4),
        round: 2,
    });
    let unseen = report(Verdict::Exact);
    assert_eq!(unseen.conclusion(&again), Conclusion::Inconclusive);
    assert_eq!(violated().conclusion(&again), Conclusion::Violated);
    let texts = [human(&hunted, &found), human(&again, &unseen)];
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn json_has_all_evidence() {
    let mut text = Vec::new();
    print(&mut Json::new(&mut text), &plan(), &violated());
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

#[test]
fn a_verdict_is_a_conclusion_unless_it_proves_nothing() {
    let conclusion = |report: &Report| report.conclusion(&plan());
    assert_eq!(conclusion(&report(Verdict::Exact)), Conclusion::Exact);
    assert_eq!(conclusion(&violated()), Conclusion::Violated);
    assert_eq!(conclusion(&inconclusive()), Conclusion::Inconclusive);
    let interrupted = Report {
        interrupted: true,
        ..inconclusive()
    };
    assert_eq!(conclusion(&interrupted), Conclusion::Interrupted);
    let mut alone = plan();
    alone.lacks_race = true;
    let exact = report(Verdict::Exact);
    assert_eq!(exact.conclusion(&alone), Conclusion::Inconclusive);
}

#[test]
fn the_page_has_the_command_its_numbers_and_the_two_at_fault() {
    let text = html::text(&violated().view(&plan())).unwrap();
    assert_well_formed(&text);
    assert_self_contained(&text);
    let (_, body) = text.split_once("<body>").unwrap();
    insta::assert_snapshot!(body.replace('>', ">\n"));
}

/// Without a fork those are marked of which one has probably overwritten the other.
#[test]
fn a_lost_token_is_drawn_with_its_rival() {
    let mut report = violated();
    let Verdict::Violated(evidence) = &mut report.verdict else {
        panic!("it is violated");
    };
    evidence.fork = None;
    for moment in &mut evidence.around {
        (moment.read, moment.wrote) = (None, None);
    }
    let text = html::text(&report.view(&plan())).unwrap();
    for words in [
        "aria-label=\"the update of p1 #17 is lost (r2-p1-17), probably overwritten by p3 #09\"",
        "<g class=\"side\"><title>p1 #17: exit code 0, in 9.0 ms</title>",
        "<g class=\"side\"><title>p3 #09: exit code 0, in 9.0 ms</title>",
        "<g class=\"other\"><title>p2 #04: killed, in 9.0 ms</title>",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert_eq!(text.matches("class=\"side\"").count(), 2);
}

/// It has nobody to accuse.
#[test]
fn a_page_without_culprits_has_no_diagram() {
    for report in [report(Verdict::Exact), inconclusive()] {
        let text = html::text(&report.view(&plan())).unwrap();
        assert_well_formed(&text);
        assert!(!text.contains("spacetime"), "{text}");
    }
}

#[test]
fn junit_has_the_command_as_a_case() {
    let interrupted = Report {
        interrupted: true,
        ..inconclusive()
    };
    let texts = [report(Verdict::Exact), violated(), interrupted].map(|report| {
        let text = junit::text(&report.view(&plan())).unwrap();
        assert_well_formed(&text);
        text
    });
    insta::assert_snapshot!(texts.join("\n"));
}
