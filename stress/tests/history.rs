//! Histories: what `stress` writes down, and what `stress check` says of it. The one judges while it
//! runs, by one way of thinking, and the other afterwards by another; they must agree.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests of a tool that works on real files"
)]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

struct Stress {
    place: TempDir,
    files: TempDir,
}

impl Stress {
    fn new() -> Self {
        Self {
            place: tempfile::tempdir().unwrap(),
            files: tempfile::tempdir().unwrap(),
        }
    }

    fn history(&self) -> PathBuf {
        self.files.path().join("history.jsonl")
    }

    /// Writes a history of what these words ask for.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = stress();
        command
            .arg("--dir")
            .arg(self.place.path())
            .arg("--history")
            .arg(self.history())
            .args(words);
        command
    }

    fn run(&self, line: &str) -> Output {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.command(&words).output().unwrap()
    }

    fn check(&self) -> Value {
        let (code, report) = check(&self.history());
        assert_eq!(i64::from(code), report["exit_code"], "{report}");
        report
    }
}

fn stress() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
    command
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

fn check(history: &Path) -> (i32, Value) {
    let mut command = stress();
    let output = command.args(["check", "--format", "json"]).arg(history);
    let output = output.output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code().unwrap(), report)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Lane and iteration of the two sides of a fork, by the run.
fn sides(fork: &Value) -> BTreeSet<(u64, u64)> {
    let side = |name| {
        let number = |key| fork[name][key].as_u64().unwrap();
        (number("lane"), number("iteration"))
    };
    ["first", "second"].map(side).into()
}

/// The same, by the history.
fn culprits(evidence: &Value) -> BTreeSet<(u64, u64)> {
    let culprit = |name| {
        let token = evidence[name]["token"].as_str().unwrap();
        let number = |text: &str| text.trim_start_matches(['p', 'r']).parse().unwrap();
        let mut parts = token.rsplit('-');
        let iteration = number(parts.next().unwrap());
        (number(parts.next().unwrap()), iteration)
    };
    ["overwritten", "by"].map(culprit).into()
}

#[test]
fn every_strategy_is_exact_in_its_history_too() {
    let stress = Stress::new();
    let output = stress.run("--no-control --procs 4 --iters 25 --rounds 2");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = stress.check();
    assert_eq!(report["conclusion"], "exact", "{report}");
    // Three strategies in two shapes with two rounds.
    assert_eq!(
        (&report["histories"], &report["operations"]),
        (&12.into(), &1200.into())
    );
}

#[test]
fn every_workload_is_exact_in_its_history_too() {
    for workload in ["stats", "tasks"] {
        let stress = Stress::new();
        let output = stress.run(&format!(
            "--workload {workload} --no-control --procs 4 --iters 25 --shape loop"
        ));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let report = stress.check();
        assert_eq!(report["conclusion"], "exact", "{report}");
    }
}

