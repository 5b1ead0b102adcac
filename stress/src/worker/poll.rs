//! The worker that only reads, and must never see a torn or a shrinking state.

use super::reporter::{Reporter, chain};
use super::{Terms, start, store};
use crate::event::{Event, Summary};
use crate::subject::Subject;
use crate::workload::{Counts, Flaw, Tally};
use hookstate::kernel::Host;
use hookstate::{ErrorKind, Result, Store};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::path::Path;
use std::time::Duration;

/// How long the reader pauses between two reads, so that it meets the writers often and does not
/// keep them from their work.
const PAUSE: Duration = Duration::from_micros(500);

/// Reads until standard input ends, and once more after that: then the writers are gone, and what
/// is read is the result.
pub(super) fn run(terms: &Terms, directory: &Path, reporter: &Reporter) -> Result<()> {
    let mut reader = Reader::new(terms, directory, reporter);
    reporter.emit(&Event::Ready);
    start::wait_for_byte_on_stdin();
    loop {
        let told_to_stop = stdin_has_ended();
        let last = reader.read()?;
        if told_to_stop && let Some(last) = last {
            reporter.emit(&Event::Reads(reader.reads));
            finish(reporter, last);
            return Ok(());
        }
    }
}

/// Reads once, for those who have killed somebody before: a recovery is no flaw then.
pub(super) fn look(terms: &Terms, directory: &Path, reporter: &Reporter) -> Result<()> {
    let tally = store(terms, directory, Host).read()?.value;
    if let Some(flaw) = tally.flaw() {
        reporter.flaw(flaw);
    }
    finish(reporter, tally);
    Ok(())
}

struct Reader<'a> {
    reporter: &'a Reporter,
    store: Store<Tally, Subject, Host>,
    reads: u64,
    latest: Counts,
}

impl<'a> Reader<'a> {
    fn new(terms: &Terms, directory: &Path, reporter: &'a Reporter) -> Self {
        Self {
            reporter,
            store: store(terms, directory, Host),
            reads: 0,
            latest: Counts::default(),
        }
    }

    /// Reads and checks the state. `None` if it could not be had this time: the lock was held for
    /// too long, or the content was no state, which is a flaw.
    fn read(&mut self) -> Result<Option<Tally>> {
        match self.store.read() {
            Ok(outcome) => {
                let tally = self.reporter.value(outcome);
                self.reads += 1;
                self.check(&tally);
                Ok(Some(tally))
            }
            Err(error) if error.kind() == ErrorKind::LockTimeout => {
                self.reporter.lock_timeout(&error);
                Ok(None)
            }
            // Where a recovery needs space there may be none for a while.
            Err(error) if error.kind() == ErrorKind::NoSpace => {
                self.reporter.emit(&Event::NoSpace(chain(&error)));
                Ok(None)
            }
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                let error = chain(&error);
                self.reporter.flaw(Flaw::Corrupt { error });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn check(&mut self, tally: &Tally) {
        let flaw = tally.flaw();
        let flaw = flaw.or_else(|| shrunk(&self.latest, &tally.counts));
        if let Some(flaw) = flaw {
            self.reporter.flaw(flaw);
        }
        self.latest = tally.counts.clone();
    }
}

fn finish(reporter: &Reporter, last: Tally) {
    reporter.emit(&Event::State(Summary {
        counts: last.counts,
        ballast_bytes: last.ballast.bytes(),
        presence: last.presence,
    }));
    reporter.emit(&Event::Finished);
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

/// Whether the parent has closed its end, after a pause in which it may do so.
fn stdin_has_ended() -> bool {
    let stdin = rustix::stdio::stdin();
    let pause = Timespec::try_from(PAUSE).ok();
    let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
    // An interrupted pause is a short one.
    poll(&mut watched, pause.as_ref()).is_ok_and(|ready| ready > 0)
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
