//! The kernel of this machine with a wall clock that stands still until a test sets it.
//!
//! More than one test program has it; in its own `clock.rs` each says when its time begins.

use hookstate::kernel::{FileSystem, FlockOperation, Host, Kernel, OpenHow, Result, Stat};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A sleep that is shorter is a pause between two tries of a lock.
const PAUSES: Duration = Duration::from_millis(100);

/// The kernel of this machine with another wall clock. Clones share it. A sleep lasts no time: it
/// sets the clock forward; a pause between two tries of a lock is a real one.
#[derive(Clone, Debug)]
pub struct Clocked {
    /// Since the Unix epoch.
    pub(crate) micros: Arc<AtomicU64>,
    /// What every file is said to be on, if that is not what it is on.
    pub(crate) file_system: Option<FileSystem>,
}

impl Clocked {
    /// So long after the Unix epoch.
    pub fn since_epoch(time: Duration) -> Self {
        Self {
            micros: Arc::new(AtomicU64::new(micros(time))),
            file_system: None,
        }
    }

    pub fn advance(&self, time: Duration) {
        self.micros.fetch_add(micros(time), Ordering::Relaxed);
    }

    pub fn set_back(&self, time: Duration) {
        self.micros.fetch_sub(micros(time), Ordering::Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).expect("a time within a test")
}

impl Kernel for Clocked {
    type Fd = OwnedFd;

    fn clock_realtime(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }

    fn nanosleep(&self, duration: Duration) {
        if duration < PAUSES {
            Host.nanosleep(duration);
        } else {
            self.advance(duration);
        }
    }

    fn open(&self, path: &Path, how: OpenHow) -> Result<OwnedFd> {
        Host.open(path, how)
    }

    fn close(&self, fd: OwnedFd) {
        Host.close(fd);
    }

    fn modified(&self, fd: &OwnedFd) -> Result<Duration> {
        Host.modified(fd)
    }

    fn flock(&self, fd: &OwnedFd, operation: FlockOperation) -> Result<()> {
        Host.flock(fd, operation)
    }

    fn fstat(&self, fd: &OwnedFd) -> Result<Stat> {
        Host.fstat(fd)
    }

    fn stat(&self, path: &Path) -> Result<Stat> {
        Host.stat(path)
    }

    fn fstatfs(&self, fd: &OwnedFd) -> Result<FileSystem> {
        let real = Host.fstatfs(fd)?;
        Ok(self.file_system.unwrap_or(real))
    }

    fn pread(&self, fd: &OwnedFd, into: &mut [u8], offset: u64) -> Result<usize> {
        Host.pread(fd, into, offset)
    }

    fn pwrite(&self, fd: &OwnedFd, bytes: &[u8], offset: u64) -> Result<usize> {
        Host.pwrite(fd, bytes, offset)
    }

    fn append(&self, fd: &OwnedFd, bytes: &[u8]) -> Result<usize> {
        Host.append(fd, bytes)
    }

    fn ftruncate(&self, fd: &OwnedFd, length: u64) -> Result<()> {
        Host.ftruncate(fd, length)
    }

    fn fallocate(&self, fd: &OwnedFd, offset: u64, length: u64) -> Result<()> {
        Host.fallocate(fd, offset, length)
    }

    fn fsync(&self, fd: &OwnedFd) -> Result<()> {
        Host.fsync(fd)
    }

    fn fdatasync(&self, fd: &OwnedFd) -> Result<()> {
        Host.fdatasync(fd)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        Host.rename(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> Result<()> {
        Host.exchange(one, other)
    }

    fn unlink(&self, path: &Path) -> Result<()> {
        Host.unlink(path)
    }

    fn mkdir(&self, path: &Path, mode: u32) -> Result<()> {
        Host.mkdir(path, mode)
    }

    fn list(&self, directory: &Path) -> Result<Vec<OsString>> {
        Host.list(directory)
    }

    fn clock_monotonic(&self) -> Duration {
        Host.clock_monotonic()
    }

    fn sched_yield(&self) {
        Host.sched_yield();
    }

    fn getrandom(&self) -> u64 {
        Host.getrandom()
    }

    fn getpid(&self) -> u32 {
        Host.getpid()
    }

    fn geteuid(&self) -> u32 {
        Host.geteuid()
    }
}
