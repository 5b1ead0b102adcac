//! The seam: everything that the store asks of the operating system.
//!
//! One method is one system call with that call's errors: no retry, no loop, no policy. Retrying
//! on `EINTR`, writing until all is written, locking and then checking that the name still points
//! here are steps of a protocol, and protocols live in [`crate::strategy`], above this line. What
//! is below it comes in two: [`Host`], the real kernel, and the simulated one of the crate
//! `hookstate-model`, on which the same protocols are checked. Time, sleep and chance are calls
//! too, because a model can only check what it can see.
//!
//! [`Watched`] puts a [`Watcher`] between a protocol and its kernel: [`Traced`] records calls,
//! [`FailNth`] makes one of them fail, [`DieAtNth`] lets the process cease at one.

mod call;
mod die_at_nth;
mod fail_nth;
mod host;
mod traced;
mod watched;

pub use call::{Call, CallKind};
pub use die_at_nth::{Ceased, DieAtNth, Ending};
pub use fail_nth::{FailNth, Fault};
pub use host::Host;
pub use rustix::io::Errno;
pub use traced::Traced;
pub use watched::{Watched, Watcher, Way};

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// What a system call answers: its value, or the error number it set.
pub type Result<T> = std::result::Result<T, Errno>;

/// The operating system, as far as the store needs it. See the [module](self) for the rules.
///
/// Paths are passed as they are; every method that takes the path of a file acts on the name itself
/// and never follows a symbolic link in the last component.
#[expect(
    clippy::missing_errors_doc,
    reason = "the errors are those of the call that each method is"
)]
pub trait Kernel {
    /// An open file descriptor. It is not closed by dropping alone on every kernel: call
    /// [`close`](Self::close), which [`crate`] does through a guard.
    type Fd;

    /// open(2), always with `O_CLOEXEC | O_NONBLOCK | O_NOCTTY`, and with `O_NOFOLLOW` unless it is
    /// a directory that is opened.
    fn open(&self, path: &Path, how: OpenHow) -> Result<Self::Fd>;
    /// close(2). Linux releases the descriptor whatever it returns, so no error is passed on.
    fn close(&self, fd: Self::Fd);
    /// flock(2): a lock that belongs to the open file description.
    fn flock(&self, fd: &Self::Fd, operation: FlockOperation) -> Result<()>;
    /// fstat(2).
    fn fstat(&self, fd: &Self::Fd) -> Result<Stat>;
    /// lstat(2).
    fn stat(&self, path: &Path) -> Result<Stat>;
    /// fstat(2), reduced to `st_mtim`: when the content was last changed, in time since the Unix
    /// epoch. The kernel takes it from a clock that may be behind
    /// [`clock_realtime`](Self::clock_realtime) by a tick. It is no field of [`Stat`], since then no
    /// two answers of a model's fstat would be alike.
    fn modified(&self, fd: &Self::Fd) -> Result<Duration>;
    /// fstatfs(2), reduced to the kind of file system.
    fn fstatfs(&self, fd: &Self::Fd) -> Result<FileSystem>;
    /// pread(2): may return fewer bytes than asked for; 0 is the end of the file.
    fn pread(&self, fd: &Self::Fd, into: &mut [u8], offset: u64) -> Result<usize>;
    /// pwrite(2): may write fewer bytes than asked for.
    fn pwrite(&self, fd: &Self::Fd, bytes: &[u8], offset: u64) -> Result<usize>;
    /// write(2) on a descriptor opened with [`Access::Append`]: at the end of the file, wherever
    /// that is by then. May write fewer bytes than asked for.
    fn append(&self, fd: &Self::Fd, bytes: &[u8]) -> Result<usize>;
    /// ftruncate(2).
    fn ftruncate(&self, fd: &Self::Fd, length: u64) -> Result<()>;
    /// fallocate(2) with `FALLOC_FL_KEEP_SIZE`: reserves blocks, changes neither size nor content. No
    /// strategy uses it: spaces behind the old state reserve room on every file system.
    /// `EOPNOTSUPP` where the kernel or the file system has none.
    fn fallocate(&self, fd: &Self::Fd, offset: u64, length: u64) -> Result<()>;
    /// fsync(2), of a file or of a directory opened with [`Access::Directory`].
    fn fsync(&self, fd: &Self::Fd) -> Result<()>;
    /// fdatasync(2): content and size, not the times.
    fn fdatasync(&self, fd: &Self::Fd) -> Result<()>;
    /// rename(2): replaces `to` in one step if it exists.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    /// renameat2(2) with `RENAME_EXCHANGE`: both names must exist and swap their files in one
    /// step. `ENOSYS` or `EINVAL` where the kernel or the file system has none.
    fn exchange(&self, one: &Path, other: &Path) -> Result<()>;
    /// unlink(2).
    fn unlink(&self, path: &Path) -> Result<()>;
    /// mkdir(2).
    fn mkdir(&self, path: &Path, mode: u32) -> Result<()>;
    /// The names in a directory, without `.` and `..`, in no order: opendir(3) to closedir(3) in
    /// one, since no protocol depends on what happens in between.
    fn list(&self, directory: &Path) -> Result<Vec<OsString>>;
    /// clock_gettime(2) of `CLOCK_REALTIME`: time since the Unix epoch. It can step either way.
    fn clock_realtime(&self) -> Duration;
    /// clock_gettime(2) of `CLOCK_MONOTONIC`: time since an arbitrary start, the same for all
    /// processes of one boot.
    fn clock_monotonic(&self) -> Duration;
    /// nanosleep(2). It may end early.
    fn nanosleep(&self, duration: Duration);
    /// sched_yield(2).
    fn sched_yield(&self);
    /// getrandom(2), eight bytes.
    fn getrandom(&self) -> u64;
    /// getpid(2).
    fn getpid(&self) -> u32;
    /// geteuid(2).
    fn geteuid(&self) -> u32;
}

