//! External commands as users have them: what is acknowledged, what is in doubt, and what is said
//! of what is lost.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the tests of a tool that works on real files"
)]

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// Appends its token, in one write.
const APPEND: &str = "echo {token} >>{dir}/log";
const TOKENS: &str = "--expect-tokens={dir}/log:lines";

struct Stress {
    place: TempDir,
    command: Command,
}

impl Stress {
    /// With these words, and everything in a directory that has to be empty afterwards.
    fn new(words: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
        command
            .arg("--dir")
            .arg(place.path())
            .args(words)
            .env_remove("NO_COLOR")
            .env_remove("COLUMNS")
            .stdin(Stdio::null());
        Self { place, command }
    }

    fn sh(words: &[&str], line: &str) -> Self {
        Self::new(&[words, &["--", "sh", "-c", line]].concat())
    }

    fn run(mut self) -> Ran {
        let output = self.command.output().unwrap();
        Ran::new(output, self.place)
    }
}

struct Ran {
    code: Option<i32>,
    out: String,
    errors: String,
    place: TempDir,
}

impl Ran {
    fn new(output: Output, place: TempDir) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            errors: String::from_utf8(output.stderr).unwrap(),
            place,
        }
    }

    /// Asserts that it came to this, and that nothing is left unless it shows a violation.
    fn came_to(self, code: i32, words: &[&str]) -> Self {
        let text = format!("{}{}", self.out, self.errors);
        assert_eq!(self.code, Some(code), "{text}");
        for words in words {
            assert!(text.contains(words), "{words:?} is not in {text}");
        }
        let left = std::fs::read_dir(self.place.path()).unwrap().count();
        assert_eq!(left, usize::from(code == 10), "{text}");
        self
    }
}

#[test]
fn a_command_that_keeps_every_update_is_exact() {
    let words = ["--procs=4", "--iters=6", "--rounds=2", TOKENS];
    Stress::sh(&words, APPEND).run().came_to(
        0,
        &[
            "EXACT [",
            "command  fresh  expected 48 got 48\n",
            "2 of 2 rounds",
        ],
    );
}

#[test]
fn an_update_that_was_acknowledged_and_not_made_is_named() {
    let line = "[ {proc}{iter} = 23 ] || echo {token} >>{dir}/log";
    Stress::sh(&["--procs=3", "--iters=4", TOKENS], line)
        .run()
        .came_to(
            10,
            &[
                "VIOLATED [",
                "expected 12 got 11, 1 lost\n",
                "the update of p2 #03 is lost (r1-p2-3), ",
                "kept in ",
                "Again stress --procs 3 --iters 4 ",
            ],
        );
}

#[test]
fn an_update_that_was_made_twice_and_one_that_is_nobodys_are_named() {
    let line =
        "echo {token} >>{dir}/log; [ {proc}{iter} != 11 ] || printf '{token}\\nx\\n' >>{dir}/log";
    Stress::sh(&["--procs=2", "--iters=2", TOKENS], line)
        .run()
        .came_to(10, &["more than once: r1-p1-1", "never given out: x"]);
}

/// The program of the wild, and the same program with its lock held.
#[test]
fn a_program_that_unlocks_between_reading_and_writing_is_caught_and_its_twin_is_not() {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/statistics.py");
    let words = [
        "--procs=6",
        "--iters=2",
        "--expect-json={dir}/s.json:/tool_count=procs*iters",
        "--expect-tokens={dir}/s.json:/tokens",
    ];
    let command = ["--", "python3", "-IS", program, "{dir}", "{token}"];
    let seen = [&words[..], &command, &["meets"]].concat();
    let caught = Stress::new(&seen).run();
    let caught = caught.came_to(10, &["two processes read ", " and both wrote "]);
    assert!(
        caught.out.contains(" was overwritten by "),
        "{}",
        caught.out
    );
    let repaired = [&words[..], &command, &["locked"]].concat();
    Stress::new(&repaired)
        .run()
        .came_to(0, &["expected 12 got 12"]);
}

#[test]
fn a_command_that_fails_is_in_doubt_and_too_many_make_it_inconclusive() {
    // The first of each lane fails after its update, the second before.
    let line = "[ {iter} = 2 ] && exit 4; echo {token} >>{dir}/log; [ {iter} != 1 ] || { echo why >&2; exit 3; }";
    let words = ["--procs=2", "--iters=4", TOKENS];
    Stress::sh(&words, line).run().came_to(
        11,
        &[
            "expected 4 got 4\n",
            "4 of 8 commands failed, more than --max-fail 0: exit code 3 (2 times), exit code 4 (2 times)",
            " #01 said: why\n",
        ],
    );
    for most in ["--max-fail=4", "--max-fail=50%"] {
        let words = [&words[..], &[most]].concat();
        Stress::sh(&words, line)
            .run()
            .came_to(0, &["expected 4 got 4\n", "4 failures: exit code 3"]);
    }
    Stress::sh(&["--max-fail=100%", "--check=true", "--iters=1"], "exit 1")
        .run()
        .came_to(11, &["no command was acknowledged: exit code 1 ("]);
}

