//! The kernel of this machine behind a door like that to the simulated one.
//!
//! So whatever stands on a door runs on the real kernel too, the twins that invent answers included.
//! Two things are made to look as they do on the simulated kernel: paths begin at a root directory
//! of the caller's choice, and descriptors are counted from 3 in each process.

use crate::sim::{Door, FaultModel, Fd, Reply, Request};
use hookstate::kernel::{Errno, Host, Kernel, Result};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// A door to the host, below a directory.
#[derive(Debug)]
pub struct HostDoor {
    root: PathBuf,
    faults: FaultModel,
    open: RefCell<BTreeMap<Fd, OwnedFd>>,
}

impl HostDoor {
    /// A process for which `root` is the root directory. Of the knobs of `faults` it has those that
    /// take something away: short transfers, no exchange, no fallocate.
    #[must_use]
    pub fn below(root: &Path, faults: FaultModel) -> Self {
        Self {
            root: root.to_owned(),
            faults,
            open: RefCell::default(),
        }
    }

    /// The part of a write that falls into the first `pages` of its pages; nothing if that is all of
    /// it, or if the call does not write.
    pub(super) fn first_pages(&self, request: &Request, pages: u64) -> Option<Request> {
        let (at, bytes) = match request {
            Request::Pwrite { bytes, offset, .. } => (*offset, bytes),
            Request::Append { fd, bytes } => (self.size(*fd), bytes),
            _ => return None,
        };
        let page = self.faults.page_bytes;
        let count = usize::try_from((at / page + pages) * page - at).ok()?;
        let all = bytes.len().min(self.faults.transfer_bytes_max);
        (count < all).then(|| shortened(request.clone(), count))
    }

    fn size(&self, fd: Fd) -> u64 {
        let stat = self.with(fd, |fd| Host.fstat(fd));
        stat.expect("an open file has a size").size
    }

    /// The path as the host knows it.
    fn real(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix("/").expect("paths begin at the root");
        self.root.join(below)
    }

    fn with<T>(&self, fd: Fd, make: impl FnOnce(&OwnedFd) -> T) -> T {
        make(&self.open.borrow()[&fd])
    }

    /// The lowest number that is free, as in open(2).
    fn install(&self, fd: OwnedFd) -> Fd {
        let mut open = self.open.borrow_mut();
        let number = (Fd::FIRST..)
            .map(Fd::new)
            .find(|number| !open.contains_key(number))
            .expect("fewer than four billion descriptors");
        open.insert(number, fd);
        number
    }

    fn close(&self, fd: Fd) {
        let open = self.open.borrow_mut().remove(&fd);
        Host.close(open.expect("a process closes what it has open"));
    }

    fn pread(&self, fd: Fd, length: usize, offset: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let count = self.with(fd, |fd| Host.pread(fd, &mut bytes, offset))?;
        bytes.truncate(count);
        Ok(bytes)
    }

    fn exchange(&self, one: &Path, other: &Path) -> Result<()> {
        match self.faults.exchange_error {
            Some(errno) => Err(errno),
            None => Host.exchange(&self.real(one), &self.real(other)),
        }
    }

    fn fallocate(&self, fd: Fd, offset: u64, length: u64) -> Result<()> {
        match self.faults.fallocate {
            true => self.with(fd, |fd| Host.fallocate(fd, offset, length)),
            false => Err(Errno::OPNOTSUPP),
        }
    }
}

impl Door for HostDoor {
    fn call(&self, request: Request) -> Result<Reply> {
        match shortened(request, self.faults.transfer_bytes_max) {
            Request::Open { path, how } => {
                let fd = Host.open(&self.real(&path), how)?;
                Ok(Reply::Fd(self.install(fd)))
            }
            Request::Close { fd } => {
                self.close(fd);
                Ok(Reply::Unit)
            }
            Request::Flock { fd, operation } => {
                self.with(fd, |fd| Host.flock(fd, operation)).map(unit)
            }
            Request::Fstat { fd } => self.with(fd, |fd| Host.fstat(fd)).map(Reply::Stat),
            Request::Stat { path } => Host.stat(&self.real(&path)).map(Reply::Stat),
            Request::Modified { fd } => self.with(fd, |fd| Host.modified(fd)).map(Reply::Time),
            Request::Fstatfs { fd } => self.with(fd, |fd| Host.fstatfs(fd)).map(Reply::FileSystem),
            Request::Pread { fd, length, offset } => {
                self.pread(fd, length, offset).map(Reply::Bytes)
            }
            Request::Pwrite { fd, bytes, offset } => self
                .with(fd, |fd| Host.pwrite(fd, &bytes, offset))
                .map(Reply::Count),
            Request::Append { fd, bytes } => self
                .with(fd, |fd| Host.append(fd, &bytes))
                .map(Reply::Count),
            Request::Ftruncate { fd, length } => {
                self.with(fd, |fd| Host.ftruncate(fd, length)).map(unit)
            }
            Request::Fallocate { fd, offset, length } => {
                self.fallocate(fd, offset, length).map(unit)
            }
            Request::Fsync { fd } => self.with(fd, |fd| Host.fsync(fd)).map(unit),
            Request::Fdatasync { fd } => self.with(fd, |fd| Host.fdatasync(fd)).map(unit),
            Request::Rename { from, to } => {
                Host.rename(&self.real(&from), &self.real(&to)).map(unit)
            }
            Request::Exchange { one, other } => self.exchange(&one, &other).map(unit),
            Request::Unlink { path } => Host.unlink(&self.real(&path)).map(unit),
            Request::Mkdir { path, mode } => Host.mkdir(&self.real(&path), mode).map(unit),
            Request::List { directory } => Host.list(&self.real(&directory)).map(Reply::Names),
            private => Ok(answer_privately(&private)),
        }
    }
}

/// The calls that cannot fail.
fn answer_privately(request: &Request) -> Reply {
    match request {
        Request::ClockRealtime => Reply::Time(Host.clock_realtime()),
        Request::ClockMonotonic => Reply::Time(Host.clock_monotonic()),
        Request::Getrandom => Reply::Number(Host.getrandom()),
        Request::Getpid => Reply::Number(u64::from(Host.getpid())),
        Request::Geteuid => Reply::Number(u64::from(Host.geteuid())),
        Request::Nanosleep { duration } => {
            Host.nanosleep(*duration);
            Reply::Unit
        }
        Request::SchedYield => {
            Host.sched_yield();
            Reply::Unit
        }
        other => unreachable!("{other} has an answer of its own"),
    }
}

fn unit(_: ()) -> Reply {
    Reply::Unit
}

/// The same call with at most so many bytes to transfer.
fn shortened(request: Request, most: usize) -> Request {
    match request {
        Request::Pread { fd, length, offset } => Request::Pread {
            fd,
            length: length.min(most),
            offset,
        },
        Request::Pwrite {
            fd,
            mut bytes,
            offset,
        } => {
            bytes.truncate(most);
            Request::Pwrite { fd, bytes, offset }
        }
        Request::Append { fd, mut bytes } => {
            bytes.truncate(most);
            Request::Append { fd, bytes }
        }
        other => other,
    }
}
