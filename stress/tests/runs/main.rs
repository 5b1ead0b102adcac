//! The program as its users have it: what it prints, what it leaves behind and how it exits.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the tests of a tool that works on real files"
)]

mod files;
mod limits;
mod paper;
mod program;

mod workloads;

use program::{assert_empty, command, lines_of, names_in, stderr, stdout, stress, stress_in};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const STRATEGIES: [&str; 3] = ["flock", "append-log", "rename"];

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_strategy_is_exact_in_both_shapes() {
    for strategy in STRATEGIES {
        let output = stress(&format!(
            "--strategy {strategy} --no-control --procs 4 --iters 10"
        ));
        let exact = lines_of(&output, "EXACT");
        assert_eq!(exact.len(), 2, "{output:?}");
        for (line, shape) in exact.iter().zip(["loop", "fresh"]) {
            assert!(
                line.contains(shape) && line.contains("expected 40 got 40"),
                "{line}"
            );
        }
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn every_strategy_is_exact_when_it_syncs_and_with_a_state_that_shrinks() {
    let output = stress(
        "--no-control --procs 3 --iters 6 --shape loop --durability power --state-bytes 20000..100",
    );
    assert_eq!(lines_of(&output, "EXACT").len(), 3, "{output:?}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn every_control_is_caught_with_two_operations_named() {
    for control in ["unlocked", "create-race", "rename-stale-lock"] {
        let output = stress(&format!("--strategy {control} --iters 20 --shape loop"));
        let caught = lines_of(&output, "CAUGHT");
        assert_eq!(caught.len(), 1, "{output:?}");
        assert!(
            stdout(&output)
                .lines()
                .any(|line| line.contains("two processes read ") && line.ends_with("(control)")),
            "{output:?}"
        );
        assert!(caught[0].ends_with(" lost"), "{caught:?}");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_strategy_alone_is_run_with_all_controls() {
    let output = stress("--strategy append-log --procs 6 --iters 12 --shape loop");
    assert_eq!(lines_of(&output, "EXACT").len(), 1, "{output:?}");
    assert_eq!(lines_of(&output, "CAUGHT").len(), 3, "{output:?}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn rounds_are_counted_from_an_empty_directory_each() {
    let output =
        stress("--strategy rename --no-control --procs 3 --iters 1 --rounds 5 --shape fresh");
    let exact = lines_of(&output, "EXACT");
    assert!(
        exact[0].ends_with("expected 15 got 15") && stdout(&output).contains(" 5 of 5 rounds\n"),
        "{output:?}"
    );
}

/// One process alone loses nothing, so a control that is not caught is what has to be seen.
#[test]
fn a_control_that_is_not_caught_makes_it_inconclusive() {
    let output = stress("--strategy rename-stale-lock --procs 1 --iters 1 --shape loop");
    assert_eq!(lines_of(&output, "MISSED").len(), 1, "{output:?}");
    assert_eq!(output.status.code(), Some(11));
}

#[test]
fn one_process_without_controls_is_inconclusive_unless_that_is_intended() {
    let words = "--strategy flock --procs 1 --iters 3 --shape loop";
    let output = stress(words);
    assert_eq!(lines_of(&output, "EXACT").len(), 1, "{output:?}");
    assert_eq!(lines_of(&output, "Note").len(), 1, "{output:?}");
    assert_eq!(output.status.code(), Some(11));
    let output = stress(&format!("{words} --no-control"));
    assert_eq!(lines_of(&output, "Note"), Vec::<String>::new());
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_worker_that_goes_wrong_makes_it_inconclusive_and_the_reason_is_told() {
    let reasons = [
        ("die", "p2 was killed by signal 9 (after 2 of 4 changes)"),
        (
            "leave",
            "p2 ended with exit code 0 without finishing its report (after 2 of 4 changes)",
        ),
        ("panic", "p2 failed: panicked at"),
        ("babble", "p2 reported \"all is well\", which is no event"),
        (
            "stammer",
            "p2 reported \"m 1(unfinished)\", which is no event",
        ),
    ];
    for (fault, reason) in reasons {
        for shape in ["loop", "fresh"] {
            let output = stress(&format!(
                "--strategy flock --no-control --procs 3 --iters 4 --shape {shape} --inject 2:3:{fault}"
            ));
            let lines = lines_of(&output, "INCONCLUSIVE");
            assert!(
                lines.len() == 1 && stdout(&output).contains(reason),
                "{output:?}"
            );
            assert_eq!(output.status.code(), Some(11));
        }
    }
}

#[test]
fn a_worker_that_hangs_is_killed_when_the_time_is_over() {
    let output = stress(
        "--strategy flock --no-control --procs 3 --iters 4 --shape loop --inject 2:3:hang --timeout 1",
    );
    assert_eq!(lines_of(&output, "INCONCLUSIVE").len(), 1, "{output:?}");
    let reason = "the time of 1 s ran out before p2, reader had finished\n";
    assert!(stdout(&output).contains(reason), "{output:?}");
    assert_eq!(output.status.code(), Some(11));
}

/// The canary: an update that was acknowledged and never made is a lost update.
#[test]
fn a_change_that_is_acknowledged_and_not_made_is_a_violation_in_every_strategy() {
    for strategy in STRATEGIES {
        let directory = tempfile::tempdir().unwrap();
        let words = "--no-control --procs 3 --iters 4 --shape loop --inject 2:3:lie";
        let output = stress_in(directory.path(), &format!("--strategy {strategy} {words}"));
        let violated = lines_of(&output, "VIOLATED");
        assert!(
            violated[0].ends_with("expected 12 got 11, 1 lost"),
            "{output:?}"
        );
        assert!(
            stdout(&output).contains("p2: expected 4 got 3"),
            "{output:?}"
        );
        assert_eq!(output.status.code(), Some(10));
        assert_violation_is_kept(directory.path(), &output);
    }
}

/// What went wrong can be looked at, and there is a command that shows it again.
fn assert_violation_is_kept(directory: &Path, output: &Output) {
    let text = stdout(output);
    let kept = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("kept in "))
        .unwrap();
    assert!(kept.starts_with(directory.to_str().unwrap()), "{kept}");
    assert!(!names_in(&Path::new(kept).join("files")).is_empty());
    let mut lines = text.lines().map(str::trim);
    let again = lines.find_map(|line| line.strip_prefix("Again stress "));
    let again = again.unwrap();
    let words: Vec<&str> = again.split(' ').collect();
    let repeated = Command::new(env!("CARGO_BIN_EXE_stress"))
        .args(words)
        .output()
        .unwrap();
    assert!(
        stdout(&repeated).contains("expected 12 got 11"),
        "{repeated:?}"
    );
}

#[test]
fn only_what_was_made_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("mine"), "kept").unwrap();
    let output = stress_in(
        directory.path(),
        "--strategy flock --procs 2 --iters 2 --no-control",
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(names_in(directory.path()), ["mine"]);
}

#[test]
fn keep_keeps_the_state_of_every_round() {
    let directory = tempfile::tempdir().unwrap();
    let words = "--strategy flock --procs 2 --iters 2 --rounds 2 --shape loop --no-control --keep";
    stress_in(directory.path(), words);
    let top = names_in(directory.path());
    let mut rounds = names_in(&directory.path().join(&top[0]));
    rounds.sort();
    assert_eq!(rounds, ["flock-loop-0001", "flock-loop-0002"]);
}

#[test]
fn json_is_one_object_with_everything_in_it() {
    let output =
        stress("--strategy flock,unlocked --procs 4 --iters 10 --seed 0x7c1e9a4 --format json");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "hookstate-stress/1");
    assert_eq!(report["conclusion"], "exact");
    assert_eq!(report["settings"]["seed"], "7c1e9a4");
    let runs = report["runs"].as_array().unwrap();
    let statuses: Vec<&Value> = runs.iter().map(|run| &run["status"]).collect();
    assert_eq!(statuses, ["exact", "exact", "caught", "caught"]);
    assert_eq!(
        (&runs[0]["expected"], &runs[0]["got"]),
        (&40.into(), &40.into())
    );
    assert!(
        runs[2]["evidence"]["fork"]["first"]["lane"].is_u64(),
        "{report}"
    );
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_command_line_without_sense_exits_with_2() {
    for words in [
        "--strategy nonesuch",
        "--procs 0",
        "--seed xyz",
        "--state-bytes 1..x",
        "--frob",
    ] {
        let output = stress(words);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert_eq!(stdout(&output), "", "{words}");
        assert!(stderr(&output).starts_with("error: "), "{words}");
    }
}

#[test]
fn a_directory_that_is_not_there_is_a_failure_of_its_own() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (directory, needed) in [
        (Path::new("/nonexistent"), "it must exist"),
        (file.path(), "it must be a directory"),
    ] {
        let output = stress_in(directory, "--strategy flock");
        assert_eq!(output.status.code(), Some(1));
        let directory = directory.display();
        let text = format!("error: cannot make a directory in {directory}, see --dir: {needed}\n");
        assert_eq!(stderr(&output), text);
    }
}

#[test]
fn nobody_to_read_the_report_is_no_reason_to_panic() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = command(
        directory.path(),
        "--strategy flock --no-control --procs 2 --iters 2",
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "");
    assert_empty(&directory, "a run without a reader");
}

/// A device that takes nothing.
fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure_that_names_standard_output() {
    for format in ["human", "json"] {
        let directory = tempfile::tempdir().unwrap();
        let words = format!("--strategy flock --no-control --procs 2 --iters 2 --format {format}");
        let mut command = command(directory.path(), &words);
        let output = command.stdout(full()).stderr(Stdio::piped());
        let output = output.spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = stderr(&output);
        let names_it = text.starts_with("error: cannot write the report to standard output: ");
        assert!(names_it, "{text}");
        assert_empty(&directory, "a run that could not report");
        let status = command.stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(1));
        assert_empty(&directory, "a run that could not even complain");
    }
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// A run that never ends by itself, at the moment when one worker hangs and the others are done or
/// at work. And its standard error, which all workers share.
fn endless(directory: &Path) -> (Child, BufReader<ChildStderr>) {
    endless_with(directory, "")
}

fn endless_with(directory: &Path, words: &str) -> (Child, BufReader<ChildStderr>) {
    let plan = "--strategy flock --no-control --procs 3 --iters 4 --shape loop --inject 2:3:hang";
    let mut child = command(directory, &format!("{plan} {words}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert_eq!(line, "a worker hangs, as ordered\n");
    (child, errors)
}

#[test]
fn an_interrupted_run_prints_what_it_has_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let directory = tempfile::tempdir().unwrap();
        let (child, _errors) = endless(directory.path());
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = stdout(&output);
        assert!(text.contains("\n             interrupted\n"), "{text}");
        assert!(
            text.trim_end().ends_with("1 run inconclusive, interrupted"),
            "{text}"
        );
        assert_eq!(output.status.code(), Some(130));
        assert_empty(&directory, "an interrupted run");
    }
}

/// What `timeout` and a terminal that closes send.
#[test]
fn many_signals_at_once_are_as_good_as_one() {
    let directory = tempfile::tempdir().unwrap();
    let (child, _errors) = endless(directory.path());
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::TERM] {
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(stdout(&output).ends_with("1 run inconclusive, interrupted\n"));
    assert_eq!(output.status.code(), Some(130));
    assert_empty(&directory, "a run that was interrupted four times");
}

#[test]
fn a_terminal_that_is_gone_does_not_keep_the_directory_from_being_removed() {
    let directory = tempfile::tempdir().unwrap();
    let (mut child, errors) = endless(directory.path());
    drop((child.stdout.take(), errors));
    for signal in [Signal::HUP, Signal::HUP, Signal::TERM] {
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_empty(&directory, "a run whose terminal is gone");
}

#[test]
fn an_interrupted_run_tells_what_is_known() {
    let directory = tempfile::tempdir().unwrap();
    let (child, _errors) = endless_with(directory.path(), "--format json");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = &report["runs"][0];
    let number = |field: &str| run[field].as_u64().unwrap();
    assert_eq!(run["why"], "interrupted");
    assert!(number("reads") > 0, "{report}");
    // The one that hangs has made two changes; each of the three may have made one unreported.
    let (expected, got) = (number("expected"), number("got"));
    assert!((2..=10).contains(&expected), "{report}");
    assert!((expected..=expected + 3).contains(&got), "{report}");
}

/// Standard error ends when the last of those who share it is gone.
#[test]
fn no_worker_outlives_its_parent() {
    let directory = tempfile::tempdir().unwrap();
    let (mut child, mut errors) = endless(directory.path());
    child.kill().unwrap();
    child.wait().unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(errors.read_to_end(&mut Vec::new())));
    let ended = receiver.recv_timeout(PATIENCE);
    assert!(matches!(ended, Ok(Ok(0))), "{ended:?}");
}

/// What the worker that only reads reports of the state in `directory`, if it reads once.
fn reader_report(directory: &Path) -> String {
    let mut worker = worker(r#"{"poll":{"terms":TERMS,"seed":"1"}}"#, directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The byte to begin, and with the end of the pipe at once the sign to stop.
    worker.stdin.take().unwrap().write_all(b"!").unwrap();
    stdout(&worker.wait_with_output().unwrap())
}

fn worker(orders: &str, directory: &Path) -> Command {
    let terms = r#"{"subject":"flock","durability":"process","lock_timeout_ms":10000}"#;
    let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
    command
        .arg("worker")
        .arg(orders.replace("TERMS", terms))
        .arg(directory);
    command
}

#[test]
fn the_reader_notices_one_byte_that_nobody_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let orders = r#"{"single":{"terms":TERMS,"entry":"modify","ballast_bytes":500,"times":3}}"#;
    assert!(worker(orders, directory.path()).status().unwrap().success());
    let report = reader_report(directory.path());
    assert!(
        !report.contains("flaw") && report.ends_with("finished\n"),
        "{report}"
    );
    damage_ballast(&directory.path().join("stress.json"));
    let report = reader_report(directory.path());
    assert!(
        report.contains(r#"flaw {"kind":"torn","offset":499,"bytes":500}"#),
        "{report}"
    );
}

/// Changes the last letter of the ballast, which the JSON of the state ends with.
fn damage_ballast(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let end = text.rfind('"').unwrap();
    let letter = if text.as_bytes()[end - 1] == b'x' {
        "y"
    } else {
        "x"
    };
    let damaged = format!("{}{letter}{}", &text[..end - 1], &text[end..]);
    std::fs::write(file, damaged).unwrap();
}

#[test]
fn a_worker_without_orders_says_what_it_takes() {
    for words in [
        &[][..],
        &["{}"],
        &["{}", "/tmp"],
        &["\"x\"", "/tmp", "more"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
        let output = command.arg("worker").args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(stderr(&output).contains("a worker takes its orders"));
    }
}

#[test]
fn the_help_teaches_by_example() {
    let output = stress("--help");
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn the_errors_of_the_command_line_say_what_there_is() {
    let texts = [
        "--strategy nonesuch",
        "--state-bytes 1..x",
        "--shape square",
        "--rounds 0",
    ]
    .map(|words| format!("$ stress {words}\n{}", stderr(&stress(words))));
    insta::assert_snapshot!(texts.join("\n"));
}
