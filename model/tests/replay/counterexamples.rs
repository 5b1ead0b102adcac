//! Counterexamples: what loses a change on the simulated kernel loses it on this one.

use crate::stage::{Stage, Tested, this_test};
use hookstate::kernel::{FailNth, Fault, Watched};
use hookstate::strategy::{AppendLog, Flock, Rename};
use hookstate_model::control::{CreateRace, RenameStaleLock, Unlocked};
use hookstate_model::oracle::{Violation, ViolationKind};
use hookstate_model::replay::{Prediction, Schedule};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::search::Budget;
use hookstate_model::sim::SimProcess;
use hookstate_model::trace::Trace;
use hookstate_model::twin::{
    CompactsInPlace, ContinuesShortWrites, SharesTheLock, Through, TruncatesFirst, Unwritten,
    WithoutLock, WithoutRecheck, WithoutRecovery,
};

const MODIFY: &[Act] = &[Act::Modify];
const APPLY: &[Act] = &[Act::Apply];
const READ: &[Act] = &[Act::Read];
const EXISTING: Before = Before::Changes(2);

/// Has the model find a counterexample with at most so many kills, and real processes repeat it.
fn repeated<S: Tested>(
    test: &'static str,
    scenario: Scenario<S>,
    kills: u8,
    kinds: &[ViolationKind],
) {
    let stage = Stage::new(test, scenario);
    for (violation, trace) in found(&stage.scenario, kills) {
        let schedule = Schedule::from(&trace);
        let followed = Prediction::following(&stage.scenario, &schedule);
        let prediction = followed.unwrap_or_else(|divergence| panic!("{divergence}\n{trace}"));
        assert_eq!(prediction.verdict, Err(violation), "{trace}");
        let replayed = stage.agrees(&prediction);
        let violation = replayed.verdict.expect_err("the verdict was compared");
        assert!(kinds.contains(&violation.kind()), "{violation}");
    }
}

/// The shortest and, where nobody needs to be killed for it, the first that loom comes upon.
fn found<S: Tested>(scenario: &Scenario<S>, kills: u8) -> Vec<(Violation, Trace)> {
    let searched = scenario.search(Budget::kills(kills));
    let shortest = searched.counterexample().expect("the search rejects it");
    let mut found = vec![(shortest.violation.clone(), shortest.trace.clone())];
    if kills == 0 {
        let first = scenario.check().counterexample.expect("loom rejects it");
        found.push((first.violation, first.trace));
    }
    found
}

#[test]
fn flock_without_lock_loses_a_change() {
    let scenario = Scenario::new(Flock, EXISTING, &[MODIFY, MODIFY])
        .around(|process| Watched::new(process, WithoutLock));
    let test = this_test!(flock_without_lock_loses_a_change);
    repeated(test, scenario, 0, &[ViolationKind::Lost]);
}

#[test]
fn rename_without_lock_loses_a_change() {
    let scenario = Scenario::new(Rename, EXISTING, &[MODIFY, MODIFY])
        .around(|process| Watched::new(process, WithoutLock));
    let test = this_test!(rename_without_lock_loses_a_change);
    repeated(test, scenario, 0, &[ViolationKind::Lost]);
}

#[test]
fn append_log_that_shares_the_lock_while_it_folds_loses_an_append() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[MODIFY, APPLY])
        .around(|process| Watched::new(process, SharesTheLock));
    let test = this_test!(append_log_that_shares_the_lock_while_it_folds_loses_an_append);
    repeated(test, scenario, 0, &[ViolationKind::Lost]);
}

#[test]
fn append_log_without_recheck_appends_to_a_log_that_is_gone() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[MODIFY, APPLY])
        .around(|process| SimProcess(WithoutRecheck::new(process.0)));
    let test = this_test!(append_log_without_recheck_appends_to_a_log_that_is_gone);
    repeated(test, scenario, 0, &[ViolationKind::Lost]);
}

#[test]
fn append_log_that_continues_a_short_write_loses_an_append() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[APPLY, APPLY]).around(|process| {
        let short = Watched::new(process, FailNth::new(0, Fault::Short(17)));
        SimProcess(ContinuesShortWrites(Through(short)))
    });
    let test = this_test!(append_log_that_continues_a_short_write_loses_an_append);
    repeated(test, scenario, 0, &[ViolationKind::Lost]);
}

#[test]
fn append_log_that_compacts_in_place_loses_everything_to_a_kill() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[APPLY, MODIFY])
        .around(|process| SimProcess(CompactsInPlace::new(process.0)));
    let test = this_test!(append_log_that_compacts_in_place_loses_everything_to_a_kill);
    repeated(test, scenario, 1, &[ViolationKind::Lost]);
}

#[test]
fn append_log_that_compacts_in_place_lets_a_reader_see_a_torn_state() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[READ, MODIFY])
        .around(|process| SimProcess(CompactsInPlace::new(process.0)));
    let test = this_test!(append_log_that_compacts_in_place_lets_a_reader_see_a_torn_state);
    repeated(
        test,
        scenario,
        0,
        &[ViolationKind::Torn, ViolationKind::RolledBack],
    );
}

#[test]
fn flock_that_truncates_first_loses_everything_to_a_kill() {
    let scenario = Scenario::new(Flock, EXISTING, &[MODIFY, MODIFY])
        .around(|process| SimProcess(TruncatesFirst(process.0)));
    let test = this_test!(flock_that_truncates_first_loses_everything_to_a_kill);
    repeated(test, scenario, 1, &[ViolationKind::Lost]);
}

/// Of the new content one page is written.
#[test]
fn flock_without_recovery_loses_the_state_to_a_torn_write() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let scenario = Scenario::new(Flock, several_pages, &[MODIFY, &[Act::Grow(5_000)]])
        .around(|process| SimProcess(WithoutRecovery(process.0)));
    let test = this_test!(flock_without_recovery_loses_the_state_to_a_torn_write);
    repeated(test, scenario, 1, &[ViolationKind::Lost]);
}

#[test]
fn flock_without_journal_leaves_a_torn_state_after_a_kill() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let scenario = Scenario::new(Flock, several_pages, &[MODIFY, &[Act::Grow(5_000)]])
        .around(|process| SimProcess(Unwritten::journal(process.0)));
    let test = this_test!(flock_without_journal_leaves_a_torn_state_after_a_kill);
    repeated(test, scenario, 1, &[ViolationKind::Torn]);
}

#[test]
fn unlocked_loses_a_change() {
    let scenario = Scenario::new(Unlocked, EXISTING, &[MODIFY, MODIFY]);
    let test = this_test!(unlocked_loses_a_change);
    repeated(test, scenario, 0, &[ViolationKind::Lost]);
}

#[test]
fn create_race_loses_the_change_of_whoever_was_first() {
    let scenario = Scenario::new(CreateRace, Before::Directory, &[MODIFY, MODIFY]);
    let test = this_test!(create_race_loses_the_change_of_whoever_was_first);
    repeated(test, scenario, 0, &[ViolationKind::Lost]);
}

/// The one that waits is in flock(2) when the file under the name becomes another.
#[test]
fn rename_stale_lock_loses_a_change() {
    let scenario = Scenario::new(RenameStaleLock, EXISTING, &[MODIFY, MODIFY]);
    let test = this_test!(rename_stale_lock_loses_a_change);
    repeated(test, scenario, 0, &[ViolationKind::Lost]);
}
