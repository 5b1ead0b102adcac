//! The seam over the simulated kernel: each method becomes one [`Request`].

use super::call::{Fd, Reply, Request};
use hookstate::kernel::{FileSystem, FlockOperation, Kernel, OpenHow, Result, Stat};
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// Where a process makes its calls. Whoever implements it decides when they happen.
pub trait Door {
    /// Makes the call and returns when it has returned.
    ///
    /// # Errors
    ///
    /// Those of the call.
    fn call(&self, request: Request) -> Result<Reply>;
}

/// A door of whichever sort, so that a program need not know which engine runs it.
#[derive(Clone)]
pub struct AnyDoor(Rc<dyn Door>);

impl AnyDoor {
    /// Hides what sort of door it is.
    pub fn new(door: impl Door + 'static) -> Self {
        Self(Rc::new(door))
    }
}

impl Door for AnyDoor {
    fn call(&self, request: Request) -> Result<Reply> {
        self.0.call(request)
    }
}

impl fmt::Debug for AnyDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyDoor")
    }
}

/// A process on the simulated kernel, as the protocols see it.
#[derive(Clone, Debug)]
pub struct SimProcess<D>(pub D);

/// Takes a reply apart. Another sort of reply than the call's own is a bug of ours.
macro_rules! expect {
    ($reply:expr, $variant:ident) => {
        match $reply {
            Reply::$variant(value) => value,
            other => unreachable!("the kernel answered {other:?}"),
        }
    };
}

impl<D: Door> SimProcess<D> {
    fn unit(&self, request: Request) -> Result<()> {
        self.0.call(request).map(|_| ())
    }

    fn count(&self, request: Request) -> Result<usize> {
        Ok(expect!(self.0.call(request)?, Count))
    }

    /// For calls that cannot fail.
    fn time(&self, request: Request) -> Duration {
        expect!(self.sure(request), Time)
    }

    fn number(&self, request: Request) -> u64 {
        expect!(self.sure(request), Number)
    }

    fn small_number(&self, request: Request) -> u32 {
        u32::try_from(self.number(request)).expect("process and user ids have 32 bits")
    }

    fn sure(&self, request: Request) -> Reply {
        match self.0.call(request) {
            Ok(reply) => reply,
            Err(errno) => unreachable!("a call that cannot fail answered {errno}"),
        }
    }
}

impl<D: Door> Kernel for SimProcess<D> {
    type Fd = Fd;

    fn open(&self, path: &Path, how: OpenHow) -> Result<Fd> {
        let path = path.to_owned();
        Ok(expect!(self.0.call(Request::Open { path, how })?, Fd))
    }

    fn close(&self, fd: Fd) {
        // As on Linux, nobody may act on what close(2) returns.
        let _ = self.0.call(Request::Close { fd });
    }

    fn flock(&self, fd: &Fd, operation: FlockOperation) -> Result<()> {
        self.unit(Request::Flock { fd: *fd, operation })
    }

    fn fstat(&self, fd: &Fd) -> Result<Stat> {
        Ok(expect!(self.0.call(Request::Fstat { fd: *fd })?, Stat))
    }

    fn stat(&self, path: &Path) -> Result<Stat> {
        let path = path.to_owned();
        Ok(expect!(self.0.call(Request::Stat { path })?, Stat))
    }

    fn modified(&self, fd: &Fd) -> Result<Duration> {
        Ok(expect!(self.0.call(Request::Modified { fd: *fd })?, Time))
    }

    fn fstatfs(&self, fd: &Fd) -> Result<FileSystem> {
        let request = Request::Fstatfs { fd: *fd };
        Ok(expect!(self.0.call(request)?, FileSystem))
    }

    fn pread(&self, fd: &Fd, into: &mut [u8], offset: u64) -> Result<usize> {
        let request = Request::Pread {
            fd: *fd,
            length: into.len(),
            offset,
        };
        let bytes = expect!(self.0.call(request)?, Bytes);
        into[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn pwrite(&self, fd: &Fd, bytes: &[u8], offset: u64) -> Result<usize> {
        let bytes = bytes.to_vec();
        self.count(Request::Pwrite {
            fd: *fd,
            bytes,
            offset,
        })
    }

    fn append(&self, fd: &Fd, bytes: &[u8]) -> Result<usize> {
        let bytes = bytes.to_vec();
        self.count(Request::Append { fd: *fd, bytes })
    }

    fn ftruncate(&self, fd: &Fd, length: u64) -> Result<()> {
        self.unit(Request::Ftruncate { fd: *fd, length })
    }

    fn fallocate(&self, fd: &Fd, offset: u64, length: u64) -> Result<()> {
        self.unit(Request::Fallocate {
            fd: *fd,
            offset,
            length,
        })
    }

    fn fsync(&self, fd: &Fd) -> Result<()> {
        self.unit(Request::Fsync { fd: *fd })
    }

    fn fdatasync(&self, fd: &Fd) -> Result<()> {
        self.unit(Request::Fdatasync { fd: *fd })
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.unit(Request::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        })
    }

    fn exchange(&self, one: &Path, other: &Path) -> Result<()> {
        self.unit(Request::Exchange {
            one: one.to_owned(),
            other: other.to_owned(),
        })
    }

    fn unlink(&self, path: &Path) -> Result<()> {
        let path = path.to_owned();
        self.unit(Request::Unlink { path })
    }

    fn mkdir(&self, path: &Path, mode: u32) -> Result<()> {
        let path = path.to_owned();
        self.unit(Request::Mkdir { path, mode })
    }

    fn list(&self, directory: &Path) -> Result<Vec<OsString>> {
        let directory = directory.to_owned();
        Ok(expect!(self.0.call(Request::List { directory })?, Names))
    }

    fn clock_realtime(&self) -> Duration {
        self.time(Request::ClockRealtime)
    }

    fn clock_monotonic(&self) -> Duration {
        self.time(Request::ClockMonotonic)
    }

    fn nanosleep(&self, duration: Duration) {
        self.sure(Request::Nanosleep { duration });
    }

    fn sched_yield(&self) {
        self.sure(Request::SchedYield);
    }

    fn getrandom(&self) -> u64 {
        self.number(Request::Getrandom)
    }

    fn getpid(&self) -> u32 {
        self.small_number(Request::Getpid)
    }

    fn geteuid(&self) -> u32 {
        self.small_number(Request::Geteuid)
    }
}
