//! What is printed, for a report that has every status in it.

use super::coverage::coverage;
use super::human::Human;
use super::json::Json;
use super::table::tables;
use super::{Judged, Report, Reporter, Tried};
use crate::command::plan::{
    Engine, Extent, Found, Line, Outcome, Setting, Subject, TraceStyle, mishaps,
};
use crate::command::verdict::Conclusion;
use hookstate::strategy::AnyStrategy;
use hookstate_cli::paint::Paint;
use hookstate_model::control::patterns::{self, Variant};
use hookstate_model::oracle::ViolationKind;
use hookstate_model::search::Budget;
use hookstate_model::stores::Kind;
use std::time::Duration;

const THREE: Setting = Setting {
    engine: Engine::Search,
    processes: 3,
    budget: Budget::kills(1),
};
const TWO: Setting = Setting {
    processes: 2,
    budget: Budget::kills(2),
    ..THREE
};
const LOOM: Setting = Setting {
    engine: Engine::Loom,
    processes: 2,
    budget: Budget::kills(1),
};

/// What a real search finds.
fn found() -> Found {
    let no_lock = patterns::named("no-lock").unwrap().protocol().unwrap();
    let report = no_lock.search(Variant::AsSeen);
    Outcome::of_search(report).found.unwrap()
}

fn clean() -> Outcome {
    Outcome {
        extent: Extent::Search {
            states: 2_345,
            moves: 3_456,
            runs: 678,
            depth: 30,
            faults: 33,
        },
        endings: 9,
        elapsed: Duration::from_millis(120),
        bounded_by: None,
        unreached: Vec::new(),
        found: None,
    }
}

fn rejected() -> Outcome {
    Outcome {
        found: Some(found()),
        ..clean()
    }
}

fn bounded() -> Outcome {
    Outcome {
        bounded_by: Some("2345 states".to_owned()),
        ..clean()
    }
}

fn unreached() -> Outcome {
    let unreached = vec!["a reader sees the change of another".to_owned()];
    Outcome {
        unreached,
        ..clean()
    }
}

fn by_loom() -> Outcome {
    Outcome {
        extent: Extent::Loom { executions: 4_948 },
        ..clean()
    }
}

fn scenario(name: &'static str, outcomes: Vec<(Setting, Outcome)>) -> Judged {
    let strategy = AnyStrategy::named("flock").unwrap();
    let about = "what happens in it";
    let subject = Subject::Scenario {
        strategy: Some(strategy),
        kind: None,
        about,
    };
    judged(subject, name, outcomes)
}

fn control(
    name: &'static str,
    expected: ViolationKind,
    scenario: Option<&'static str>,
    outcomes: Vec<(Setting, Outcome)>,
) -> Judged {
    let subject = Subject::Control {
        group: "flock without a step",
        missing: "Leaves out what it should do.".to_owned(),
        strategy: AnyStrategy::named("flock"),
        scenario,
        expected: vec![expected],
    };
    judged(subject, name, outcomes)
}

fn judged(subject: Subject, name: &'static str, outcomes: Vec<(Setting, Outcome)>) -> Judged {
    let tried = outcomes.into_iter();
    let tried = tried.map(|(setting, outcome)| Tried::new(&subject, setting, outcome));
    let tried: Vec<Tried> = tried.collect();
    let line = Line {
        left_out: tried
            .is_empty()
            .then_some("it needs a call that the seam does not have"),
        subject,
        name,
        trials: Vec::new(),
    };
    Judged::new(line, tried)
}

fn report(lines: Vec<Judged>) -> Report {
    let controls = lines.iter().filter(|line| line.subject.is_control());
    let scenarios = lines.iter().filter(|line| !line.subject.is_control());
    Report {
        tables: tables(lines.iter().map(row)),
        searches: scenarios.map(|line| line.tried.len()).sum(),
        controls: controls.count(),
        trace: None,
        in_full: false,
        notes: Vec::new(),
        lines,
        interrupted: false,
        elapsed: Duration::from_millis(4_321),
    }
}

fn row(line: &Judged) -> (&Subject, &'static str, Vec<Setting>) {
    let settings = line.tried.iter().map(|tried| tried.setting);
    (&line.subject, line.name, settings.collect())
}

