//! The sessions that the benchmark `statistics` measures are what it says: so many calls, every one of
//! which was recorded, and one call more from open to close.

use hookstate::kernel::{Host, Traced, Watched};
use hookstate_benches::journaled::JournaledFloor;
use hookstate_benches::python;
use hookstate_benches::statistics::{Recorded, Session};
use std::path::Path;

/// More than a file lists timings of.
const MANY: u64 = 2_345;

fn session(calls: u64, recorded: Recorded, directory: &Path) -> Session {
    Session::after(calls, recorded, directory, "session", Host)
}

#[test]
fn a_session_after_so_many_calls_has_recorded_them_all_and_one_more_is_one_more() {
    for recorded in Recorded::ALL {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut session = session(MANY, recorded, directory.path());
        assert_eq!(session.counted(), (MANY, MANY));
        session.call();
        assert_eq!(session.counted(), (MANY + 1, MANY + 1));
        let timed: u64 = session.timed().iter().map(|(_, count)| count).sum();
        let expected = if recorded == Recorded::Calls {
            0
        } else {
            MANY + 1
        };
        assert_eq!(timed, expected);
    }
}

#[test]
fn a_session_is_put_back_to_where_it_was_and_its_file_keeps_its_length() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut session = session(9, Recorded::CallsAndTimings, directory.path());
    let rewind = session.rewind();
    for _ in 0..3 {
        session.call();
        let bytes = session.file_bytes();
        assert_eq!(session.counted(), (10, 10));
        rewind.to(&mut session);
        assert_eq!((session.counted(), session.file_bytes()), ((9, 9), bytes));
    }
}

#[test]
fn the_file_has_a_bound() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut session = session(MANY, Recorded::CallsAndTimings, directory.path());
    let bytes = session.file_bytes();
    for _ in 0..MANY {
        session.call();
    }
    assert_eq!(session.file_bytes(), bytes);
}

#[test]
fn the_bare_calls_are_those_of_a_call_in_a_session_with_full_lists() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let recorded = Recorded::CallsAndTimings;
    let trace = Traced::new();
    let kernel = Watched::new(Host, trace.clone());
    let mut session = Session::after(MANY, recorded, directory.path(), "session", kernel);
    session.call();
    trace.clear();
    session.call();
    // When the first of it was recorded.
    let ours: Vec<String> = trace.lines().split_off(1);
    trace.clear();
    let mut floor = JournaledFloor::of(&session.path());
    floor
        .change(&Watched::new(Host, trace.clone()))
        .expect("the calls succeed");
    assert_eq!(trace.lines(), ours);
}

#[test]
fn the_program_in_python_counts_the_same() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("session.json");
    let python = python::record(&path, 20, true, 3).expect("python3");
    assert_eq!(python.counted, 23);
    let mut ours = session(23, Recorded::CallsAndTimings, directory.path());
    ours.call();
    assert_eq!(ours.counted(), (24, 47), "on top of what was there");
}
