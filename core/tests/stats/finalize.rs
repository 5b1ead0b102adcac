//! The end of a session, with calls that come late.

use crate::account::Account;
use crate::child::{Running, begin_together};
use crate::scratch::{PATIENCE, Scratch, now, record};
use crate::{peer, worker};
use hookstate::stats::{SessionFile, SessionStats};
use std::convert::Infallible;
use std::fs;

const WRITERS: u32 = 4;
const CALLS: u32 = 100;

/// How often a race is run: more where there is time for it.
pub fn runs(default: u32) -> u32 {
    match std::env::var("HOOKSTATE_STATS_RUNS") {
        Ok(runs) => runs.parse().expect("HOOKSTATE_STATS_RUNS is a number"),
        Err(_) => default,
    }
}

#[test]
fn a_result_has_everything_and_leaves_an_empty_file() {
    let scratch = Scratch::new();
    let began = now() - 90.0;
    scratch.plant(&format!(
        r#"{{"session_id": "m", "started_at": {began:?}, "tool_count": 2, "error_count": 0, "tool_names": {{"Bash": 2}}, "hook_timings": {{"P": [1, 2.345]}}, "x": 1.0}}"#
    ));
    let mut stats = scratch.stats();
    let _ = stats.record_tool_call("Edit", false).expect("a record");
    let last = stats.finalize().expect("a result").value;
    let seconds = last.duration_seconds();
    assert!(
        (90.0..90.0 + PATIENCE.as_secs_f64()).contains(&seconds),
        "{seconds}"
    );
    let json = last.to_json();
    let head = format!(
        r#"{{"session_id": "m", "started_at": {began:?}, "tool_count": 3, "error_count": 1, "tool_names": {{"Bash": 2, "Edit": 1}}, "hook_timings": {{"P": [1, 2.345]}}, "x": 1.0, "hookstate": "#
    );
    let tail = format!(
        r#", "duration_seconds": {seconds:?}, "hook_timing_stats": {{"P": {{"count": 2, "avg_ms": 1.67, "p95_ms": 2.35, "max_ms": 2.35}}}}}}"#
    );
    assert!(json.starts_with(&head) && json.ends_with(&tail), "{json}");
    let began_anew = stats
        .read()
        .expect("a file")
        .value
        .started_at()
        .expect("a time");
    let blank = format!(
        r#"{{"session_id": "m", "started_at": {began_anew:?}, "tool_count": 0, "error_count": 0, "tool_names": {{}}, "hook_timings": {{}}, "hookstate": {{"version": 1, "ended": true}}}}"#
    );
    assert_eq!(scratch.text(), blank);
    assert!(stats.finalize().expect("a result").value.is_blank());
}

/// A finalize that was so many seconds ago.
fn ended(scratch: &Scratch, seconds: f64) {
    record(&mut scratch.stats(), &[("Bash", true)]);
    let mut stats = scratch.stats();
    let _ = stats.finalize().expect("a result");
    let ended = stats.read().expect("a file").value.started_at();
    let ended = ended.expect("it says when");
    let before = format!("{:?}", ended - seconds);
    scratch.plant(&scratch.text().replace(&format!("{ended:?}"), &before));
}

#[test]
fn the_next_session_begins_with_its_first_record() {
    let scratch = Scratch::new();
    ended(&scratch, 3_000.0);
    let mut stats = scratch.stats();
    let line = |stats: &SessionStats| stats.format_summary().expect("a line").value;
    assert_eq!(line(&stats), "[CB] 0m | 0 tools | 0 errors | ");
    let nothing = stats.finalize().expect("a result").value;
    assert_eq!(nothing.duration_seconds(), 0.0);
    ended(&scratch, 3_000.0);
    let _ = stats.record_tool_call("Edit", true).expect("a record");
    assert_eq!(line(&stats), "[CB] 0m | 1 tools | 0 errors | Edit:1");
    let _ = stats.flush().expect("a flush");
    assert!(!scratch.text().contains("hookstate"), "{}", scratch.text());
    let seconds = stats.finalize().expect("a result").value.duration_seconds();
    assert!(
        (0.0..PATIENCE.as_secs_f64()).contains(&seconds),
        "{seconds}"
    );
}

