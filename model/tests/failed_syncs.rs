//! What becomes of the content of a file when a sync of it fails, worked out by hand for small examples,
//! and that no strategy loses an acknowledged change by it, though a process is killed and the power is
//! cut as well.

#[path = "common/allocator.rs"]
mod allocator;
#[path = "common/every_strategy.rs"]
mod every_strategy;

use every_strategy::on_every_strategy;
use hookstate::Durability;
use hookstate::kernel::{Access, Errno, Kernel, OpenHow};
use hookstate::strategy::{AnyStrategy, AppendLog, Flock, Rename};
use hookstate_model::catalogue::{self, Named};
use hookstate_model::oracle::{Violation, ViolationKind};
use hookstate_model::search::{Budget, Report};
use hookstate_model::sim::{FailedSync, FaultModel, Fd, PowerModel, Sequential, Sim, SimProcess};
use std::collections::BTreeSet;
use std::path::Path;

use FailedSync::{Dropped, DroppedInSilence, Retried};

const FILE: &str = "/file";
const PAGE: usize = 4096;
/// The size of the file, which is two pages.
const SIZE: usize = 2 * PAGE;

on_every_strategy! {
    an_acknowledged_change_survives_a_failed_sync_and_a_kill_and_a_cut
    an_acknowledged_change_survives_a_sync_that_failed_and_is_made_again
}

fn an_acknowledged_change_survives_a_failed_sync_and_a_kill_and_a_cut(strategy: AnyStrategy) {
    for scenario in ["apply", "growth", "remove"].map(the) {
        let report = search(scenario, strategy, Dropped, Budget::kills(1));
        assert!(report.is_complete(), "{}: {report}", scenario.name);
        let seen = report.sightings;
        assert!(seen.killed > 0 && seen.failed > 0 && seen.power_cuts > 0);
    }
}

/// Where the next sync writes what the failed one was to write, nobody else is told.
fn an_acknowledged_change_survives_a_sync_that_failed_and_is_made_again(strategy: AnyStrategy) {
    for scenario in ["apply", "growth"].map(the) {
        let report = search(scenario, strategy, Retried, Budget::NOTHING);
        assert!(report.is_complete(), "{}: {report}", scenario.name);
    }
}

/// Of two who append to a log at the same time, the sync of one fails, and that of the other reports
/// success over what was dropped. `docs/design.md`, A6, asks for a kernel that tells both. The others make
/// the same changes alone, under a lock that they hold until they have synced.
#[test]
fn where_only_one_is_told_an_append_is_lost_and_not_what_is_changed_alone() {
    let apply = the("apply");
    let silent = |strategy| search(apply, strategy, DroppedInSilence, Budget::NOTHING);
    let appended = silent(AnyStrategy::AppendLog(AppendLog));
    let found = appended.counterexample().map(|it| it.violation.kind());
    assert_eq!(found, Some(ViolationKind::Lost), "{appended}");
    for strategy in [AnyStrategy::Flock(Flock), AnyStrategy::Rename(Rename)] {
        let report = silent(strategy);
        assert!(report.is_complete(), "{report}");
    }
}

fn the(name: &str) -> Named {
    catalogue::named(name).expect("it is in the catalogue")
}

fn search(
    scenario: Named,
    strategy: AnyStrategy,
    failed_sync: FailedSync,
    budget: Budget,
) -> Report<Violation> {
    let (failures, power_cuts) = (1, 1);
    let report = scenario
        .with(strategy, 2)
        .durable(Durability::Power)
        .on(FaultModel {
            failed_sync,
            ..POSIX
        })
        .searcher()
        .budget(Budget {
            failures,
            power_cuts,
            ..budget
        })
        .run();
    println!("{}: {report}", scenario.name);
    report
}

const POSIX: FaultModel = FaultModel {
    power: Some(PowerModel::Posix),
    ..FaultModel::LOCAL
};

#[test]
fn what_was_dropped_is_written_by_no_later_sync() {
    let after_another_sync = |failed_sync| {
        let process = at_work(failed_sync);
        let file = open(&process);
        write(&process, &file, 0, "new");
        process.fail_sync(file);
        process.close(file);
        synced_anew(&process);
        beginnings(&process)
    };
    assert_eq!(after_another_sync(Retried), pairs(&["new old"]));
    assert_eq!(after_another_sync(Dropped), pairs(&["new old", "old old"]));
}

#[test]
fn a_page_to_which_somebody_writes_again_is_written_whole() {
    let process = at_work(Dropped);
    let file = open(&process);
    write(&process, &file, 0, "new");
    write(&process, &file, PAGE, "new");
    process.fail_sync(file);
    let last = PAGE - 1;
    process.pwrite(&file, b"!", last as u64).unwrap();
    process.close(file);
    synced_anew(&process);
    assert_eq!(beginnings(&process), pairs(&["new new", "new old"]));
}

/// Of a write over both pages.
#[test]
fn each_page_is_dropped_for_itself() {
    let process = at_work(Dropped);
    let file = open(&process);
    process.pwrite(&file, &[b'n'; SIZE], 0).unwrap();
    process.fail_sync(file);
    process.close(file);
    let file = open(&process);
    write(&process, &file, PAGE, "yes");
    assert_eq!(process.fsync(&file), Ok(()));
    assert_eq!(beginnings(&process), pairs(&["nnn yes", "old yes"]));
}

