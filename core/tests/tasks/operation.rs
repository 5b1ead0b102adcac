//! Everything that a process does with tasks, as values, and a state in which each of them matters.

use crate::clock::{Clocked, START_MS, minutes};
use crate::place::{Place, claims, clean};
use hookstate::kernel::Kernel;
use hookstate::strategy::Strategy;
use hookstate::tasks::{Claim, Due, Failure, Import, Task, TaskId, TaskStore};
use hookstate::{Outcome, Result};
use std::path::PathBuf;
use std::time::Duration;

/// What one process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Add,
    Reset,
    Remove,
    RemoveSession,
    Check,
    Confirm,
    Fail,
    Import,
}

pub const OPERATIONS: [Operation; 8] = [
    Operation::Add,
    Operation::Reset,
    Operation::Remove,
    Operation::RemoveSession,
    Operation::Check,
    Operation::Confirm,
    Operation::Fail,
    Operation::Import,
];

/// What it was told.
#[derive(Debug, PartialEq)]
pub enum Answer {
    Added { reset: bool },
    Removed(usize),
    Due(Due),
    Confirmed(bool),
    Failed(Failure),
    Imported(Import),
}

/// Two sessions and an agent that have worked for eleven minutes; the announcement of the tenth is
/// due, and that of the sixth was claimed of one of them, by a process that has not come back yet.
pub struct Case<S> {
    pub place: Place,
    pub clock: Clocked,
    pub strategy: S,
    claim: Claim,
}

/// All that one can see of tasks, now and after another check a little later.
pub type View = (Vec<Task>, Due, Vec<Task>);

impl<S: Strategy + Copy> Case<S> {
    pub fn new(strategy: S) -> Self {
        let place = Place::new();
        let clock = Clocked::start();
        let tasks = place.tasks_with(strategy, clock.clone());
        for id in [own(), agent(), other()] {
            clean(tasks.add_or_reset(&id, "/home/me"));
        }
        clock.advance(minutes(6));
        let mut claims = claims(&tasks);
        for claim in &claims[1..] {
            assert!(clean(tasks.confirm(claim)));
        }
        let claim = claims.remove(0);
        assert_eq!(claim.id(), &own());
        clock.advance(minutes(5));
        std::fs::write(legacy(&place), LEGACY).expect("write");
        Self {
            place,
            clock,
            strategy,
            claim,
        }
    }

    /// The same, in another place, for another run.
    pub fn copy(&self) -> Self {
        Self {
            place: self.place.copy(),
            clock: Clocked::at(self.clock.now_ms()),
            strategy: self.strategy,
            claim: self.claim.clone(),
        }
    }

    /// A handle as a new process would open it.
    pub fn tasks(&self) -> TaskStore<S, Clocked> {
        self.tasks_on(self.clock.clone())
    }

    pub fn tasks_on<K: Kernel>(&self, kernel: K) -> TaskStore<S, K> {
        self.place.tasks_with(self.strategy, kernel)
    }

    pub fn run<K: Kernel>(
        &self,
        operation: Operation,
        tasks: &TaskStore<S, K>,
    ) -> Result<Outcome<Answer>> {
        let added = |id| {
            let added = tasks.add_or_reset(&id, "/home/new")?;
            Ok(added.map(|added| Answer::Added { reset: added.reset }))
        };
        let removed = |removed: Outcome<usize>| removed.map(Answer::Removed);
        match operation {
            Operation::Add => added(TaskId::of_session("new")),
            Operation::Reset => added(own()),
            Operation::Remove => Ok(removed(tasks.remove(&own())?.map(usize::from))),
            Operation::RemoveSession => Ok(removed(tasks.remove_session("s")?)),
            Operation::Check => Ok(tasks.claim_due()?.map(Answer::Due)),
            Operation::Confirm => Ok(tasks.confirm(&self.claim)?.map(Answer::Confirmed)),
            Operation::Fail => Ok(tasks.failed(&self.claim)?.map(Answer::Failed)),
            Operation::Import => {
                let imported = tasks.import(legacy(&self.place), 0)?;
                Ok(imported.map(Answer::Imported))
            }
        }
    }

    /// Uses the place up: the check moves the clock and claims.
    pub fn view(&self) -> View {
        let tasks = self.tasks();
        let now = clean(tasks.list());
        self.clock.advance(Duration::from_secs(70));
        let due = clean(tasks.claim_due());
        (now, due, clean(tasks.list()))
    }

    /// What there is to see after these operations, one after the other, and what they were told.
    pub fn after(&self, operations: &[Operation]) -> (Vec<Answer>, View) {
        let copy = self.copy();
        let run = |operation: &Operation| clean(copy.run(*operation, &copy.tasks()));
        let answers = operations.iter().map(run).collect();
        (answers, copy.view())
    }
}

pub fn own() -> TaskId {
    TaskId::of_session("s")
}

fn agent() -> TaskId {
    TaskId::of_agent("s", "a")
}

fn other() -> TaskId {
    TaskId::of_session("t")
}

/// The file of the program before.
pub fn legacy(place: &Place) -> PathBuf {
    place.root().join(".claude-notifier-timer.json")
}

/// Two tasks that were started a minute before the tests begin.
pub const LEGACY: &str = r#"{
  "tasks": {
    "/old/a": {
      "cwd": "/old/a",
      "addedTime": "2026-08-22 13:40:09",
      "startTime": "2026-08-22 13:44:09",
      "lastCheckTime": "2026-08-22 13:44:59",
      "triggeredIndexes": []
    },
    "/old/b": {
      "cwd": "/old/b",
      "addedTime": "2026-08-22 13:44:09",
      "startTime": "2026-08-22 13:44:09",
      "lastCheckTime": "2026-08-22 13:44:59",
      "triggeredIndexes": [6, 10]
    }
  }
}"#;

#[test]
fn each_operation_has_an_effect_and_all_differ() {
    let case = Case::new(hookstate::strategy::Flock);
    assert_eq!(case.clock.now_ms(), START_MS + 11 * 60_000);
    let mut views = vec![case.after(&[]).1];
    for operation in OPERATIONS {
        let view = case.after(&[operation]).1;
        // That a try failed is overtaken by the next announcement; what tells it apart is the list.
        assert!(
            !views.contains(&view),
            "{operation:?} has no effect of its own"
        );
        views.push(view);
    }
}
