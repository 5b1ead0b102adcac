//! The file, to the byte, and the line and the result that come out of it.

use crate::peer::Oracle;
use crate::scratch::{Scratch, now, parsed, record};
use hookstate::State;
use hookstate::stats::SessionFile;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_new_file_has_the_keys_of_the_format_in_their_order() {
    let scratch = Scratch::new();
    let began = now();
    let mut stats = scratch.stats();
    record(
        &mut stats,
        &[("Bash", true), ("Edit", false), ("Bash", true)],
    );
    let file = stats.read().expect("a file").value;
    let started_at = file.started_at().expect("it has begun");
    assert!((began..=now()).contains(&started_at));
    let expected = format!(
        r#"{{"session_id": "m", "started_at": {started_at:?}, "tool_count": 3, "error_count": 1, "tool_names": {{"Bash": 2, "Edit": 1}}, "hook_timings": {{}}}}"#
    );
    assert_eq!(scratch.text(), expected);
    let mode = |path| fs::metadata(path).expect("stat").permissions().mode() & 0o777;
    assert_eq!((mode(scratch.data()), mode(scratch.file())), (0o700, 0o600));
}

#[test]
fn timings_are_listed_and_added_up_beside() {
    let scratch = Scratch::new();
    scratch.plant(r#"{"session_id": "m", "started_at": 1.5, "tool_count": 0, "error_count": 0, "tool_names": {}, "hook_timings": {}}"#);
    let mut stats = scratch.stats();
    let _ = stats
        .record_hook_timing("PreToolUse", 12.5)
        .expect("a record");
    let _ = stats.flush().expect("a flush");
    let text = scratch.text();
    let head = r#"{"session_id": "m", "started_at": 1.5, "tool_count": 0, "error_count": 0, "tool_names": {}, "hook_timings": {"PreToolUse": [12.5]}, "hookstate": {"version": 1, "timings": {"PreToolUse": {"count": 1, "sum": 12.5, "max": 12.5, "listed": 1, "characters": "#;
    assert!(text.starts_with(head), "{text}");
}

#[test]
fn unknown_keys_and_odd_numbers_stay_where_and_as_they_are() {
    let scratch = Scratch::new();
    scratch.plant(
        r#"{"before": 1.0, "session_id": "m", "tool_count": 1.0, "tiny": 1e-05, "error_count": 0, "odd": [NaN, -Infinity, 123456789012345678901234567890, "\ud800"], "tool_names": {"B": 1}, "after": {"deep": null}}"#,
    );
    record(&mut scratch.stats(), &[("A", true)]);
    let started_at = scratch.stats().read().expect("a file").value.started_at();
    let expected = format!(
        r#"{{"before": 1.0, "session_id": "m", "started_at": {:?}, "tool_count": 2, "tiny": 1e-05, "error_count": 0, "odd": [NaN, -Infinity, 123456789012345678901234567890, "\ud800"], "tool_names": {{"B": 1, "A": 1}}, "hook_timings": {{}}, "after": {{"deep": null}}}}"#,
        started_at.expect("it was put there")
    );
    assert_eq!(scratch.text(), expected);
}

#[test]
fn calls_of_agents_are_counted_beside_those_of_the_session() {
    let scratch = Scratch::new();
    record(&mut scratch.stats(), &[("Bash", true)]);
    record(
        &mut scratch.stats().agent("a"),
        &[("Bash", true), ("Edit", false)],
    );
    record(&mut scratch.stats().agent("b"), &[("Edit", true)]);
    record(&mut scratch.stats().agent(""), &[("Edit", true)]);
    let file = scratch.stats().read().expect("a file").value;
    assert_eq!((file.tool_count(), file.error_count()), (5, 1));
    let agents: Vec<(String, u64, u64)> = file
        .agents()
        .into_iter()
        .map(|(agent, counts)| (agent, counts.tool_count, counts.error_count))
        .collect();
    assert_eq!(agents, [("a".to_owned(), 2, 1), ("b".to_owned(), 1, 0)]);
}

#[test]
fn the_agents_longest_silent_are_added_up_when_there_are_too_many() {
    let scratch = Scratch::new();
    for number in 0..40 {
        record(
            &mut scratch.stats().agent(format!("a{number}")),
            &[("Bash", true)],
        );
        record(&mut scratch.stats().agent("a0"), &[("Edit", false)]);
    }
    let file = scratch.stats().read().expect("a file").value;
    let agents = file.agents();
    assert_eq!(agents.len(), 32);
    assert_eq!(agents.last().map(|(agent, _)| agent.as_str()), Some("a0"));
    let own: u64 = agents.iter().map(|(_, counts)| counts.tool_count).sum();
    assert_eq!(own + file.earlier_agents().tool_count, 80);
    assert_eq!(file.earlier_agents().tool_count, 8);
    assert_eq!(file.tool_count(), 80);
}

#[test]
fn the_line_is_that_of_the_format_to_the_character() {
    let scratch = Scratch::new();
    let stats = scratch.stats();
    let line =
        |stats: &hookstate::stats::SessionStats| stats.format_summary().expect("a line").value;
    assert_eq!(line(&stats), "[CB] 0m | 0 tools | 0 errors | ");
    drop(stats);
    scratch.plant(&format!(
        r#"{{"started_at": {}, "tool_count": 12, "error_count": 1, "tool_names": {{"Edit": 3, "Bash": 6, "Read": 3, "A": 1, "B": 1, "C": 0}}, "hook_timings": {{"PreToolUse": [12.5], "PostToolUse": [3, 5.0]}}}}"#,
        now() - 7.0 * 60.0 - 30.0
    ));
    let mut stats = scratch.stats();
    let expected = "[CB] 7m | 12 tools | 1 error | Bash:6 Edit:3 Read:3 A:1 B:1 | \u{23f1} PostToolUse:4ms PreToolUse:12ms";
    assert_eq!(line(&stats), expected);
    let _ = stats.record_tool_call("B", false).expect("a record");
    let _ = stats
        .record_hook_timing("PostToolUse", 10.0)
        .expect("a record");
    let merged = "[CB] 7m | 13 tools | 2 errors | Bash:6 Edit:3 Read:3 B:2 A:1 | \u{23f1} PostToolUse:6ms PreToolUse:12ms";
    assert_eq!(line(&stats), merged);
    assert_eq!(
        stats.read().expect("a file").value.tool_count(),
        12,
        "it only looked"
    );
}

/// Floats of which the fewest digits are not the whole story: any, the neighbours of powers of two,
/// and those of few bits, which can be just as near to two that have the fewest digits.
fn float() -> impl Strategy<Value = f64> {
    let few_bits = (any::<i32>(), -60_i32..10, 0..1_u64 << 40);
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (0_u64..2_047, -2_i64..3).prop_map(|(exponent, step)| {
            f64::from_bits((exponent << 52).wrapping_add_signed(step))
        }),
        few_bits.prop_map(|(high, exponent, low)| {
            let fraction = f64::from(high) + low as f64 / (1_u64 << 40) as f64;
            fraction * 2_f64.powi(exponent)
        }),
        (0_u32..20_000_000, 0_u32..1 << 22)
            .prop_map(|(whole, part)| f64::from(whole) + f64::from(part) / f64::from(1 << 22)),
    ]
    .prop_filter("a number", |value| value.is_finite())
}