#[test]
fn what_is_cut_off_and_written_anew_is_not_what_was_dropped() {
    let process = at_work(Dropped);
    let file = open(&process);
    write(&process, &file, PAGE, "new");
    process.fail_sync(file);
    process.ftruncate(&file, PAGE as u64).unwrap();
    process.ftruncate(&file, SIZE as u64).unwrap();
    process.close(file);
    synced_anew(&process);
    assert_eq!(beginnings(&process), pairs(&["old \0\0\0"]));
}

#[test]
fn what_was_on_the_disk_before_it_was_cut_off_does_not_come_back() {
    let process = at_work(Dropped);
    let file = open(&process);
    write(&process, &file, PAGE, "1st");
    process.ftruncate(&file, PAGE as u64).unwrap();
    write(&process, &file, PAGE, "2nd");
    process.fail_sync(file);
    process.close(file);
    synced_anew(&process);
    assert_eq!(beginnings(&process), pairs(&["old \0\0\0", "old 2nd"]));
}

#[test]
fn a_file_that_is_made_longer_is_not_written_to_by_that() {
    let process = at_work(Dropped);
    let file = open(&process);
    write(&process, &file, PAGE, "new");
    process.fail_sync(file);
    process.ftruncate(&file, (SIZE + 9) as u64).unwrap();
    process.close(file);
    synced_anew(&process);
    assert_eq!(beginnings(&process), pairs(&["old new", "old old"]));
}

#[test]
fn the_size_is_synced_and_what_was_dropped_behind_the_old_end_is_zeros() {
    let process = at_work(Dropped);
    let file = open(&process);
    write(&process, &file, SIZE, "new");
    process.fail_sync(file);
    process.close(file);
    synced_anew(&process);
    let ends: BTreeSet<Vec<u8>> = contents(&process)
        .into_iter()
        .map(|content| content[SIZE..].to_vec())
        .collect();
    assert_eq!(ends, [b"new".to_vec(), vec![0; 3]].into());
}

/// fsync(2): "errors from write-back will be reported to all file descriptors that might have written
/// the data which triggered the error", since Linux 4.13.
#[test]
fn whoever_had_the_file_open_is_told_once() {
    let told = |failed_sync| {
        let process = at_work(failed_sync);
        let (own, other) = (open(&process), open(&process));
        write(&process, &own, 0, "new");
        process.fail_sync(own);
        let later = open(&process);
        let sync = |file| process.fdatasync(&file);
        [sync(own), sync(other), sync(other), sync(later)]
    };
    let once = [Ok(()), Err(Errno::IO), Ok(()), Ok(())];
    assert_eq!(told(Dropped), once);
    assert_eq!(told(DroppedInSilence), [Ok(()); 4]);
    assert_eq!(told(Retried), [Ok(()); 4]);
}

/// A file of two pages that is on the disk.
fn at_work(failed_sync: FailedSync) -> SimProcess<Sequential> {
    let first = Sequential::boot(&Sim::new(FaultModel::LOCAL), 1000);
    let how = OpenHow::or_create(Access::ReadWrite);
    let file = first.open(Path::new(FILE), how).unwrap();
    first.pwrite(&file, &[b'-'; SIZE], 0).unwrap();
    write(&first, &file, 0, "old");
    write(&first, &file, PAGE, "old");
    first.close(file);
    let start = first.snapshot(FaultModel {
        failed_sync,
        ..POSIX
    });
    Sequential::boot(&start, 1000)
}

fn open(process: &SimProcess<Sequential>) -> Fd {
    let how = OpenHow::existing(Access::ReadWrite);
    process.open(Path::new(FILE), how).unwrap()
}

fn write(process: &SimProcess<Sequential>, file: &Fd, offset: usize, text: &str) {
    let written = process.pwrite(file, text.as_bytes(), offset as u64);
    assert_eq!(written, Ok(text.len()));
}

/// By somebody who opens the file after all that was.
fn synced_anew(process: &SimProcess<Sequential>) {
    let file = open(process);
    assert_eq!(process.fsync(&file), Ok(()));
    process.close(file);
}

/// What the file can be after a cut.
fn contents(process: &SimProcess<Sequential>) -> BTreeSet<Vec<u8>> {
    let cuts = process.power_cuts().expect("few outcomes");
    let content = |sim| {
        let process = Sequential::boot(sim, 1000);
        let file = open(&process);
        let mut bytes = vec![0; SIZE + PAGE];
        let count = process.pread(&file, &mut bytes, 0).unwrap();
        bytes.truncate(count);
        bytes
    };
    cuts.iter().map(content).collect()
}

/// How its two pages can begin.
fn beginnings(process: &SimProcess<Sequential>) -> BTreeSet<String> {
    let beginning = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..3]).into_owned();
    contents(process)
        .iter()
        .map(|content| format!("{} {}", beginning(content), beginning(&content[PAGE..])))
        .collect()
}

fn pairs(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|pair| (*pair).to_owned()).collect()
}
