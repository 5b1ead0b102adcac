//! Many processes add tasks at once.

use crate::careless::Careless;
use crate::child::{self, Child, Part};
use crate::clock::{Clocked, START_MS};
use crate::place::{Place, clean, ids, tasks_in};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate::tasks::TaskId;

const PROCESSES: usize = 8;

/// Lets eight processes add one task each, in a directory that does not exist, and counts the tasks.
fn added_by_eight(test: &str, strategy: &str, count: impl Fn(&Place) -> usize) -> usize {
    let place = Place::new();
    let start = |nth| {
        let part = format!("{strategy} {nth}");
        Child::of(test, &part, &place.data(), START_MS)
    };
    let mut children: Vec<Child> = (0..PROCESSES).map(start).collect();
    for child in &mut children {
        child.says("ready");
    }
    for child in &mut children {
        child.go_on();
    }
    for child in children {
        child.ends();
    }
    count(&place)
}

fn add<S: Strategy>(part: &Part, session: &str, strategy: S) {
    let tasks = tasks_in(&part.directory, strategy, Clocked::at(part.now_ms));
    let id = TaskId::of_session(session);
    let added = clean(tasks.add_or_reset(&id, "/home/me"));
    assert!(!added.reset && added.evicted.is_empty());
}

fn add_in_a_child(part: &Part) {
    let (strategy, session) = part.name.split_once(' ').expect("two words");
    match AnyStrategy::named(strategy) {
        Some(strategy) => {
            child::say("ready");
            child::wait();
            add(part, session, strategy);
        }
        // This one is ready when it has read.
        None => add(part, session, Careless::slow()),
    }
}

#[test]
fn of_320_tasks_that_8_processes_add_in_40_runs_none_is_lost() {
    if let Some(part) = child::part() {
        return add_in_a_child(&part);
    }
    let test = "additions::of_320_tasks_that_8_processes_add_in_40_runs_none_is_lost";
    for strategy in ALL {
        let count = |place: &Place| ids(&place.tasks_with(strategy, Clocked::start())).len();
        let kept: usize = (0..40)
            .map(|_| added_by_eight(test, strategy.name(), count))
            .sum();
        assert_eq!(kept, 320, "{}", strategy.name());
    }
    let count = |place: &Place| ids(&place.tasks_with(Careless::hasty(), Clocked::start())).len();
    let kept = added_by_eight(test, Careless::hasty().name(), count);
    assert_eq!(kept, 1, "the control was not caught");
}