/// It has failed in good order, and nothing is lost.
#[test]
fn a_command_that_fails_without_an_update_is_no_lost_update() {
    let count = "[ {iter} = 2 ] && exit 3; \
                 : >{dir}/made{iter}; echo \"{\\\"n\\\": $(ls {dir} | grep -c made)}\" >{dir}/s.json";
    let run = |words: &[&str], count| {
        let all = [
            "--procs=1",
            "--iters=4",
            "--no-control",
            "--expect-json={dir}/s.json:/n=procs*iters",
        ];
        Stress::sh(&[&all[..], words].concat(), count).run()
    };
    run(&[], count).came_to(11, &["1 of 4 commands failed, more than --max-fail 0"]);
    run(&["--max-fail=1"], count)
        .came_to(11, &["expected 4 got 3, which 1 of 4 commands may explain"]);
    run(&["--max-fail=100%"], "exit 1").came_to(11, &["no command was acknowledged"]);
    let lossy = count.replace("made{iter}", "made");
    run(&["--max-fail=1"], &lossy).came_to(10, &["expected 4 got 1, 3 lost\n"]);
}

#[test]
fn a_number_in_json_is_held_against_what_was_acknowledged() {
    let count = "echo \"{\\\"n\\\": $(( {iter} * 2 ))}\" >{dir}/s.json";
    let run =
        |claim: &str| Stress::sh(&["--procs=1", "--iters=3", "--no-control", claim], count).run();
    run("--expect-json={dir}/s.json:/n=2*acked").came_to(0, &["expected 6 got 6\n"]);
    run("--expect-json={dir}/s.json:/n=procs*iters").came_to(
        10,
        &[
            "expected 3 got 6, 3 too many\n",
            "{dir}/s.json:/n: expected 3 got 6\n",
        ],
    );
}

#[test]
fn a_check_finds_the_tokens_and_its_words_are_the_evidence() {
    let same =
        "sort {dir}/log | cmp -s - \"$(sort -o $STRESS_ACKED $STRESS_ACKED; echo $STRESS_ACKED)\"";
    let words = ["--procs=3", "--iters=2"];
    let run = |check: &str| Stress::sh(&[&words[..], &["--check", check]].concat(), APPEND).run();
    run(same).came_to(0, &["EXACT [", "6 of 6 acknowledged\n"]);
    run("[ $(wc -l <$STRESS_STARTED) = $((STRESS_PROCS * STRESS_ITERS)) ]")
        .came_to(0, &["EXACT ["]);
    run("echo all wrong >&2; exit 3").came_to(10, &["check: all wrong\n"]);
    run("exit 3").came_to(10, &["check: exit status: 3, and it did not say why\n"]);
    let missing = run("nonesuch-judge {dir}").came_to(1, &["not found"]);
    let why = "error: --check 'nonesuch-judge {dir}' cannot be run: ";
    assert!(missing.errors.contains(why), "{}", missing.errors);
}

#[test]
fn a_check_that_takes_too_long_is_what_the_time_ran_out_in() {
    let words = [
        "--procs=1",
        "--iters=1",
        "--no-control",
        "--timeout=1",
        "--check=sleep 60",
    ];
    Stress::sh(&words, APPEND)
        .run()
        .came_to(11, &["the time of 1 s ran out in --check"]);
}

/// A check that failed says that something is lost; the commands themselves say where.
#[test]
fn a_check_that_fails_has_the_two_that_read_the_same_version_beside_it() {
    let line = "echo stress: read 41 wrote 42";
    let words = [
        "--procs=2",
        "--iters=1",
        "--check=echo all wrong >&2; false",
    ];
    let ran = Stress::sh(&words, line).run();
    let fork = " two processes read 41 and both wrote 42: ";
    ran.came_to(10, &[fork, "check: all wrong\n"]);
    let words = ["--procs=2", "--iters=1", "--check=true"];
    let ran = Stress::sh(&words, line).run().came_to(0, &[]);
    assert!(!ran.out.contains(fork), "{}", ran.out);
}

