//! Whose task it is.

use crate::clock::{Clocked, minutes};
use crate::place::{Place, claims, clean, ids, listed};
use hookstate::tasks::TaskId;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

#[test]
fn two_sessions_in_one_directory_are_two_tasks() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    let both = ["one", "two"].map(TaskId::of_session);
    for id in &both {
        clean(tasks.add_or_reset(id, "/home/me"));
    }
    clock.advance(minutes(6));
    let claimed: Vec<TaskId> = claims(&tasks)
        .iter()
        .map(|claim| claim.id().clone())
        .collect();
    assert_eq!(claimed, both);
    assert!(clean(tasks.remove(&both[0])));
    assert_eq!(ids(&tasks), both[1..]);
}

#[test]
fn the_end_of_an_agent_does_not_end_the_task_of_its_session() {
    let place = Place::new();
    let tasks = place.tasks(&Clocked::start());
    let own = TaskId::of_session("s");
    let agents = ["a", "b"].map(|agent| TaskId::of_agent("s", agent));
    for id in [&own, &agents[0], &agents[1]] {
        clean(tasks.add_or_reset(id, "/home/me"));
    }
    assert!(clean(tasks.remove(&agents[0])));
    assert_eq!(ids(&tasks), [own.clone(), agents[1].clone()]);
    // Nor does the end of a turn end agents that work in the background.
    assert!(clean(tasks.remove(&own)));
    assert_eq!(ids(&tasks), agents[1..]);
}

#[test]
fn the_end_of_a_session_ends_the_tasks_of_its_agents_and_of_no_other() {
    let place = Place::new();
    let tasks = place.tasks(&Clocked::start());
    let other = TaskId::of_agent("other", "a");
    for id in [
        &TaskId::of_session("s"),
        &TaskId::of_agent("s", "a"),
        &other,
    ] {
        clean(tasks.add_or_reset(id, "/home/me"));
    }
    assert_eq!(clean(tasks.remove_session("s")), 2);
    assert_eq!(ids(&tasks), [other]);
    assert_eq!(clean(tasks.remove_session("s")), 0);
}

#[test]
fn any_bytes_are_an_id_and_no_id_reaches_outside_the_directory() {
    let place = Place::new();
    let tasks = place.tasks(&Clocked::start());
    let long = "x".repeat(10_000);
    let odd: [&[u8]; 8] = [
        b"",
        b"../../etc/x",
        b"a\0b",
        b"a\nb",
        b"\xff\xfe",
        b"%FF%FE",
        "\u{1f980}\u{fffd}".as_bytes(),
        long.as_bytes(),
    ];
    let mut expected: Vec<TaskId> = odd.map(TaskId::of_session).to_vec();
    expected.extend(odd.map(|agent| TaskId::of_agent("s", agent)));
    expected.extend(odd.map(|session| TaskId::of_agent(session, "")));
    for id in &expected {
        clean(tasks.add_or_reset(id, "/home/me"));
    }
    expected.sort();
    expected.dedup();
    assert_eq!(ids(&tasks), expected);
    let files = std::fs::read_dir(place.data()).expect("list").count();
    assert_eq!(files, 2, "the state and its journal");
    assert_eq!(std::fs::read_dir(place.root()).expect("list").count(), 1);
    for id in &expected {
        assert!(clean(tasks.remove(id)), "{id}");
    }
    assert_eq!(ids(&tasks), []);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Short strings of few letters, so that ids often are the same.
    #[test]
    fn tasks_are_those_of_a_map(
        added in vec((vec(proptest::sample::select(b"%\xff\x00F".as_slice()), 0..3), any::<Option<bool>>(), vec(any::<u8>(), 0..6)), 0..12),
    ) {
        let place = Place::new();
        let tasks = place.tasks(&Clocked::start());
        let mut expected = BTreeMap::new();
        for (session, agent, cwd) in added {
            let id = match agent {
                None => TaskId::of_session(&session),
                Some(agent) => TaskId::of_agent(&session, [u8::from(agent)]),
            };
            let cwd = OsStr::from_bytes(&cwd).to_owned();
            let reset = clean(tasks.add_or_reset(&id, &cwd)).reset;
            prop_assert_eq!(expected.insert(id, cwd).is_some(), reset);
        }
        let found: BTreeMap<_, _> = listed(&tasks)
            .into_iter()
            .map(|task| (task.id, task.cwd.into_os_string()))
            .collect();
        prop_assert_eq!(found, expected);
    }
}
