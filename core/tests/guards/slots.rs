//! `Slots`: never more inside than there are slots, and those of the dead are free at once.

use crate::clock::Clocked;
use crate::meeting::{Before, at_each_call, scratch};
use crate::parts::PASSES;
use crate::workers::{LIMIT, Worker, granted_among};
use hookstate::ErrorKind;
use hookstate::guard::Slots;
use hookstate::kernel::{Call, CallKind, FileSystem, Host, Traced, Watched, Watcher, Way};
use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

const PROCESSES: usize = 12;
const SLOTS: usize = 3;

#[test]
fn whoever_asks_for_any_number_of_slots_gets_them_one_by_one() {
    let scratch = scratch();
    let slots = Slots::new(scratch.path(), "slots", usize::MAX);
    let held: Vec<_> = (1..=SLOTS)
        .map(|_| slots.try_acquire().expect("an answer").expect("a slot"))
        .collect();
    let numbers: Vec<usize> = held.iter().map(|slot| slot.number()).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

/// How many were in at the same time, at most, by the log: each process writes down that it is in
/// after it went in, and that it is not before it comes out. So the log shows no more than there were.
fn most_inside(directory: &Path) -> usize {
    let log = std::fs::read_to_string(directory.join("passes")).expect("the log");
    let mut inside = std::collections::BTreeSet::new();
    let mut most = 0;
    for line in log.lines() {
        let (sign, process) = line.split_at(1);
        match sign {
            "+" => inside.insert(process),
            _ => inside.remove(process),
        };
        most = most.max(inside.len());
    }
    most
}

/// Lets all of them try at the same time. Which of them are in then.
fn inside_after_all_tried(workers: &mut [Worker]) -> Vec<usize> {
    workers.iter_mut().for_each(|worker| worker.say("try"));
    let heard: Vec<String> = workers.iter().map(Worker::hear).collect();
    let inside = heard.iter().enumerate().filter(|(_, heard)| *heard == "1");
    inside.map(|(worker, _)| worker).collect()
}

#[test]
fn of_twelve_processes_three_are_inside_and_the_slot_of_a_killed_one_is_free_at_once() {
    let scratch = scratch();
    let mut workers: Vec<Worker> = (0..PROCESSES)
        .map(|number| Worker::start("slot", scratch.path(), number))
        .collect();
    let mut inside = inside_after_all_tried(&mut workers);
    assert_eq!(inside.len(), SLOTS);
    assert_eq!(most_inside(scratch.path()), SLOTS);
    // Those outside try again whenever one has left or was killed: there is room for one.
    let outside = |workers: &mut Vec<Worker>, inside: &[usize]| -> Vec<Worker> {
        let mut left = Vec::new();
        for worker in (0..workers.len()).rev() {
            if !inside.contains(&worker) {
                left.push(workers.remove(worker));
            }
        }
        left
    };
    let mut waiting = outside(&mut workers, &inside);
    inside.clear();
    for round in 0..4 {
        let mut one = workers.remove(0);
        if round % 2 == 0 {
            one.kill();
        } else {
            one.say("leave");
            one.expect("0");
            one.finish();
        }
        let got_in = inside_after_all_tried(&mut waiting);
        assert_eq!(got_in.len(), 1, "round {round}");
        workers.push(waiting.remove(got_in[0]));
        assert_eq!(workers.len(), SLOTS);
    }
}

#[test]
fn twelve_processes_that_come_and_go_are_never_more_than_three_inside() {
    let scratch = scratch();
    let passes = granted_among(PROCESSES, "passer", scratch.path());
    assert_eq!(passes, PROCESSES * PASSES);
    assert!(most_inside(scratch.path()) <= SLOTS);
}

/// The control of the two tests above: a counter of those inside, which is looked at and then
/// increased, and which nobody decreases for the dead.
#[test]
fn a_counter_lets_all_of_twelve_in_and_is_never_free_again() {
    let scratch = scratch();
    let mut workers: Vec<Worker> = (0..PROCESSES)
        .map(|number| Worker::start("counted-slot", scratch.path(), number))
        .collect();
    workers.iter().for_each(|worker| worker.expect("ready"));
    let inside = inside_after_all_tried(&mut workers);
    assert_eq!(inside.len(), PROCESSES);
    assert_eq!(most_inside(scratch.path()), PROCESSES);
    workers.into_iter().for_each(Worker::kill);
    let counter = crate::twins::Counter::over(scratch.path(), Host, LIMIT);
    assert_eq!(counter.look().expect("a number"), PROCESSES);
}

#[test]
fn a_slot_is_free_when_it_is_dropped_and_says_which_it_is() {
    let scratch = scratch();
    let slots = Slots::new(scratch.path().join("not/yet"), "any name", 2);
    let first = slots.try_acquire().expect("an answer").expect("free");
    let second = slots.try_acquire().expect("an answer").expect("free");
    assert_eq!((first.number(), second.number()), (1, 2));
    assert!(slots.try_acquire().expect("an answer").is_none());
    drop(first);
    let again = slots.try_acquire().expect("an answer").expect("free");
    assert_eq!(again.number(), 1);
}

#[test]
fn nobody_gets_one_of_no_slots() {
    let slots = Slots::new(scratch().path(), "slots", 0);
    assert!(slots.try_acquire().expect("an answer").is_none());
}

#[test]
fn waiting_ends_when_the_time_is_up_or_a_slot_is_free() {
    let scratch = scratch();
    let slots = Slots::new(scratch.path(), "slots", 1);
    let held = slots.try_acquire().expect("an answer");
    let limit = Duration::from_millis(20);
    assert!(slots.acquire_within(limit).expect("an answer").is_none());
    // The holder goes when somebody else is about to pause.
    let held = Cell::new(held);
    let leaves = Before::nth(40, || drop(held.take()));
    let kernel = Watched::new(Clocked::new(), &leaves);
    let patient = Slots::with(scratch.path(), "slots", 1, kernel);
    assert!(patient.acquire_within(LIMIT).expect("an answer").is_some());
    assert!(leaves.happened());
}

#[test]
fn two_never_hold_the_only_slot_wherever_they_meet() {
    at_each_call(|nth| {
        let scratch = scratch();
        let other = Slots::new(scratch.path(), "slots", 1);
        let met = Cell::new(None);
        let before = Before::nth(nth, || met.set(Some(other.try_acquire())));
        let kernel = Watched::new(Clocked::new(), &before);
        let slots = Slots::with(scratch.path(), "slots", 1, kernel);
        let one = slots.try_acquire().expect("an answer");
        let Some(met) = met.take() else {
            return false;
        };
        let other = met.expect("an answer");
        assert!(one.is_none() || other.is_none(), "call {nth}");
        assert!(one.is_some() || other.is_some(), "call {nth}");
        true
    });
}

#[test]
fn a_slot_opens_its_files_and_never_removes_one() {
    let scratch = scratch();
    let traced = Traced::new();
    let slots = Slots::with(
        scratch.path(),
        "slots",
        2,
        Watched::new(Host, traced.clone()),
    );
    let held = slots.try_acquire().expect("an answer");
    assert!(slots.try_acquire().expect("an answer").is_some());
    drop(held);
    assert!(!traced.kinds().contains(&CallKind::Unlink));
    let mut files: Vec<_> = std::fs::read_dir(scratch.path())
        .expect("list")
        .map(|file| file.expect("entry").file_name())
        .collect();
    files.sort();
    assert_eq!(files, ["slots.slot-1", "slots.slot-2"]);
}

#[test]
fn slots_are_refused_where_flock_does_not_exclude_and_where_something_else_has_their_name() {
    let scratch = scratch();
    std::os::unix::fs::symlink("elsewhere", scratch.path().join("linked.slot-1")).expect("link");
    let error = Slots::new(scratch.path(), "linked", 1)
        .try_acquire()
        .expect_err("a link is not a slot");
    assert_eq!(error.kind(), ErrorKind::NotAStateFile);

    let remote = || Clocked::on(FileSystem::Nfs);
    let slots = Slots::with(scratch.path(), "slots", 1, remote());
    let error = slots.try_acquire().expect_err("flock cannot be relied on");
    assert_eq!(error.kind(), ErrorKind::UnsupportedFileSystem);
    let trusted = Slots::with(scratch.path(), "slots", 1, remote()).trust_any_file_system();
    assert!(trusted.try_acquire().expect("an answer").is_some());
}

#[test]
fn the_lock_of_a_file_that_has_lost_its_name_is_not_a_slot() {
    let scratch = scratch();
    let slot = scratch.path().join("slots.slot-1");
    let replacement = scratch.path().join("replacement");
    std::fs::write(&replacement, "").expect("write");
    let replaced = Replaced {
        slot: &slot,
        by: &replacement,
    };
    let slots = Slots::with(scratch.path(), "slots", 1, Watched::new(Host, replaced));
    assert!(slots.try_acquire().expect("an answer").is_none());
    assert!(!replacement.exists(), "it was not replaced");
    assert!(slots.try_acquire().expect("an answer").is_some());
}

/// Somebody gives the name of a slot to another file, between open and flock.
struct Replaced<'a> {
    slot: &'a Path,
    by: &'a Path,
}

impl Watcher for Replaced<'_> {
    fn before(&self, call: &Call<'_>) -> Way {
        if call.kind() == CallKind::Flock && self.by.exists() {
            std::fs::rename(self.by, self.slot).expect("rename");
        }
        Way::Through
    }
}
