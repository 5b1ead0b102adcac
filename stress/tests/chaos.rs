//! Harm on purpose, to strategies and to commands: what was acknowledged is kept, and what is not kept
//! is noticed.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the tests of a tool that works on real files"
)]

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn stress(words: &[&str]) -> Output {
    stress_with(words, |command| command)
}

fn stress_with(words: &[&str], prepare: impl Fn(&mut Command) -> &mut Command) -> Output {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
    command
        .arg("--dir")
        .arg(place.path())
        .args(words)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    let output = prepare(&mut command).output().unwrap();
    let left = std::fs::read_dir(place.path()).unwrap().count();
    assert_eq!(
        left,
        usize::from(output.status.code() == Some(10)),
        "{output:?}"
    );
    output
}

/// The only run of a report.
fn run_of(words: &str) -> (Option<i32>, Value) {
    let words: Vec<&str> = words.split(' ').collect();
    let output = stress(&[&words[..], &["--format", "json"]].concat());
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), report["runs"][0].clone())
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn killed_workers_lose_no_acknowledged_change_and_the_next_one_works() {
    for strategy in ["flock", "append-log", "rename"] {
        for shape in ["loop", "fresh"] {
            let (code, run) = run_of(&format!(
                "--strategy {strategy} --no-control --shape {shape} --procs 4 --iters 40 --chaos kill=25%"
            ));
            assert_eq!((code, &run["status"]), (Some(0), &"exact".into()), "{run}");
            let harm = &run["harm"];
            // 40 were chosen on average; a lane whose last process is done has nobody to kill.
            assert!(number(&harm["kills"]) >= 15, "{run}");
            assert!(number(&harm["in_doubt"]) > 0, "{run}");
            assert_eq!(
                number(&run["expected"]) + number(&harm["in_doubt"]),
                160,
                "{run}"
            );
            assert_eq!(run["expected"], run["got"], "{run}");
        }
    }
}

#[test]
fn a_control_that_truncates_before_it_writes_is_caught_when_it_is_killed() {
    let (code, run) = run_of(
        "--strategy truncate-then-write --shape loop --procs 1 --iters 200 --rounds 30 --chaos kill=20%",
    );
    assert_eq!((code, &run["status"]), (Some(0), &"caught".into()), "{run}");
    assert!(number(&run["harm"]["kills"]) > 0, "{run}");
}

/// And not when nobody is killed: it is the kill that shows it.
#[test]
fn the_same_control_loses_nothing_while_nobody_is_killed() {
    let (code, run) = run_of("--strategy truncate-then-write --shape loop --procs 1 --iters 200");
    assert_eq!(
        (code, &run["status"]),
        (Some(11), &"missed".into()),
        "{run}"
    );
}

#[test]
fn a_stopped_holder_is_named_by_the_others_and_nothing_is_lost() {
    for strategy in ["flock", "append-log", "rename"] {
        let (code, run) = run_of(&format!(
            "--strategy {strategy} --no-control --shape loop --procs 4 --iters 60 --lock-timeout 5 \
             --chaos stop=15%:60ms"
        ));
        assert_eq!((code, &run["status"]), (Some(0), &"exact".into()), "{run}");
        assert_eq!((number(&run["expected"]), number(&run["got"])), (240, 240));
        let harm = &run["harm"];
        assert!(number(&harm["stops"]) > 0, "{run}");
        assert!(number(&harm["named_stopped"]) > 0, "{run}");
    }
}

/// In one round of seven the processes need room only while there is some, so there are eight.
#[test]
fn a_full_disk_is_told_and_survived() {
    for strategy in ["flock", "append-log", "rename"] {
        let (code, run) = run_of(&format!(
            "--strategy {strategy} --no-control --shape loop --procs 3 --iters 400 --rounds 8 \
             --state-bytes 9000 --chaos enospc"
        ));
        assert_eq!((code, &run["status"]), (Some(0), &"exact".into()), "{run}");
        let harm = &run["harm"];
        assert!(number(&harm["disk_full"]) > 0, "{run}");
        let told = harm["first_no_space"]
            .as_str()
            .unwrap_or_else(|| panic!("{run}"));
        // Where nothing can be mounted, the size of files is limited.
        let is_full = ["o space left on device", "ile too large"];
        assert!(is_full.iter().any(|words| told.contains(words)), "{told}");
    }
}

#[test]
fn who_may_not_mount_anything_limits_the_size_of_files() {
    for strategy in ["flock", "append-log", "rename"] {
        let words = format!(
            "--strategy {strategy} --no-control --shape loop --procs 3 --iters 400 --format json \
             --chaos enospc"
        );
        let words: Vec<&str> = words.split_whitespace().collect();
        let output = stress_with(&words, |command| command.env("STRESS_NAMESPACE", "none"));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let run = &report["runs"][0];
        assert_eq!(run["status"], "exact", "{run}");
        let told = run["harm"]["first_no_space"].as_str();
        assert!(
            told.is_some_and(|told| told.contains("ile too large")),
            "{run}"
        );
        assert!(
            text(&output).contains("note: neither this user"),
            "{output:?}"
        );
    }
}

