//! Calls of the system that fail: what was recorded is counted once, or it is said that nobody knows.

use crate::scratch::{Scratch, record};
use hookstate::Durability;
use hookstate::kernel::{Call, CallKind, Errno, FailNth, Fault, Host, Watched, Watcher, Way};
use hookstate::stats::SessionStats;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::rc::Rc;

/// Fails every call that can fail from the n-th on, until the device works again.
#[derive(Clone)]
struct BreaksDown {
    nth: usize,
    seen: Rc<Cell<usize>>,
    repaired: Rc<Cell<bool>>,
}

impl BreaksDown {
    fn new(nth: usize) -> Self {
        Self {
            nth,
            seen: Rc::default(),
            repaired: Rc::default(),
        }
    }

    fn struck(&self) -> bool {
        self.seen.get() > self.nth
    }
}

impl Watcher for BreaksDown {
    fn before(&self, call: &Call<'_>) -> Way {
        if self.repaired.get() || !call.can_fail() {
            return Way::Through;
        }
        match self.seen.replace(self.seen.get() + 1) < self.nth {
            true => Way::Through,
            false => Way::Fail(Errno::IO),
        }
    }
}

/// A file of a few bytes, or of several pages.
fn prepared(pages: bool) -> Scratch {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    let last = if pages { 300 } else { 2 };
    for number in 0..last {
        let _ = stats
            .record_tool_call(&format!("some-tool-{number}"), true)
            .expect("a record");
    }
    let _ = stats.flush().expect("a flush");
    scratch
}

fn count(scratch: &Scratch) -> u64 {
    scratch.stats().read().expect("a file").value.tool_count()
}

fn broken<W: Watcher>(scratch: &Scratch, watcher: W) -> SessionStats<Watched<Host, W>> {
    let kernel = Watched::new(Host, watcher);
    SessionStats::with(scratch.data(), "m", kernel)
}

fn record_three<W: Watcher>(stats: &mut SessionStats<Watched<Host, W>>) {
    for _ in 0..3 {
        let _ = stats
            .record_tool_call("Bash", true)
            .expect("it stays in memory");
    }
}

#[test]
fn one_failure_anywhere_in_a_flush_is_made_good_by_the_next() {
    for pages in [false, true] {
        let mut failed = 0;
        for nth in 0.. {
            let scratch = prepared(pages);
            let before = count(&scratch);
            let watcher = FailNth::new(nth, Fault::Errno(Errno::IO));
            let mut stats = broken(&scratch, watcher.clone());
            record_three(&mut stats);
            if let Err(error) = stats.flush() {
                failed += 1;
                assert!(!error.is_indeterminate(), "call {nth}: {error}");
                assert_eq!(count(&scratch), before, "call {nth}");
            }
            let _ = stats.flush().expect("nothing fails any more");
            drop(stats);
            assert_eq!(count(&scratch), before + 3, "call {nth}");
            if !watcher.struck() {
                break;
            }
        }
        assert!(failed > 5, "{failed} of the calls matter");
    }
}

/// Fails the n-th time that something is opened.
#[derive(Clone)]
struct FailsToOpen {
    left: Rc<Cell<usize>>,
    struck: Rc<Cell<bool>>,
}

impl FailsToOpen {
    fn new(nth: usize) -> Self {
        Self {
            left: Rc::new(Cell::new(nth)),
            struck: Rc::default(),
        }
    }
}

impl Watcher for FailsToOpen {
    fn before(&self, call: &Call<'_>) -> Way {
        if call.kind() != CallKind::Open || self.struck.get() {
            return Way::Through;
        }
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Way::Through
            }
            None => {
                self.struck.set(true);
                Way::Fail(Errno::MFILE)
            }
        }
    }
}

/// The directory too, which is opened to be synced before the header of the journal is written.
#[test]
fn nothing_that_cannot_be_opened_leaves_a_durable_flush_in_doubt() {
    let mut failed = 0;
    for nth in 0.. {
        let scratch = prepared(false);
        let before = count(&scratch);
        let watcher = FailsToOpen::new(nth);
        let mut stats = broken(&scratch, watcher.clone()).durability(Durability::Power);
        record_three(&mut stats);
        if let Err(error) = stats.flush() {
            failed += 1;
            assert!(!error.is_indeterminate(), "open {nth}: {error}");
        }
        let _ = stats.flush().expect("everything can be opened again");
        drop(stats);
        assert_eq!(count(&scratch), before + 3, "open {nth}");
        if !watcher.struck.get() {
            break;
        }
    }
    assert!(
        failed > 2,
        "the file, its journal and the directory: {failed}"
    );
}

/// What comes after the removal of the name does.
#[test]
fn of_what_cannot_be_opened_in_a_durable_removal_only_the_last_leaves_it_in_doubt() {
    let mut doubts = 0;
    for nth in 0.. {
        let scratch = prepared(false);
        let before = count(&scratch);
        let watcher = FailsToOpen::new(nth);
        let mut stats = broken(&scratch, watcher.clone())
            .durability(Durability::Power)
            .remove_when_finalized();
        record_three(&mut stats);
        let last = match stats.finalize() {
            Err(error) if error.is_indeterminate() => {
                doubts += 1;
                continue;
            }
            Err(_) => stats.finalize().expect("everything can be opened again"),
            Ok(last) => last,
        };
        assert_eq!(last.value.file().tool_count(), before + 3, "open {nth}");
        if !watcher.struck.get() {
            break;
        }
    }
    assert_eq!(doubts, 1);
}

