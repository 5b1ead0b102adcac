//! A process of ours that counts: this test program once more.

use crate::child::Running;
use crate::scratch::{PATIENCE, Scratch};
use hookstate::stats::SessionStats;
use std::env;
use std::io::Read;
use std::path::Path;
use std::process::Command;

const DIRECTORY: &str = "HOOKSTATE_STATS_DIRECTORY";
const NAME: &str = "HOOKSTATE_STATS_NAME";
const CALLS: &str = "HOOKSTATE_STATS_CALLS";
const INTERVAL: &str = "HOOKSTATE_STATS_INTERVAL";

/// Starts one that makes the calls `NAME-0`, `NAME-1` and so on in the session `m`.
pub fn start(scratch: &Scratch, name: &str, calls: u32, interval: u32) -> Running {
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
        .env(INTERVAL, interval.to_string());
    Running::start(command)
}

fn work(directory: &Path, name: &str, calls: u32, interval: u32) {
    let stats = SessionStats::new(directory, "m").agent(name);
    let mut stats = stats.flush_interval(interval).lock_timeout(PATIENCE);
    for number in 0..calls {
        let tool = format!("{name}-{number}");
        let _ = stats.record_tool_call(&tool, true).expect("a record");
        let _ = stats
            .record_hook_timing("PostToolUse", f64::from(number))
            .expect("a record");
    }
    let _ = stats.flush().expect("a flush");
}

/// As a process of its own it works where it was told to; as a test it sees that it does.
#[test]
fn a_worker_makes_all_its_calls() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        let order = |name| env::var(name).expect("an order");
        let number = |name| order(name).parse().expect("a number");
        println!("\nready");
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        return work(
            Path::new(&directory),
            &order(NAME),
            number(CALLS),
            number(INTERVAL),
        );
    }
    let scratch = Scratch::new();
    work(&scratch.data(), "alone", 25, 10);
    let file = scratch.stats().read().expect("a file").value;
    assert_eq!(file.tool_count(), 25);
    assert_eq!(file.tool_names().len(), 25);
    assert_eq!(file.hook_timings()[0].1.count(), 25);
}
