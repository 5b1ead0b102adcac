//! A change costs at most one and a half times the system calls that it makes. Measures both in
//! turns, prints the ratio, and fails if it is larger.

use hookstate::kernel::Host;
use hookstate::strategy::{AnyStrategy, AppendLog, Flock};
use hookstate_benches::floor::{AppendLogFloor, FlockFloor};
use hookstate_benches::paired::{Comparison, Plan};
use hookstate_benches::place;
use hookstate_benches::session::{self, Change, SessionStore};
use std::path::Path;
use std::process::ExitCode;

/// What is promised.
const RATIO_MAX: f64 = 1.5;

/// The exit code if the promise is broken.
const VIOLATED: u8 = 10;

/// Short samples and many of them: the median leaves out those that something interrupted.
const PLAN: Plan = Plan {
    pairs: 2000,
    repeats: 25,
};

fn main() -> ExitCode {
    let directory = place::directory();
    println!(
        "     Running {} pairs of {} changes and the same calls made bare, on {}",
        PLAN.pairs,
        PLAN.repeats,
        place::file_system(directory.path())
    );
    let flock = report("flock locked_modify", &flock(directory.path()));
    let append_log = report("append-log apply", &append_log(directory.path()));
    if flock && append_log {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(VIOLATED)
    }
}

/// Prints one line; says whether the promise is kept.
fn report(what: &str, comparison: &Comparison) -> bool {
    let kept = comparison.ratio[1] <= RATIO_MAX;
    let verdict = if kept { "WITHIN" } else { "ABOVE" };
    println!("{verdict:>12} {RATIO_MAX:.2}: {what} {comparison}");
    kept
}

fn flock(directory: &Path) -> Comparison {
    let strategy = AnyStrategy::Flock(Flock);
    let store = begun(&directory.join("ours"), strategy);
    let mut floor = FlockFloor::of(&begun(&directory.join("bare"), strategy));
    PLAN.compare(
        || (),
        || Change::LockedModify.make(&store),
        || floor.locked_modify(&Host).expect("the calls succeed"),
    )
}

/// Between two compactions: before each pair the logs are made short again.
fn append_log(directory: &Path) -> Comparison {
    let strategy = AnyStrategy::AppendLog(AppendLog);
    let store = begun(&directory.join("ours"), strategy);
    let other = begun(&directory.join("bare"), strategy);
    let floor = AppendLogFloor::of(&other);
    PLAN.compare(
        || [&store, &other].into_iter().for_each(compact),
        || Change::Apply.make(&store),
        || floor.apply(&Host).expect("the calls succeed"),
    )
}

fn begun(directory: &Path, strategy: AnyStrategy) -> SessionStore {
    let store = session::store(directory, strategy, Host);
    session::begin(&store);
    store
}

/// `locked_modify` of this strategy writes a new log that holds the state and nothing else.
fn compact(store: &SessionStore) {
    Change::LockedModify.make(store);
}
