//! What one more recorded call costs a session that has recorded a million: at most 1.2 times what the
//! tenth costs. Measures both in turns, from open to close, and fails if it is more.
//!
//! With a timing each the file lists the newest of them, and the tenth call has not come to that. So
//! there the million is held against a thousand, when the lists are full, and the ratio to the tenth
//! is printed and not judged.

use hookstate::kernel::Host;
use hookstate_benches::journaled::JournaledFloor;
use hookstate_benches::paired::{Comparison, Plan};
use hookstate_benches::statistics::{Recorded, Session};
use hookstate_benches::{place, python};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// What is promised.
const RATIO_MAX: f64 = 1.2;

/// The exit code if the promise is broken.
const VIOLATED: u8 = 10;

const MILLION: u64 = 1_000_000;

/// By then the lists are full.
const THOUSAND: u64 = 1_000;

/// One call a sample, as the session with few calls is put back after each.
const PLAN: Plan = Plan {
    pairs: 5000,
    repeats: 1,
};

fn main() -> ExitCode {
    let directory = place::directory();
    println!(
        "     Running {} pairs of a recorded call in two sessions, on {}",
        PLAN.pairs,
        place::file_system(directory.path())
    );
    let calls = calls(directory.path());
    let timings = timings(directory.path());
    python_has(directory.path());
    if calls && timings {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(VIOLATED)
    }
}

fn calls(directory: &Path) -> bool {
    let mut long = session(MILLION, Recorded::Calls, directory);
    let to_tenth = against_the_tenth(&mut long, directory);
    told("file", &long);
    judged(Recorded::Calls, "the tenth", &to_tenth)
}

fn timings(directory: &Path) -> bool {
    let recorded = Recorded::CallsAndTimings;
    let mut long = session(MILLION, recorded, directory);
    let mut full = session(THOUSAND, recorded, directory);
    let to_full = PLAN.compare(|| (), || long.call(), || full.call());
    let to_tenth = against_the_tenth(&mut long, directory);
    let mut floor = JournaledFloor::of(&long.path());
    let to_bare = PLAN.compare(
        || (),
        || long.call(),
        || floor.change(&Host).expect("the calls succeed"),
    );
    told("file", &long);
    let kept = judged(recorded, "one after a thousand", &to_full);
    for (other, comparison) in [
        ("the tenth", &to_tenth),
        ("its system calls bare", &to_bare),
    ] {
        println!("{}", line("", recorded, other, comparison));
    }
    kept
}

fn session(calls: u64, recorded: Recorded, directory: &Path) -> Session {
    let name = format!("{calls}-{recorded:?}");
    Session::after(calls, recorded, directory, &name, Host)
}

fn against_the_tenth(long: &mut Session, directory: &Path) -> Comparison {
    let nine = std::cell::RefCell::new(session(9, long.recorded(), directory));
    let rewind = nine.borrow().rewind();
    PLAN.compare(
        || rewind.to(&mut nine.borrow_mut()),
        || long.call(),
        || nine.borrow_mut().call(),
    )
}

fn told(what: &str, session: &Session) {
    let (recorded, bytes) = (session.recorded().name(), session.file_bytes());
    println!(
        "{:>18} {recorded}: {bytes} bytes after {}",
        what,
        session.counted().0
    );
}

/// Prints one line; says whether the promise is kept.
fn judged(recorded: Recorded, other: &str, comparison: &Comparison) -> bool {
    let kept = comparison.ratio[1] <= RATIO_MAX;
    let verdict = if kept { "WITHIN" } else { "ABOVE" };
    let verdict = format!("{verdict} {RATIO_MAX:.2}:");
    println!("{}", line(&verdict, recorded, other, comparison));
    kept
}

fn line(verdict: &str, recorded: Recorded, other: &str, comparison: &Comparison) -> String {
    let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
    let [low, median, high] = comparison.ratio;
    format!(
        "{verdict:>18} {}: one after a million {:.1} us, {other} {:.1} us, ratio {median:.2} \
         (quartiles {low:.2} and {high:.2})",
        recorded.name(),
        microseconds(comparison.ours),
        microseconds(comparison.bare),
    )
}

/// What the same costs those who have the program in Python, if it is there. One call after a million
/// timings takes it ten seconds and more, so few repeats do.
fn python_has(directory: &Path) {
    for recorded in Recorded::ALL {
        for (calls, repeats) in [(9, 101), (MILLION, 5)] {
            let timings = recorded == Recorded::CallsAndTimings;
            let path = directory.join(format!("python-{calls}-{recorded:?}.json"));
            if let Some(python) = python::record(&path, calls, timings, repeats) {
                let (name, bytes) = (recorded.name(), python.file_bytes);
                println!(
                    "{:>18} {name}: one after {calls} {:.1} us, file {bytes} bytes",
                    "in Python", python.microseconds
                );
            }
        }
    }
}
