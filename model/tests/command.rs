//! The command as its users have it: what it prints and how it exits.
#![expect(
    clippy::disallowed_types,
    reason = "the tests of a tool that runs in real processes"
)]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

fn command(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookstate-model"));
    command.args(words.split_whitespace());
    // Both have a say in what is printed.
    command
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

fn model(words: &str) -> Output {
    command(words).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn rows(output: &Output) -> Vec<Value> {
    let text = stdout(output);
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// With times as they never are.
fn assert_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\[ *\d+\.\d\ds\]", "[   T.TTs]");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn a_table_has_a_line_for_each_scenario_and_a_summary() {
    let output = model("--strategy rename --scenario modify,mixed,alike --procs 2 --kills 1");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(stderr(&output), "");
    assert_snapshot("a_table", &stdout(&output));
}

#[test]
fn every_strategy_is_complete_in_every_scenario() {
    let output = model("--strategy all --procs 2 --kills 1 --format json");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let rows = rows(&output);
    let of = |kind: &str| rows.iter().filter(|row| row["type"] == kind).count();
    assert_eq!((of("begin"), of("summary")), (1, 1));
    assert_eq!(rows[0]["searches"].as_u64(), Some(of("search") as u64));
    for row in rows.iter().filter(|row| row["type"] == "search") {
        assert_eq!(row["status"], "complete", "{row}");
        assert!(row["states"].as_u64().unwrap() > 10, "{row}");
    }
}

#[test]
fn a_control_is_caught_and_its_trace_is_a_table_with_the_locks() {
    let output = model("--control rename-stale-lock --trace");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_snapshot("a_control_with_its_trace", &stdout(&output));
}

/// A kill, three columns in a hundred characters, and a power cut.
#[test]
fn a_trace_shows_what_goes_wrong_and_keeps_its_width() {
    let controls = "truncate-then-write,lock-file-removed,AppendLogNeverSyncsAppends";
    let text = stdout(&model(&format!("--control {controls} --trace")));
    let too_long = text.lines().find(|line| line.chars().count() > 100);
    assert_eq!(too_long, None);
    assert_snapshot("what_goes_wrong", &text);
}

#[test]
fn the_full_trace_has_every_call() {
    let shown = |style: &str| {
        let output = model(&format!("--control no-lock --trace={style}"));
        let text = stdout(&output);
        text.lines().filter(|line| line.contains("get")).count()
    };
    assert_eq!(shown("short"), 0);
    assert!(shown("full") > 0);
}

/// In a scenario in which it does no harm, a control shows what happens when one is not caught.
#[test]
fn a_control_that_passes_fails_the_command() {
    let output = model("--control FlockKeepsTheJournal --scenario modify --procs 2 --kills 0");
    assert_eq!(output.status.code(), Some(11), "{output:?}");
    let text = stdout(&output);
    assert!(text.contains("      MISSED ["), "{text}");
    let reason = "it passed, so this search proves nothing: 2 processes, no mishap";
    assert!(text.contains(reason), "{text}");
}

/// Two inside of one window come sooner than an ending in which that has cost a change.
#[test]
fn a_control_that_lets_two_inside_is_rejected_in_any_scenario() {
    let output = model("--control FlockWithoutLock --scenario modify --procs 2 --kills 0");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = stdout(&output);
    assert!(text.contains("      CAUGHT ["), "{text}");
}

#[test]
fn a_search_that_is_cut_short_is_bounded_and_inconclusive() {
    let output = model("--strategy flock --scenario modify --procs 2 --states-max 20");
    assert_eq!(output.status.code(), Some(11), "{output:?}");
    let text = stdout(&output);
    assert!(text.contains("     BOUNDED ["), "{text}");
    assert!(
        text.contains("BOUNDED by 20 states: 2 processes, 1 kill\n"),
        "{text}"
    );
    assert!(
        text.contains("0 of 1 search COMPLETE, 1 bounded\n"),
        "{text}"
    );
    assert!(!text.contains("Covered"), "{text}");
}

#[test]
fn both_engines_come_to_the_same_endings() {
    let words = "--strategy flock --scenario modify --procs 2 --kills 0 --engine both";
    let output = model(&format!("{words} --format json"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let rows = rows(&output);
    assert_eq!(rows[1]["engine"], "search");
    assert_eq!(rows[2]["engine"], "loom");
    assert!(rows[2]["executions"].as_u64().unwrap() > 10, "{}", rows[2]);
    assert_eq!(rows[1]["endings"], rows[2]["endings"]);
}

#[test]
fn loom_that_is_cut_short_is_bounded() {
    let words = "--strategy flock --scenario modify --procs 2 --kills 0 --engine loom";
    let output = model(&format!("{words} --states-max 10"));
    assert_eq!(output.status.code(), Some(11), "{output:?}");
    assert!(
        stdout(&output).contains("BOUNDED by 10 executions"),
        "{output:?}"
    );
}

/// The fields are a promise: each of them is described.
#[test]
fn every_field_of_the_json_is_documented() {
    let documentation = include_str!("../../docs/model-json.md");
    let outputs = [
        model("--control no-lock,record-lock-closed --format json"),
        model("--strategy flock --scenario modify --procs 2 --format json"),
    ];
    for row in outputs.iter().flat_map(rows) {
        let kind = row["type"].as_str().unwrap();
        assert!(documentation.contains(&format!("`{kind}`")), "{kind}");
        let Value::Object(fields) = &row else {
            panic!("{row} is no object");
        };
        for (field, value) in fields {
            assert!(documentation.contains(&format!("`{field}`")), "{field}");
            if let Value::Object(inner) = value {
                for field in inner.keys() {
                    assert!(documentation.contains(&format!("`{field}`")), "{field}");
                }
            }
        }
    }
}

#[test]
fn a_counterexample_in_json_is_a_schedule_that_can_be_replayed() {
    let output = model("--control no-lock --format json");
    let rows = rows(&output);
    let found = &rows[1]["counterexample"];
    assert_eq!(found["verdict"], "lost");
    assert_eq!(found["schedule"]["processes"], 2);
    let schedule = found["schedule"].clone();
    let schedule: hookstate_model::replay::Schedule = serde_json::from_value(schedule).unwrap();
    assert!(schedule.steps.len() >= 10);
}

#[test]
fn the_same_words_find_the_same() {
    let words = "--control FlockWithoutRecheck,no-lock --trace=full";
    let without_times = |output: Output| {
        let text = stdout(&output);
        let lines = text.lines().filter(|line| !line.contains("s]"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let alone = without_times(model(&format!("{words} --threads 1")));
    assert_eq!(alone, without_times(model(&format!("{words} --threads 4"))));
}

#[test]
fn what_goes_into_a_pipe_has_no_colour_and_no_progress() {
    let output = model("--control no-lock --trace");
    assert!(!stdout(&output).contains('\x1b'), "{output:?}");
    assert_eq!(stderr(&output), "");
}

#[test]
fn the_list_has_a_sentence_for_everything_that_can_be_named() {
    let output = model("--list");
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    for scenario in hookstate_model::catalogue::ALL {
        assert!(text.contains(scenario.about), "{}", scenario.name);
    }
    for control in hookstate_model::twin::all() {
        let entry = format!("  {}\n      {}\n", control.name, control.leaves_out);
        assert!(text.contains(&entry), "{}", control.name);
    }
    for pattern in hookstate_model::control::patterns::PATTERNS {
        let entry = format!("  {}\n      loses {}\n", pattern.name, pattern.lost);
        assert!(text.contains(&entry), "{}", pattern.name);
    }
}

#[test]
fn a_command_line_without_sense_exits_with_2() {
    for words in [
        "--strategy nonesuch",
        "--procs 0",
        "--kills many",
        "--engine loom --procs 3",
        "--control no-lock --procs 2",
        "--scenario peer --procs 1",
        "--scenario once --engine loom",
        "--control no-lock --scenario modify",
        "--trace full",
        "--strategy flock --scenario compaction",
        "--list --procs 2",
        "--trace long",
        "--frob",
    ] {
        let output = model(words);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert_eq!(stdout(&output), "", "{words}");
        assert!(stderr(&output).starts_with("error: "), "{words}");
    }
}

#[test]
fn the_errors_of_the_command_line_say_what_there_is() {
    let texts = [
        "--strategy flok",
        "--control FlockWithoutRechek",
        "--engine loom --procs 3",
        "--control no-lock --procs 2",
        "--strategy flock --scenario compaction",
        "--control no-lock --scenario modify",
        "--scenario peer --procs 1",
        "--trace full",
        "--states-max 0",
    ]
    .map(|words| format!("$ hookstate-model {words}\n{}", stderr(&model(words))));
    assert_snapshot("usage_errors", &texts.join("\n"));
}

#[test]
fn the_help_teaches_by_example() {
    let output = model("--help");
    assert_eq!(output.status.code(), Some(0));
    assert_snapshot("help", &stdout(&output));
}

#[test]
fn nobody_to_read_the_report_is_no_reason_to_panic() {
    let mut child = command("--strategy flock --scenario modify --procs 2")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure_that_names_standard_output() {
    for format in ["human", "json"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = command(&format!("--control no-lock --format {format}"));
        let output = command.stdout(full).stderr(Stdio::piped());
        let output = output.spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = stderr(&output);
        let names_it = text.starts_with("error: cannot write the report to standard output: ");
        assert!(names_it, "{text}");
    }
}

/// A search that takes very much longer than the one before it, interrupted as soon as the line of that
/// one is there.
#[test]
fn an_interrupted_run_prints_what_it_has() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut child = command(
            "--strategy append-log --scenario alike,own-changes --procs 4 --kills 0 --threads 1",
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        while !text.contains("COMPLETE [") {
            text = lines.next().unwrap().unwrap();
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let summary = "1 of 2 searches COMPLETE, 1 bounded, interrupted";
        assert!(rest.iter().any(|line| line.ends_with(summary)), "{rest:?}");
        assert!(
            rest[0].trim_start().starts_with("INTERRUPTED ["),
            "{rest:?}"
        );
    }
}
