//! What others may have written is read leniently, and nothing makes the program fail.

use crate::scratch::{Scratch, parsed, record};
use hookstate::Recovery;
use hookstate::stats::{HookTimings, SessionFile};
use proptest::prelude::*;

#[test]
fn missing_keys_read_as_zero() {
    let file = parsed("{}");
    assert_eq!((file.tool_count(), file.error_count()), (0, 0));
    assert_eq!((file.session_id(), file.started_at()), (None, None));
    assert!(file.tool_names().is_empty() && file.hook_timings().is_empty());
    assert!(file.agents().is_empty());
    assert_eq!(file.earlier_agents().tool_count, 0);
}

#[test]
fn an_old_file_without_timings_is_gone_on_with() {
    let scratch = Scratch::new();
    scratch.plant(r#"{"session_id": "m", "started_at": 5.0, "tool_count": 3, "error_count": 0, "tool_names": {"Bash": 3}}"#);
    record(&mut scratch.stats(), &[("Bash", true)]);
    let expected = r#"{"session_id": "m", "started_at": 5.0, "tool_count": 4, "error_count": 0, "tool_names": {"Bash": 4}, "hook_timings": {}}"#;
    assert_eq!(scratch.text(), expected);
}

#[test]
fn a_value_of_the_wrong_kind_counts_as_nothing_and_stays_until_there_is_something_to_write() {
    let scratch = Scratch::new();
    scratch.plant(r#"{"session_id": 7, "started_at": "x", "tool_count": "9", "error_count": NaN, "tool_names": {"Bash": "many"}, "hook_timings": 3}"#);
    record(&mut scratch.stats(), &[("Bash", true)]);
    let expected = r#"{"session_id": 7, "started_at": "x", "tool_count": 1, "error_count": NaN, "tool_names": {"Bash": 1}, "hook_timings": 3}"#;
    assert_eq!(scratch.text(), expected);
    let mut stats = scratch.stats();
    let _ = stats.record_hook_timing("P", 2.0).expect("a record");
    let _ = stats.flush().expect("a flush");
    assert!(scratch.text().contains(r#""hook_timings": {"P": [2.0]}"#));
}

#[test]
fn a_number_with_a_point_counts_and_one_too_large_stays() {
    let scratch = Scratch::new();
    scratch.plant(r#"{"tool_count": 41.0, "error_count": 100000000000000000000000, "tool_names": {"Bash": 4.1e1}}"#);
    record(&mut scratch.stats(), &[("Bash", true)]);
    let file = scratch.stats().read().expect("a file").value;
    assert_eq!((file.tool_count(), file.error_count()), (42, u64::MAX));
    assert_eq!(file.tool_names(), [("Bash".to_owned(), 42)]);
    assert!(
        scratch
            .text()
            .contains(r#""error_count": 100000000000000000000000,"#)
    );
}

#[test]
fn a_count_that_can_grow_no_more_stays_as_it_stands() {
    let scratch = Scratch::new();
    let large = "123456789012345678901234567890";
    scratch.plant(&format!(
        r#"{{"session_id": "m", "tool_count": {large}, "tool_names": {{"Bash": {large}}}}}"#
    ));
    record(&mut scratch.stats(), &[("Bash", true)]);
    assert_eq!(
        scratch.text().matches(large).count(),
        2,
        "{}",
        scratch.text()
    );
}

#[test]
fn the_key_of_a_later_version_is_left_as_it_is() {
    for later in [
        r#""hookstate": {"version": 2, "timings": "elsewhere"}"#,
        r#""hookstate": null"#,
    ] {
        // Of 1000 the handle has more in memory than the newest.
        for interval in [10, 1_000] {
            let scratch = Scratch::new();
            scratch.plant(&format!(r#"{{"session_id": "m", {later}}}"#));
            let stats = scratch.stats().agent("a");
            let mut stats = stats.flush_interval(interval);
            for number in 0..300 {
                let _ = stats
                    .record_hook_timing("P", f64::from(number))
                    .expect("a record");
            }
            record(&mut stats, &[("Bash", true)]);
            let file = stats.read().expect("a file").value;
            assert!(scratch.text().contains(later));
            assert_eq!((file.tool_count(), file.agents().len()), (1, 0));
            none_is_dropped(&file.hook_timings()[0].1);
        }
    }
}

/// Of the timings 0, 1, 2 and so on up to 299.
fn none_is_dropped(timings: &HookTimings) {
    assert_eq!(
        timings.count(),
        300,
        "none may be dropped that it has not seen"
    );
    for share in [0.0, 0.1, 0.5, 0.9, 1.0_f64] {
        let exact = (300.0_f64 * share).min(299.0);
        let found = timings.quantile_ms(share);
        assert!((found - exact).abs() <= 0.03 * exact, "{found} for {exact}");
    }
}

#[test]
fn what_is_no_object_is_kept_aside_and_said() {
    let scratch = Scratch::new();
    for content in ["[1, 2]", "{\"tool_count\": 3", "null", "\u{feff}{}"] {
        scratch.plant(content);
        let mut stats = scratch.stats();
        stats.read().expect_err("it cannot be read");
        let _ = stats.record_tool_call("Bash", true).expect("a record");
        let flushed = stats.flush().expect("a flush");
        let Some(Recovery::MovedAside { moved_to }) = flushed.recovery else {
            panic!("{content}: {:?}", flushed.recovery);
        };
        assert_eq!(std::fs::read_to_string(moved_to).expect("a copy"), content);
        assert_eq!(stats.read().expect("a file").value.tool_count(), 1);
    }
}

/// Values of every kind under every key that means something.
fn strange_file() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "null",
        "true",
        "-1",
        "1e999",
        "NaN",
        "\"x\"",
        "[]",
        "{}",
        "[NaN, \"a\", 1, {}]",
        "{\"a\": null}",
        "{\"P\": [1, 2, NaN]}",
        "{\"P\": {\"count\": -1, \"buckets\": [1], \"listed\": 1e30}}",
        "{\"version\": 1}",
        "{\"version\": 1, \"agents\": {\"a\": 3}, \"timings\": {\"P\": 7}}",
        "{\"version\": 1, \"agents\": 1, \"earlier_agents\": 2, \"timings\": {\"P\": {\"listed\": 99, \"count\": 5}}}",
    ]);
    let keys = [
        "session_id",
        "started_at",
        "tool_count",
        "error_count",
        "tool_names",
        "hook_timings",
        "hookstate",
    ];
    prop::collection::vec((prop::sample::select(keys.to_vec()), odd), 0..8).prop_map(|entries| {
        let entries: Vec<String> = entries
            .iter()
            .map(|(key, value)| format!("\"{key}\": {value}"))
            .collect();
        format!("{{{}}}", entries.join(", "))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_makes_it_fail_and_what_is_recorded_is_counted(text in strange_file()) {
        let scratch = Scratch::new();
        scratch.plant(&text);
        let mut stats = scratch.stats().agent("a");
        let before = parsed(&text);
        let _ = stats.format_summary().expect("a line");
        let _ = stats.record_tool_call("Bash", false).expect("a record");
        let _ = stats.record_hook_timing("P", 3.5).expect("a record");
        let _ = stats.flush().expect("a flush");
        let after = stats.read().expect("a file").value;
        prop_assert_eq!(after.tool_count(), before.tool_count().saturating_add(1));
        let timings = |file: &SessionFile| file.hook_timings().iter().map(|(_, of)| of.count()).sum::<u64>();
        prop_assert_eq!(timings(&after), timings(&before) + 1);
        let last = stats.finalize().expect("a result").value;
        prop_assert_eq!(last.file(), &after);
        prop_assert!(stats.finalize().expect("a result").value.is_blank());
    }
}
