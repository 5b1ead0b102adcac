//! JSON goes through as it stands, and what is JSON is what Python takes for it.

use crate::peer::Oracle;
use crate::scratch::parsed;
use hookstate::State;
use hookstate::stats::SessionFile;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde::Deserialize;
use std::cell::RefCell;

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|integer| integer.to_string()),
        any::<f64>().prop_map(|float| match float.is_finite() {
            true => format!("{float:?}"),
            false => "NaN".to_owned(),
        }),
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?",
        prop::sample::select(vec![
            "NaN",
            "Infinity",
            "-Infinity",
            "-0",
            "0.0",
            "1.0",
            "1e-05"
        ])
        .prop_map(str::to_owned),
    ]
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -!#-\\[\\]-~]{0,6}",
        2 => "[à-ÿ€😀\u{7f}]{1,2}",
        1 => "\\\\u[0-9a-fA-F]{4}",
        1 => "\\\\u[dD][89abAB][0-9a-f]{2}\\\\u[dD][c-f][0-9a-f]{2}",
        1 => "\\\\[\"\\\\/bfnrt]",
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn value() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned);
    let leaf = prop_oneof![number(), string(), word];
    let space = || prop::sample::select(vec!["", " ", "\n", "\t "]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let entry = (string(), space(), inner.clone());
        let entry = entry.prop_map(|(key, space, value)| format!("{key}{space}:{space}{value}"));
        let join = |(parts, space): (Vec<String>, &str)| parts.join(&format!("{space},{space}"));
        prop_oneof![
            (prop::collection::vec(inner, 0..5), space())
                .prop_map(move |list| format!("[{}]", join(list))),
            (prop::collection::vec(entry, 0..12), space())
                .prop_map(move |list| format!("{{{}}}", join(list))),
        ]
    })
}

fn object() -> impl Strategy<Value = String> {
    value().prop_map(|value| format!("{{\"x\": {value}}}"))
}

fn ours(text: &str) -> Option<String> {
    let file = SessionFile::from_json(text.as_bytes()).ok()?;
    Some(String::from_utf8(file.to_json().expect("JSON")).expect("ASCII"))
}

fn run<T: std::fmt::Debug>(
    cases: u32,
    strategy: impl Strategy<Value = T>,
    test: impl Fn(T) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(&strategy, test)
        .expect("it holds");
}

#[test]
fn what_python_has_written_comes_out_as_it_went_in() {
    let oracle = RefCell::new(Oracle::new());
    run(400, object(), |text| {
        let mut oracle = oracle.borrow_mut();
        let written = oracle.dumps(&text).expect("it is JSON");
        prop_assert_eq!(ours(&written), Some(written.clone()));
        let through_us = ours(&text).expect("we read what Python reads");
        prop_assert_eq!(oracle.dumps(&through_us), Some(written));
        Ok(())
    });
}

#[test]
fn what_is_json_is_what_python_takes_for_it() {
    let oracle = RefCell::new(Oracle::new());
    let mutation = (
        object(),
        any::<prop::sample::Index>(),
        prop::option::of("[ -~\n\u{1}é]"),
    );
    let refused = RefCell::new(0);
    run(600, mutation, |(text, place, instead)| {
        let mut characters: Vec<char> = text.chars().collect();
        let place = place.index(characters.len());
        characters.splice(place..=place, instead.iter().flat_map(|text| text.chars()));
        let mutated: String = characters.into_iter().collect();
        let theirs = oracle.borrow_mut().dumps(&mutated);
        // Only objects are files.
        if theirs.as_ref().is_none_or(|theirs| theirs.starts_with('{')) {
            prop_assert_eq!(ours(&mutated).is_some(), theirs.is_some(), "{}", mutated);
            *refused.borrow_mut() += u32::from(theirs.is_none());
        }
        Ok(())
    });
    assert!(
        refused.into_inner() > 100,
        "there was hardly anything to refuse"
    );
}

#[test]
fn ordinary_json_is_what_serde_json_makes_of_it() {
    run(400, object(), |text| {
        if let Ok(theirs) = serde_json::from_str::<serde_json::Value>(&text) {
            let through_us: serde_json::Value =
                serde_json::from_str(&ours(&text).expect("we read it too")).expect("JSON");
            prop_assert_eq!(through_us, theirs);
        }
        Ok(())
    });
}

#[test]
fn the_last_value_of_a_key_counts_at_its_first_place() {
    let few = r#"{"a": 1, "b": 2, "\u0061": 3}"#;
    assert_eq!(ours(few).as_deref(), Some(r#"{"a": 3, "b": 2}"#));
    let many: Vec<String> = (0..40)
        .map(|number| format!("\"k{}\": {number}", number % 20))
        .collect();
    let once: Vec<String> = (20..40)
        .map(|number| format!("\"k{}\": {number}", number % 20))
        .collect();
    let expected = format!("{{{}}}", once.join(", "));
    assert_eq!(ours(&format!("{{{}}}", many.join(","))), Some(expected));
}

#[test]
fn nesting_is_followed_as_deep_as_python_goes_and_no_deeper() {
    let nested = |depth: usize| format!("{{\"x\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(ours(&nested(999)), Some(nested(999)));
    assert_eq!(ours(&nested(1_000)), None);
    assert_eq!(ours(&nested(100_000)), None);
}

#[test]
fn what_another_format_nests_deeper_is_no_file_either() {
    let nested = |depth: usize| {
        let deep = (0..depth).fold(serde_json::json!([]), |inner, _| serde_json::json!([inner]));
        SessionFile::deserialize(serde_json::json!({ "x": deep }))
    };
    let deepest = nested(998).expect("a file");
    assert!(SessionFile::from_json(&deepest.to_json().expect("JSON")).is_ok());
    assert!(nested(999).is_err());
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    let said = |bytes: &[u8]| {
        let error = SessionFile::from_json(bytes).expect_err("it is no file");
        error.to_string()
    };
    assert_eq!(said(b"{\"a\": 01}"), "a number that is none at byte 8");
    assert_eq!(said(b"{\"a\": \"\xff\"}"), "not UTF-8 at byte 7");
    assert_eq!(said(b"{\"a\""), "no colon behind a key at byte 4");
    assert_eq!(said(b"{} x"), "something behind the value at byte 3");
    assert_eq!(said(b"[1]"), "not an object");
    assert!(parsed("{}").to_json().is_ok_and(|json| json == b"{}"));
}
