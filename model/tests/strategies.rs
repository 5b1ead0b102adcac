//! Two processes on each strategy, in every order of their calls that loom finds, and with one of
//! them killed at each of its calls; and three within a bound. Both processes of a pair that does the
//! same are alike, so killing the second covers the first.

#[path = "common/allocator.rs"]
mod allocator;
#[path = "common/every_strategy.rs"]
mod every_strategy;
#[path = "common/scenarios.rs"]
mod scenarios;

use every_strategy::on_every_strategy;
use hookstate::kernel::{Errno, FailNth, Fault, Watched};
use hookstate::strategy::{AnyStrategy, AppendLog, Flock, Rename};
use hookstate_model::catalogue;
use hookstate_model::explore::{Bounds, Steps};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::sim::FaultModel;
use scenarios::{APPLY, EXISTING, MODIFY, READ, SEVERAL_PAGES, bounded, checked, killed};

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
    two_changes_without_exchange_are_both_kept
    three_changes_are_all_kept
    a_reader_beside_two_changes_sees_a_whole_state
    a_process_sees_its_own_change_while_another_makes_one
    orders_that_are_left_out_have_no_ending_of_their_own
    two_processes_of_every_scenario_lose_nothing
}

/// A log of this length is to be compacted, and whoever next makes it longer tries.
const LONG: usize = (64 << 10) + TRIES - 1;
/// A compaction is tried each time the log has grown by so much.
const TRIES: usize = 4 << 10;
/// A log of this length is to be compacted even if one has to wait for it.
const VERY_LONG: usize = (256 << 10) + TRIES - 1;