/// How [`Kernel::open`] opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenHow {
    /// What the descriptor may do.
    pub access: Access,
    /// Whether the call may make the file.
    pub create: Create,
    /// `O_TRUNC`. No strategy uses it; the controls that lose data do.
    pub truncate: bool,
}

impl OpenHow {
    /// Opens what exists.
    #[must_use]
    pub const fn existing(access: Access) -> Self {
        Self {
            access,
            create: Create::Never,
            truncate: false,
        }
    }

    /// Opens what exists, or makes an empty file (mode 0600) in the same step.
    #[must_use]
    pub const fn or_create(access: Access) -> Self {
        Self {
            access,
            create: Create::IfMissing,
            truncate: false,
        }
    }
}

/// The access mode of open(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// `O_RDONLY`.
    Read,
    /// `O_RDWR`.
    ReadWrite,
    /// `O_RDWR | O_APPEND`.
    Append,
    /// `O_RDONLY | O_DIRECTORY`.
    Directory,
}

/// The creation flags of open(2). A file that is made has mode 0600.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Create {
    /// None: `ENOENT` if the name does not exist.
    Never,
    /// `O_CREAT`.
    IfMissing,
    /// `O_CREAT | O_EXCL`: `EEXIST` if the name exists.
    New,
}

/// The operation of flock(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlockOperation {
    /// `LOCK_SH | LOCK_NB`: `EWOULDBLOCK` while another description holds it exclusively.
    TryShared,
    /// `LOCK_EX | LOCK_NB`: `EWOULDBLOCK` while another description holds it in either way.
    TryExclusive,
    /// `LOCK_SH`: waits.
    Shared,
    /// `LOCK_EX`: waits.
    Exclusive,
    /// `LOCK_UN`.
    Unlock,
}

/// The fields of `struct stat` that the store looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stat {
    /// Which file: equal exactly if it is the same inode of the same file system.
    pub identity: Identity,
    /// Its type.
    pub file_type: FileType,
    /// The user id of its owner.
    pub uid: u32,
    /// Its length in bytes.
    pub size: u64,
}

/// Device and inode number: what a name points to at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// `st_dev`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
}

/// The type of a file, as far as the store distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileType {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A FIFO, socket or device.
    Other,
}

/// The kind of file system, as far as locking differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileSystem {
    /// One that this machine's kernel manages alone, such as ext4, xfs, btrfs, tmpfs, overlayfs
    /// or APFS, or one that is not known. The number is its `f_type` where there is one.
    Local(u64),
    /// NFS emulates flock with byte ranges, and across client caches it does not exclude.
    Nfs,
    /// SMB or CIFS: a lock is mandatory there and tied to the server's session.
    Smb,
    /// 9p, as in WSL's view of Windows drives: has no locks between client and server.
    Plan9,
    /// FUSE: whether flock excludes is up to the program that serves it.
    Fuse,
    /// AFS, Coda and other network file systems without flock between machines.
    OtherNetwork,
}