/// It does not say when it has counted, so the session has gone on since the last one ended.
#[test]
fn a_peer_that_counts_first_is_counted_and_its_time_with_it() {
    let scratch = Scratch::new();
    ended(&scratch, 3_000.0);
    let peer = peer::on(&scratch, "count", &["p", "1"]);
    peer.wait_for("ready");
    peer.finish();
    let mut stats = scratch.stats();
    record(&mut stats, &[("Edit", true)]);
    assert!(!scratch.text().contains("ended"), "{}", scratch.text());
    let last = stats.finalize().expect("a result").value;
    assert_eq!(last.file().tool_count(), 2);
    let seconds = last.duration_seconds();
    assert!(
        (3_000.0..3_000.0 + PATIENCE.as_secs_f64()).contains(&seconds),
        "{seconds}"
    );
}

/// As a process leaves it that is killed between making the file and writing it.
#[test]
fn a_file_that_a_creation_left_empty_is_removed_too() {
    let scratch = Scratch::new();
    scratch.plant("");
    let mut stats = scratch.stats().remove_when_finalized();
    let _ = stats.record_tool_call("Edit", true).expect("a record");
    let last = stats.finalize().expect("a result").value;
    assert_eq!(last.file().tool_count(), 1);
    assert_eq!(scratch.names(), Vec::<String>::new());
}

#[test]
fn without_a_file_the_result_is_what_is_in_memory_and_no_file_is_made() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    let nothing = stats.finalize().expect("a result").value;
    assert!(nothing.is_blank());
    assert_eq!(nothing.file().session_id().as_deref(), Some("m"));
    let _ = stats.record_tool_call("Bash", true).expect("a record");
    let last = stats.finalize().expect("a result").value;
    assert_eq!(last.file().tool_count(), 1);
    assert!(stats.finalize().expect("a result").value.is_blank());
    drop(stats);
    assert!(!scratch.data().exists());
}

#[test]
fn the_file_is_removed_where_that_was_asked_for() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats().remove_when_finalized();
    for number in 0..300 {
        let tool = format!("some-tool-{number}");
        let _ = stats.record_tool_call(&tool, true).expect("a record");
    }
    assert_eq!(scratch.names(), ["m.json", "m.json.journal"]);
    let last = stats.finalize().expect("a result").value;
    assert_eq!(last.file().tool_count(), 300);
    assert!(scratch.names().is_empty());
}

#[test]
fn a_result_that_cannot_be_handed_on_stays() {
    for removes in [false, true] {
        let scratch = Scratch::new();
        record(&mut scratch.stats(), &[("Bash", true)]);
        let mut stats = scratch.stats();
        if removes {
            stats = stats.remove_when_finalized();
        }
        let _ = stats.record_tool_call("Edit", true).expect("a record");
        let refused = stats.try_finalize(|last| Err::<(), u64>(last.file().tool_count()));
        assert_eq!(refused.expect("an outcome").value, Err(2));
        assert_eq!(stats.read().expect("a file").value.tool_count(), 1);
        let taken = stats.try_finalize(|last| Ok::<_, Infallible>(last.file().tool_count()));
        assert_eq!(taken.expect("an outcome").value, Ok(2));
        assert_eq!(stats.read().expect("a file").value.tool_count(), 0);
    }
}

/// Finalizes until all of them have ended, and gives all that came out, and what is left.
fn finalize_all_the_time(mut stats: SessionStats, mut running: Vec<Running>) -> Vec<SessionFile> {
    let mut files = Vec::new();
    begin_together(&mut running);
    while running.iter_mut().any(Running::is_running) {
        let last = stats.finalize().expect("a result").value;
        files.push(last.file().clone());
    }
    for process in running {
        process.finish();
    }
    files.push(stats.read().expect("a file").value);
    let shares = files.iter().filter(|file| file.tool_count() > 0);
    assert!(shares.count() > 1, "nobody came in between");
    files
}

fn callers(kind: &str, count: u32) -> Vec<String> {
    (0..count).map(|number| format!("{kind}{number}")).collect()
}

