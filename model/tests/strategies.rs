//! Two processes on each strategy, in every order of their calls that loom finds, and with one of
//! them killed at each of its calls. Both processes of a pair that does the same are alike, so
//! killing the second covers the first.

use hookstate::kernel::Errno;
use hookstate::strategy::{AppendLog, Flock, Rename, Strategy};
use hookstate_model::explore::Report;
use hookstate_model::oracle::Violation;
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::sim::FaultModel;

/// Makes a test on each strategy of every function that is given by name.
macro_rules! on_every_strategy {
    ($($test:ident)+) => {
        mod flock {
            $(#[test] fn $test() { super::$test(super::Flock) })+
        }
        mod append_log {
            $(#[test] fn $test() { super::$test(super::AppendLog) })+
        }
        mod rename {
            $(#[test] fn $test() { super::$test(super::Rename) })+
        }
    };
}

on_every_strategy! {
    two_first_changes_are_both_kept
    two_changes_are_both_kept
    two_first_applied_changes_are_both_kept
    a_change_and_an_applied_change_are_both_kept
    a_reader_sees_a_whole_state_while_another_changes_it
    a_reader_that_comes_first_sees_nothing_or_the_whole_first_change
    a_change_that_is_killed_is_made_wholly_or_not_at_all
    a_first_applied_change_that_is_killed_is_made_wholly_or_not_at_all
    an_applied_change_survives_a_killed_change
    a_change_survives_a_killed_applied_change
    two_changes_without_exchange_and_fallocate_are_both_kept
}

const MODIFY: &[Act] = &[Act::Modify];
const APPLY: &[Act] = &[Act::Apply];
const READ: &[Act] = &[Act::Read];
/// Enough for every strategy to have its files as they stay: the second change of `rename` leaves
/// the spare behind.
const EXISTING: Before = Before::Changes(2);

trait Shipping: Strategy + Clone + Send + Sync + 'static {}
impl<S: Strategy + Clone + Send + Sync + 'static> Shipping for S {}

fn two_first_changes_are_both_kept<S: Shipping>(strategy: S) {
    let report = checked(Scenario::new(strategy, Before::Nothing, &[MODIFY, MODIFY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn two_changes_are_both_kept<S: Shipping>(strategy: S) {
    let report = checked(Scenario::new(strategy, EXISTING, &[MODIFY, MODIFY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn two_first_applied_changes_are_both_kept<S: Shipping>(strategy: S) {
    checked(Scenario::new(strategy, Before::Nothing, &[APPLY, APPLY]).check());
}

fn a_change_and_an_applied_change_are_both_kept<S: Shipping>(strategy: S) {
    let report = checked(Scenario::new(strategy, EXISTING, &[MODIFY, APPLY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn a_reader_sees_a_whole_state_while_another_changes_it<S: Shipping>(strategy: S) {
    checked(Scenario::new(strategy, EXISTING, &[MODIFY, READ]).check());
}

fn a_reader_that_comes_first_sees_nothing_or_the_whole_first_change<S: Shipping>(strategy: S) {
    checked(Scenario::new(strategy, Before::Nothing, &[MODIFY, READ]).check());
}

fn a_change_that_is_killed_is_made_wholly_or_not_at_all<S: Shipping>(strategy: S) {
    killed(Scenario::new(strategy, EXISTING, &[MODIFY, MODIFY]).check_killing(1));
}

fn a_first_applied_change_that_is_killed_is_made_wholly_or_not_at_all<S: Shipping>(strategy: S) {
    killed(Scenario::new(strategy, Before::Nothing, &[APPLY, APPLY]).check_killing(1));
}

fn an_applied_change_survives_a_killed_change<S: Shipping>(strategy: S) {
    killed(Scenario::new(strategy, EXISTING, &[MODIFY, APPLY]).check_killing(0));
}

fn a_change_survives_a_killed_applied_change<S: Shipping>(strategy: S) {
    killed(Scenario::new(strategy, EXISTING, &[MODIFY, APPLY]).check_killing(1));
}

fn two_changes_without_exchange_and_fallocate_are_both_kept<S: Shipping>(strategy: S) {
    let scenario = Scenario::new(strategy, EXISTING, &[MODIFY, MODIFY]);
    let poor = FaultModel {
        exchange_error: Some(Errno::NOSYS),
        fallocate: false,
        ..FaultModel::default()
    };
    checked(scenario.on(poor).check());
}

/// With a reader that takes no lock the orders are many; `rename` has a quarter of a million.
#[test]
fn a_process_sees_its_own_change_while_another_makes_one() {
    let acts: &[&[Act]] = &[&[Act::Apply, Act::Read], APPLY];
    checked(Scenario::new(Flock, EXISTING, acts).check());
    checked(Scenario::new(AppendLog, EXISTING, acts).check());
}

#[test]
fn two_changes_with_short_transfers_are_both_kept() {
    let acts: &[&[Act]] = &[MODIFY, APPLY];
    let short = |transfer_bytes_max| FaultModel {
        transfer_bytes_max,
        ..FaultModel::default()
    };
    let one = Before::Changes(1);
    checked(Scenario::new(Flock, one, acts).on(short(20)).check());
    // Less than a record each time would be a full disk to it.
    checked(Scenario::new(AppendLog, one, acts).on(short(30)).check());
    // It writes whole pages.
    checked(Scenario::new(Rename, one, acts).on(short(2_500)).check());
}

/// The journal of `flock` and long files of the others: a kill may tear each write at each page.
#[test]
fn a_flock_write_of_several_pages_that_is_killed_is_made_wholly_or_not_at_all() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let scenario = Scenario::new(Flock, several_pages, &[MODIFY, MODIFY]);
    let report = killed(scenario.check_killing(1));
    assert!(report.pages > 1, "no write had several pages");
}

#[test]
fn flock_grows_over_a_page_while_another_changes_the_state() {
    let scenario = Scenario::new(Flock, EXISTING, &[MODIFY, &[Act::Grow(5_000)]]);
    killed(scenario.check_killing(1));
}

#[test]
fn flock_shrinks_below_a_page_while_another_changes_the_state() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let scenario = Scenario::new(Flock, several_pages, &[MODIFY, &[Act::Shrink]]);
    killed(scenario.check_killing(1));
}

#[test]
fn a_flock_reader_reads_a_whole_state_beside_a_killed_write_of_several_pages() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let scenario = Scenario::new(Flock, several_pages, &[MODIFY, READ]);
    killed(scenario.check_killing(0));
}

fn checked(report: Report<Violation>) -> Report<Violation> {
    println!("{report}");
    assert!(report.is_complete(), "{report}");
    assert!(report.endings > 1, "the order never mattered: {report}");
    report
}

fn killed(report: Report<Violation>) -> Report<Violation> {
    let report = checked(report);
    assert!(report.killed > 0, "nobody was killed: {report}");
    report
}
