//! The worker that changes the state, and checks what it finds each time.

use super::preempt::Preempt;
use super::reporter::Reporter;
use super::{ChangeOrders, fault, start, store};
use crate::event::{Acknowledged, Event};
use crate::subject::Subject;
use crate::workload::{Ballast, Change, Entry, Flaw, Operation, Tally};
use hookstate::kernel::{Host, Watched};
use hookstate::{ErrorKind, Outcome, Result, Store};
use std::path::Path;

/// Does the orders.
pub(super) fn run(orders: &ChangeOrders, directory: &Path, reporter: &Reporter) -> Result<()> {
    let preempt = Preempt::default();
    let mut worker = Worker {
        orders,
        reporter,
        store: store(
            &orders.terms,
            directory,
            Watched::new(Host, preempt.clone()),
        ),
        preempt,
        acknowledged: orders.acknowledged,
        floor: orders.floor,
    };
    reporter.emit(&Event::Ready);
    start::wait_for_end_of_stdin();
    for iteration in orders.first..=orders.last {
        let fault = orders.fault.filter(|fault| fault.iteration == iteration);
        let gone_wrong = fault.map(|fault| fault::strike(fault.kind, iteration, reporter));
        match gone_wrong {
            None => worker.change(iteration)?,
            Some(fault::Next::GoOn) => {}
            Some(fault::Next::Leave) => return Ok(()),
        }
    }
    reporter.emit(&Event::Finished);
    Ok(())
}

type PreemptedStore = Store<Tally, Subject, Watched<Host, Preempt>>;

struct Worker<'a> {
    orders: &'a ChangeOrders,
    reporter: &'a Reporter,
    store: PreemptedStore,
    preempt: Preempt,
    /// How many changes of this lane the store has acknowledged.
    acknowledged: u64,
    /// The highest total that this lane has seen.
    floor: u64,
}

/// What a change saw of the state before it.
struct Seen {
    total: u64,
    own: u64,
    flaw: Option<Flaw>,
}

impl Worker<'_> {
    fn change(&mut self, iteration: u32) -> Result<()> {
        let operation = Operation {
            lane: self.orders.lane,
            iteration,
        };
        let entry = operation.entry();
        self.preempt.arm(self.orders.seed.at(!operation.token()));
        let laid_on = match entry {
            Entry::Modify => self.modify(operation)?,
            Entry::Apply => self.apply(operation)?,
        };
        self.acknowledged += 1;
        self.reporter.emit(&Event::Acknowledged(Acknowledged {
            iteration,
            entry,
            laid_on,
        }));
        Ok(())
    }

    fn modify(&mut self, operation: Operation) -> Result<Option<u64>> {
        let orders = self.orders;
        let bytes = orders.ballast.at(operation.iteration, orders.iterations);
        let seen = self.until_unlocked(|store| {
            store.locked_modify(|tally| {
                let seen = Seen {
                    total: tally.counts.total,
                    own: tally.counts.of_lane(operation.lane),
                    flaw: tally.flaw(),
                };
                hookstate::State::apply(tally, &Change::new(operation, orders.seed));
                tally.ballast = Ballast::new(operation.token(), bytes);
                seen
            })
        })?;
        let total = seen.total;
        self.check(seen);
        Ok(Some(total))
    }

    fn apply(&mut self, operation: Operation) -> Result<Option<u64>> {
        let change = Change::new(operation, self.orders.seed);
        self.until_unlocked(|store| store.apply(&change))?;
        if let Some(total) = change.laid_on() {
            self.check_total(total);
        }
        Ok(change.laid_on())
    }

    /// Tries until the lock is there. A lock timeout promises that nothing was changed, so trying
    /// again does not do it twice; the bound for all of it is the parent's.
    fn until_unlocked<R>(
        &self,
        mut attempt: impl FnMut(&PreemptedStore) -> Result<Outcome<R>>,
    ) -> Result<R> {
        loop {
            match attempt(&self.store) {
                Ok(outcome) => return Ok(self.reporter.value(outcome)),
                Err(error) if error.kind() == ErrorKind::LockTimeout => {
                    self.reporter.emit(&Event::LockTimeout);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn check(&mut self, seen: Seen) {
        if let Some(flaw) = seen.flaw {
            self.reporter.flaw(flaw);
        }
        if seen.own != self.acknowledged {
            self.reporter.flaw(Flaw::OwnCount {
                expected: self.acknowledged,
                got: seen.own,
            });
            // What is lost is lost; from here on the next loss counts.
            self.acknowledged = seen.own;
        }
        self.check_total(seen.total);
    }

    fn check_total(&mut self, total: u64) {
        if total < self.floor {
            self.reporter.flaw(Flaw::TotalFell {
                from: self.floor,
                to: total,
            });
        }
        self.floor = total + 1;
    }
}