/// What came of a device that was gone from some call of a flush on.
struct Breakdown {
    indeterminate: bool,
    counted: u64,
    counted_if_recorded_again: u64,
}

fn break_down(nth: usize) -> Option<Breakdown> {
    let scratch = prepared(true);
    let before = count(&scratch);
    let watcher = BreaksDown::new(nth);
    let mut stats = broken(&scratch, watcher.clone());
    record_three(&mut stats);
    let flushed = stats.flush();
    watcher.repaired.set(true);
    let _ = stats.flush().expect("the device works again");
    drop(stats);
    // A change, since a write that was begun is completed by the next.
    record(&mut scratch.stats(), &[("Edit", true)]);
    let counted = count(&scratch) - before - 1;
    if flushed.is_err() {
        record(&mut scratch.stats(), &[("Bash", true); 3]);
    }
    watcher.struck().then(|| Breakdown {
        indeterminate: flushed.is_err_and(|error| error.is_indeterminate()),
        counted,
        counted_if_recorded_again: count(&scratch) - before - 1,
    })
}

#[test]
fn after_a_breakdown_nothing_is_counted_twice_and_nothing_lost_that_is_not_said() {
    let breakdowns: Vec<Breakdown> = (0..).map_while(break_down).collect();
    for (nth, breakdown) in breakdowns.iter().enumerate() {
        match breakdown.indeterminate {
            true => assert!([0, 3].contains(&breakdown.counted), "call {nth}"),
            false => assert_eq!(breakdown.counted, 3, "call {nth}"),
        }
    }
    let unknown = breakdowns.iter().filter(|one| one.indeterminate);
    assert!(unknown.clone().count() > 0, "no error was indeterminate");
    assert!(
        unknown.clone().any(|one| one.counted == 3),
        "why it is let go of"
    );
}

/// Control: a handle that kept what may be in the file already would count it twice.
#[test]
fn to_record_again_after_an_indeterminate_error_is_found_out() {
    let breakdowns: Vec<Breakdown> = (0..).map_while(break_down).collect();
    let unknown = breakdowns.iter().filter(|one| one.indeterminate);
    assert!(
        unknown
            .clone()
            .any(|one| one.counted_if_recorded_again == 6)
    );
}

#[test]
fn one_failure_anywhere_in_a_finalize_leaves_everything_or_takes_it() {
    for removes in [false, true] {
        for pages in [false, true] {
            for nth in 0.. {
                let scratch = prepared(pages);
                let before = count(&scratch);
                let watcher = FailNth::new(nth, Fault::Errno(Errno::IO));
                let mut stats = broken(&scratch, watcher.clone());
                if removes {
                    stats = stats.remove_when_finalized();
                }
                record_three(&mut stats);
                let taken = match stats.finalize() {
                    Ok(last) => last.value.file().tool_count(),
                    Err(error) => {
                        assert!(!error.is_indeterminate(), "call {nth}: {error}");
                        0
                    }
                };
                drop(stats);
                assert_eq!(taken + count(&scratch), before + 3, "call {nth}");
                if !watcher.struck() {
                    break;
                }
            }
        }
    }
}

/// After an error, also one that is not indeterminate, the same is handed on once more.
#[test]
fn one_failure_anywhere_in_a_finalize_that_hands_on_repeats_and_loses_nothing() {
    for removes in [false, true] {
        let mut repeated = 0;
        for nth in 0.. {
            let scratch = prepared(false);
            let before = count(&scratch);
            let watcher = FailNth::new(nth, Fault::Errno(Errno::IO));
            let mut stats = broken(&scratch, watcher.clone());
            if removes {
                stats = stats.remove_when_finalized();
            }
            record_three(&mut stats);
            let handed_on = RefCell::new(Vec::new());
            let mut finalize = || {
                stats.try_finalize(|last| {
                    handed_on.borrow_mut().push(last.file().tool_count());
                    Ok::<_, Infallible>(())
                })
            };
            if finalize().is_err() {
                let _ = finalize().expect("nothing fails any more");
            }
            drop(stats);
            let handed_on = handed_on.into_inner();
            assert!(handed_on.iter().all(|&all| all == before + 3), "call {nth}");
            assert!(
                [1, 2].contains(&handed_on.len()),
                "call {nth}: {handed_on:?}"
            );
            assert_eq!(count(&scratch), 0, "call {nth}");
            repeated += usize::from(handed_on.len() == 2);
            if !watcher.struck() {
                break;
            }
        }
        assert!(repeated > 0, "an error after the handing on repeats it");
    }
}

#[test]
fn an_error_on_drop_is_swallowed_and_a_lock_that_is_held_is_said() {
    let scratch = prepared(false);
    let before = count(&scratch);
    let held = std::fs::File::open(scratch.file()).expect("the file");
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).expect("the lock");
    let brief = std::time::Duration::from_millis(5);
    let mut stats = scratch.stats().lock_timeout(brief);
    let _ = stats
        .record_tool_call("Bash", true)
        .expect("it stays in memory");
    let error = stats.flush().expect_err("somebody has the lock");
    assert_eq!(error.kind(), hookstate::ErrorKind::LockTimeout);
    drop(stats);
    drop(held);
    assert_eq!(count(&scratch), before);
}
