//! What the header of the simulated kernel says about kills, locks and time.

#[path = "common/allocator.rs"]
mod allocator;

use hookstate::kernel::{Access, Errno, FlockOperation, Kernel, OpenHow};
use hookstate_model::sim::{FaultModel, Fd, Request, Sequential, Sim, SimProcess};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PAGE: usize = 4096;

fn boot() -> SimProcess<Sequential> {
    Sequential::boot(&Sim::new(FaultModel::default()), 1000)
}

fn path() -> PathBuf {
    PathBuf::from("/a")
}

fn open(process: &SimProcess<Sequential>) -> Fd {
    let how = OpenHow::or_create(Access::ReadWrite);
    process.open(&path(), how).unwrap()
}

fn try_lock(process: &SimProcess<Sequential>, fd: Fd) -> Result<(), Errno> {
    process.flock(&fd, FlockOperation::TryExclusive)
}

#[test]
fn the_lock_of_a_killed_process_is_released() {
    let holder = boot();
    let other = holder.another();
    let (held, wanted) = (open(&holder), open(&other));
    assert_eq!(try_lock(&holder, held), Ok(()));
    assert_eq!(try_lock(&other, wanted), Err(Errno::WOULDBLOCK));
    holder.end();
    assert_eq!(try_lock(&other, wanted), Ok(()));
}

#[test]
fn a_child_that_inherits_a_lock_keeps_it_after_the_death_of_its_parent() {
    let parent = boot();
    let other = parent.another();
    let (held, wanted) = (open(&parent), open(&other));
    assert_eq!(try_lock(&parent, held), Ok(()));
    let child = parent.fork();
    parent.end();
    assert_eq!(try_lock(&other, wanted), Err(Errno::WOULDBLOCK));
    child.end();
    assert_eq!(try_lock(&other, wanted), Ok(()));
}

#[test]
fn a_write_torn_by_a_kill_has_whole_pages_from_the_beginning() {
    for (pages, written) in [(0, 0), (1, PAGE), (2, 2 * PAGE)] {
        let writer = boot();
        let reader = writer.another();
        let fd = open(&writer);
        let bytes = vec![7; 2 * PAGE];
        // Begins in the middle of a page, so it touches three.
        let offset = 100;
        writer.tear(&Request::Pwrite { fd, bytes, offset }, pages);
        let size = reader.stat(&path()).unwrap().size;
        assert_eq!(size, written as u64, "{pages} pages");
    }
}

#[test]
fn an_append_torn_by_a_kill_ends_at_a_page() {
    let writer = boot();
    let reader = writer.another();
    let fd = open(&writer);
    let bytes = vec![1; PAGE - 10];
    assert_eq!(writer.pwrite(&fd, &bytes, 0), Ok(PAGE - 10));
    let fd = writer
        .open(&path(), OpenHow::existing(Access::Append))
        .unwrap();
    let bytes = vec![2; 100];
    writer.tear(&Request::Append { fd, bytes }, 1);
    assert_eq!(reader.stat(&path()).unwrap().size, PAGE as u64);
}

#[test]
fn a_process_that_sleeps_for_a_held_lock_gets_to_its_timeout() {
    let holder = boot();
    let other = holder.another();
    let (held, wanted) = (open(&holder), open(&other));
    assert_eq!(try_lock(&holder, held), Ok(()));
    let start = other.clock_monotonic();
    let mut polls = 0;
    while other.clock_monotonic() - start < Duration::from_millis(250) {
        assert_eq!(try_lock(&other, wanted), Err(Errno::WOULDBLOCK));
        other.nanosleep(Duration::from_millis(1));
        polls += 1;
    }
    assert_eq!(polls, 250);
}

#[test]
fn what_was_there_before_can_be_long_ago() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let earlier = boot();
    let file = open(&earlier);
    assert_eq!(earlier.pwrite(&file, b"old", 0), Ok(3));
    let later = earlier.snapshot(FaultModel::default()).later(DAY);
    let process = Sequential::boot(&later, 1000);
    let file = open(&process);
    let age = || process.clock_realtime() - process.modified(&file).unwrap();
    assert_eq!(age(), DAY);
    assert_eq!(process.pwrite(&file, b"new", 0), Ok(3));
    assert_eq!(age(), Duration::ZERO);
}

#[test]
fn a_kernel_without_exchange_and_fallocate_says_so() {
    let poor = FaultModel {
        exchange_error: Some(Errno::NOSYS),
        fallocate: false,
        ..FaultModel::default()
    };
    let process = Sequential::boot(&Sim::new(poor), 1000);
    let fd = open(&process);
    assert_eq!(process.fallocate(&fd, 0, 1), Err(Errno::OPNOTSUPP));
    let exchanged = process.exchange(&path(), Path::new("/b"));
    assert_eq!(exchanged, Err(Errno::NOSYS));
}

#[test]
fn the_number_of_a_file_that_is_gone_is_given_to_the_next() {
    let process = boot();
    let fd = open(&process);
    let gone = process.fstat(&fd).unwrap().identity;
    process.close(fd);
    assert_eq!(process.unlink(&path()), Ok(()));
    let fd = open(&process);
    assert_eq!(process.fstat(&fd).unwrap().identity, gone);
}
