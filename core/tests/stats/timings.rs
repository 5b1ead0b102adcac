//! Timings: few of them exactly, many of them within 3 %, and each of them once.

use crate::scratch::{Scratch, parsed, record};
use hookstate::State;
use hookstate::stats::{HookTimings, SessionFile, SessionStats};
use proptest::prelude::*;
use std::fs;

fn only(file: &SessionFile) -> HookTimings {
    let mut timings = file.hook_timings();
    assert_eq!(timings.len(), 1);
    timings.remove(0).1
}

fn record_all(stats: &mut SessionStats, values: &[f64]) {
    for &ms in values {
        let _ = stats.record_hook_timing("P", ms).expect("a record");
    }
    let _ = stats.flush().expect("a flush");
}

/// The list of the hook `P` in the file.
fn listed(scratch: &Scratch) -> Vec<f64> {
    let json: serde_json::Value = serde_json::from_str(&scratch.text()).expect("JSON");
    let list = json["hook_timings"]["P"].as_array().expect("a list");
    list.iter()
        .map(|value| value.as_f64().expect("a number"))
        .collect()
}

/// Appends to the list as the program in Python does, which knows no other key.
fn append_as_a_peer(scratch: &Scratch, values: &[f64]) {
    let mut json: serde_json::Value = serde_json::from_str(&scratch.text()).expect("JSON");
    let list = json["hook_timings"]["P"].as_array_mut().expect("a list");
    list.extend(values.iter().map(|&value| serde_json::Value::from(value)));
    fs::write(scratch.file(), json.to_string()).expect("write");
}

#[test]
fn up_to_256_are_exact_and_beyond_the_newest_are_listed() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    let values: Vec<f64> = (1..=1_000).map(f64::from).collect();
    record_all(&mut stats, &values[..256]);
    let few = only(&stats.read().expect("a file").value);
    assert!(few.is_exact());
    assert_eq!(
        (few.count(), few.average_ms(), few.p95_ms(), few.max_ms()),
        (256, 128.5, 244.0, 256.0)
    );
    record_all(&mut stats, &values[256..]);
    let many = only(&stats.read().expect("a file").value);
    assert!(!many.is_exact());
    assert_eq!(
        (many.count(), many.average_ms(), many.max_ms()),
        (1_000, 500.5, 1_000.0)
    );
    assert!(
        (many.p95_ms() - 951.0).abs() <= 0.03 * 951.0,
        "{}",
        many.p95_ms()
    );
    assert_eq!(listed(&scratch), values[1_000 - 256..]);
}

#[test]
fn what_a_peer_appends_is_counted_exactly_once() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    record_all(&mut stats, &[1.0; 200]);
    append_as_a_peer(&scratch, &[2.0; 300]);
    assert_eq!(
        only(&stats.read().expect("a file").value).count(),
        500,
        "also without a change"
    );
    record(&mut stats, &[("Bash", true)]);
    record(&mut stats, &[("Bash", true)]);
    let timings = only(&stats.read().expect("a file").value);
    assert_eq!((timings.count(), timings.average_ms()), (500, 1.6));
    assert_eq!(listed(&scratch), [2.0; 256]);
    append_as_a_peer(&scratch, &[7.0]);
    record_all(&mut stats, &[9.0]);
    let timings = only(&stats.read().expect("a file").value);
    assert_eq!((timings.count(), timings.max_ms()), (502, 9.0));
    assert_eq!(listed(&scratch)[253..], [2.0, 7.0, 9.0]);
}

#[test]
fn a_list_that_a_peer_empties_or_replaces_takes_nothing_back() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    record_all(&mut stats, &[5.0; 10]);
    let emptied = scratch
        .text()
        .replace(&"5.0, ".repeat(9), "")
        .replace("[5.0]", "[]");
    fs::write(scratch.file(), &emptied).expect("write");
    assert!(listed(&scratch).is_empty());
    record_all(&mut stats, &[6.0]);
    let timings = only(&stats.read().expect("a file").value);
    assert_eq!(
        (timings.count(), timings.max_ms(), timings.average_ms()),
        (11, 6.0, 56.0 / 11.0)
    );
    fs::write(
        scratch.file(),
        scratch.text().replace("[6.0]", "[7.0, 8.0]"),
    )
    .expect("write");
    record(&mut stats, &[("Bash", true)]);
    assert_eq!(only(&stats.read().expect("a file").value).count(), 13);
}

