//! A real process kills itself with SIGKILL before each system call of a change in turn. What it
//! leaves must be the old state or the new one, whole, and the next change must work.
//!
//! The calls are not counted beforehand: the sweep goes on until a process survives, which shows
//! that every call had its turn. A control that truncates before it writes goes through the same
//! sweep and must not survive it, or the sweep could not notice a loss.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests of a tool that works on real files"
)]

use serde_json::{Value, json};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// More calls than any change makes: a sweep that gets here goes round in circles.
const CALLS_MAX: usize = 200;

const SIGKILL: i32 = 9;

/// The file that append-log keeps the state of the workers in.
const LOG: &str = "stress.log";

/// A state that is there before, and the change whose process is killed.
struct Case {
    what: &'static str,
    before: &'static [Change],
    killed: Change,
}

/// `times` changes by this method; `modify` leaves this much ballast in the state.
#[derive(Clone, Copy)]
struct Change {
    entry: &'static str,
    ballast_bytes: usize,
    times: u32,
}

const fn modify(ballast_bytes: usize) -> Change {
    Change {
        entry: "modify",
        ballast_bytes,
        times: 1,
    }
}

const fn apply(times: u32) -> Change {
    Change {
        entry: "apply",
        ballast_bytes: 0,
        times,
    }
}

/// A page is 4096 bytes.
const CASES: [Case; 9] = [
    Case {
        what: "the first change of all, by modify",
        before: &[],
        killed: modify(100),
    },
    Case {
        what: "the first change of all, by apply",
        before: &[],
        killed: apply(1),
    },
    Case {
        what: "a small state, by modify",
        before: &[modify(100)],
        killed: modify(120),
    },
    Case {
        what: "a small state, by apply",
        before: &[modify(100)],
        killed: apply(1),
    },
    Case {
        what: "a state that grows over a page, by modify",
        before: &[modify(100)],
        killed: modify(9000),
    },
    Case {
        what: "a state of several pages, by modify",
        before: &[modify(100), modify(9000)],
        killed: modify(9001),
    },
    Case {
        what: "a state of several pages, by apply",
        before: &[modify(100), modify(9000)],
        killed: apply(1),
    },
    Case {
        what: "a state that shrinks to less than a page, by modify",
        before: &[modify(100), modify(9000)],
        killed: modify(100),
    },
    Case {
        what: "a state that was compacted before, by apply",
        before: &[modify(100), apply(3), modify(100)],
        killed: apply(1),
    },
];

/// From this length on a log is compacted by the next change.
const COMPACT_BYTES: u64 = 64 << 10;

/// What a process reports of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    total: u64,
    ballast_bytes: u64,
}

#[test]
fn flock_survives_a_kill_at_every_call() {
    assert_survives("flock", "process");
}

#[test]
fn append_log_survives_a_kill_at_every_call() {
    assert_survives("append-log", "process");
}

#[test]
fn rename_survives_a_kill_at_every_call() {
    assert_survives("rename", "process");
}

#[test]
fn flock_survives_a_kill_at_every_call_when_it_syncs() {
    assert_survives("flock", "power");
}

#[test]
fn append_log_survives_a_kill_at_every_call_when_it_syncs() {
    assert_survives("append-log", "power");
}

#[test]
fn rename_survives_a_kill_at_every_call_when_it_syncs() {
    assert_survives("rename", "power");
}

#[test]
fn append_log_survives_a_kill_at_every_call_of_a_compaction() {
    for durability in ["process", "power"] {
        let sweep = Sweep::new("append-log", durability);
        let scratch = tempfile::tempdir().unwrap();
        let template = scratch.path().join("template");
        let length = sweep.fill_log(&template);
        assert!(
            length < COMPACT_BYTES,
            "a log of {length} bytes is compacted already"
        );
        let compacted = copy_of(&template, &scratch, CALLS_MAX);
        sweep.change(&compacted, apply(1), None).unwrap();
        let length = std::fs::metadata(compacted.join(LOG)).unwrap().len();
        assert!(
            length < COMPACT_BYTES / 2,
            "a log of {length} bytes was not compacted"
        );
        sweep.kill_at_each_call(&scratch, apply(1)).unwrap();
    }
}

#[test]
fn a_control_that_truncates_before_it_writes_does_not_survive() {
    for subject in ["unlocked", "create-race"] {
        let sweep = Sweep::new(subject, "process");
        let case = CASES
            .iter()
            .find(|case| case.what == "a small state, by modify")
            .unwrap();
        let survived = sweep.run(case);
        assert!(survived.is_err(), "{subject} lost nothing: {survived:?}");
    }
}

fn assert_survives(subject: &'static str, durability: &'static str) {
    let sweep = Sweep::new(subject, durability);
    for case in &CASES {
        match sweep.run(case) {
            // open, lock, write and close are the least.
            Ok(calls) => assert!(calls >= 4, "{}: only {calls} calls were tried", case.what),
            Err(what) => panic!("{}, {what}", case.what),
        }
    }
}

struct Sweep {
    subject: &'static str,
    durability: &'static str,
}

impl Sweep {
    const fn new(subject: &'static str, durability: &'static str) -> Self {
        Self {
            subject,
            durability,
        }
    }

    /// Kills at one call after the other until a process survives. The number of kills, or what
    /// went wrong.
    fn run(&self, case: &Case) -> Result<usize, String> {
        let scratch = tempfile::tempdir().unwrap();
        let template = scratch.path().join("template");
        for change in case.before {
            self.change(&template, *change, None)
                .map_err(|why| format!("before: {why}"))?;
        }
        self.kill_at_each_call(&scratch, case.killed)
    }

