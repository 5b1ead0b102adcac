//! The worker that makes one change, counts its system calls, and may kill itself at any of them.

use super::reporter::Reporter;
use super::{SingleOrders, store};
use crate::event::{Acknowledged, Event};
use crate::workload::{Ballast, Change, Entry, Flaw, Operation, Seed, Tally};
use hookstate::kernel::{DieAtNth, Ending, Host, Watched};
use hookstate::{Result, State};
use std::path::Path;

/// The seed and the operation do not matter for what a kill leaves.
const SEED: Seed = Seed(1);
const OPERATION: Operation = Operation {
    lane: 1,
    iteration: 1,
};

/// Does the orders.
pub(super) fn run(orders: &SingleOrders, directory: &Path, reporter: &Reporter) -> Result<()> {
    let death = DieAtNth::new(orders.die_at.unwrap_or(usize::MAX), Ending::Sigkill);
    let store = store(&orders.terms, directory, Watched::new(Host, death));
    let change = Change::new(OPERATION, SEED);
    let mut flaw = None;
    let outcome = match orders.entry {
        Entry::Apply => store.apply(&change),
        Entry::Modify => store.locked_modify(|tally| flaw = lay(tally, &change, orders)),
    };
    // A recovery is what a kill before this change may have made necessary.
    let _ = outcome?;
    if let Some(flaw) = flaw {
        reporter.flaw(flaw);
    }
    reporter.emit(&Event::Acknowledged(Acknowledged {
        iteration: OPERATION.iteration,
        entry: orders.entry,
        laid_on: change.laid_on(),
    }));
    reporter.emit(&Event::Finished);
    Ok(())
}

fn lay(tally: &mut Tally, change: &Change, orders: &SingleOrders) -> Option<Flaw> {
    let flaw = tally.flaw();
    tally.apply(change);
    tally.ballast = Ballast::new(tally.counts.total, orders.ballast_bytes);
    flaw
}
