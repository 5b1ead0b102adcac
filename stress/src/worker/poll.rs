//! The worker that is beside the lanes, and must never see a torn or a shrinking state.

use super::preempt::Preempt;
use super::reporter::{Reporter, chain};
use super::stats::Finalizer;
use super::tally::TallyReader;
use super::tasks::TasksReader;
use super::{PollOrders, start};
use crate::event::{Event, Summary};
use crate::workload::{Flaw, Workload};
use hookstate::{ErrorKind, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::path::Path;
use std::time::Duration;

/// How long it pauses between two looks, so that it meets the lanes often and does not keep them
/// from their work.
const PAUSE: Duration = Duration::from_micros(500);

/// What the process beside the lanes does in one workload.
pub(super) trait Beside {
    /// Looks at the state, reports what is wrong with it, and gives what there is in all. `last` if
    /// the lanes have ended.
    fn look(&mut self, last: bool) -> Result<Summary>;
}

/// Looks until standard input ends, and once more after that: then the lanes have ended, and what
/// there is is the result.
pub(super) fn run(orders: &PollOrders, directory: &Path, reporter: &Reporter) -> Result<()> {
    let preempt = Preempt::default();
    let PollOrders { terms, seed } = orders;
    let mut beside: Box<dyn Beside + '_> = match terms.workload {
        Workload::Tally => Box::new(TallyReader::new(terms, directory, reporter)),
        Workload::Stats => Box::new(Finalizer::new(terms, directory, reporter, &preempt)),
        Workload::Tasks => Box::new(TasksReader::new(terms, directory, reporter)),
    };
    reporter.emit(&Event::Ready);
    start::wait_for_byte_on_stdin();
    let mut looks = 0;
    loop {
        let told_to_stop = stdin_has_ended();
        preempt.arm(seed.at(looks));
        let seen = taken(beside.look(told_to_stop), reporter)?;
        looks += u64::from(seen.is_some());
        if told_to_stop && let Some(last) = seen {
            reporter.emit(&Event::Reads(looks));
            reporter.emit(&Event::State(last));
            reporter.emit(&Event::Finished);
            return Ok(());
        }
    }
}

/// `None` if the state could not be had this time: the lock was held for too long, there was no space,
/// or the content was no state, which is a flaw.
fn taken<R>(looked: Result<R>, reporter: &Reporter) -> Result<Option<R>> {
    match looked {
        Ok(seen) => Ok(Some(seen)),
        Err(error) if error.kind() == ErrorKind::LockTimeout => {
            reporter.lock_timeout(&error);
            Ok(None)
        }
        // Where a recovery needs space there may be none for a while.
        Err(error) if error.kind() == ErrorKind::NoSpace => {
            reporter.emit(&Event::NoSpace(chain(&error)));
            Ok(None)
        }
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            let error = chain(&error);
            reporter.flaw(Flaw::Corrupt { error });
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether the parent has closed its end, after a pause in which it may do so.
fn stdin_has_ended() -> bool {
    let stdin = rustix::stdio::stdin();
    let pause = Timespec::try_from(PAUSE).ok();
    let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
    // An interrupted pause is a short one.
    poll(&mut watched, pause.as_ref()).is_ok_and(|ready| ready > 0)
}