#[test]
fn what_is_not_finite_is_not_recorded_and_zero_and_less_are() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    record_all(
        &mut stats,
        &[
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            0.0,
            -2.5,
            1e-300,
            1e300,
        ],
    );
    let timings = only(&stats.read().expect("a file").value);
    assert_eq!(
        (timings.count(), timings.quantile_ms(0.0), timings.max_ms()),
        (4, -2.5, 1e300)
    );
    assert_eq!(listed(&scratch), [0.0, -2.5, 1e-300, 1e300]);
    assert_eq!(
        (timings.quantile_ms(-1.0), timings.quantile_ms(9.0)),
        (-2.5, 1e300)
    );
    assert_eq!(timings.quantile_ms(f64::NAN), -2.5);
}

#[test]
fn a_sum_that_is_too_large_stays_the_largest_number() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    record_all(&mut stats, &[1e308; 300]);
    assert!(!scratch.text().contains("Infinity"), "{}", scratch.text());
    let timings = only(&stats.read().expect("a file").value);
    assert_eq!(timings.average_ms(), f64::MAX / 300.0);
    record_all(&mut stats, &[1.0]);
    let timings = only(&stats.read().expect("a file").value);
    assert_eq!(
        (timings.count(), timings.average_ms()),
        (301, f64::MAX / 301.0)
    );
}

/// Both in memory before they meet in the file: the sum of the one too large, that of the other too
/// small.
#[test]
fn a_sum_that_is_too_large_meets_one_that_is_too_small() {
    let scratch = Scratch::new();
    for large in [1e308, -1e308] {
        let mut stats = scratch.stats().flush_interval(1_000);
        record_all(&mut stats, &[large; 600]);
    }
    let timings = only(&scratch.stats().read().expect("a file").value);
    assert_eq!(timings.count(), 1_200);
    assert!(timings.average_ms().is_finite(), "{timings:?}");
    let text = scratch.text();
    assert!(
        !text.contains("NaN") && !text.contains("Infinity"),
        "{text}"
    );
}

#[test]
fn a_sum_beyond_the_numbers_that_a_file_says_is_the_largest_or_smallest() {
    for (sum, average) in [
        ("Infinity", f64::MAX / 2.0),
        ("-1e999", -f64::MAX / 2.0),
        ("NaN", 0.0),
    ] {
        let file = parsed(&format!(
            r#"{{"hookstate": {{"version": 1, "timings": {{"P": {{"count": 2, "sum": {sum}}}}}}}}}"#
        ));
        assert_eq!(only(&file).average_ms(), average, "{sum}");
    }
}

/// As a program does for which zero has no sign.
#[test]
fn a_zero_that_a_peer_writes_without_its_sign_is_the_same() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    record_all(&mut stats, &[-0.0, 1.0]);
    let rewritten = scratch.text().replace("[-0.0, 1.0]", "[0, 1]");
    assert_ne!(rewritten, scratch.text());
    fs::write(scratch.file(), rewritten).expect("write");
    record_all(&mut stats, &[2.0]);
    assert_eq!(only(&stats.read().expect("a file").value).count(), 3);
}

/// 28.83 without what rounding has taken from the sum.
#[test]
fn an_average_is_that_of_a_sum_that_makes_up_for_its_roundings() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    record_all(&mut stats, &[17.6, 49.4, 0.3, 48.0]);
    let last = stats.finalize().expect("a result").value.to_json();
    assert!(last.contains(r#""avg_ms": 28.82, "#), "{last}");
}

#[test]
fn hooks_beyond_64_stand_together() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    for number in 0..100 {
        let _ = stats
            .record_hook_timing(&format!("H{number}"), 1.0)
            .expect("a record");
    }
    drop(stats);
    let file = scratch.stats().read().expect("a file").value;
    let timings = file.hook_timings();
    assert_eq!(timings.len(), 65);
    let (name, other) = timings.last().expect("the last");
    assert_eq!((name.as_str(), other.count()), ("(other)", 36));
}

