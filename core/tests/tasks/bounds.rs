//! How many tasks there can be, and how large.

use crate::clock::{Clocked, HOUR, SECOND, START_MS};
use crate::place::{Place, Tasks, clean, ids};
use hookstate::ErrorKind;
use hookstate::tasks::{Import, TASK_BYTES_MAX, TASKS_MAX, TaskId};
use std::fmt::Write;
use std::fs;

/// A file of so many tasks, each started a second after the one before, from 13:00:00 on.
fn legacy_of(count: usize) -> String {
    let mut tasks = String::new();
    for nth in 0..count {
        let (minute, second) = (nth / 60, nth % 60);
        let comma = if nth == 0 { "" } else { "," };
        write!(
            tasks,
            r#"{comma}"/{nth:04}": {{"startTime": "2026-08-22 13:{minute:02}:{second:02}"}}"#
        )
        .expect("a string takes it");
    }
    format!(r#"{{"tasks": {{{tasks}}}}}"#)
}

#[test]
fn of_more_tasks_than_a_store_keeps_the_oldest_go_and_are_told() {
    let place = Place::new();
    let clock = Clocked::at(START_MS);
    let tasks = place.tasks(&clock);
    let file = place.root().join("timer.json");
    fs::write(&file, legacy_of(TASKS_MAX + 200)).expect("write");
    let directory = |nth: usize| TaskId::of_imported(format!("/{nth:04}"));
    let import = clean(tasks.import(&file, 0));
    let Import::Done { evicted, .. } = import else {
        panic!("{import:?}");
    };
    assert_eq!(evicted, (0..200).map(directory).collect::<Vec<_>>());
    assert_eq!(ids(&tasks).len(), TASKS_MAX);
    let own = TaskId::of_session("s");
    assert_eq!(
        clean(tasks.add_or_reset(&own, "/home/me")).evicted,
        [directory(200)]
    );
    let left = ids(&tasks);
    assert_eq!(left.len(), TASKS_MAX);
    assert!(left.contains(&own) && left.contains(&directory(201)));
    // One that is reset makes none go.
    assert_eq!(clean(tasks.add_or_reset(&own, "/home/me")).evicted, []);
}

#[test]
fn the_file_stays_small_however_long_the_ids_are() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    // Each byte of these takes three, and six of a NUL in JSON.
    let id = |fill: u8, nth: u8| {
        let mut id = vec![fill; TASK_BYTES_MAX - 1];
        id[0] = nth;
        TaskId::of_session(id)
    };
    for fill in [0xff, 0] {
        for nth in 0..24 {
            clock.advance(SECOND);
            let added = clean(tasks.add_or_reset(&id(fill, nth), "/"));
            assert!(!added.evicted.contains(&id(fill, nth)));
        }
        let kept = ids(&tasks);
        assert!((5..=16).contains(&kept.len()), "{}", kept.len());
        for nth in 20..24 {
            assert!(kept.contains(&id(fill, nth)), "the newest stay");
        }
        let bytes = fs::metadata(tasks.path()).expect("stat").len();
        assert!(bytes < 16 << 20, "{bytes}");
    }
}

#[test]
fn a_task_that_is_too_large_is_refused_and_changes_nothing() {
    let place = Place::new();
    let tasks = place.tasks(&Clocked::start());
    let id = TaskId::of_agent("s", "a");
    let error = tasks
        .add_or_reset(&id, "x".repeat(TASK_BYTES_MAX - 1))
        .expect_err("it is too large");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(!error.is_indeterminate());
    assert!(!place.data().exists());
    clean(tasks.add_or_reset(&id, "x".repeat(TASK_BYTES_MAX - 2)));
    assert_eq!(ids(&tasks), [id]);
}

type End = fn(&Tasks, &Clocked);

#[test]
fn a_session_without_tasks_leaves_nothing_behind() {
    let own = TaskId::of_session("ended");
    let agent = TaskId::of_agent("ended", "a");
    let ends: [(&TaskId, End); 4] = [
        (&own, |tasks, _| {
            assert_eq!(clean(tasks.remove_session("ended")), 1);
        }),
        (&own, |tasks, clock| {
            clock.advance(8 * HOUR);
            assert_eq!(clean(tasks.claim_due()).expired.len(), 1);
        }),
        (&own, |tasks, _| {
            assert!(clean(tasks.remove(&TaskId::of_session("ended"))));
        }),
        (&agent, |tasks, _| {
            assert!(clean(tasks.remove(&TaskId::of_agent("ended", "a"))));
        }),
    ];
    for (id, end) in ends {
        let place = Place::new();
        let clock = Clocked::start();
        let tasks = place.tasks(&clock);
        clean(tasks.add_or_reset(id, "/home/me"));
        let text = || fs::read_to_string(tasks.path()).expect("read");
        assert!(text().contains("ended"));
        end(&tasks, &clock);
        assert!(!text().contains("ended"), "{}", text());
    }
}
