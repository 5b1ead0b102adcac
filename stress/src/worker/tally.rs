//! Changes of a tally, and the reader beside them. Both check what they find each time.

use super::change::Lane;
use super::poll::Beside;
use super::preempt::Preempt;
use super::reporter::{Reporter, chain};
use super::stopwatch::Stopwatch;
use super::{ChangeOrders, Terms, store};
use crate::chaos::Pause;
use crate::event::{Acknowledged, Event, Summary};
use crate::subject::Subject;
use crate::workload::{Ballast, Change, Counts, Entry, Flaw, Operation, Tally};
use hookstate::kernel::{Host, Kernel, Watched};
use hookstate::{Error, ErrorKind, Outcome, Result, Store};
use std::path::Path;
use std::time::Duration;

/// How long a process waits for space before it tries again.
const UNTIL_SPACE: Duration = Duration::from_millis(1);

type PreemptedStore = Store<Tally, Subject, Watched<Host, Preempt>>;

/// A process that changes a tally.
pub(super) struct TallyLane<'a> {
    orders: &'a ChangeOrders,
    reporter: &'a Reporter,
    store: PreemptedStore,
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

impl Lane for TallyLane<'_> {
    fn change(&mut self, operation: Operation) -> Result<()> {
        let entry = operation.entry();
        let stopwatch = Stopwatch::start();
        let made = match entry {
            Entry::Modify => self.modify(operation)?,
            Entry::Apply => self.apply(operation)?,
        };
        let Some(laid_on) = made else {
            self.doubts += 1;
            self.reporter.emit(&Event::Doubt(operation.iteration));
            return Ok(());
        };
        let span = stopwatch.span();
        self.acknowledged += 1;
        self.reporter.emit(&Event::Acknowledged(Acknowledged {
            iteration: operation.iteration,
            entry,
            span,
            laid_on,
        }));
        Ok(())
    }
}

impl<'a> TallyLane<'a> {
    pub(super) fn new(
        orders: &'a ChangeOrders,
        directory: &Path,
        reporter: &'a Reporter,
        preempt: &Preempt,
    ) -> Self {
        let kernel = Watched::new(Host, preempt.clone());
        Self {
            orders,
            reporter,
            store: store(&orders.terms, directory, kernel),
            acknowledged: orders.acknowledged,
            doubts: orders.doubts,
            floor: orders.floor,
        }
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

/// The reader of a tally.
pub(super) struct TallyReader<'a> {
    reporter: &'a Reporter,
    store: Store<Tally, Subject, Host>,
    latest: Counts,
}

impl<'a> TallyReader<'a> {
    pub(super) fn new(terms: &Terms, directory: &Path, reporter: &'a Reporter) -> Self {
        Self {
            reporter,
            store: store(terms, directory, Host),
            latest: Counts::default(),
        }
    }
}

impl Beside for TallyReader<'_> {
    fn look(&mut self, _last: bool) -> Result<Summary> {
        let tally = self.reporter.value(self.store.read()?);
        let flaw = tally.flaw();
        let flaw = flaw.or_else(|| shrunk(&self.latest, &tally.counts));
        if let Some(flaw) = flaw {
            self.reporter.flaw(flaw);
        }
        self.latest = tally.counts.clone();
        Ok(summary(tally))
    }
}

/// Reads once, for those who have killed somebody before: a recovery is no flaw then.
pub(super) fn look(terms: &Terms, directory: &Path, reporter: &Reporter) -> Result<()> {
    let tally = store(terms, directory, Host).read()?.value;
    if let Some(flaw) = tally.flaw() {
        reporter.flaw(flaw);
    }
    reporter.emit(&Event::State(summary(tally)));
    reporter.emit(&Event::Finished);
    Ok(())
}

fn summary(tally: Tally) -> Summary {
    Summary {
        ballast_bytes: tally.ballast.bytes(),
        counts: tally.counts,
        presence: tally.presence,
        tasks: Vec::new(),
    }
}

fn shrunk(before: &Counts, after: &Counts) -> Option<Flaw> {
    if after.total < before.total {
        return Some(Flaw::TotalFell {
            from: before.total,
            to: after.total,
        });
    }
    let mut lanes = before.lanes.iter();
    lanes.find_map(|(lane, count)| {
        let fell = after.of_lane(*lane) < *count;
        fell.then(|| Flaw::LaneFell {
            lane: *lane,
            from: *count,
            to: after.of_lane(*lane),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{Counts, Flaw, shrunk};
    use std::collections::BTreeMap;

    fn counts(total: u64, lanes: [(u32, u64); 2]) -> Counts {
        Counts {
            total,
            lanes: BTreeMap::from(lanes),
            ..Counts::default()
        }
    }

    #[test]
    fn a_state_that_grows_or_stays_has_not_shrunk() {
        let before = counts(3, [(1, 2), (2, 1)]);
        assert_eq!(shrunk(&before, &before), None);
        assert_eq!(shrunk(&before, &counts(4, [(1, 2), (2, 2)])), None);
    }

    #[test]
    fn a_lane_that_shrinks_is_noticed_though_the_total_stays() {
        let flaw = shrunk(&counts(3, [(1, 2), (2, 1)]), &counts(3, [(1, 1), (2, 2)]));
        assert_eq!(
            flaw,
            Some(Flaw::LaneFell {
                lane: 1,
                from: 2,
                to: 1
            })
        );
    }

    #[test]
    fn a_total_that_shrinks_is_noticed() {
        let flaw = shrunk(&counts(3, [(1, 2), (2, 1)]), &counts(0, [(1, 0), (2, 0)]));
        assert_eq!(flaw, Some(Flaw::TotalFell { from: 3, to: 0 }));
    }
}