#[test]
fn whoever_is_killed_has_left_it_open_in_the_history() {
    let stress = Stress::new();
    let output = stress.run("--no-control --procs 4 --iters 100 --shape loop --chaos kill=10%");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = stress.check();
    assert_eq!(report["conclusion"], "exact", "{report}");
    assert_eq!(report["operations"], 1200, "{report}");
    let history = std::fs::read_to_string(stress.history()).unwrap();
    assert!(history.contains(r#""outcome":"unknown"}"#));
    // The first of the lane may be one that was killed.
    assert!(history.contains(r#""tokens":["1-"#));
}

/// Two oracles, and one pair of operations.
#[test]
fn both_oracles_name_the_same_two_operations() {
    for shape in ["loop", "fresh"] {
        let stress = Stress::new();
        let words = "--strategy unlocked --procs 8 --iters 40 --format json --shape";
        let run = json(&stress.run(&format!("{words} {shape}")));
        let run = &run["runs"][0];
        assert_eq!(run["status"], "caught", "{run}");
        let report = stress.check();
        assert_eq!(report["conclusion"], "violated", "{report}");
        assert_eq!(report["violated"], 1, "{report}");
        let finding = &report["findings"][0];
        let (round, fork) = (&run["evidence"]["round"], &run["evidence"]["fork"]);
        let name = format!("unlocked {shape} round {round} (control)");
        assert_eq!(finding["name"], name);
        let evidence = &finding["evidence"][0];
        assert_eq!(evidence["kind"], "overwritten", "{report}");
        assert_eq!(evidence["version"], fork["version"], "{evidence} {fork}");
        assert_eq!(culprits(evidence), sides(fork), "{evidence} {fork}");
    }
}

#[test]
fn a_change_that_was_acknowledged_and_not_made_is_missed_in_the_history() {
    let stress = Stress::new();
    let output = stress
        .run("--strategy flock --no-control --procs 3 --iters 4 --shape loop --inject 2:3:lie");
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    let report = stress.check();
    assert_eq!(report["conclusion"], "violated", "{report}");
    let text = report["findings"][0]["evidence"][0]["text"]
        .as_str()
        .unwrap();
    assert!(text.starts_with("lost: p2 #03 "), "{text}");
}

#[test]
fn a_worker_that_dies_may_have_made_its_change() {
    let stress = Stress::new();
    let output = stress
        .run("--strategy flock --no-control --procs 3 --iters 4 --shape loop --inject 2:3:die");
    assert_eq!(output.status.code(), Some(11), "{output:?}");
    let report = stress.check();
    assert_eq!(report["conclusion"], "exact", "{report}");
}

const TOKENS: &str = "--expect-tokens={dir}/s.json:/tokens";

/// The program of the wild that unlocks in between, or keeps its lock.
fn statistics(stress: &Stress, how: &str) -> Output {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/statistics.py");
    let words = [
        "--procs=4",
        "--iters=6",
        "--format=json",
        TOKENS,
        "--",
        "python3",
        program,
        "{dir}",
        "{token}",
        how,
    ];
    stress.command(&words).output().unwrap()
}

#[test]
fn a_command_that_loses_updates_is_violated_in_its_history() {
    let stress = Stress::new();
    let run = json(&statistics(&stress, "meets"));
    assert_eq!(run["conclusion"], "violated", "{run}");
    let report = stress.check();
    assert_eq!(report["conclusion"], "violated", "{report}");
    let finding = &report["findings"][0];
    assert_eq!(finding["name"], "command round 1");
    let evidence = &finding["evidence"][0];
    assert_eq!(evidence["kind"], "overwritten", "{report}");
    let missing = &finding["evidence"][1];
    assert_eq!(missing["kind"], "missing", "{report}");
    assert_eq!(missing["missing_in_all"], run["run"]["evidence"]["lost"]);
}

#[test]
fn a_command_that_keeps_its_lock_is_exact_in_its_history() {
    let stress = Stress::new();
    let output = statistics(&stress, "locked");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = stress.check();
    assert_eq!(report["conclusion"], "exact", "{report}");
    assert_eq!(report["operations"], 24, "{report}");
}

#[test]
fn a_command_that_says_nothing_leaves_nothing_to_judge_by() {
    let stress = Stress::new();
    let words = ["--procs=2", "--iters=2", "--check=true", "--", "true"];
    let output = stress.command(&words).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = stress.check();
    assert_eq!(report["conclusion"], "inconclusive", "{report}");
    let why = report["findings"][0]["why"].as_str().unwrap();
    assert!(why.contains("no version and no final state"), "{why}");
}

#[test]
fn the_history_is_complete_after_an_interruption() {
    let stress = Stress::new();
    let words = "--strategy flock --no-control --procs 3 --iters 10000000 --shape loop";
    let words: Vec<&str> = words.split(' ').collect();
    let mut command = stress.command(&words);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    wait_for_bytes(&stress.history());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let report = stress.check();
    assert_eq!(report["conclusion"], "exact", "{report}");
    assert!(report["operations"].as_u64().unwrap() > 100, "{report}");
    let history = std::fs::read_to_string(stress.history()).unwrap();
    assert!(
        history
            .lines()
            .last()
            .unwrap()
            .starts_with(r#"{"final":true,"#)
    );
}

/// What is gathered is written when it is some tens of thousands of bytes.
fn wait_for_bytes(path: &Path) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while std::fs::metadata(path).map_or(0, |metadata| metadata.len()) == 0 {
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_runs() {
    let (stress, nowhere) = (Stress::new(), "/nowhere/history");
    let words = ["--no-control", "--history", nowhere];
    let output = self::stress().args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    assert!(stderr(&output).starts_with("error: cannot write /nowhere/history: "));
    let full = [
        "--strategy=flock",
        "--no-control",
        "--procs=2",
        "--history=/dev/full",
    ];
    let mut command = self::stress();
    let output = command.arg("--dir").arg(stress.place.path()).args(full);
    let output = output.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("error: cannot write /dev/full: No space"),
        "{output:?}"
    );
    let output = self::stress().args(["--history", "-"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("name a file or a pipe"),
        "{output:?}"
    );
}

#[test]
fn a_file_that_was_there_is_overwritten() {
    let stress = Stress::new();
    std::fs::write(stress.history(), "{}\n".repeat(100_000)).unwrap();
    let output = stress.run("--strategy flock --no-control --procs 2 --iters 2 --shape loop");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(stress.check()["operations"], 4);
}

const FORKED: &str = r#"{"history":1,"model":"counter"}
{"process":1,"op":"add","token":"1-17","invoked_ns":100,"responded_ns":190,"outcome":"ok","read":41,"wrote":42}
{"process":3,"op":"add","token":"3-9","invoked_ns":120,"responded_ns":200,"outcome":"ok","read":41,"wrote":42}
"#;

#[test]
fn a_pipe_is_judged_and_those_at_fault_are_named_in_a_line() {
    let mut command = stress();
    let child = command
        .args(["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(FORKED.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(10));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().nth(1).unwrap().trim_start();
    assert_eq!(
        line,
        "lost: p1 #17 (100 to 190 ns) and p3 #09 (120 to 200 ns) had both read version 41 and wrote \
         42; p3 #09 was acknowledged later"
    );
}

#[test]
fn what_is_no_history_is_refused_with_line_and_column() {
    let stress = Stress::new();
    let refused = |text: &str| {
        std::fs::write(stress.history(), text).unwrap();
        let output = self::stress().arg("check").arg(stress.history()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(output.stdout, b"");
        let prefix = format!("error: {}:", stress.history().display());
        let text = stderr(&output);
        text.strip_prefix(&prefix)
            .unwrap_or(&text)
            .trim_end()
            .to_owned()
    };
    let wrong_outcome = FORKED.replacen("\"ok\"", "\"fine\"", 1);
    assert_eq!(
        refused(&wrong_outcome),
        "2:91: unknown variant `fine`, expected one of `ok`, `failed`, `unknown`"
    );
    assert!(refused("all is well\n").starts_with("1:1: expected value"));
    assert!(refused(&FORKED[..FORKED.len() - 9]).contains(": the last line is cut off"));
    let nowhere = self::stress()
        .args(["check", "/nowhere/history"])
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(
        stderr(&nowhere)
            .starts_with("error: /nowhere/history: the history cannot be opened: No such")
    );
}

#[test]
fn limits_make_a_history_inconclusive() {
    let history = "/../history/testdata/inconclusive/register-too-large-a-search.jsonl";
    let history = format!("{}{history}", env!("CARGO_MANIFEST_DIR"));
    let words = ["check", "--memory-limit", "1", "--format", "json", &history];
    let output = stress().args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(11), "{output:?}");
    let report = json(&output);
    assert_eq!(report["conclusion"], "inconclusive", "{report}");
    let why = report["findings"][0]["why"].as_str().unwrap();
    assert!(why.contains("memory limit of 1048576 bytes"), "{why}");
}

#[test]
fn the_help_of_check_teaches_by_example() {
    let output = stress().args(["check", "--help"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}
