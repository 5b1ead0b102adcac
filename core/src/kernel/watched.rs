//! A kernel with something in between: the one wrapper on which all the others are built.

use super::{Call, Errno, FileSystem, FlockOperation, Kernel, OpenHow, Result, Stat};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// What sits between a protocol and its kernel.
pub trait Watcher {
    /// Is asked before each call what is to become of it.
    fn before(&self, call: &Call<'_>) -> Way;

    /// Is told after each call that went through to the kernel how it ended.
    fn after(&self, call: &Call<'_>, error: Option<Errno>) {
        let _ = (call, error);
    }
}

/// What a [`Watcher`] lets a call do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It goes to the kernel.
    Through,
    /// It does not reach the kernel and returns this error.
    Fail(Errno),
    /// It reaches the kernel with at most this many of its bytes. Calls that transfer none go
    /// through.
    Short(usize),
    /// It does not reach the kernel and reports success. Only for calls without a result, such as
    /// flock, fsync, ftruncate and unlink; others go through. This is how a control leaves a step
    /// out of the shipping protocol.
    Skip,
    /// It reaches the kernel as this operation. Only for flock; others go through.
    Flock(FlockOperation),
}

/// The kernel `K` seen through the watcher `W`.
#[derive(Clone, Debug, Default)]
pub struct Watched<K, W> {
    /// The kernel that carries the calls out.
    pub kernel: K,
    /// What is asked first.
    pub watcher: W,
}

impl<K: Kernel, W: Watcher> Watched<K, W> {
    /// Puts `watcher` in front of `kernel`.
    pub const fn new(kernel: K, watcher: W) -> Self {
        Self { kernel, watcher }
    }

    fn unit(&self, call: Call<'_>, run: impl FnOnce() -> Result<()>) -> Result<()> {
        match self.watcher.before(&call) {
            Way::Fail(errno) => Err(errno),
            Way::Skip => Ok(()),
            Way::Through | Way::Short(_) | Way::Flock(_) => self.told(&call, run()),
        }
    }

    fn value<T>(&self, call: Call<'_>, run: impl FnOnce() -> Result<T>) -> Result<T> {
        match self.watcher.before(&call) {
            Way::Fail(errno) => Err(errno),
            _ => self.told(&call, run()),
        }
    }

    fn transfer(
        &self,
        call: Call<'_>,
        length: usize,
        run: impl FnOnce(usize) -> Result<usize>,
    ) -> Result<usize> {
        match self.watcher.before(&call) {
            Way::Fail(errno) => Err(errno),
            Way::Short(limit) => self.told(&call, run(length.min(limit))),
            _ => self.told(&call, run(length)),
        }
    }

    /// For calls that cannot fail.
    fn sure<T>(&self, call: Call<'_>, run: impl FnOnce() -> T) -> T {
        self.watcher.before(&call);
        let value = run();
        self.watcher.after(&call, None);
        value
    }

    fn told<T>(&self, call: &Call<'_>, result: Result<T>) -> Result<T> {
        self.watcher.after(call, result.as_ref().err().copied());
        result
    }
}

impl<K: Kernel, W: Watcher> Kernel for Watched<K, W> {
    type Fd = K::Fd;

    fn open(&self, path: &Path, how: OpenHow) -> Result<K::Fd> {
        self.value(Call::Open { path, how }, || self.kernel.open(path, how))
    }

    fn close(&self, fd: K::Fd) {
        self.sure(Call::Close, || self.kernel.close(fd));
    }

    fn flock(&self, fd: &K::Fd, operation: FlockOperation) -> Result<()> {
        let call = Call::Flock { operation };
        match self.watcher.before(&call) {
            Way::Fail(errno) => Err(errno),
            Way::Skip => Ok(()),
            Way::Flock(instead) => self.told(&call, self.kernel.flock(fd, instead)),
            Way::Through | Way::Short(_) => self.told(&call, self.kernel.flock(fd, operation)),
        }
    }

