//! Each twin without a step, and each program that is known to lose updates, must be rejected, and
//! for the right reason. A model that lets one pass has proved nothing. Where a strategy names the
//! control of a step, the name stands at the test.

use hookstate::kernel::Watched;
use hookstate::strategy::{AppendLog, Flock, Rename};
use hookstate_model::control::{CreateRace, RenameStaleLock, Unlocked};
use hookstate_model::explore::{Bounds, Report};
use hookstate_model::oracle::{Violation, ViolationKind};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::sim::{FaultModel, SimProcess};
use hookstate_model::twin::{
    CompactsInPlace, ContinuesShortWrites, PublishesUnlocked, RemovesBeforeHandingOut,
    RemovesTheLockFirst, SharesTheLock, TruncatesFirst, WithoutJournal, WithoutLock,
    WithoutRecheck, WithoutRecovery, WritesIntoTheSpare,
};

const MODIFY: &[Act] = &[Act::Modify];
const APPLY: &[Act] = &[Act::Apply];
const READ: &[Act] = &[Act::Read];
const REMOVE: &[Act] = &[Act::Remove];
const EXISTING: Before = Before::Changes(2);
/// A log of this length is to be compacted, and whoever next makes it longer tries.
const LONG: usize = (64 << 10) + TRIES - 1;
/// A compaction is tried each time the log has grown by so much.
const TRIES: usize = 4 << 10;

/// `FlockWithoutLock`.
#[test]
fn flock_without_lock_loses_a_change() {
    let scenario = Scenario::new(Flock, EXISTING, &[MODIFY, MODIFY]);
    let twin = scenario.around(|process| Watched::new(process, WithoutLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

#[test]
fn flock_that_shares_the_lock_loses_a_change() {
    let scenario = Scenario::new(Flock, EXISTING, &[MODIFY, MODIFY]);
    let twin = scenario.around(|process| Watched::new(process, SharesTheLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `FlockTruncatesFirst`.
#[test]
fn flock_that_truncates_first_loses_everything_to_a_kill() {
    let scenario = Scenario::new(Flock, EXISTING, &[MODIFY, MODIFY]);
    let twin = scenario.around(|process| SimProcess(TruncatesFirst(process.0)));
    accepted(&twin.check());
    rejected(&twin.check_killing(1), ViolationKind::Lost);
}

/// `FlockWithoutRecovery`.
#[test]
fn flock_without_recovery_loses_the_state_to_a_torn_write() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let scenario = Scenario::new(Flock, several_pages, &[MODIFY, &[Act::Grow(5_000)]]);
    let twin = scenario.around(|process| SimProcess(WithoutRecovery(process.0)));
    rejected(&twin.check_killing(1), ViolationKind::Lost);
}

#[test]
fn append_log_without_lock_loses_an_append() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[MODIFY, APPLY]);
    let twin = scenario.around(|process| Watched::new(process, WithoutLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `AppendLogCompactsShared`.
#[test]
fn append_log_that_shares_the_lock_while_it_folds_loses_an_append() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[MODIFY, APPLY]);
    let twin = scenario.around(|process| Watched::new(process, SharesTheLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `AppendLogWithoutRecheck`.
#[test]
fn append_log_without_recheck_appends_to_a_log_that_is_gone() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[MODIFY, APPLY]);
    let twin = scenario.around(|process| SimProcess(WithoutRecheck::new(process.0)));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `AppendLogPublishesUnlocked`.
#[test]
fn append_log_that_publishes_unlocked_fails() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[MODIFY, MODIFY]);
    let twin = scenario.around(|process| Watched::new(process, PublishesUnlocked::default()));
    rejected(&twin.check(), ViolationKind::Failed);
}

/// `AppendLogContinuesShortWrites`.
#[test]
fn append_log_that_continues_a_short_write_loses_an_append() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[APPLY, APPLY]);
    let twin = scenario.around(|process| SimProcess(ContinuesShortWrites(process.0)));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `AppendLogCompactsInPlace`. The kill leaves an empty log.
#[test]
fn append_log_that_compacts_in_place_loses_everything_to_a_kill() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[APPLY, MODIFY]);
    let twin = scenario.around(|process| SimProcess(CompactsInPlace::new(process.0)));
    accepted(&twin.check());
    rejected(&twin.check_killing(1), ViolationKind::Lost);
}

/// `AppendLogCompactsInPlace`. The reader, who takes no lock, reads as much of the new log as the
/// old one had.
#[test]
fn append_log_that_compacts_in_place_lets_a_reader_see_a_torn_state() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[READ, MODIFY]);
    let twin = scenario.around(|process| SimProcess(CompactsInPlace::new(process.0)));
    rejected(&twin.check(), ViolationKind::Torn);
}

