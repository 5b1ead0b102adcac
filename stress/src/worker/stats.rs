//! Calls that are counted in the statistics of a session, and the process that finalizes it.
//!
//! What is acknowledged is what was flushed. So every call is in one result or in the file that is
//! left when the last process has ended, and in nothing else: the finalizer adds them up.

use super::change::Lane;
use super::poll::Beside;
use super::preempt::Preempt;
use super::reporter::Reporter;
use super::stopwatch::Stopwatch;
use super::{ChangeOrders, Terms};
use crate::event::{Acknowledged, Event, Summary};
use crate::subject::{Misuse, Subject};
use crate::workload::{Counts, Entry, Operation, SESSION, agent, call};
use hookstate::kernel::{Call, Host, Watched, Watcher, Way};
use hookstate::stats::{FLUSH_INTERVAL_DEFAULT, SessionFile, SessionStats};
use hookstate::{Outcome, Result};
use std::path::Path;

/// The control `no-lock` is the shipping code on a kernel that grants every lock.
struct Granting(bool);

impl Watcher for Granting {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock { .. } if self.0 => Way::Skip,
            _ => Way::Through,
        }
    }
}

type Stats = SessionStats<Watched<Watched<Host, Preempt>, Granting>>;

fn stats(terms: &Terms, directory: &Path, preempt: &Preempt) -> Stats {
    let granting = Granting(terms.subject == Subject::Misuse(Misuse::NoLock));
    let kernel = Watched::new(Watched::new(Host, preempt.clone()), granting);
    SessionStats::with(directory, SESSION, kernel)
        .durability(terms.durability.into())
        .lock_timeout(terms.lock_timeout())
}

/// A process that makes calls.
pub(super) struct StatsLane<'a> {
    orders: &'a ChangeOrders,
    reporter: &'a Reporter,
    stats: Stats,
    /// The calls that were recorded and are not flushed.
    recorded: Vec<(u32, Stopwatch)>,
}

impl<'a> StatsLane<'a> {
    pub(super) fn new(
        orders: &'a ChangeOrders,
        directory: &Path,
        reporter: &'a Reporter,
        preempt: &Preempt,
    ) -> Self {
        let stats = stats(&orders.terms, directory, preempt).agent(agent(orders.lane));
        Self {
            orders,
            reporter,
            stats: stats.flush_interval(FLUSH_INTERVAL_DEFAULT),
            recorded: Vec::new(),
        }
    }

    fn acknowledge(&mut self) {
        for (iteration, stopwatch) in self.recorded.drain(..) {
            self.reporter.emit(&Event::Acknowledged(Acknowledged {
                iteration,
                entry: Entry::Apply,
                span: stopwatch.span(),
                laid_on: None,
            }));
        }
    }
}

impl Lane for StatsLane<'_> {
    fn change(&mut self, operation: Operation) -> Result<()> {
        let tool = call(operation, self.orders.seed);
        let stopwatch = Stopwatch::start();
        let mut first = Some(self.stats.record_tool_call(&tool, true));
        self.recorded.push((operation.iteration, stopwatch));
        // After a timeout the call is in memory, and only the flush is tried again.
        self.reporter
            .until_unlocked(|| first.take().unwrap_or_else(|| self.stats.flush()))?;
        if self.recorded.len() == FLUSH_INTERVAL_DEFAULT as usize {
            self.acknowledge();
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.reporter.until_unlocked(|| self.stats.flush())?;
        self.acknowledge();
        Ok(())
    }
}

/// The process that finalizes.
pub(super) struct Finalizer<'a> {
    reporter: &'a Reporter,
    /// Leaves an empty file.
    leaving: Stats,
    /// Leaves none.
    removing: Stats,
    removes: bool,
    in_steps: bool,
    /// What was taken out of the file so far.
    taken: Counts,
}

impl<'a> Finalizer<'a> {
    pub(super) fn new(
        terms: &Terms,
        directory: &Path,
        reporter: &'a Reporter,
        preempt: &Preempt,
    ) -> Self {
        let stats = || stats(terms, directory, preempt);
        Self {
            reporter,
            leaving: stats(),
            removing: stats().remove_when_finalized(),
            removes: false,
            in_steps: terms.subject == Subject::Misuse(Misuse::FinalizeInSteps),
            taken: Counts::default(),
        }
    }

    /// Both ways of finalizing take turns.
    fn finalize(&mut self) -> Result<Outcome<SessionFile>> {
        self.removes = !self.removes;
        let stats = match self.removes {
            true => &mut self.removing,
            false => &mut self.leaving,
        };
        if self.in_steps {
            let read = stats.read()?;
            // What was counted in between goes with it.
            return stats.finalize().map(|_| read);
        }
        let last = stats.finalize()?;
        Ok(last.map(|last| last.file().clone()))
    }

    fn counts(&self, outcome: Outcome<SessionFile>) -> Counts {
        let counts = Counts::from(&self.reporter.value(outcome));
        if let Some(flaw) = counts.contradiction() {
            self.reporter.flaw(flaw);
        }
        counts
    }
}

impl Beside for Finalizer<'_> {
    fn look(&mut self, last: bool) -> Result<Summary> {
        let mut counts = if last {
            self.counts(self.leaving.read()?)
        } else {
            let finalized = self.finalize()?;
            let counts = self.counts(finalized);
            self.taken.add(&counts);
            Counts::default()
        };
        counts.add(&self.taken);
        Ok(Summary {
            counts,
            ..Summary::default()
        })
    }
}