    /// The same, from the state in the directory `template` of `scratch`.
    fn kill_at_each_call(&self, scratch: &TempDir, killed: Change) -> Result<usize, String> {
        let template = scratch.path().join("template");
        let old = self.look(&template)?;
        for call in 0..CALLS_MAX {
            let directory = copy_of(&template, scratch, call);
            let survived = self.kill_at(&directory, old, killed, call);
            if survived.map_err(|why| format!("killed at call {call}: {why}"))? {
                return Ok(call);
            }
        }
        Err(format!("still going after {CALLS_MAX} calls"))
    }

    /// Kills the process that makes the change at this call. Whether it survived instead.
    fn kill_at(
        &self,
        directory: &Path,
        old: Seen,
        change: Change,
        call: usize,
    ) -> Result<bool, String> {
        let output = self.command(directory, change, Some(call));
        let survived = output.status.success();
        if !survived && output.status.signal() != Some(SIGKILL) {
            return Err(format!("it ended in another way: {output:?}"));
        }
        let acknowledged = acknowledged(&output);
        let left = self.look(directory)?;
        self.check_left(old, left, change, acknowledged)?;
        self.check_next(directory, left)?;
        Ok(survived)
    }

    /// Everything that was acknowledged is there, and of what was not at most the one change that
    /// was under way.
    fn check_left(
        &self,
        old: Seen,
        left: Seen,
        change: Change,
        acknowledged: u64,
    ) -> Result<(), String> {
        let made = left.total.checked_sub(old.total);
        let expected_bytes = match (change.entry, made) {
            ("modify", Some(1)) => change.ballast_bytes as u64,
            _ => old.ballast_bytes,
        };
        let right = made.is_some_and(|made| made == acknowledged || made == acknowledged + 1)
            && left.ballast_bytes == expected_bytes;
        right.then_some(()).ok_or_else(|| {
            format!("{old:?} became {left:?} with {acknowledged} changes acknowledged")
        })
    }

    /// Appends records until one more makes the log long enough for a compaction. How long it is.
    fn fill_log(&self, directory: &Path) -> u64 {
        let length = || std::fs::metadata(directory.join(LOG)).unwrap().len();
        self.change(directory, apply(1), None).unwrap();
        let one = length();
        self.change(directory, apply(1), None).unwrap();
        let record = length() - one;
        let more = (COMPACT_BYTES - 1 - length()) / record;
        let more = apply(u32::try_from(more).unwrap());
        self.change(directory, more, None).unwrap();
        length()
    }

    fn check_next(&self, directory: &Path, left: Seen) -> Result<(), String> {
        self.change(directory, modify(50), None)
            .map_err(|why| format!("the next: {why}"))?;
        let seen = self.look(directory)?;
        let expected = Seen {
            total: left.total + 1,
            ballast_bytes: 50,
        };
        (seen == expected)
            .then_some(())
            .ok_or_else(|| format!("after the next change: {seen:?} and not {expected:?}"))
    }

    fn change(
        &self,
        directory: &Path,
        change: Change,
        die_at: Option<usize>,
    ) -> Result<(), String> {
        let output = self.command(directory, change, die_at);
        finished(&output)
    }

    fn command(&self, directory: &Path, change: Change, die_at: Option<usize>) -> Output {
        let orders = json!({"single": {
            "terms": self.terms(),
            "entry": change.entry,
            "ballast_bytes": change.ballast_bytes,
            "times": change.times,
            "die_at": die_at,
        }});
        worker(&orders, directory)
    }

    /// Reads the state in a process of its own, which repairs nothing.
    fn look(&self, directory: &Path) -> Result<Seen, String> {
        let output = worker(&json!({"look": self.terms()}), directory);
        finished(&output)?;
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        let state = report.lines().find_map(|line| line.strip_prefix("state "));
        let state: Value = serde_json::from_str(state.ok_or("no state")?).unwrap();
        Ok(Seen {
            total: state["counts"]["total"].as_u64().unwrap(),
            ballast_bytes: state["ballast_bytes"].as_u64().unwrap(),
        })
    }

    fn terms(&self) -> Value {
        json!({
            "subject": self.subject,
            "durability": self.durability,
            "lock_timeout_ms": 10_000,
        })
    }
}

fn worker(orders: &Value, directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stress"))
        .arg("worker")
        .arg(orders.to_string())
        .arg(directory)
        .output()
        .unwrap()
}

/// That the process did all it was told to, and saw nothing wrong with the state.
fn finished(output: &Output) -> Result<(), String> {
    let report = String::from_utf8_lossy(&output.stdout);
    let flawless = !report.lines().any(|line| line.starts_with("flaw "));
    let finished = output.status.success() && report.ends_with("finished\n");
    (finished && flawless)
        .then_some(())
        .ok_or_else(|| format!("{output:?}"))
}

fn acknowledged(output: &Output) -> u64 {
    let report = String::from_utf8_lossy(&output.stdout);
    let changes = report
        .lines()
        .filter(|line| line.starts_with("m ") || line.starts_with("a "));
    changes.count() as u64
}

fn copy_of(template: &Path, scratch: &TempDir, number: usize) -> PathBuf {
    let copy = scratch.path().join(number.to_string());
    // A state that nobody has changed yet has no directory.
    let Ok(entries) = std::fs::read_dir(template) else {
        return copy;
    };
    std::fs::create_dir(&copy).unwrap();
    for entry in entries {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    copy
}
