//! Tasks that are added, announced and removed, and the reader beside them.
//!
//! A lane leaves the last few of its tasks (`workload/task_list.rs`). Every task is due for an
//! announcement as soon as it is there. The lane that has added it checks at once, so somebody claims
//! it, and nobody else may: a claim is not tried again while the run lasts.

use super::change::Lane;
use super::poll::Beside;
use super::preempt::Preempt;
use super::reporter::Reporter;
use super::stopwatch::Stopwatch;
use super::{ChangeOrders, Terms};
use crate::event::{Acknowledged, Event, Summary};
use crate::subject::{Misuse, Subject};
use crate::workload::{Entry, Flaw, Operation, TaskList};
use hookstate::Result;
use hookstate::kernel::{Host, Kernel, Watched};
use hookstate::strategy::Strategy;
use hookstate::tasks::{TaskId, TaskStore};
use hookstate_model::control::Held;
use std::path::{Path, PathBuf};
use std::time::Duration;

type Preempted = Watched<Host, Preempt>;

fn tasks<S: Strategy, K: Kernel>(
    strategy: S,
    terms: &Terms,
    directory: &Path,
    kernel: K,
) -> TaskStore<S, K> {
    TaskStore::with(directory, strategy, kernel)
        .durability(terms.durability.into())
        .lock_timeout(terms.lock_timeout())
        .announce_after(&[Duration::ZERO])
        .retry_after(Duration::MAX)
}

/// A process that adds, checks and removes.
pub(super) struct TasksLane<'a> {
    orders: &'a ChangeOrders,
    reporter: &'a Reporter,
    directory: PathBuf,
    kernel: Preempted,
    tasks: TaskStore<Subject, Preempted>,
}

impl<'a> TasksLane<'a> {
    pub(super) fn new(
        orders: &'a ChangeOrders,
        directory: &Path,
        reporter: &'a Reporter,
        preempt: &Preempt,
    ) -> Self {
        let terms = &orders.terms;
        let kernel = Watched::new(Host, preempt.clone());
        Self {
            orders,
            reporter,
            directory: directory.to_owned(),
            kernel: kernel.clone(),
            tasks: tasks(terms.subject, terms, directory, kernel),
        }
    }

    fn remove(&self, operation: Operation) -> Result<()> {
        let id = operation.task();
        if self.reporter.until_unlocked(|| self.tasks.remove(&id))? {
            self.reporter.emit(&Event::Removed(operation.iteration));
        } else {
            self.lost(&id);
        }
        Ok(())
    }

    fn add(&self, operation: Operation) -> Result<()> {
        let (id, directory) = (operation.task(), operation.directory(self.orders.seed));
        let add = || self.tasks.add_or_reset(&id, &directory);
        let added = self.reporter.until_unlocked(add)?;
        if added.reset {
            self.reporter.flaw(Flaw::TaskBack { task: operation });
        }
        added.evicted.iter().for_each(|id| self.lost(id));
        Ok(())
    }

    fn check<S: Strategy>(&self, tasks: &TaskStore<S, Preempted>) -> Result<()> {
        let due = self.reporter.until_unlocked(|| tasks.claim_due())?;
        due.expired.iter().for_each(|id| self.lost(id));
        for claim in &due.claims {
            if let Some(operation) = Operation::of_task(claim.id()) {
                self.reporter.emit(&Event::Claimed(operation));
            }
            // It may have been removed meanwhile.
            let _ = self.reporter.until_unlocked(|| tasks.confirm(claim))?;
        }
        Ok(())
    }

    fn lost(&self, id: &TaskId) {
        if let Some(task) = Operation::of_task(id) {
            self.reporter.flaw(Flaw::TaskLost { task });
        }
    }

    /// Reads, checks, and writes back what it has read.
    fn check_holding_a_snapshot(&self) -> Result<()> {
        let terms = &self.orders.terms;
        let held = Held::of(terms.subject);
        self.check(&tasks(held, terms, &self.directory, self.kernel.clone()))
    }
}

impl Lane for TasksLane<'_> {
    fn change(&mut self, operation: Operation) -> Result<()> {
        let stopwatch = Stopwatch::start();
        if let Some(outdated) = operation.outdated() {
            self.remove(outdated)?;
        }
        self.add(operation)?;
        match self.orders.terms.subject {
            Subject::Misuse(Misuse::SnapshotHeld) => self.check_holding_a_snapshot()?,
            _ => self.check(&self.tasks)?,
        }
        self.reporter.emit(&Event::Acknowledged(Acknowledged {
            iteration: operation.iteration,
            entry: Entry::Modify,
            span: stopwatch.span(),
            laid_on: None,
        }));
        Ok(())
    }
}

/// The reader of tasks.
pub(super) struct TasksReader<'a> {
    reporter: &'a Reporter,
    tasks: TaskStore<Subject, Host>,
    latest: TaskList,
}

impl<'a> TasksReader<'a> {
    pub(super) fn new(terms: &Terms, directory: &Path, reporter: &'a Reporter) -> Self {
        Self {
            reporter,
            tasks: tasks(terms.subject, terms, directory, Host),
            latest: TaskList::default(),
        }
    }
}

impl Beside for TasksReader<'_> {
    fn look(&mut self, _last: bool) -> Result<Summary> {
        let list = TaskList::of(&self.reporter.value(self.tasks.list()?));
        if let Some(flaw) = list.flaw_after(&self.latest) {
            self.reporter.flaw(flaw);
        }
        self.latest = list.clone();
        Ok(Summary {
            tasks: list.operations(),
            counts: list.counts,
            ..Summary::default()
        })
    }
}