#[test]
fn floats_have_the_digits_that_python_gives_them() {
    let oracle = std::cell::RefCell::new(Oracle::new());
    let config = ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&prop::collection::vec(float(), 1..250), |floats| {
        let scratch = Scratch::new();
        let mut stats = scratch.stats().flush_interval(1_000);
        for ms in floats {
            let _ = stats.record_hook_timing("Stop", ms).expect("a record");
        }
        let _ = stats.flush().expect("a flush");
        let text = scratch.text();
        let theirs = oracle.borrow_mut().dumps(&text);
        prop_assert_eq!(Some(text), theirs);
        Ok(())
    });
    outcome.expect("both write the same");
}

fn timing() -> impl Strategy<Value = String> {
    let float = prop_oneof![
        4 => 0.0..500.0_f64,
        1 => (0_u32..4_000).prop_map(|eighths| f64::from(eighths) / 8.0),
        // Averages of these are often just between two that have two decimals.
        4 => (0_u32..5_000).prop_map(|tenths| f64::from(tenths) / 10.0),
        1 => (-9.0..9.0_f64).prop_map(|exponent| 10_f64.powf(exponent)),
        1 => -5.0..0.0_f64,
    ];
    prop_oneof![
        6 => float.prop_map(|value| format!("{value:?}")),
        1 => (-3_i32..2_000).prop_map(|value| value.to_string()),
    ]
}

prop_compose! {
    /// The text of a file as the format's first program may have written it.
    fn file()(
        began in 0_u32..2_000_000,
        names in prop::collection::btree_map("[A-Za-zé]{1,6}", 0_u64..9, 0..9),
        errors in 0_u64..3,
        timings in prop::collection::btree_map("[A-Za-zé😀]{1,4}", prop::collection::vec(timing(), 1..80), 0..4),
    ) -> (f64, String) {
        let started_at = (now() - 60.0 * f64::from(began / 60) - 30.0).round();
        let count: u64 = names.values().sum();
        let names: Vec<String> = names.iter().map(|(name, count)| format!("{name:?}: {count}")).collect();
        let timings: Vec<String> = timings
            .iter()
            .map(|(hook, list)| format!("{hook:?}: [{}]", list.join(", ")))
            .collect();
        let text = format!(
            r#"{{"session_id": "m", "started_at": {started_at:?}, "tool_count": {count}, "error_count": {errors}, "tool_names": {{{}}}, "hook_timings": {{{}}}}}"#,
            names.join(", "),
            timings.join(", ")
        );
        (started_at, text)
    }
}

#[test]
fn lines_and_results_are_those_of_the_program_in_python() {
    let mut oracle = Oracle::new();
    let config = ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let oracle = std::cell::RefCell::new(&mut oracle);
    let outcome = runner.run(&file(), |(_, text)| {
        let mut oracle = oracle.borrow_mut();
        let text = oracle.dumps(&text).expect("it is JSON");
        let scratch = Scratch::new();
        scratch.plant(&text);
        let mut stats = scratch.stats();
        let line = stats.format_summary().expect("a line").value;
        prop_assert_eq!(line, oracle.summary(&text, now()));
        let last = stats.finalize().expect("a result").value;
        prop_assert_eq!(
            last.to_json(),
            oracle.finalize(&text, last.duration_seconds())
        );
        Ok(())
    });
    outcome.expect("both say the same");
}

#[test]
fn serde_gives_the_same_value_as_the_text() {
    let text = r#"{"session_id": "m", "tool_count": 2, "error_count": -1, "tool_names": {"Bash": 2}, "hook_timings": {"P": [1.5, 2]}, "x": [null, true, "\u00e9"]}"#;
    let file = parsed(text);
    let through_serde = serde_json::to_value(&file).expect("a value");
    let plain: serde_json::Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(through_serde, plain);
    let back: SessionFile = serde_json::from_value(through_serde).expect("a file");
    let names = |file: &SessionFile| file.to_json().map(|json| json.len()).expect("JSON");
    assert_eq!(names(&back), names(&file));
}