#[test]
fn a_file_stays_bounded_however_long_the_session() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats().agent("a").flush_interval(1_000);
    let mut sizes = Vec::new();
    for number in 0..60_000_u32 {
        let tool = format!("tool-{}", number % 5_000);
        let _ = stats.record_tool_call(&tool, true).expect("a record");
        let ms = f64::from(number % 977) * 1.37;
        let _ = stats
            .record_hook_timing("PostToolUse", ms)
            .expect("a record");
        if number % 20_000 == 19_999 {
            let _ = stats.flush().expect("a flush");
            sizes.push(scratch.text().len());
        }
    }
    let file = stats.read().expect("a file").value;
    assert_eq!(file.tool_count(), 60_000);
    assert_eq!(file.tool_names().len(), 4_097);
    let other = file.tool_names().pop().expect("the last");
    assert_eq!(other, ("(other)".to_owned(), 12 * 904));
    assert_eq!(file.hook_timings()[0].1.count(), 60_000);
    // What still grows are the digits of the counts.
    assert!(
        sizes[2] < sizes[0] + 12_000 && sizes[2] < 130_000,
        "{sizes:?}"
    );
}

#[test]
fn a_handle_that_cannot_flush_stays_bounded_too_and_loses_nothing() {
    let scratch = Scratch::new();
    fs::write(scratch.data(), "a file where the directory belongs").expect("write");
    let mut stats = scratch.stats();
    let mut failures = 0;
    for number in 0..5_000_u32 {
        let ms = f64::from(number);
        failures += u32::from(stats.record_hook_timing("P", ms).is_err());
    }
    assert_eq!(
        failures, 500,
        "it is tried again after ten records, not at each"
    );
    assert!(format!("{stats:?}").len() < 60_000);
    for number in 0..5_000_u32 {
        let hook = format!("some-hook-{number}");
        // It fails as those before did.
        let _ = stats.record_hook_timing(&hook, 1.0);
    }
    assert!(format!("{stats:?}").len() < 120_000);
    fs::remove_file(scratch.data()).expect("unlink");
    let _ = stats.flush().expect("a flush");
    let hooks = stats.read().expect("a file").value.hook_timings();
    let timings = &hooks[0].1;
    assert_eq!(
        (timings.count(), timings.max_ms(), timings.average_ms()),
        (5_000, 4_999.0, 2_499.5)
    );
    assert_eq!(listed(&scratch).len(), 256);
    let all: u64 = hooks.iter().map(|(_, timings)| timings.count()).sum();
    assert_eq!((hooks.len(), all), (65, 10_000));
}

fn ms() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-3.0..6.0_f64).prop_map(|exponent| 10_f64.powf(exponent)),
        1 => Just(0.0),
        1 => -100.0..0.0_f64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever appends, in whatever portions.
    #[test]
    fn every_quantile_of_many_is_within_3_percent(
        values in prop::collection::vec(ms(), 300..900),
        portions in prop::collection::vec((1_usize..120, any::<bool>()), 1..12),
        share in 0.0..1.0_f64,
    ) {
        let scratch = Scratch::new();
        let mut stats = scratch.stats();
        record_all(&mut stats, &values[..1]);
        let mut rest = &values[1..];
        for (portion, by_a_peer) in portions.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*portion));
            match by_a_peer {
                true => append_as_a_peer(&scratch, now),
                false => record_all(&mut stats, now),
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let timings = only(&stats.read().expect("a file").value);
        prop_assert_eq!(timings.count(), values.len() as u64);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = ((share * values.len() as f64) as usize).min(values.len() - 1);
        let (exact, found) = (sorted[rank], timings.quantile_ms(share));
        prop_assert!((found - exact).abs() <= 0.03 * exact.abs(), "{} {}", found, exact);
    }
}

#[test]
fn an_unbounded_list_of_the_old_program_is_exact_until_it_is_changed() {
    let list: Vec<String> = (0..400).map(|number| format!("{number}.5")).collect();
    let file = parsed(&format!(
        r#"{{"hook_timings": {{"P": [{}]}}}}"#,
        list.join(", ")
    ));
    let timings = only(&file);
    assert!(timings.is_exact());
    assert_eq!((timings.count(), timings.p95_ms()), (400, 380.5));
    let again = SessionFile::from_json(&file.to_json().expect("JSON")).expect("a file");
    assert_eq!(again, file);
}
