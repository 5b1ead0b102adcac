//! What processes do in the scenarios that loom takes through every order of their calls, and what
//! it must say about those that lose nothing.

use hookstate_model::explore::Report;
use hookstate_model::oracle::Violation;
use hookstate_model::scenario::{Act, Before};

pub(crate) const MODIFY: &[Act] = &[Act::Modify];
pub(crate) const APPLY: &[Act] = &[Act::Apply];
pub(crate) const READ: &[Act] = &[Act::Read];
/// Enough for every strategy to have its files as they stay: the second change of `rename` leaves
/// the spare behind.
pub(crate) const EXISTING: Before = Before::Changes(2);
/// A kill may tear a write of this state between its pages, which `flock` has a journal against.
pub(crate) const SEVERAL_PAGES: Before = Before::LargeChanges(1, 5_000);

/// A search that is complete and has found nothing.
pub(crate) fn checked(report: Report<Violation>) -> Report<Violation> {
    let report = bounded(report);
    assert!(report.is_complete(), "{report}");
    report
}

/// As [`checked`], and one of the processes was killed in it.
pub(crate) fn killed(report: Report<Violation>) -> Report<Violation> {
    let report = checked(report);
    assert!(report.killed > 0, "nobody was killed: {report}");
    report
}

/// As [`checked`], for a search that is known not to be complete, and says so.
pub(crate) fn bounded(report: Report<Violation>) -> Report<Violation> {
    println!("{report}");
    assert!(report.counterexample.is_none(), "{report}");
    assert!(report.endings > 1, "the order never mattered: {report}");
    report
}
