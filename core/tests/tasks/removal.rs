//! A check that announces slowly, and the removal of the task meanwhile.

use crate::child::{self, Child, Part};
use crate::clock::{Clocked, MINUTE, minutes};
use crate::operation::own;
use crate::place::{Place, claims, clean, ids, listed, tasks_in};
use hookstate::strategy::Flock;
use hookstate::tasks::{Failure, TaskId};
use std::fs;

/// Whether tasks that are removed while another process announces stay removed.
fn removed_stays_removed(test: &str, checker: &str) -> bool {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    let all = [own(), TaskId::of_agent("s", "a"), TaskId::of_session("t")];
    for id in &all {
        clean(tasks.add_or_reset(id, "/home/me"));
    }
    clock.advance(minutes(6));
    let mut checker = Child::of(test, checker, &place.data(), clock.now_ms());
    checker.says("announcing 3");
    assert!(clean(tasks.remove(&all[0])));
    assert!(clean(tasks.remove(&all[1])));
    checker.go_on();
    checker.ends();
    ids(&tasks) == all[2..]
}

fn check_in_a_child(part: &Part) {
    let tasks = tasks_in(&part.directory, Flock, Clocked::at(part.now_ms));
    let snapshot = fs::read(tasks.path()).expect("read");
    let claims = claims(&tasks);
    child::say(&format!("announcing {}", claims.len()));
    child::wait();
    if part.name == "saves its snapshot" {
        return fs::write(tasks.path(), snapshot).expect("write");
    }
    for claim in &claims {
        let is_there = claim.id() == &TaskId::of_session("t");
        assert_eq!(clean(tasks.confirm(claim)), is_there);
    }
}

#[test]
fn a_task_that_is_removed_while_another_process_announces_stays_removed() {
    if let Some(part) = child::part() {
        return check_in_a_child(&part);
    }
    let test = "removal::a_task_that_is_removed_while_another_process_announces_stays_removed";
    assert!(removed_stays_removed(test, "confirms"));
    let caught = !removed_stays_removed(test, "saves its snapshot");
    assert!(caught, "the control was not caught");
}

#[test]
fn what_a_claimant_does_after_a_reset_does_not_touch_the_new_start() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(6));
    let claim = claims(&tasks).remove(0);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    assert!(!clean(tasks.confirm(&claim)));
    assert_eq!(clean(tasks.failed(&claim)), Failure::Void);
    assert_eq!(listed(&tasks)[0].announcements.len(), 0);
    // The same announcement of the new start is another one.
    clock.advance(minutes(6));
    let second = claims(&tasks).remove(0);
    assert!(!clean(tasks.confirm(&claim)));
    assert_eq!(clean(tasks.failed(&claim)), Failure::Void);
    assert!(clean(tasks.confirm(&second)));
}

#[test]
fn what_a_claimant_does_after_the_task_was_removed_and_added_again_does_not_touch_it() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(6));
    let claim = claims(&tasks).remove(0);
    assert!(clean(tasks.remove(&own())));
    // Even if the state begins anew, as after damage, and the clock is set back.
    fs::remove_dir_all(place.data()).expect("remove");
    clock.set_back(MINUTE);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(6));
    let second = claims(&tasks).remove(0);
    assert!(!clean(tasks.confirm(&claim)));
    assert!(clean(tasks.confirm(&second)));
}