fn report_with_every_status() -> Report {
    report(vec![
        scenario(
            "modify",
            vec![(THREE, clean()), (TWO, clean()), (LOOM, by_loom())],
        ),
        scenario("apply", vec![(THREE, bounded()), (TWO, clean())]),
        scenario("mixed", vec![(THREE, unreached()), (TWO, clean())]),
        scenario("recovery", vec![(THREE, clean()), (TWO, rejected())]),
        control(
            "FlockWithoutLock",
            ViolationKind::Lost,
            None,
            vec![(THREE, rejected())],
        ),
        control(
            "FlockTorn",
            ViolationKind::Torn,
            None,
            vec![(TWO, rejected())],
        ),
        control(
            "FlockBounded",
            ViolationKind::Torn,
            None,
            vec![(TWO, bounded())],
        ),
        control("FlockUntried", ViolationKind::Lost, None, Vec::new()),
        control(
            "FlockHarmless",
            ViolationKind::Lost,
            Some("modify"),
            vec![(THREE, clean())],
        ),
    ])
}

fn human(report: &Report, paint: Paint) -> String {
    let mut text = Vec::new();
    print(
        &mut Human::new(&mut text, paint, "hookstate-model".to_owned()),
        report,
    );
    String::from_utf8(text).unwrap()
}

fn json(report: &Report) -> String {
    let mut text = Vec::new();
    print(&mut Json::new(&mut text), report);
    String::from_utf8(text).unwrap()
}

fn print(reporter: &mut dyn Reporter, report: &Report) {
    reporter.begin(report).unwrap();
    for line in &report.lines {
        reporter.line(line).unwrap();
    }
    reporter.end(report).unwrap();
}

fn longer_than_100(text: &str) -> Vec<&str> {
    let mut lines = text.lines().collect::<Vec<&str>>();
    lines.retain(|line| line.chars().count() > 100);
    lines
}

#[test]
fn every_status_has_its_line() {
    let text = human(&report_with_every_status(), Paint::Plain);
    insta::assert_snapshot!(text);
}

#[test]
fn no_line_is_wrapped_but_that_of_a_command() {
    let mut report = report_with_every_status();
    report.trace = Some(TraceStyle::Short);
    report.in_full = true;
    let text = human(&report, Paint::Plain);
    assert_eq!(longer_than_100(&text), Vec::<&str>::new());
}

#[test]
fn colour_changes_nothing_but_colour() {
    let report = report_with_every_status();
    let mut painted = human(&report, Paint::Ansi);
    let red = "\x1b[1;31m    VIOLATED\x1b[0m";
    assert!(painted.contains(red), "{painted}");
    let sequences = [
        "\x1b[1;31m",
        "\x1b[1;32m",
        "\x1b[1;33m",
        "\x1b[1m",
        "\x1b[0m",
    ];
    for sequence in sequences {
        painted = painted.replace(sequence, "");
    }
    assert_eq!(painted, human(&report, Paint::Plain));
}

#[test]
fn a_violation_is_told_with_its_trace_and_the_command_that_shows_it_again() {
    let mut report = report(vec![scenario("recovery", vec![(TWO, rejected())])]);
    report.trace = Some(TraceStyle::Short);
    assert_eq!(report.conclusion(), Conclusion::Violated);
    insta::assert_snapshot!(human(&report, Paint::Plain));
}

#[test]
fn an_interrupted_report_does_not_count_what_was_not_searched() {
    let mut report = report(vec![scenario("modify", vec![(THREE, clean())])]);
    report.searches = 2;
    report.interrupted = true;
    let text = human(&report, Paint::Plain);
    assert!(
        text.contains("1 of 2 searches COMPLETE, interrupted\n"),
        "{text}"
    );
    assert_eq!(report.conclusion(), Conclusion::Interrupted);
}

#[test]
fn that_nothing_is_wrong_is_said_only_of_what_was_searched_to_its_end() {
    let says_so = |outcome: Outcome, interrupted: bool| {
        let mut report = report(vec![scenario("modify", vec![(THREE, outcome)])]);
        report.trace = Some(TraceStyle::Short);
        report.interrupted = interrupted;
        human(&report, Paint::Plain).contains("nothing is wrong, so there is no trace to show")
    };
    assert!(says_so(clean(), false));
    assert!(!says_so(clean(), true));
    for outcome in [bounded(), unreached(), rejected()] {
        assert!(!says_so(outcome, false));
    }
}