#[test]
fn the_same_values_are_in_the_words_the_input_and_the_environment() {
    let place = tempfile::tempdir().unwrap();
    let input = place.path().join("input");
    let line = "read -r line; [ \"$line\" = \"{\\\"t\\\": \\\"$STRESS_TOKEN\\\", \\\"n\\\": [$STRESS_PROC, $STRESS_ITER]}\" ] && \
                [ {token} = $STRESS_TOKEN ] && [ {dir} = $STRESS_DIR ] && [ -e {dir}/set ]";
    std::fs::write(&input, "{\"t\": \"{token}\", \"n\": [{proc}, {iter}]}\n").unwrap();
    let input = format!("--stdin={}", input.display());
    let words = [
        "--procs=2",
        "--iters=3",
        "--setup=: >{dir}/set",
        "--check=true",
        &input,
    ];
    Stress::sh(&words, line)
        .run()
        .came_to(0, &["6 of 6 acknowledged"]);
}

#[test]
fn the_directory_of_a_round_is_empty_and_private() {
    let line = "[ $(ls -A {dir} | wc -l) = 0 ] && [ $(ls -ld {dir} | cut -c1-10) = drwx------ ]";
    let words = ["--procs=2", "--iters=1", "--rounds=2", "--check=true"];
    Stress::sh(&words, line)
        .run()
        .came_to(0, &["4 of 4 acknowledged"]);
}

#[test]
fn what_cannot_be_started_is_a_failure_of_its_own() {
    Stress::new(&["--check=true", "--", "nonesuch-program"])
        .run()
        .came_to(
            1,
            &["error: cannot start 'nonesuch-program' (see whether it is installed and in PATH): "],
        );
    Stress::sh(&["--check=true", "--setup=echo full >&2; false"], APPEND)
        .run()
        .came_to(1, &["error: --setup 'echo full >&2; false' failed: full\n"]);
}

#[test]
fn a_command_line_without_sense_exits_with_2() {
    for (words, why) in [
        (
            &["--", "true"][..],
            "nothing says what the command must have done",
        ),
        (&["--check=true"], "were not provided"),
        (
            &["--check=true", "--", "x", "{dri}"],
            "no placeholder {dri}",
        ),
        (
            &["--expect-json={dir}/s:/n=x", "--", "true"],
            "there is no 'x'",
        ),
        (
            &["--max-fail=x", "--check=true", "--", "true"],
            "a number of commands",
        ),
        (
            &["--stdin=/nonexistent", "--check=true", "--", "true"],
            "cannot be read",
        ),
    ] {
        Stress::new(words).run().came_to(2, &["error: ", why]);
    }
}

#[test]
fn json_is_one_object_with_the_evidence_in_it() {
    let line = "echo stress: read 41 wrote 42; [ {proc} = 1 ] || echo {token} >>{dir}/log";
    let words = ["--procs=2", "--iters=1", "--format=json", TOKENS];
    let ran = Stress::sh(&words, line).run().came_to(10, &[]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["schema"], "hookstate-stress-command/1");
    assert_eq!(report["run"]["status"], "violated");
    let evidence = &report["run"]["evidence"];
    assert_eq!(evidence["first_lost"][0]["token"], "r1-p1-1");
    assert_eq!(evidence["fork"]["overwritten"]["lane"], 1);
    assert_eq!(report["settings"]["command"][0], "sh");
    assert_eq!(
        report["run"]["latency_ns"]["changes"],
        report["run"]["acked"]
    );
    assert!(
        report["run"]["fairness"].as_f64().unwrap() > 0.0,
        "{report}"
    );
    let around = evidence["around"].as_array().unwrap();
    assert_eq!(around.len(), 2);
    assert!(around.iter().all(|one| one["wrote"] == "42"), "{evidence}");
}

/// The processes of a command that hangs: the shell, and one in a session of its own, where no signal
/// to a group or a terminal reaches it.
fn pids_of_hanging(told: &Path) -> Vec<Pid> {
    let mut line = String::new();
    let fifo = File::open(told).unwrap();
    BufReader::new(fifo).read_line(&mut line).unwrap();
    let pids = line.split_whitespace().map(|pid| pid.parse().unwrap());
    pids.map(|pid| Pid::from_raw(pid).unwrap()).collect()
}

