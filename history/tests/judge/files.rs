//! What is no history is refused, with the place and what was expected; and what can be read only
//! once is judged all the same.

use crate::common::{History, change};
use hookstate_history::{Limits, Model, Reader, Verdict, check_file, judge};
use std::io::Cursor;
use std::path::Path;

fn refusal(history: &str) -> String {
    let judged = judge(Cursor::new(history.to_owned()), &Limits::default());
    judged.expect_err("it is refused").to_string()
}

/// Who reads the description tries its example first.
#[test]
fn the_example_of_the_format_is_exact_and_would_not_be_without_a_token() {
    let text = include_str!("../../../docs/history-json.md");
    let (_, example) = text.split_once("```json\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let verdict = |text: &str| judge(Cursor::new(text.to_owned()), &Limits::default()).unwrap();
    assert_eq!(verdict(example).to_string(), "exact");
    let spoiled = example.replace(r#""tokens":["1-17","3-9"]"#, r#""tokens":["3-9"]"#);
    assert!(matches!(verdict(&spoiled), Verdict::Violated { .. }));
}

#[test]
fn a_line_that_is_none_is_refused_with_its_place() {
    let good =
        r#"{"process":1,"op":"add","invoked_ns":1,"responded_ns":2,"outcome":"ok","read":0}"#;
    let lines = [
        "{",
        "[1]",
        "not json",
        r#"{"history":2}"#,
        r#"{"history":1,"model":"queue"}"#,
        r#"{"final":true}"#,
        r#"{"op":"add","invoked_ns":1,"responded_ns":2,"outcome":"ok"}"#,
        r#"{"process":1,"op":"subtract","invoked_ns":1,"responded_ns":2,"outcome":"ok"}"#,
        r#"{"process":1,"op":"add","invoked_ns":-1,"responded_ns":2,"outcome":"ok"}"#,
        r#"{"process":1,"op":"add","invoked_ns":3,"responded_ns":2,"outcome":"ok"}"#,
        r#"{"process":1,"op":"add","invoked_ns":3,"outcome":"ok"}"#,
        r#"{"process":1,"op":"add","invoked_ns":3,"responded_ns":4,"outcome":"maybe"}"#,
        r#"{"process":1,"op":"add","invoked_ns":3,"responded_ns":4,"outcome":"ok","wrote":0}"#,
        r#"{"process":1,"op":"read","invoked_ns":3,"responded_ns":4,"outcome":"ok"}"#,
        r#"{"process":1,"op":"read","invoked_ns":3,"responded_ns":4,"outcome":"ok","read":1,"tokens":[]}"#,
        r#"{"process":1,"op":"write","key":"x","value":1,"invoked_ns":3,"responded_ns":4,"outcome":"ok"}"#,
        r#"{"process":1,"op":"cas","key":"x","value":1,"invoked_ns":3,"responded_ns":4,"outcome":"ok"}"#,
    ];
    let refusals: Vec<String> = lines
        .iter()
        .map(|line| format!("{line}\n    {}", refusal(&format!("{good}\n\n{line}\n"))))
        .collect();
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn a_line_that_is_cut_off_says_so() {
    let history = r#"{"process":1,"op":"add","invoked_ns":1,"responded_ns":2,"outcome":"ok","re"#;
    let text = refusal(history);
    assert!(
        text.starts_with("line 1, column 74: the last line is cut off"),
        "{text}"
    );
}

#[test]
fn a_last_line_without_a_newline_is_whole() {
    let history =
        r#"{"process":1,"op":"add","invoked_ns":1,"responded_ns":2,"outcome":"ok","read":0}"#;
    let verdict = judge(Cursor::new(history), &Limits::default());
    assert_eq!(verdict.expect("it is a history"), Verdict::Exact);
}

#[test]
fn a_file_without_an_end_of_line_is_not_read_into_memory() {
    let text = refusal(&"x".repeat(5 << 20));
    assert!(text.contains("a line has at most 1048576 bytes"), "{text}");
}

#[test]
fn tokens_in_the_end_need_tokens_in_the_changes() {
    let text = refusal(concat!(
        r#"{"process":1,"op":"add","invoked_ns":1,"responded_ns":2,"outcome":"ok"}"#,
        "\n",
        r#"{"final":true,"tokens":[]}"#,
    ));
    assert!(
        text.starts_with("line 1, column 1: expected `token`"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = check_file(Path::new("/nowhere/history"), &Limits::default());
    let error = error.expect_err("it is not there");
    assert_eq!(
        error.to_string(),
        "/nowhere/history: the history cannot be opened"
    );
    assert!(std::error::Error::source(&error).is_some());
}

/// Enough for a final state of several lines, and for a pipe to be full.
#[test]
fn a_pipe_is_judged_as_a_file_is() {
    let mut history = History::new(Model::Set);
    history.operations = (0..3000)
        .map(|version| change(1, 1 + version as u32, (version, version), version))
        .collect();
    let tokens = history
        .operations
        .iter()
        .filter_map(|operation| operation.token().cloned());
    history.last = Some(hookstate_history::Final {
        total: None,
        tokens: Some(tokens.collect()),
    });
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("history");
    std::fs::write(&path, history.bytes()).expect("there is room");
    let of_file = check_file(&path, &Limits::default()).expect("it is a history");
    let mut cat = std::process::Command::new("cat")
        .arg(&path)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("there is a cat");
    let pipe = cat.stdout.take().expect("it is piped");
    let descriptor = std::os::fd::AsRawFd::as_raw_fd(&pipe);
    let of_pipe = check_file(
        Path::new(&format!("/dev/fd/{descriptor}")),
        &Limits::default(),
    );
    cat.wait().expect("it ends");
    assert_eq!(
        (of_pipe.expect("it is a history"), of_file),
        (Verdict::Exact, Verdict::Exact)
    );
}

#[test]
fn the_reader_gives_what_the_writer_was_given() {
    let history = History {
        operations: vec![change(1, 1, (0, 9), 0)],
        ..History::new(Model::Counter)
    };
    let mut reader = Reader::new(Cursor::new(history.bytes()));
    let lines = std::iter::from_fn(|| reader.next_line().expect("it is a history"));
    assert_eq!(lines.count(), 2);
}