#[test]
fn a_process_with_few_descriptors_works_and_one_with_too_few_says_so() {
    let words = "--strategy flock --no-control --shape loop --procs 2 --iters 5 --chaos";
    let (code, run) = run_of(&format!("{words} nofile=8"));
    assert_eq!((code, &run["status"]), (Some(0), &"exact".into()), "{run}");
    let (code, run) = run_of(&format!("{words} nofile=4"));
    assert_eq!(
        (code, &run["status"]),
        (Some(11), &"inconclusive".into()),
        "{run}"
    );
    assert!(
        run["why"].as_str().unwrap().contains("oo many open files"),
        "{run}"
    );
}

const TOKENS: &str = "--expect-tokens={dir}/log:lines";

fn text(output: &Output) -> String {
    let (out, errors) = (&output.stdout, &output.stderr);
    [out, errors]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .concat()
}

#[test]
fn a_command_that_is_killed_is_in_doubt_and_no_failure() {
    let line = "echo {token} >>{dir}/log; sleep 0.01";
    let words = [
        "--procs=4",
        "--iters=10",
        "--chaos=kill=30%,stop=20%:1ms",
        TOKENS,
        "--",
        "sh",
        "-c",
    ];
    let output = stress(&[&words[..], &[line]].concat());
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("EXACT [") && text.contains(" kills, "),
        "{text}"
    );
}

/// The token is taken for granted before it is written; whoever is killed in between has no part in it.
#[test]
fn a_command_that_empties_its_file_before_it_writes_is_caught_when_it_is_killed() {
    let line = "exec 9>>{dir}/lock; flock 9; t=$(cat {dir}/log 2>/dev/null); : >{dir}/log; sleep 0.01; \
                printf '%s\\n%s\\n' \"$t\" {token} >{dir}/log";
    let words = [
        "--procs=3",
        "--iters=10",
        "--rounds=50",
        "--chaos=kill=30%",
        TOKENS,
        "--",
        "sh",
        "-c",
    ];
    let output = stress(&[&words[..], &[line]].concat());
    assert_eq!(output.status.code(), Some(10), "{}", text(&output));
}

#[test]
fn a_limited_command_that_cannot_be_started_is_named() {
    let output = stress(&[
        "--check=true",
        "--chaos=nofile=16",
        "--",
        "nonesuch-program",
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("error: cannot start 'nonesuch-program' ("),
        "{}",
        text(&output)
    );
}

#[test]
fn a_limit_binds_the_command() {
    let words = [
        "--procs=2",
        "--iters=1",
        "--check=true",
        "--chaos=nofile=17",
        "--",
    ];
    let output = stress(&[&words[..], &["sh", "-c", "[ $(ulimit -n) = 17 ]"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

/// For as long as a test may hang.
const LONG: Duration = Duration::from_secs(30);

/// For as long as it takes to be killed, on a machine that is not too busy.
const SHORT: Duration = Duration::from_millis(200);

/// A command that hangs, when the `stress` that has started it was killed: whether it ends, too.
fn ends_with_a_killed_stress(chaos: &[&str], patience: Duration) -> bool {
    let (place, told) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let pipe = told.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let line = format!("exec 3>{}; echo $$ >&3; exec sleep 600", pipe.display());
    let mut stress = Command::new(env!("CARGO_BIN_EXE_stress"))
        .arg("--dir")
        .arg(place.path())
        .args(["--procs=1", "--iters=1", "--check=true"])
        .args(chaos)
        .args(["--", "sh", "-c", &line])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = BufReader::new(File::open(pipe).unwrap());
    let mut pid = String::new();
    pipe.read_line(&mut pid).unwrap();
    stress.kill().unwrap();
    stress.wait().unwrap();
    let ends = has_ended(&pipe, patience);
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    // The pipe is at its end when nobody has it open any more, and then the number may be another's.
    if !ends {
        kill_process(pid, Signal::KILL).unwrap();
        assert!(has_ended(&pipe, LONG));
    }
    ends
}

/// Waits until nobody has the other end open.
fn has_ended(pipe: &BufReader<File>, patience: Duration) -> bool {
    let wait = Timespec::try_from(patience).unwrap();
    let mut watched = [PollFd::new(pipe.get_ref(), PollFlags::HUP)];
    poll(&mut watched, Some(&wait)).unwrap() > 0
}

/// The second is what cannot be had without another program before each command: it says so in `--help`.
#[cfg(target_os = "linux")]
#[test]
fn a_command_within_limits_ends_with_a_killed_stress_and_another_does_not() {
    assert!(ends_with_a_killed_stress(&["--chaos=nofile=64"], LONG));
    // It sleeps for ten minutes, so nothing but a kill could have ended it.
    assert!(!ends_with_a_killed_stress(&[], SHORT));
}