#[test]
fn a_command_that_is_ended_is_gone_with_all_that_it_has_started() {
    for (ends_by, code, why) in [
        ("--timeout=1000", 130, "command inconclusive, interrupted\n"),
        (
            "--timeout=1",
            11,
            "the time of 1 s ran out when 0 of 2 commands had ended\n",
        ),
    ] {
        let outside = tempfile::tempdir().unwrap();
        let told = outside.path().join("told");
        let made = Command::new("mkfifo").arg(&told).status().unwrap();
        assert!(made.success());
        let line = format!(
            "setsid sleep 600 & echo $$ $! >{}; sleep 600",
            told.display()
        );
        let words = ["--procs=1", "--iters=2", "--no-control", TOKENS, ends_by];
        let Stress { place, mut command } = Stress::sh(&words, &line);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let pids = pids_of_hanging(&told);
        assert_eq!(pids.len(), 2);
        if code == 130 {
            kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        Ran::new(output, place).came_to(code, &[why]);
        for pid in pids {
            assert!(test_kill_process(pid).is_err(), "{pid:?} is alive");
        }
    }
}

/// It leaves the group that it was started in, for that of this test.
#[test]
fn a_command_that_has_left_its_group_is_ended() {
    let leave = "import os, time; os.setpgid(0, os.getpgid(os.getppid())); \
                 os.close(1); os.close(2); time.sleep(600)";
    let words = [
        "--procs=1",
        "--iters=1",
        "--no-control",
        TOKENS,
        "--timeout=1",
    ];
    Stress::new(&[&words[..], &["--", "python3", "-IS", "-c", leave]].concat())
        .run()
        .came_to(11, &["the time of 1 s ran out"]);
}

#[test]
fn what_a_command_leaves_writing_for_ever_does_not_hold_it_up() {
    let line = format!(
        "setsid sh -c ': >{{dir}}/began{{proc}}; exec yes' & \
         until [ -e {{dir}}/began{{proc}} ]; do :; done; {APPEND}"
    );
    Stress::sh(&["--procs=2", "--iters=1", "--timeout=20", TOKENS], &line)
        .run()
        .came_to(0, &["expected 2 got 2\n"]);
}

#[test]
fn a_command_that_writes_for_ever_is_killed_when_it_is_its_turn() {
    let words = [
        "--procs=2",
        "--iters=2",
        "--chaos=kill=100%",
        "--timeout=20",
        "--check=true",
    ];
    Stress::new(&[&words[..], &["--", "yes"]].concat())
        .run()
        .came_to(11, &["no command was acknowledged", "4 kills"]);
}

/// Its words are shown on a terminal.
#[test]
fn what_a_command_says_does_nothing_to_a_terminal() {
    let evil = "printf '\\033]0;t\\007\\n' >&2; printf '\\033[2J\\n' >>{dir}/log; exit 3";
    let check = ["--check", "printf '\\033[2J\\n' >&2; exit 1"];
    let words = ["--procs=1", "--iters=1", "--no-control", TOKENS];
    let ran = Stress::sh(&[&words[..], &check].concat(), evil).run();
    let ran = ran.came_to(10, &["never given out: \u{fffd}[2J", "check: \u{fffd}[2J"]);
    assert!(!ran.out.contains(['\x1b', '\x07']), "{:?}", ran.out);
}

/// A soft limit is raised if it has to be, and a hard one is told of before anything runs.
#[test]
fn so_many_commands_at_once_have_as_many_open_files_as_they_need() {
    let limited = |limit: &str| {
        let place = tempfile::tempdir().unwrap();
        let mut sh = Command::new("sh");
        sh.args(["-c", &format!("ulimit {limit} 60; exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_stress"))
            .args(["--procs=20", "--iters=2", "--check=true", "--dir"])
            .arg(place.path())
            .args(["--", "true"]);
        Ran::new(sh.output().unwrap(), place)
    };
    limited("-Sn").came_to(0, &["40 of 40 acknowledged"]);
    limited("-n").came_to(1, &["--procs 20 needs 180 open files", "2 fit"]);
}

/// Nobody writes to the pipe.
#[test]
fn a_pipe_in_the_place_of_the_file_is_told() {
    let words = ["--procs=1", "--iters=1", "--no-control", TOKENS];
    Stress::sh(&words, "mkfifo {dir}/log")
        .run()
        .came_to(10, &["cannot be read: it is no regular file"]);
}

#[test]
fn what_a_command_leaves_running_does_not_hold_it_up_and_is_ended_with_the_round() {
    let outside = tempfile::tempdir().unwrap();
    let pids = outside.path().join("pids");
    // The process inherits the pipes of the command.
    let line = format!("sleep 600 & echo $! >>{}; {APPEND}", pids.display());
    let words = ["--procs=2", "--iters=3", TOKENS];
    Stress::sh(&words, &line)
        .run()
        .came_to(0, &["expected 6 got 6\n"]);
    let pids = std::fs::read_to_string(pids).unwrap();
    assert_eq!(pids.lines().count(), 6);
    for pid in pids.lines() {
        let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
        assert!(test_kill_process(pid).is_err(), "{pid:?} is alive");
    }
}