/// The control of `two_applied_changes_that_compact_the_log_are_both_kept`, within its bounds.
#[test]
fn append_log_that_compacts_shared_after_an_applied_change_loses_an_append() {
    let scenario = Scenario::new(AppendLog, Before::LongLog(1, LONG), &[APPLY, APPLY]);
    let twin = scenario.around(|process| Watched::new(process, SharesTheLock));
    rejected(&twin.within(preemptions(4)).check(), ViolationKind::Lost);
}

/// The control of `a_change_and_an_applied_change_that_compacts_the_log_are_both_kept`.
#[test]
fn append_log_that_publishes_unlocked_after_an_applied_change_fails() {
    let scenario = Scenario::new(AppendLog, Before::LongLog(1, LONG), &[APPLY, MODIFY]);
    let twin = scenario.around(|process| Watched::new(process, PublishesUnlocked::default()));
    rejected(&twin.check(), ViolationKind::Failed);
}

/// `FlockWithoutJournal`.
#[test]
fn flock_without_journal_leaves_a_torn_state_after_a_kill() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let scenario = Scenario::new(Flock, several_pages, &[MODIFY, &[Act::Grow(5_000)]]);
    let twin = scenario.around(|process| SimProcess(WithoutJournal::new(process.0)));
    rejected(&twin.check_killing(1), ViolationKind::Torn);
}

/// `RenameWritesIntoTheSpare`. The reader has opened what one change later is the spare, and reads,
/// as far as the file went before, what the next one writes there and, being killed, never commits.
#[test]
fn rename_that_writes_into_the_spare_lets_a_reader_see_what_is_never_committed() {
    let scenario = Scenario::new(Rename, EXISTING, READER_BESIDE_TWO_CHANGES);
    let twin = scenario.around(|process| SimProcess(WritesIntoTheSpare(process.0)));
    let report = twin.within(preemptions(2)).check_killing(1);
    rejected(&report, ViolationKind::Torn);
}

/// `RenameWritesIntoTheSpare`. Nobody is killed, and the state has less than a page.
#[test]
fn rename_that_writes_into_the_spare_lets_a_reader_see_a_torn_state() {
    let scenario = Scenario::new(Rename, EXISTING, READER_BESIDE_TWO_CHANGES);
    let twin = scenario.around(|process| SimProcess(WritesIntoTheSpare(process.0)));
    let report = twin.on(SHORT_TRANSFERS).within(preemptions(3)).check();
    rejected(&report, ViolationKind::Torn);
}

/// What the twin is rejected in, and more.
#[test]
fn rename_that_makes_a_new_spare_lets_no_reader_see_what_is_not_committed() {
    let scenario = Scenario::new(Rename, EXISTING, READER_BESIDE_TWO_CHANGES);
    let report = scenario.check_killing(1);
    accepted(&report);
    assert!(report.killed > 0, "nobody was killed: {report}");
    let torn = scenario.on(SHORT_TRANSFERS).within(preemptions(4)).check();
    println!("{torn}");
    assert!(torn.counterexample.is_none(), "{torn}");
    assert!(torn.endings > 1, "the order never mattered: {torn}");
}

const READER_BESIDE_TWO_CHANGES: &[&[Act]] = &[READ, &[Act::Modify, Act::Modify]];

