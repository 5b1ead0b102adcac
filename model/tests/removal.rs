//! The end of a state beside changes, reads and other removals, in every order of their calls that
//! loom finds and with either of two processes killed at each of its calls: every change is in exactly
//! one of the states that were handed out and the one that is left, unless the removal itself was
//! killed after it had handed the state out, which the next one does again.

use hookstate::strategy::{AppendLog, Flock, Rename, Strategy};
use hookstate_model::explore::{Bounds, Report};
use hookstate_model::oracle::Violation;
use hookstate_model::scenario::{Act, Before, Scenario};

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
    a_change_beside_a_removal_is_in_one_of_the_two_states
    an_applied_change_beside_a_removal_is_in_one_of_the_two_states
    a_first_change_beside_a_removal_is_handed_out_or_stays
    a_state_is_handed_out_by_one_of_two_removals
    a_reader_sees_a_whole_state_or_none_while_it_is_removed
    a_removal_that_is_killed_leaves_the_state_whole_or_has_handed_it_out
    a_change_that_is_killed_beside_a_removal_is_made_wholly_or_not_at_all
}

const MODIFY: &[Act] = &[Act::Modify];
const APPLY: &[Act] = &[Act::Apply];
const READ: &[Act] = &[Act::Read];
const REMOVE: &[Act] = &[Act::Remove];
/// The second change of `rename` leaves the spare behind.
const EXISTING: Before = Before::Changes(2);

trait Shipping: Strategy + Clone + Send + Sync + 'static {}
impl<S: Strategy + Clone + Send + Sync + 'static> Shipping for S {}

fn a_change_beside_a_removal_is_in_one_of_the_two_states<S: Shipping>(strategy: S) {
    let report = checked(Scenario::new(strategy, EXISTING, &[REMOVE, MODIFY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn an_applied_change_beside_a_removal_is_in_one_of_the_two_states<S: Shipping>(strategy: S) {
    let report = checked(Scenario::new(strategy, EXISTING, &[REMOVE, APPLY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn a_first_change_beside_a_removal_is_handed_out_or_stays<S: Shipping>(strategy: S) {
    checked(Scenario::new(strategy, Before::Nothing, &[REMOVE, MODIFY]).check());
}

fn a_state_is_handed_out_by_one_of_two_removals<S: Shipping>(strategy: S) {
    checked(Scenario::new(strategy.clone(), EXISTING, &[REMOVE, REMOVE]).check());
    killed(Scenario::new(strategy, EXISTING, &[REMOVE, REMOVE]).check_killing(1));
}

fn a_reader_sees_a_whole_state_or_none_while_it_is_removed<S: Shipping>(strategy: S) {
    checked(Scenario::new(strategy, EXISTING, &[REMOVE, READ]).check());
}

fn a_removal_that_is_killed_leaves_the_state_whole_or_has_handed_it_out<S: Shipping>(strategy: S) {
    killed(Scenario::new(strategy, EXISTING, &[REMOVE, MODIFY]).check_killing(0));
}

fn a_change_that_is_killed_beside_a_removal_is_made_wholly_or_not_at_all<S: Shipping>(strategy: S) {
    killed(Scenario::new(strategy, EXISTING, &[REMOVE, MODIFY]).check_killing(1));
}

/// The journal has a part in it, and a write of several pages that is torn. All orders with the writer
/// killed would take half a minute.
#[test]
fn a_flock_state_of_several_pages_is_handed_out_whole() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let acts: &[&[Act]] = &[REMOVE, &[Act::Grow(5_000)]];
    let scenario = Scenario::new(Flock, several_pages, acts);
    killed(scenario.check_killing(0));
    let bounds = Bounds {
        preemptions_max: Some(2),
        ..Bounds::default()
    };
    let report = scenario.within(bounds).check_killing(1);
    println!("{report}");
    assert!(report.counterexample.is_none(), "{report}");
    assert!(report.killed > 0 && report.pages > 1, "{report}");
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
