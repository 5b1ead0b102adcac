//! The worker that makes one change and may kill itself at any of its system calls.

use super::reporter::Reporter;
use super::stopwatch::Stopwatch;
use super::{SingleOrders, store};
use crate::event::{Acknowledged, Event};
use crate::subject::Subject;
use crate::workload::{Ballast, Change, Entry, Flaw, Operation, Seed, Tally};
use hookstate::kernel::{DieAtNth, Ending, Host, Kernel, Watched};
use hookstate::{Result, State, Store};
use std::path::Path;

/// What is counted does not matter for what a kill leaves.
const SEED: Seed = Seed(1);

/// Does the orders.
pub(super) fn run(orders: &SingleOrders, directory: &Path, reporter: &Reporter) -> Result<()> {
    let death = DieAtNth::new(orders.die_at.unwrap_or(usize::MAX), Ending::Sigkill);
    let store = store(&orders.terms, directory, Watched::new(Host, death));
    for iteration in 1..=orders.times {
        let change = Change::new(Operation { lane: 1, iteration }, SEED);
        let stopwatch = Stopwatch::start();
        change_once(&store, &change, orders, reporter)?;
        reporter.emit(&Event::Acknowledged(Acknowledged {
            iteration,
            entry: orders.entry,
            span: stopwatch.span(),
            laid_on: change.laid_on(),
        }));
    }
    reporter.emit(&Event::Finished);
    Ok(())
}

fn change_once<K: Kernel>(
    store: &Store<Tally, Subject, K>,
    change: &Change,
    orders: &SingleOrders,
    reporter: &Reporter,
) -> Result<()> {
    let mut flaw = None;
    let outcome = match orders.entry {
        Entry::Apply => store.apply(change),
        Entry::Modify => store.locked_modify(|tally| flaw = lay(tally, change, orders)),
    };
    // A recovery is no flaw here: an earlier kill may have made it necessary.
    let _ = outcome?;
    if let Some(flaw) = flaw {
        reporter.flaw(flaw);
    }
    Ok(())
}

fn lay(tally: &mut Tally, change: &Change, orders: &SingleOrders) -> Option<Flaw> {
    let flaw = tally.flaw();
    tally.apply(change);
    tally.ballast = Ballast::new(tally.counts.total, orders.ballast_bytes);
    flaw
}