    fn fstat(&self, fd: &K::Fd) -> Result<Stat> {
        self.value(Call::Fstat, || self.kernel.fstat(fd))
    }

    fn stat(&self, path: &Path) -> Result<Stat> {
        self.value(Call::Stat { path }, || self.kernel.stat(path))
    }

    fn modified(&self, fd: &K::Fd) -> Result<Duration> {
        self.value(Call::Modified, || self.kernel.modified(fd))
    }

    fn fstatfs(&self, fd: &K::Fd) -> Result<FileSystem> {
        self.value(Call::Fstatfs, || self.kernel.fstatfs(fd))
    }

    fn pread(&self, fd: &K::Fd, into: &mut [u8], offset: u64) -> Result<usize> {
        let length = into.len();
        self.transfer(Call::Pread { length, offset }, length, |length| {
            self.kernel.pread(fd, &mut into[..length], offset)
        })
    }

    fn pwrite(&self, fd: &K::Fd, bytes: &[u8], offset: u64) -> Result<usize> {
        self.transfer(Call::Pwrite { bytes, offset }, bytes.len(), |length| {
            self.kernel.pwrite(fd, &bytes[..length], offset)
        })
    }

    fn append(&self, fd: &K::Fd, bytes: &[u8]) -> Result<usize> {
        self.transfer(Call::Append { bytes }, bytes.len(), |length| {
            self.kernel.append(fd, &bytes[..length])
        })
    }

    fn ftruncate(&self, fd: &K::Fd, length: u64) -> Result<()> {
        self.unit(Call::Ftruncate { length }, || {
            self.kernel.ftruncate(fd, length)
        })
    }

    fn fallocate(&self, fd: &K::Fd, offset: u64, length: u64) -> Result<()> {
        self.unit(Call::Fallocate { offset, length }, || {
            self.kernel.fallocate(fd, offset, length)
        })
    }

    fn fsync(&self, fd: &K::Fd) -> Result<()> {
        self.unit(Call::Fsync, || self.kernel.fsync(fd))
    }

    fn fdatasync(&self, fd: &K::Fd) -> Result<()> {
        self.unit(Call::Fdatasync, || self.kernel.fdatasync(fd))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.unit(Call::Rename { from, to }, || self.kernel.rename(from, to))
    }

    fn exchange(&self, one: &Path, other: &Path) -> Result<()> {
        self.unit(Call::Exchange { one, other }, || {
            self.kernel.exchange(one, other)
        })
    }

    fn unlink(&self, path: &Path) -> Result<()> {
        self.unit(Call::Unlink { path }, || self.kernel.unlink(path))
    }

    fn mkdir(&self, path: &Path, mode: u32) -> Result<()> {
        self.unit(Call::Mkdir { path, mode }, || self.kernel.mkdir(path, mode))
    }

    fn list(&self, directory: &Path) -> Result<Vec<OsString>> {
        self.value(Call::List { directory }, || self.kernel.list(directory))
    }

    fn clock_realtime(&self) -> Duration {
        self.sure(Call::ClockRealtime, || self.kernel.clock_realtime())
    }

    fn clock_monotonic(&self) -> Duration {
        self.sure(Call::ClockMonotonic, || self.kernel.clock_monotonic())
    }

    fn nanosleep(&self, duration: Duration) {
        self.sure(Call::Nanosleep { duration }, || {
            self.kernel.nanosleep(duration);
        });
    }

    fn sched_yield(&self) {
        self.sure(Call::SchedYield, || self.kernel.sched_yield());
    }

    fn getrandom(&self) -> u64 {
        self.sure(Call::Getrandom, || self.kernel.getrandom())
    }

    fn getpid(&self) -> u32 {
        self.sure(Call::Getpid, || self.kernel.getpid())
    }

    fn geteuid(&self) -> u32 {
        self.sure(Call::Geteuid, || self.kernel.geteuid())
    }
}
