//! A store that nobody has used, and its files.

use crate::clock::{Clocked, minutes};
use crate::operation::own;
use crate::place::{Place, claims, clean, ids};
use hookstate::guard::Once;
use hookstate::stats::SessionStats;
use hookstate::strategy::{ALL, Strategy};
use hookstate::tasks::Failure;
use std::fs;
use std::time::Duration;

#[test]
fn what_can_only_remove_or_confirm_makes_no_file() {
    for strategy in ALL {
        let elsewhere = Place::new();
        let clock = Clocked::start();
        let tasks = elsewhere.tasks_with(strategy, clock.clone());
        clean(tasks.add_or_reset(&own(), "/home/me"));
        clock.advance(minutes(6));
        let claim = claims(&tasks).remove(0);

        let place = Place::new();
        let tasks = place.tasks_with(strategy, clock.clone());
        assert!(!clean(tasks.remove(&own())));
        assert_eq!(clean(tasks.remove_session("s")), 0);
        assert!(!clean(tasks.confirm(&claim)));
        assert_eq!(clean(tasks.failed(&claim)), Failure::Void);
        assert_eq!(claims(&tasks), []);
        assert!(!place.data().exists(), "{}", strategy.name());
    }
}

#[test]
fn a_store_of_which_all_tasks_are_gone_is_used_all_the_same() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    assert!(clean(tasks.remove(&own())));
    assert!(!clean(tasks.remove(&own())));
    assert!(tasks.path().exists());
}

#[test]
fn no_session_and_no_guard_has_the_file_of_the_tasks_whatever_its_name() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    let before = fs::read(tasks.path()).expect("the tasks");
    for name in ["hookstate-tasks", "hookstate.tasks", "hookstate", "tasks"] {
        let mut stats = SessionStats::new(place.data(), name);
        let _ = stats.record_tool_call("Bash", true).expect("a record");
        let _ = stats.flush().expect("a flush");
        assert_ne!(stats.path(), tasks.path(), "{name}");
        let once = Once::new(place.data(), name, Duration::from_secs(60));
        assert!(once.first("key").expect("an answer").value);
    }
    assert_eq!(fs::read(tasks.path()).expect("the tasks"), before);
    assert_eq!(ids(&tasks), [own()]);
}
