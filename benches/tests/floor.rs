//! The bare calls that the benchmark `floor` measures are those of the store, one by one and with
//! the same arguments. Otherwise its ratio would compare two different things.

use hookstate::kernel::{Host, Traced, Watched};
use hookstate::strategy::{AnyStrategy, AppendLog, Flock};
use hookstate_benches::floor::{AppendLogFloor, FlockFloor};
use hookstate_benches::session::{self, Change};
use std::path::Path;

#[test]
fn the_bare_calls_of_locked_modify_are_those_of_the_strategy_flock() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let strategy = AnyStrategy::Flock(Flock);
    let ours = calls_of_the_store(directory.path(), strategy, Change::LockedModify);
    let store = session::store(directory.path(), strategy, Host);
    let mut floor = FlockFloor::of(&store);
    let bare = calls(|kernel| floor.locked_modify(kernel).expect("the calls succeed"));
    assert_eq!(bare, ours);
    assert!(writes_something(&ours, "pwrite"), "{ours:#?}");
}

#[test]
fn the_bare_calls_of_apply_are_those_of_the_strategy_append_log() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let strategy = AnyStrategy::AppendLog(AppendLog);
    let ours = calls_of_the_store(directory.path(), strategy, Change::Apply);
    let store = session::store(directory.path(), strategy, Host);
    let floor = AppendLogFloor::of(&store);
    let bare = calls(|kernel| floor.apply(kernel).expect("the calls succeed"));
    assert_eq!(bare, ours);
    assert!(writes_something(&ours, "append"), "{ours:#?}");
}

/// The calls of one change to a session that has begun.
fn calls_of_the_store(directory: &Path, strategy: AnyStrategy, change: Change) -> Vec<String> {
    let trace = Traced::new();
    let kernel = Watched::new(Host, trace.clone());
    let store = session::store(directory, strategy, kernel);
    session::begin(&store);
    trace.clear();
    change.make(&store);
    trace.lines()
}

fn calls(work: impl FnOnce(&Watched<Host, Traced>)) -> Vec<String> {
    let trace = Traced::new();
    work(&Watched::new(Host, trace.clone()));
    trace.lines()
}

fn writes_something(lines: &[String], call: &str) -> bool {
    lines.iter().any(|line| line.starts_with(call))
}