/// Every state takes more than one transfer.
const SHORT_TRANSFERS: FaultModel = FaultModel {
    transfer_bytes_max: 24,
    ..FaultModel::LOCAL
};

/// `RenameWithoutLock`.
#[test]
fn rename_without_lock_loses_a_change() {
    let scenario = Scenario::new(Rename, EXISTING, &[MODIFY, MODIFY]);
    let twin = scenario.around(|process| Watched::new(process, WithoutLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

#[test]
fn rename_that_shares_the_lock_loses_a_change() {
    let scenario = Scenario::new(Rename, EXISTING, &[MODIFY, MODIFY]);
    let twin = scenario.around(|process| Watched::new(process, SharesTheLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

#[test]
fn unlocked_loses_a_change() {
    let scenario = Scenario::new(Unlocked, EXISTING, &[MODIFY, MODIFY]);
    rejected(&scenario.check(), ViolationKind::Lost);
}

#[test]
fn create_race_loses_the_change_of_whoever_was_first() {
    let scenario = Scenario::new(CreateRace, Before::Directory, &[MODIFY, MODIFY]);
    rejected(&scenario.check(), ViolationKind::Lost);
}

#[test]
fn create_race_loses_nothing_once_the_file_exists() {
    let scenario = Scenario::new(CreateRace, EXISTING, &[MODIFY, MODIFY]);
    accepted(&scenario.check());
}

#[test]
fn rename_stale_lock_loses_a_change() {
    let acts: &[&[Act]] = &[MODIFY, MODIFY, MODIFY];
    let scenario = Scenario::new(RenameStaleLock, EXISTING, acts);
    rejected(&scenario.check(), ViolationKind::Lost);
}

fn preemptions(most: usize) -> Bounds {
    Bounds {
        preemptions_max: Some(most),
        ..Bounds::default()
    }
}

fn rejected(report: &Report<Violation>, kind: ViolationKind) {
    println!("{report}");
    let found = report.counterexample.as_ref();
    let counterexample = found.unwrap_or_else(|| panic!("it passed: {report}"));
    assert_eq!(counterexample.violation.kind(), kind, "{report}");
    assert!(!counterexample.trace.is_empty());
}

fn accepted(report: &Report<Violation>) {
    println!("{report}");
    assert!(report.is_complete(), "{report}");
}

/// `FlockRemovesUnlocked`.
#[test]
fn flock_that_removes_without_lock_loses_a_change() {
    let scenario = Scenario::new(Flock, EXISTING, &[REMOVE, MODIFY]);
    let twin = scenario.around(|process| Watched::new(process, WithoutLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `FlockWithoutRecheck`. It has waited for the lock of a file that was removed meanwhile.
#[test]
fn flock_without_recheck_changes_a_state_that_is_gone() {
    let scenario = Scenario::new(Flock, EXISTING, &[REMOVE, MODIFY]);
    let twin = scenario.around(|process| SimProcess(WithoutRecheck::new(process.0)));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `FlockRemovesWithoutRecovery`. The journal that it leaves is completed by the next change.
#[test]
fn flock_that_removes_without_recovery_brings_an_interrupted_write_into_the_next_state() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let scenario = Scenario::new(Flock, several_pages, &[REMOVE, &[Act::Grow(5_000)]]);
    let twin = scenario.around(|process| SimProcess(WithoutRecovery(process.0)));
    rejected(&twin.check_killing(1), ViolationKind::Torn);
}

/// `FlockRemovesBeforeHandingOut`.
#[test]
fn flock_that_removes_before_it_hands_out_loses_the_state_to_a_kill() {
    let twin = Scenario::new(RemovesBeforeHandingOut(Flock), EXISTING, &[REMOVE, MODIFY]);
    accepted(&twin.check());
    rejected(&twin.check_killing(0), ViolationKind::Lost);
}

/// `FlockRemovesTheLockFirst`. The journal that goes is that of the next state, whose writer is
/// killed.
#[test]
fn flock_that_removes_the_lock_first_takes_the_journal_from_the_next_state() {
    let several_pages = Before::LargeChanges(1, 5_000);
    let acts: &[&[Act]] = &[REMOVE, &[Act::Grow(5_000), Act::Grow(5_000)]];
    let scenario = Scenario::new(Flock, several_pages, acts).within(preemptions(2));
    let removes_first = |door| RemovesTheLockFirst::new(door, "ledger.json");
    let twin = scenario.around(move |process| SimProcess(removes_first(process.0)));
    rejected(&twin.check_killing(1), ViolationKind::Torn);
}

/// `AppendLogRemovesUnlocked`.
#[test]
fn append_log_that_removes_without_lock_loses_an_append() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[REMOVE, APPLY]);
    let twin = scenario.around(|process| Watched::new(process, WithoutLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `AppendLogRemovesShared`.
#[test]
fn append_log_that_shares_the_lock_while_it_removes_loses_an_append() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[REMOVE, APPLY]);
    let twin = scenario.around(|process| Watched::new(process, SharesTheLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `AppendLogWithoutRecheck`.
#[test]
fn append_log_without_recheck_appends_to_a_log_that_was_removed() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[REMOVE, APPLY]);
    let twin = scenario.around(|process| SimProcess(WithoutRecheck::new(process.0)));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `AppendLogRemovesBeforeHandingOut`.
#[test]
fn append_log_that_removes_before_it_hands_out_loses_the_state_to_a_kill() {
    let strategy = RemovesBeforeHandingOut(AppendLog);
    let twin = Scenario::new(strategy, EXISTING, &[REMOVE, MODIFY]);
    accepted(&twin.check());
    rejected(&twin.check_killing(0), ViolationKind::Lost);
}

/// `AppendLogRemovesTheLockFirst`. The spare that goes is to be the next log.
#[test]
fn append_log_that_removes_the_lock_first_takes_the_spare_from_the_next_state() {
    let scenario = Scenario::new(AppendLog, EXISTING, &[REMOVE, MODIFY]);
    let removes_first = |door| RemovesTheLockFirst::new(door, "ledger.log");
    let twin = scenario.around(move |process| SimProcess(removes_first(process.0)));
    rejected(&twin.check(), ViolationKind::Failed);
}

/// `RenameRemovesUnlocked`.
#[test]
fn rename_that_removes_without_lock_loses_a_change() {
    let scenario = Scenario::new(Rename, EXISTING, &[REMOVE, MODIFY]);
    let twin = scenario.around(|process| Watched::new(process, WithoutLock));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `RenameRemovesBeforeHandingOut`.
#[test]
fn rename_that_removes_before_it_hands_out_loses_the_state_to_a_kill() {
    let twin = Scenario::new(RemovesBeforeHandingOut(Rename), EXISTING, &[REMOVE, MODIFY]);
    accepted(&twin.check());
    rejected(&twin.check_killing(0), ViolationKind::Lost);
}

/// `RenameRemovesTheLockFirst`. What goes after the lock file is the next version.
#[test]
fn rename_that_removes_the_lock_first_loses_a_change() {
    let scenario = Scenario::new(Rename, EXISTING, &[REMOVE, MODIFY]);
    let removes_first = |door| RemovesTheLockFirst::new(door, "ledger.rename.json.lock");
    let twin = scenario.around(move |process| SimProcess(removes_first(process.0)));
    rejected(&twin.check(), ViolationKind::Lost);
}

/// `RenameWithoutRecheck`. One holds the lock file that was removed, another the one that was made
/// since, and it finds its spare renamed.
#[test]
fn rename_without_recheck_lets_two_hold_the_lock() {
    let scenario = Scenario::new(Rename, EXISTING, &[REMOVE, MODIFY, MODIFY]);
    let twin = scenario.around(|process| SimProcess(WithoutRecheck::new(process.0)));
    rejected(&twin.within(preemptions(2)).check(), ViolationKind::Failed);
}
