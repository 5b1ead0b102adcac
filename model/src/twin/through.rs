//! Any kernel as a door to the simulated one, so that twins of both sorts can be stacked.

use crate::sim::{Door, Fd, Reply, Request};
use hookstate::kernel::{Kernel, Result};

/// Passes each call on to the method of the kernel that it came from.
#[derive(Debug)]
pub struct Through<K>(pub K);

impl<K: Kernel<Fd = Fd>> Door for Through<K> {
    fn call(&self, request: Request) -> Result<Reply> {
        let kernel = &self.0;
        match request {
            Request::Open { path, how } => kernel.open(&path, how).map(Reply::Fd),
            Request::Close { fd } => {
                kernel.close(fd);
                Ok(Reply::Unit)
            }
            Request::Flock { fd, operation } => kernel.flock(&fd, operation).map(unit),
            Request::Fstat { fd } => kernel.fstat(&fd).map(Reply::Stat),
            Request::Stat { path } => kernel.stat(&path).map(Reply::Stat),
            Request::Modified { fd } => kernel.modified(&fd).map(Reply::Time),
            Request::Fstatfs { fd } => kernel.fstatfs(&fd).map(Reply::FileSystem),
            Request::Pread { fd, length, offset } => self.pread(fd, length, offset),
            Request::Pwrite { fd, bytes, offset } => {
                kernel.pwrite(&fd, &bytes, offset).map(Reply::Count)
            }
            Request::Append { fd, bytes } => kernel.append(&fd, &bytes).map(Reply::Count),
            Request::Ftruncate { fd, length } => kernel.ftruncate(&fd, length).map(unit),
            Request::Fallocate { fd, offset, length } => {
                kernel.fallocate(&fd, offset, length).map(unit)
            }
            Request::Fsync { fd } => kernel.fsync(&fd).map(unit),
            Request::Fdatasync { fd } => kernel.fdatasync(&fd).map(unit),
            Request::Rename { from, to } => kernel.rename(&from, &to).map(unit),
            Request::Exchange { one, other } => kernel.exchange(&one, &other).map(unit),
            Request::Unlink { path } => kernel.unlink(&path).map(unit),
            Request::Mkdir { path, mode } => kernel.mkdir(&path, mode).map(unit),
            Request::List { directory } => kernel.list(&directory).map(Reply::Names),
            Request::ClockRealtime => Ok(Reply::Time(kernel.clock_realtime())),
            Request::ClockMonotonic => Ok(Reply::Time(kernel.clock_monotonic())),
            Request::Nanosleep { duration } => {
                kernel.nanosleep(duration);
                Ok(Reply::Unit)
            }
            Request::SchedYield => {
                kernel.sched_yield();
                Ok(Reply::Unit)
            }
            Request::Getrandom => Ok(Reply::Number(kernel.getrandom())),
            Request::Getpid => Ok(Reply::Number(u64::from(kernel.getpid()))),
            Request::Geteuid => Ok(Reply::Number(u64::from(kernel.geteuid()))),
        }
    }
}

impl<K: Kernel<Fd = Fd>> Through<K> {
    fn pread(&self, fd: Fd, length: usize, offset: u64) -> Result<Reply> {
        let mut bytes = vec![0; length];
        let count = self.0.pread(&fd, &mut bytes, offset)?;
        bytes.truncate(count);
        Ok(Reply::Bytes(bytes))
    }
}

fn unit(_: ()) -> Reply {
    Reply::Unit
}
