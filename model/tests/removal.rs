//! The end of a state beside changes, reads and other removals, in every order of their calls that
//! loom finds and with either of two processes killed at each of its calls: every change is in exactly
//! one of the states that were handed out and the one that is left, unless the removal itself was
//! killed after it had handed the state out, which the next one does again.

#[path = "common/allocator.rs"]
mod allocator;
#[path = "common/every_strategy.rs"]
mod every_strategy;
#[path = "common/scenarios.rs"]
mod scenarios;

use every_strategy::on_every_strategy;
use hookstate::strategy::{AnyStrategy, Flock};
use hookstate_model::scenario::{Act, Before, Scenario};
use scenarios::{APPLY, EXISTING, MODIFY, READ, SEVERAL_PAGES, checked, killed};

on_every_strategy! {
    a_change_beside_a_removal_is_in_one_of_the_two_states
    an_applied_change_beside_a_removal_is_in_one_of_the_two_states
    a_first_change_beside_a_removal_is_handed_out_or_stays
    a_state_is_handed_out_by_one_of_two_removals
    a_reader_sees_a_whole_state_or_none_while_it_is_removed
    a_removal_that_is_killed_leaves_the_state_whole_or_has_handed_it_out
    a_change_that_is_killed_beside_a_removal_is_made_wholly_or_not_at_all
}

const REMOVE: &[Act] = &[Act::Remove];

fn a_change_beside_a_removal_is_in_one_of_the_two_states(strategy: AnyStrategy) {
    let report = checked(Scenario::new(strategy, EXISTING, &[REMOVE, MODIFY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn an_applied_change_beside_a_removal_is_in_one_of_the_two_states(strategy: AnyStrategy) {
    let report = checked(Scenario::new(strategy, EXISTING, &[REMOVE, APPLY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn a_first_change_beside_a_removal_is_handed_out_or_stays(strategy: AnyStrategy) {
    checked(Scenario::new(strategy, Before::Nothing, &[REMOVE, MODIFY]).check());
}

fn a_state_is_handed_out_by_one_of_two_removals(strategy: AnyStrategy) {
    checked(Scenario::new(strategy, EXISTING, &[REMOVE, REMOVE]).check());
    killed(Scenario::new(strategy, EXISTING, &[REMOVE, REMOVE]).check_killing(1));
}

fn a_reader_sees_a_whole_state_or_none_while_it_is_removed(strategy: AnyStrategy) {
    checked(Scenario::new(strategy, EXISTING, &[REMOVE, READ]).check());
}

fn a_removal_that_is_killed_leaves_the_state_whole_or_has_handed_it_out(strategy: AnyStrategy) {
    killed(Scenario::new(strategy, EXISTING, &[REMOVE, MODIFY]).check_killing(0));
}

fn a_change_that_is_killed_beside_a_removal_is_made_wholly_or_not_at_all(strategy: AnyStrategy) {
    killed(Scenario::new(strategy, EXISTING, &[REMOVE, MODIFY]).check_killing(1));
}

/// The journal has a part in it, and a write of several pages that is torn.
#[test]
fn a_flock_state_of_several_pages_is_handed_out_whole() {
    let acts: &[&[Act]] = &[REMOVE, &[Act::Grow(5_000)]];
    let scenario = Scenario::new(Flock, SEVERAL_PAGES, acts);
    killed(scenario.check_killing(0));
    let report = killed(scenario.check_killing(1));
    assert!(report.pages > 1, "{report}");
}
