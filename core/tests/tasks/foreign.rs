//! What a later version writes, and what is damaged.

use crate::clock::{Clocked, minutes};
use crate::operation::own;
use crate::place::{Place, claims, clean, ids, listed};
use hookstate::strategy::AppendLog;
use hookstate::tasks::{AnnouncementState, TaskId};
use hookstate::{ErrorKind, Recovery};
use serde_json::{Value, json};
use std::fs;

/// A state as a later version might write it: with more keys in every object.
fn of_a_later_version(now_ms: u64) -> Value {
    json!({
        "clock_ms": now_ms,
        "incarnation": 7,
        "more": {"kept": [1, 2.5, null]},
        "sessions": {"s": {
            "more": "kept",
            "own": {
                "cwd": "/home/me",
                "added_ms": now_ms,
                "started_ms": now_ms,
                "incarnation": 7,
                "more": "kept",
                "announcements": {"360000": {"state": "snoozed", "at_ms": now_ms, "more": "kept"}},
            },
        }},
        "import": {"at_ms": 1, "more": "kept"},
    })
}

#[test]
fn keys_of_a_later_version_are_kept_in_every_object() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    fs::create_dir(place.data()).expect("mkdir");
    let before = of_a_later_version(clock.now_ms());
    fs::write(tasks.path(), before.to_string()).expect("write");
    clock.advance(minutes(6));
    assert_eq!(
        claims(&tasks),
        [],
        "a state that it does not know is settled"
    );
    clock.advance(minutes(4));
    assert!(clean(tasks.confirm(&claims(&tasks)[0])));
    clean(tasks.add_or_reset(&TaskId::of_session("new"), "/home/me"));
    let text = fs::read_to_string(tasks.path()).expect("read");
    let after: Value = serde_json::from_str(&text).expect("JSON");
    for object in [
        "",
        "/sessions/s",
        "/sessions/s/own",
        "/sessions/s/own/announcements/360000",
        "/import",
    ] {
        let more = |state: &Value| state.pointer(&format!("{object}/more")).cloned();
        assert!(more(&after).is_some(), "{object}");
        assert_eq!(more(&after), more(&before), "{object}");
    }
    let said = &listed(&tasks)[1].announcements;
    assert_eq!(
        said[&minutes(6)],
        AnnouncementState::Other("snoozed".to_owned())
    );
    assert_eq!(said[&minutes(10)], AnnouncementState::Sent);
}

#[test]
fn missing_keys_are_those_of_the_beginning() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    fs::create_dir(place.data()).expect("mkdir");
    fs::write(
        tasks.path(),
        r#"{"sessions": {"s": {"agents": {"a": {}}}}}"#,
    )
    .expect("write");
    // It was started at the epoch.
    assert_eq!(ids(&tasks), []);
    assert_eq!(
        clean(tasks.claim_due()).expired,
        [TaskId::of_agent("s", "a")]
    );
    clean(tasks.add_or_reset(&own(), "/home/me"));
    assert_eq!(ids(&tasks), [own()]);
}

#[test]
fn damage_is_reported_and_kept_and_the_store_begins_anew() {
    let place = Place::new();
    let tasks = place.tasks(&Clocked::start());
    fs::create_dir(place.data()).expect("mkdir");
    fs::write(tasks.path(), r#"{"sessions": 3}"#).expect("write");
    let error = tasks.list().expect_err("it is damaged");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let added = tasks
        .add_or_reset(&own(), "/home/me")
        .expect("it begins anew");
    assert!(matches!(added.recovery, Some(Recovery::MovedAside { .. })));
    assert_eq!(place.given_up().len(), 1);
    assert_eq!(ids(&tasks), [own()]);
}

#[test]
fn a_check_reports_damage_too() {
    let place = Place::new();
    let tasks = place.tasks(&Clocked::start());
    fs::create_dir(place.data()).expect("mkdir");
    fs::write(tasks.path(), "damaged").expect("write");
    let due = tasks.claim_due().expect("it begins anew");
    assert!(matches!(due.recovery, Some(Recovery::MovedAside { .. })));
}

#[test]
fn a_check_with_nothing_to_do_reports_damage_that_a_reader_sees() {
    let place = Place::new();
    let tasks = place.tasks_with(AppendLog, Clocked::start());
    clean(tasks.add_or_reset(&own(), "/home/me"));
    assert_eq!(claims(&tasks), []);
    let mut log = fs::read(tasks.path()).expect("read");
    log.extend(b"damaged\n");
    fs::write(tasks.path(), log).expect("write");
    let due = tasks.claim_due().expect("the rest is whole");
    assert!(matches!(due.recovery, Some(Recovery::Skipped { .. })));
    assert_eq!(place.given_up().len(), 1, "a copy is kept");
}