#[test]
fn calls_beside_a_finalizing_loop_are_in_exactly_one_result() {
    for run in 0..runs(20) {
        let scratch = Scratch::new();
        let (ours, theirs) = (callers("w", WRITERS), callers("p", WRITERS));
        let calls = CALLS.to_string();
        let running = ours
            .iter()
            .map(|name| worker::start(&scratch, name, CALLS, 3))
            .chain(
                theirs
                    .iter()
                    .map(|name| peer::on(&scratch, "count", &[name, &calls])),
            )
            .collect();
        let files = finalize_all_the_time(scratch.stats(), running);
        let account = Account::of(&[ours, theirs].concat(), CALLS);
        account
            .settle(&files)
            .unwrap_or_else(|wrong| panic!("run {run}: {wrong}"));
    }
}

#[test]
fn calls_beside_a_loop_that_removes_the_file_are_in_exactly_one_result() {
    for run in 0..runs(20) {
        let scratch = Scratch::new();
        let ours = callers("w", 2 * WRITERS);
        let start = |name: &String| worker::start(&scratch, name, CALLS, 3);
        let running = ours.iter().map(start).collect();
        let files = finalize_all_the_time(scratch.stats().remove_when_finalized(), running);
        let account = Account::of(&ours, CALLS);
        account
            .settle(&files)
            .unwrap_or_else(|wrong| panic!("run {run}: {wrong}"));
    }
}

/// A call with a timing, as the account expects them.
fn call(scratch: &Scratch, name: &str) {
    let mut stats = scratch.stats();
    let _ = stats
        .record_hook_timing("PostToolUse", 1.0)
        .expect("a record");
    record(&mut stats, &[(name, true)]);
}

/// Control: what the old program does, in the order in which it loses a call.
#[test]
fn a_finalize_in_two_windows_is_found_out() {
    let scratch = Scratch::new();
    let account = Account::of(&["w".to_owned()], 2);
    call(&scratch, "w-0");
    let taken = scratch.stats().read().expect("a file").value;
    call(&scratch, "w-1");
    fs::remove_file(scratch.file()).expect("unlink");
    let left = scratch.stats().read().expect("a file").value;
    let wrong = account.settle([&taken, &left]).expect_err("a call is lost");
    assert!(wrong.contains("1 lost"), "{wrong}");
}

/// Control: as above, the other way round.
#[test]
fn a_finalize_that_takes_and_leaves_is_found_out() {
    let scratch = Scratch::new();
    let account = Account::of(&["w".to_owned()], 1);
    call(&scratch, "w-0");
    let taken = scratch.stats().read().expect("a file").value;
    let left = scratch.stats().read().expect("a file").value;
    let wrong = account
        .settle([&taken, &left])
        .expect_err("a call is counted twice");
    assert!(wrong.contains("1 twice"), "{wrong}");
}

/// A program in Python that has opened the file and takes the lock after the finalize.
fn a_peer_that_comes_late(mut stats: SessionStats, scratch: &Scratch) -> Result<(), String> {
    call(scratch, "w-0");
    let mut late = peer::on(scratch, "waits-to-lock", &["p-0"]);
    late.wait_for("opened");
    let taken = stats.finalize().expect("a result").value;
    late.tell("go on");
    late.finish();
    let left = stats.read().expect("a file").value;
    Account::of(&["w".to_owned(), "p".to_owned()], 1).settle([taken.file(), &left])
}

#[test]
fn a_peer_that_waits_for_the_lock_meanwhile_loses_nothing() {
    let scratch = Scratch::new();
    assert_eq!(a_peer_that_comes_late(scratch.stats(), &scratch), Ok(()));
}

/// Control: why the file is left there unless it was asked for otherwise.
#[test]
fn a_peer_that_does_not_look_again_loses_its_call_if_the_file_is_removed() {
    let scratch = Scratch::new();
    let stats = scratch.stats().remove_when_finalized();
    let wrong = a_peer_that_comes_late(stats, &scratch).expect_err("it is lost");
    assert!(wrong.contains("1 lost"), "{wrong}");
}
