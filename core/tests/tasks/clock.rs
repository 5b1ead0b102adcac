//! The kernel of this machine with a clock that the test sets.

use hookstate::kernel::{
    Errno, FileSystem, FlockOperation, Host, Kernel, OpenHow, Result, Stat, Watched,
};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// When the tests begin, in milliseconds since the Unix epoch: 2026-08-22 13:45:09 UTC.
pub const START_MS: u64 = 1_787_406_309_000;

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// A machine whose wall clock stands still until the test sets it. Clones share the clock.
#[derive(Clone, Debug)]
pub struct Clocked {
    now_ms: Arc<AtomicU64>,
}

/// One on which a test may also watch the calls.
pub type Seen<W> = Watched<Clocked, W>;

impl Clocked {
    pub fn at(now_ms: u64) -> Self {
        Self {
            now_ms: Arc::new(AtomicU64::new(now_ms)),
        }
    }

    pub fn start() -> Self {
        Self::at(START_MS)
    }

    pub fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    pub fn set_ms(&self, now_ms: u64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    pub fn go_on(&self, time: Duration) {
        self.set_ms(self.now_ms() + millis(time));
    }

    pub fn set_back(&self, time: Duration) {
        self.set_ms(self.now_ms() - millis(time));
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).expect("a short time")
}

/// Minutes, as a duration.
pub fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

impl Kernel for Clocked {
    type Fd = OwnedFd;

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
        Host.fstatfs(fd)
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

    fn list(&self, directory: &Path) -> std::result::Result<Vec<OsString>, Errno> {
        Host.list(directory)
    }

    fn clock_realtime(&self) -> Duration {
        Duration::from_millis(self.now_ms())
    }

    fn clock_monotonic(&self) -> Duration {
        Host.clock_monotonic()
    }

    fn nanosleep(&self, duration: Duration) {
        Host.nanosleep(duration);
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
