//! Small programs to put an engine on trial with, for processes that start with one empty file.

use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use hookstate_model::process::{Ending, Exit, Program};
use hookstate_model::sim::{AnyDoor, FaultModel, Fd, Sequential, Sim, SimProcess};
use std::path::Path;
use std::sync::Arc;

pub(crate) type Process = SimProcess<AnyDoor>;

/// An empty file `/a`.
pub(crate) fn start() -> Sim {
    let process = Sequential::boot(&Sim::new(FaultModel::default()), 1000);
    let file = process.open(Path::new("/a"), OpenHow::or_create(Access::ReadWrite));
    process.close(file.unwrap());
    process.snapshot(FaultModel::default())
}

pub(crate) fn program(acts: impl Fn(&Process) + Send + Sync + 'static) -> Program<()> {
    Arc::new(move |process, ()| acts(&process))
}

/// Appends its letter so many times, which is one call more in all.
pub(crate) fn appends(letter: u8, times: usize) -> Program<()> {
    program(move |process| {
        let file = process
            .open(Path::new("/a"), OpenHow::existing(Access::Append))
            .unwrap();
        for _ in 0..times {
            assert_eq!(process.append(&file, &[letter]), Ok(1));
        }
        process.close(file);
    })
}

/// Makes a file of this name.
pub(crate) fn makes(name: &'static str) -> Program<()> {
    program(move |process| {
        let made = open(process, name);
        process.close(made);
    })
}

/// Looks for a file of this name until there is one.
pub(crate) fn polls_for(name: &'static str) -> Program<()> {
    program(move |process| {
        while process.stat(Path::new(name)).is_err() {
            process.sched_yield();
        }
    })
}

/// Calls without end, and lets nobody else go first.
pub(crate) fn runs_away() -> Program<()> {
    program(|process| while process.stat(Path::new("/never")).is_err() {})
}

/// Locks the one file, and then the other as well.
pub(crate) fn locks_both(first: &'static str, second: &'static str) -> Program<()> {
    program(move |process| {
        let (one, other) = (open(process, first), open(process, second));
        process.flock(&one, FlockOperation::Exclusive).unwrap();
        process.flock(&other, FlockOperation::Exclusive).unwrap();
        process.close(other);
        process.close(one);
    })
}

/// Polls for a lock that it has itself, through another descriptor.
pub(crate) fn waits_for_itself() -> Program<()> {
    program(|process| {
        let file = open(process, "/a");
        process.flock(&file, FlockOperation::Exclusive).unwrap();
        let again = open(process, "/a");
        while process.flock(&again, FlockOperation::TryExclusive).is_err() {
            process.sched_yield();
        }
    })
}

/// The file of this name, which is made if there is none.
pub(crate) fn open(process: &Process, name: &str) -> Fd {
    let how = OpenHow::or_create(Access::ReadWrite);
    process.open(Path::new(name), how).unwrap()
}

/// A judge to whom a process that waits for ever is a violation.
pub(crate) fn nobody_stuck(ending: &Ending<()>) -> Result<(), String> {
    match ending.exits.contains(&Exit::Stuck) {
        true => Err(format!("{:?}", ending.exits)),
        false => Ok(()),
    }
}

/// What was appended, in the order in which it was.
pub(crate) fn letters(ending: &Ending<()>) -> String {
    let process = Sequential::boot(&ending.sim, 1000);
    let file = process
        .open(Path::new("/a"), OpenHow::existing(Access::Read))
        .unwrap();
    let mut bytes = [0; 100];
    let count = process.pread(&file, &mut bytes, 0).unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

/// Of each append in the trace of two processes, whether it is in the column of the first.
pub(crate) fn appended_by_the_first(trace: &str) -> Vec<bool> {
    let second = trace.find("p2").expect("there is a column for it");
    trace
        .lines()
        .filter_map(|line| line.find("append"))
        .map(|column| column < second)
        .collect()
}

/// In how many ways k of n can be chosen.
pub(crate) fn choose(n: usize, k: usize) -> usize {
    (1..=k).fold(1, |product, i| product * (n + 1 - i) / i)
}
