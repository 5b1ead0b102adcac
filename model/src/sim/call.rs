//! A system call and its answer as values that can be kept, compared and replayed.

use hookstate::kernel::{Call, FileSystem, FlockOperation, OpenHow, Stat};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A descriptor of one process: the lowest number that was free, as in open(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fd(pub(super) u32);

impl Fd {
    /// The first that a process opens: 0 to 2 are its standard streams.
    pub(crate) const FIRST: u32 = 3;

    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

/// One call of [`hookstate::kernel::Kernel`] with all that it was given. The borrowed
/// [`Call`] of the seam leaves descriptors out, and this one has them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the variants and fields are those of the calls"
)]
pub enum Request {
    Open { path: PathBuf, how: OpenHow },
    Close { fd: Fd },
    Flock { fd: Fd, operation: FlockOperation },
    Fstat { fd: Fd },
    Stat { path: PathBuf },
    Modified { fd: Fd },
    Fstatfs { fd: Fd },
    Pread { fd: Fd, length: usize, offset: u64 },
    Pwrite { fd: Fd, bytes: Vec<u8>, offset: u64 },
    Append { fd: Fd, bytes: Vec<u8> },
    Ftruncate { fd: Fd, length: u64 },
    Fallocate { fd: Fd, offset: u64, length: u64 },
    Fsync { fd: Fd },
    Fdatasync { fd: Fd },
    Rename { from: PathBuf, to: PathBuf },
    Exchange { one: PathBuf, other: PathBuf },
    Unlink { path: PathBuf },
    Mkdir { path: PathBuf, mode: u32 },
    List { directory: PathBuf },
    ClockRealtime,
    ClockMonotonic,
    Nanosleep { duration: Duration },
    SchedYield,
    Getrandom,
    Getpid,
    Geteuid,
}

/// What a call that succeeded gave back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the types of the answers")]
pub enum Reply {
    Unit,
    Fd(Fd),
    Stat(Stat),
    FileSystem(FileSystem),
    Bytes(Vec<u8>),
    Count(usize),
    Names(Vec<OsString>),
    Time(Duration),
    Number(u64),
}

impl Request {
    /// The descriptor that it is given, if it is given one.
    #[must_use]
    pub const fn fd(&self) -> Option<Fd> {
        match self {
            Self::Close { fd }
            | Self::Flock { fd, .. }
            | Self::Fstat { fd }
            | Self::Modified { fd }
            | Self::Fstatfs { fd }
            | Self::Pread { fd, .. }
            | Self::Pwrite { fd, .. }
            | Self::Append { fd, .. }
            | Self::Ftruncate { fd, .. }
            | Self::Fallocate { fd, .. }
            | Self::Fsync { fd }
            | Self::Fdatasync { fd } => Some(*fd),
            _ => None,
        }
    }

    /// The same call as the seam knows it, for its text and its properties.
    #[must_use]
    pub fn as_call(&self) -> Call<'_> {
        match self {
            Self::Open { path, how } => Call::Open { path, how: *how },
            Self::Close { .. } => Call::Close,
            Self::Flock { operation, .. } => Call::Flock {
                operation: *operation,
            },
            Self::Fstat { .. } => Call::Fstat,
            Self::Stat { path } => Call::Stat { path },
            Self::Modified { .. } => Call::Modified,
            Self::Fstatfs { .. } => Call::Fstatfs,
            &Self::Pread { length, offset, .. } => Call::Pread { length, offset },
            Self::Pwrite { bytes, offset, .. } => Call::Pwrite {
                bytes,
                offset: *offset,
            },
            Self::Append { bytes, .. } => Call::Append { bytes },
            &Self::Ftruncate { length, .. } => Call::Ftruncate { length },
            &Self::Fallocate { offset, length, .. } => Call::Fallocate { offset, length },
            Self::Fsync { .. } => Call::Fsync,
            Self::Fdatasync { .. } => Call::Fdatasync,
            Self::Rename { from, to } => Call::Rename { from, to },
            Self::Exchange { one, other } => Call::Exchange { one, other },
            Self::Unlink { path } => Call::Unlink { path },
            Self::Mkdir { path, mode } => Call::Mkdir { path, mode: *mode },
            Self::List { directory } => Call::List { directory },
            Self::ClockRealtime => Call::ClockRealtime,
            Self::ClockMonotonic => Call::ClockMonotonic,
            &Self::Nanosleep { duration } => Call::Nanosleep { duration },
            Self::SchedYield => Call::SchedYield,
            Self::Getrandom => Call::Getrandom,
            Self::Getpid => Call::Getpid,
            Self::Geteuid => Call::Geteuid,
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_call().fmt(f)
    }
}

/// The part of an answer that helps to follow a trace; nothing where success says it all.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stat(stat) => write!(f, "inode {}, {} bytes", stat.identity.inode, stat.size),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Count(count) => write!(f, "{count}"),
            Self::Names(names) => write!(f, "{} names", names.len()),
            Self::Unit | Self::Fd(_) | Self::FileSystem(_) | Self::Time(_) | Self::Number(_) => {
                Ok(())
            }
        }
    }
}