fn two_first_changes_are_both_kept(strategy: AnyStrategy) {
    let report = checked(Scenario::new(strategy, Before::Nothing, &[MODIFY, MODIFY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn two_changes_are_both_kept(strategy: AnyStrategy) {
    let report = checked(Scenario::new(strategy, EXISTING, &[MODIFY, MODIFY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn two_first_applied_changes_are_both_kept(strategy: AnyStrategy) {
    checked(Scenario::new(strategy, Before::Nothing, &[APPLY, APPLY]).check());
}

fn a_change_and_an_applied_change_are_both_kept(strategy: AnyStrategy) {
    let report = checked(Scenario::new(strategy, EXISTING, &[MODIFY, APPLY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn a_reader_sees_a_whole_state_while_another_changes_it(strategy: AnyStrategy) {
    checked(Scenario::new(strategy, EXISTING, &[MODIFY, READ]).check());
}

fn a_reader_that_comes_first_sees_nothing_or_the_whole_first_change(strategy: AnyStrategy) {
    checked(Scenario::new(strategy, Before::Nothing, &[MODIFY, READ]).check());
}

fn a_change_that_is_killed_is_made_wholly_or_not_at_all(strategy: AnyStrategy) {
    killed(Scenario::new(strategy, EXISTING, &[MODIFY, MODIFY]).check_killing(1));
}

fn a_first_applied_change_that_is_killed_is_made_wholly_or_not_at_all(strategy: AnyStrategy) {
    killed(Scenario::new(strategy, Before::Nothing, &[APPLY, APPLY]).check_killing(1));
}

fn an_applied_change_survives_a_killed_change(strategy: AnyStrategy) {
    killed(Scenario::new(strategy, EXISTING, &[MODIFY, APPLY]).check_killing(0));
}

fn a_change_survives_a_killed_applied_change(strategy: AnyStrategy) {
    killed(Scenario::new(strategy, EXISTING, &[MODIFY, APPLY]).check_killing(1));
}

fn two_changes_without_exchange_are_both_kept(strategy: AnyStrategy) {
    let scenario = Scenario::new(strategy, EXISTING, &[MODIFY, MODIFY]);
    let poor = FaultModel {
        exchange_error: Some(Errno::NOSYS),
        ..FaultModel::default()
    };
    checked(scenario.on(poor).check());
}

/// All orders of three are too many. Within two preemptions each can come between any two calls of
/// another, and the third between any two calls of both.
fn three_changes_are_all_kept(strategy: AnyStrategy) {
    let scenario = Scenario::new(strategy, EXISTING, &[MODIFY, APPLY, MODIFY]);
    let report = bounded(scenario.within(preemptions(2)).check());
    assert!(report.refused > 0, "nobody ever waited");
}

fn a_reader_beside_two_changes_sees_a_whole_state(strategy: AnyStrategy) {
    let scenario = Scenario::new(strategy, EXISTING, &[MODIFY, READ, APPLY]);
    bounded(scenario.within(preemptions(2)).check());
}

fn a_process_sees_its_own_change_while_another_makes_one(strategy: AnyStrategy) {
    let acts: &[&[Act]] = &[&[Act::Apply, Act::Read], APPLY];
    checked(Scenario::new(strategy, EXISTING, acts).check());
}

#[test]
fn two_changes_with_short_transfers_are_both_kept() {
    let acts: &[&[Act]] = &[MODIFY, APPLY];
    let short = |transfer_bytes_max| FaultModel {
        transfer_bytes_max,
        ..FaultModel::default()
    };
    let one = Before::Changes(1);
    // The file has 512 bytes.
    checked(Scenario::new(Flock, one, acts).on(short(200)).check());
    // Less than a record each time would be a full disk to it.
    checked(Scenario::new(AppendLog, one, acts).on(short(40)).check());
    checked(Scenario::new(Rename, one, acts).on(short(40)).check());
}

/// Each process has its first append cut short and makes it again.
#[test]
fn two_applied_changes_with_short_appends_are_both_kept() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[APPLY, APPLY]);
    let short = scenario.around(|process| Watched::new(process, FailNth::new(0, Fault::Short(17))));
    checked(short.check());
}

/// Both try to compact it if they have seen the same length.
#[test]
fn two_applied_changes_that_compact_the_log_are_both_kept() {
    let report = checked(long_log(LONG, &[APPLY, APPLY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

/// Here the compaction waits for the lock.
#[test]
fn two_applied_changes_that_must_compact_the_log_are_both_kept() {
    let report = checked(long_log(VERY_LONG, &[APPLY, APPLY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

#[test]
fn an_applied_change_survives_one_that_is_killed_while_it_compacts_the_log() {
    killed(long_log(LONG, &[APPLY, APPLY]).check_killing(1));
}

#[test]
fn a_change_and_an_applied_change_that_compacts_the_log_are_both_kept() {
    let report = checked(long_log(LONG, &[APPLY, MODIFY]).check());
    assert!(report.refused > 0, "nobody ever waited");
}

#[test]
fn a_reader_sees_a_whole_state_while_an_applied_change_compacts_the_log() {
    checked(long_log(LONG, &[APPLY, READ]).check());
}

/// Leaves out the orders with more preemptions than these.
fn preemptions(most: usize) -> Bounds {
    Bounds {
        preemptions_max: Some(most),
        ..Bounds::default()
    }
}

/// The same scenarios as those of the search, but for those above without kills.
fn two_processes_of_every_scenario_lose_nothing(strategy: AnyStrategy) {
    let all = catalogue::ALL.into_iter();
    for scenario in all.filter(|scenario| scenario.is_about(strategy)) {
        let report = scenario.with(strategy, 2).check();
        println!("{}: {report}", scenario.name);
        assert!(report.is_complete(), "{}: {report}", scenario.name);
    }
}

/// The control of every search here: that of all orders of the calls, whatever they touch.
fn orders_that_are_left_out_have_no_ending_of_their_own(strategy: AnyStrategy) {
    let pairs: [(&[&[Act]], Option<usize>); 4] = [
        (&[MODIFY, APPLY], None),
        (&[APPLY, READ], None),
        (&[&[Act::Remove], MODIFY], None),
        (&[READ, APPLY], Some(1)),
    ];
    for (acts, victim) in pairs {
        let [all, dependent] = [Steps::Calls, Steps::Dependent].map(|steps| {
            let bounds = Bounds {
                steps,
                ..Bounds::ALL
            };
            let scenario = Scenario::new(strategy, EXISTING, acts).within(bounds);
            checked(
                victim.map_or_else(|| scenario.check(), |victim| scenario.check_killing(victim)),
            )
        });
        assert_eq!(all.endings, dependent.endings, "{acts:?}");
        assert!(dependent.executions < all.executions, "{acts:?}");
    }
}

fn long_log(bytes: usize, acts: &[&[Act]]) -> Scenario<AppendLog> {
    Scenario::new(AppendLog, Before::LongLog(1, bytes), acts)
}

/// The journal of `flock` and long files of the others: a kill may tear each write at each page.
#[test]
fn a_flock_write_of_several_pages_that_is_killed_is_made_wholly_or_not_at_all() {
    let scenario = Scenario::new(Flock, SEVERAL_PAGES, &[MODIFY, MODIFY]);
    let report = killed(scenario.check_killing(1));
    assert!(report.pages > 1, "no write had several pages");
}

/// The file is made longer by 512 bytes before it is written.
#[test]
fn flock_grows_within_a_page_while_another_changes_the_state() {
    let scenario = Scenario::new(Flock, EXISTING, &[MODIFY, &[Act::Grow(600)]]);
    killed(scenario.check_killing(1));
}

/// The state becomes small through the journal, and the change after that removes the journal.
#[test]
fn flock_removes_its_journal_while_another_reads_the_state() {
    let acts: &[&[Act]] = &[READ, &[Act::Shrink, Act::Modify]];
    killed(Scenario::new(Flock, SEVERAL_PAGES, acts).check_killing(1));
}

#[test]
fn flock_grows_over_a_page_while_another_changes_the_state() {
    let scenario = Scenario::new(Flock, EXISTING, &[MODIFY, &[Act::Grow(5_000)]]);
    killed(scenario.check_killing(1));
}

#[test]
fn flock_shrinks_below_a_page_while_another_changes_the_state() {
    let scenario = Scenario::new(Flock, SEVERAL_PAGES, &[MODIFY, &[Act::Shrink]]);
    killed(scenario.check_killing(1));
}

#[test]
fn a_flock_reader_reads_a_whole_state_beside_a_killed_write_of_several_pages() {
    let scenario = Scenario::new(Flock, SEVERAL_PAGES, &[MODIFY, READ]);
    killed(scenario.check_killing(0));
}
