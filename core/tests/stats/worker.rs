//! A process of ours that counts: this test program once more.

use crate::child::Running;
use crate::scratch::{PATIENCE, Scratch};
use hookstate::stats::{LOCK_TIMEOUT_DEFAULT, SessionStats};
use hookstate::{ErrorKind, Outcome};
use std::env;
use std::io::Read;
use std::process::Command;
use std::time::Duration;

const DIRECTORY: &str = "HOOKSTATE_STATS_DIRECTORY";
const NAME: &str = "HOOKSTATE_STATS_NAME";
const CALLS: &str = "HOOKSTATE_STATS_CALLS";
const INTERVAL: &str = "HOOKSTATE_STATS_INTERVAL";

/// How long it waits for the lock.
const TIMEOUT_MS: &str = "HOOKSTATE_STATS_TIMEOUT_MS";

/// Starts one that makes the calls `NAME-0`, `NAME-1` and so on in the session `m`, and waits for the
/// lock as long as that takes.
pub fn start(scratch: &Scratch, name: &str, calls: u32, interval: u32) -> Running {
    start_with(PATIENCE, scratch, name, calls, interval)
}

/// The same, with the timeout that a handle has unless told otherwise.
pub fn start_as_shipped(scratch: &Scratch, name: &str, calls: u32, interval: u32) -> Running {
    start_with(LOCK_TIMEOUT_DEFAULT, scratch, name, calls, interval)
}

fn start_with(
    timeout: Duration,
    scratch: &Scratch,
    name: &str,
    calls: u32,
    interval: u32,
) -> Running {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command
        .args([
            "--exact",
            "worker::a_worker_makes_all_its_calls",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(DIRECTORY, scratch.data())
        .env(NAME, name)
        .env(CALLS, calls.to_string())
        .env(INTERVAL, interval.to_string())
        .env(TIMEOUT_MS, timeout.as_millis().to_string());
    Running::start(command)
}

fn work(mut stats: SessionStats, name: &str, calls: u32) {
    for number in 0..calls {
        let tool = format!("{name}-{number}");
        recorded(stats.record_tool_call(&tool, true));
        recorded(stats.record_hook_timing("PostToolUse", f64::from(number)));
    }
    while !recorded(stats.flush()) {}
}

/// Whether what was to be flushed then is in the file. If others had the lock for too long, it waits in
/// memory for the next flush.
fn recorded(outcome: hookstate::Result<Outcome<()>>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::LockTimeout => false,
        Err(error) => panic!("{error}"),
    }
}

/// As a process of its own it works where it was told to; as a test it sees that it does.
#[test]
fn a_worker_makes_all_its_calls() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        let order = |name| env::var(name).expect("an order");
        let number = |name| order(name).parse::<u32>().expect("a number");
        println!("\nready");
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let stats = SessionStats::new(directory, "m")
            .agent(order(NAME))
            .flush_interval(number(INTERVAL))
            .lock_timeout(Duration::from_millis(number(TIMEOUT_MS).into()));
        return work(stats, &order(NAME), number(CALLS));
    }
    let scratch = Scratch::new();
    work(scratch.stats().agent("alone"), "alone", 25);
    let file = scratch.stats().read().expect("a file").value;
    assert_eq!(file.tool_count(), 25);
    assert_eq!(file.tool_names().len(), 25);
    assert_eq!(file.hook_timings()[0].1.count(), 25);
}
