//! The worker that changes the state, and checks what it finds each time.

use super::preempt::Preempt;
use super::reporter::{Reporter, chain};
use super::{ChangeOrders, fault, start, store};
use crate::chaos::Pause;
use crate::event::{Acknowledged, Event};
use crate::subject::Subject;
use crate::workload::{Ballast, Change, Entry, Flaw, Operation, Tally};
use hookstate::kernel::{Host, Kernel, Watched};
use hookstate::{Error, ErrorKind, Outcome, Result, Store};
use std::path::Path;
use std::time::Duration;

/// How long a process waits for space before it tries again.
const UNTIL_SPACE: Duration = Duration::from_millis(1);

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
        doubts: orders.doubts,
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
    /// How many more of them may have been made.
    doubts: u64,
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
        let made = match entry {
            Entry::Modify => self.modify(operation)?,
            Entry::Apply => self.apply(operation)?,
        };
        let Some(laid_on) = made else {
            self.doubts += 1;
            self.reporter.emit(&Event::Doubt(iteration));
            return Ok(());
        };
        self.acknowledged += 1;
        self.reporter.emit(&Event::Acknowledged(Acknowledged {
            iteration,
            entry,
            laid_on,
        }));
        Ok(())
    }

    /// The version that the change was laid on, if that is known; `None` if it is in doubt whether it
    /// was made.
    fn modify(&mut self, operation: Operation) -> Result<Option<Option<u64>>> {
        let orders = self.orders;
        let pause = self.pause_in(operation);
        let bytes = orders.ballast.at(operation.iteration, orders.iterations);
        let seen = self.until_unlocked(|store| {
            store.locked_modify(|tally| {
                let seen = Seen {
                    total: tally.counts.total,
                    own: tally.counts.of_lane(operation.lane),
                    flaw: tally.flaw(),
                };
                hookstate::State::apply(tally, &change_of(orders, operation));
                tally.ballast = Ballast::new(operation.token(), bytes);
                pause.into_iter().for_each(|pause| Host.nanosleep(pause));
                seen
            })
        })?;
        let Some(seen) = seen else {
            return Ok(None);
        };
        let total = seen.total;
        self.check(seen);
        Ok(Some(Some(total)))
    }

    fn apply(&mut self, operation: Operation) -> Result<Option<Option<u64>>> {
        let change = change_of(self.orders, operation);
        if self.until_unlocked(|store| store.apply(&change))?.is_none() {
            return Ok(None);
        }
        if let Some(total) = change.laid_on() {
            self.check_total(total);
        }
        Ok(Some(change.laid_on()))
    }

    /// How long this change holds on to the lock.
    fn pause_in(&self, operation: Operation) -> Option<Duration> {
        let slow = self.orders.hardships.slow;
        let slow = slow.filter(|slow| slow.share.is_slow(self.orders.seed, operation));
        slow.map(Pause::duration)
    }

    /// Tries until the lock is there, and space. A lock timeout promises that nothing was changed, and
    /// so does an error that is not indeterminate, so trying again does not do it twice; the bound for
    /// all of it is the parent's. `None` if the change may have been made.
    fn until_unlocked<R>(
        &self,
        mut attempt: impl FnMut(&PreemptedStore) -> Result<Outcome<R>>,
    ) -> Result<Option<R>> {
        loop {
            match attempt(&self.store) {
                Ok(outcome) => return Ok(Some(self.reporter.value(outcome))),
                Err(error) if error.kind() == ErrorKind::LockTimeout => {
                    self.reporter.lock_timeout(&error);
                }
                Err(error) if self.lacks_space(&error) => {
                    self.reporter.emit(&Event::NoSpace(chain(&error)));
                    if error.is_indeterminate() {
                        return Ok(None);
                    }
                    Host.nanosleep(UNTIL_SPACE);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn lacks_space(&self, error: &Error) -> bool {
        self.orders.hardships.full_disk && error.kind() == ErrorKind::NoSpace
    }

    fn check(&mut self, seen: Seen) {
        if let Some(flaw) = seen.flaw {
            self.reporter.flaw(flaw);
        }
        // A change that is in doubt is known to have been made, or not, as soon as one comes after it.
        let doubts = std::mem::take(&mut self.doubts);
        let right = self.acknowledged..=self.acknowledged + doubts;
        if right.contains(&seen.own) {
            self.acknowledged = seen.own;
        } else {
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

fn change_of(orders: &ChangeOrders, operation: Operation) -> Change {
    if orders.hardships.numbered {
        Change::numbered(operation, orders.seed)
    } else {
        Change::new(operation, orders.seed)
    }
}
