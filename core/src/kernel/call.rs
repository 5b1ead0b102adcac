//! A system call as a value: what was asked, for traces and for choosing where a fault goes.

use super::{FlockOperation, OpenHow};
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// One call of [`Kernel`](super::Kernel) with its arguments. Descriptors are left out: a trace
/// reads well without, and they differ from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the variants and fields are those of the calls"
)]
pub enum Call<'a> {
    Open { path: &'a Path, how: OpenHow },
    Close,
    Flock { operation: FlockOperation },
    Fstat,
    Stat { path: &'a Path },
    Modified,
    Fstatfs,
    Pread { length: usize, offset: u64 },
    Pwrite { bytes: &'a [u8], offset: u64 },
    Append { bytes: &'a [u8] },
    Ftruncate { length: u64 },
    Fallocate { offset: u64, length: u64 },
    Fsync,
    Fdatasync,
    Rename { from: &'a Path, to: &'a Path },
    Exchange { one: &'a Path, other: &'a Path },
    Unlink { path: &'a Path },
    Mkdir { path: &'a Path, mode: u32 },
    List { directory: &'a Path },
    ClockRealtime,
    ClockMonotonic,
    Nanosleep { duration: Duration },
    SchedYield,
    Getrandom,
    Getpid,
    Geteuid,
}

/// Which call, without its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants are those of the calls")]
pub enum CallKind {
    Open,
    Close,
    Flock,
    Fstat,
    Stat,
    Modified,
    Fstatfs,
    Pread,
    Pwrite,
    Append,
    Ftruncate,
    Fallocate,
    Fsync,
    Fdatasync,
    Rename,
    Exchange,
    Unlink,
    Mkdir,
    List,
    ClockRealtime,
    ClockMonotonic,
    Nanosleep,
    SchedYield,
    Getrandom,
    Getpid,
    Geteuid,
}

impl Call<'_> {
    /// Which call it is.
    #[must_use]
    pub const fn kind(&self) -> CallKind {
        match self {
            Self::Open { .. } => CallKind::Open,
            Self::Close => CallKind::Close,
            Self::Flock { .. } => CallKind::Flock,
            Self::Fstat => CallKind::Fstat,
            Self::Stat { .. } => CallKind::Stat,
            Self::Modified => CallKind::Modified,
            Self::Fstatfs => CallKind::Fstatfs,
            Self::Pread { .. } => CallKind::Pread,
            Self::Pwrite { .. } => CallKind::Pwrite,
            Self::Append { .. } => CallKind::Append,
            Self::Ftruncate { .. } => CallKind::Ftruncate,
            Self::Fallocate { .. } => CallKind::Fallocate,
            Self::Fsync => CallKind::Fsync,
            Self::Fdatasync => CallKind::Fdatasync,
            Self::Rename { .. } => CallKind::Rename,
            Self::Exchange { .. } => CallKind::Exchange,
            Self::Unlink { .. } => CallKind::Unlink,
            Self::Mkdir { .. } => CallKind::Mkdir,
            Self::List { .. } => CallKind::List,
            Self::ClockRealtime => CallKind::ClockRealtime,
            Self::ClockMonotonic => CallKind::ClockMonotonic,
            Self::Nanosleep { .. } => CallKind::Nanosleep,
            Self::SchedYield => CallKind::SchedYield,
            Self::Getrandom => CallKind::Getrandom,
            Self::Getpid => CallKind::Getpid,
            Self::Geteuid => CallKind::Geteuid,
        }
    }

    /// Whether the call transfers bytes, and may therefore transfer fewer than asked for.
    #[must_use]
    pub const fn transfers(&self) -> bool {
        matches!(
            self,
            Self::Pread { .. } | Self::Pwrite { .. } | Self::Append { .. }
        )
    }

    /// Whether the call can return an error at all. close(2) can, but nobody may act on it.
    #[must_use]
    pub const fn can_fail(&self) -> bool {
        !matches!(
            self,
            Self::Close
                | Self::ClockRealtime
                | Self::ClockMonotonic
                | Self::Nanosleep { .. }
                | Self::SchedYield
                | Self::Getrandom
                | Self::Getpid
                | Self::Geteuid
        )
    }
}

impl fmt::Display for CallKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Close => "close",
            Self::Flock => "flock",
            Self::Fstat => "fstat",
            Self::Stat => "stat",
            Self::Modified => "modified",
            Self::Fstatfs => "fstatfs",
            Self::Pread => "pread",
            Self::Pwrite => "pwrite",
            Self::Append => "append",
            Self::Ftruncate => "ftruncate",
            Self::Fallocate => "fallocate",
            Self::Fsync => "fsync",
            Self::Fdatasync => "fdatasync",
            Self::Rename => "rename",
            Self::Exchange => "exchange",
            Self::Unlink => "unlink",
            Self::Mkdir => "mkdir",
            Self::List => "list",
            Self::ClockRealtime => "clock_realtime",
            Self::ClockMonotonic => "clock_monotonic",
            Self::Nanosleep => "nanosleep",
            Self::SchedYield => "sched_yield",
            Self::Getrandom => "getrandom",
            Self::Getpid => "getpid",
            Self::Geteuid => "geteuid",
        })
    }
}

/// As in strace(1), with file names instead of paths and lengths instead of contents.
impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Open { path, how } => {
                write!(f, "{kind} {} {:?}", name(path), how.access)?;
                match how.create {
                    super::Create::Never => {}
                    create => write!(f, " create {create:?}")?,
                }
                if how.truncate {
                    write!(f, " truncate")?;
                }
                Ok(())
            }
            Self::Flock { operation } => write!(f, "{kind} {operation:?}"),
            Self::Stat { path } | Self::Unlink { path } | Self::Mkdir { path, .. } => {
                write!(f, "{kind} {}", name(path))
            }
            Self::Pread { length, offset } => write!(f, "{kind} {length} bytes at {offset}"),
            Self::Pwrite { bytes, offset } => {
                write!(f, "{kind} {} bytes at {offset}", bytes.len())
            }
            Self::Append { bytes } => write!(f, "{kind} {} bytes", bytes.len()),
            Self::Ftruncate { length } => write!(f, "{kind} to {length}"),
            Self::Fallocate { offset, length } => write!(f, "{kind} {length} bytes at {offset}"),
            Self::Rename { from, to } => write!(f, "{kind} {} to {}", name(from), name(to)),
            Self::Exchange { one, other } => {
                write!(f, "{kind} {} and {}", name(one), name(other))
            }
            Self::List { directory } => write!(f, "{kind} {}", name(directory)),
            Self::Nanosleep { duration } => write!(f, "{kind} {duration:?}"),
            _ => write!(f, "{kind}"),
        }
    }
}

fn name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
}