#[test]
fn a_row_that_is_half_done_has_its_line_when_somebody_asks_to_end() {
    let mut report = report(vec![scenario("modify", vec![(THREE, clean())])]);
    report.lines[0].interrupted = true;
    report.interrupted = true;
    let text = human(&report, Paint::Plain);
    assert!(text.contains(" INTERRUPTED ["), "{text}");
    assert!(!text.contains("COMPLETE ["), "{text}");
    let mut violated = scenario("modify", vec![(THREE, rejected())]);
    violated.interrupted = true;
    report.lines = vec![violated];
    let text = human(&report, Paint::Plain);
    assert!(text.contains("    VIOLATED ["), "{text}");
    assert_eq!(report.conclusion(), Conclusion::Violated);
}

#[test]
fn controls_are_counted_as_controls_however_many_searches_they_are() {
    let searches = vec![(THREE, clean()), (TWO, clean())];
    let harmless = control("Harmless", ViolationKind::Lost, Some("modify"), searches);
    let text = human(&report(vec![harmless]), Paint::Plain);
    assert!(text.contains("0 of 1 control CAUGHT, 1 missed\n"), "{text}");
}

#[test]
fn a_search_of_less_covers_less() {
    let alone = Setting {
        processes: 2,
        budget: Budget::NOTHING,
        ..THREE
    };
    let report = report(vec![scenario("modify", vec![(alone, clean())])]);
    let [sentence] = &coverage(&report)[..] else {
        panic!("there is one heading");
    };
    let covered = "Covered in the rows of the strategies: every interleaving of 2 processes. ";
    assert!(sentence.starts_with(covered), "{sentence}");
    let gaps = "Not covered: power loss, kills, failing calls, short transfers, more processes, \
                more faults at once.";
    assert!(sentence.ends_with(gaps), "{sentence}");
}

#[test]
fn a_setting_covers_the_rows_that_are_complete_in_it_and_no_others() {
    let names = [
        "one", "two", "three", "four", "five", "six", "seven", "eight",
    ];
    let complete_in_three = |most: usize| {
        let rows = names.iter().enumerate().map(|(index, name)| {
            let outcome = if index < most { clean() } else { bounded() };
            scenario(name, vec![(THREE, outcome)])
        });
        let sentences = coverage(&report(rows.collect()));
        sentences.into_iter().next().unwrap_or_default()
    };
    assert_eq!(complete_in_three(0), "");
    for (most, told) in [
        (2, "anywhere (only one, two). Not"),
        (4, "anywhere (4 of 8). Not"),
        (7, "anywhere (but not eight). Not"),
        (8, "anywhere. Not"),
    ] {
        let sentence = complete_in_three(most);
        assert!(sentence.contains(told), "{most}: {sentence}");
    }
}

#[test]
fn a_row_is_covered_if_it_is_complete_on_all_its_strategies() {
    let rows = [clean(), bounded()].map(|outcome| scenario("modify", vec![(THREE, outcome)]));
    assert_eq!(coverage(&report(rows.into())), Vec::<String>::new());
}

fn store(kind: Kind, name: &'static str, outcomes: Vec<(Setting, Outcome)>) -> Judged {
    let subject = Subject::Scenario {
        strategy: AnyStrategy::named("flock"),
        kind: Some(kind),
        about: "what must hold of it",
    };
    judged(subject, name, outcomes)
}

#[test]
fn each_heading_has_its_own_columns_and_its_own_coverage() {
    let lines = vec![
        scenario("modify", vec![(THREE, clean()), (TWO, clean())]),
        store(
            Kind::Statistics,
            "a-name-that-is-long",
            vec![(TWO, clean())],
        ),
        store(Kind::Guards, "once", vec![(THREE, clean())]),
        store(
            Kind::Guards,
            "slots",
            vec![(THREE, clean()), (TWO, clean())],
        ),
    ];
    insta::assert_snapshot!(human(&report(lines), Paint::Plain));
}

#[test]
fn json_has_every_status() {
    insta::assert_snapshot!(json(&report_with_every_status()));
}

#[test]
fn several_mishaps_are_one_phrase() {
    let budget = Budget {
        failures: 1,
        ..Budget::kills(2)
    };
    assert_eq!(mishaps(budget), "2 kills and 1 failing call");
}
