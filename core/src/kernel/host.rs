//! The real kernel, over rustix. Nothing else in this crate calls the operating system, but for
//! the SIGKILL that `DieAtNth` sends to its own process.

use super::{
    Access, Create, FileSystem, FileType, FlockOperation, Identity, Kernel, OpenHow, Result, Stat,
};
use rustix::fs::{self, AtFlags, CWD, Mode, OFlags};
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// The kernel that this process runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Host;

impl Kernel for Host {
    type Fd = OwnedFd;

    fn open(&self, path: &Path, how: OpenHow) -> Result<OwnedFd> {
        fs::open(path, open_flags(how), Mode::RUSR | Mode::WUSR)
    }

    fn close(&self, fd: OwnedFd) {
        drop(fd);
    }

    fn flock(&self, fd: &OwnedFd, operation: FlockOperation) -> Result<()> {
        fs::flock(
            fd,
            match operation {
                FlockOperation::TryShared => fs::FlockOperation::NonBlockingLockShared,
                FlockOperation::TryExclusive => fs::FlockOperation::NonBlockingLockExclusive,
                FlockOperation::Shared => fs::FlockOperation::LockShared,
                FlockOperation::Exclusive => fs::FlockOperation::LockExclusive,
                FlockOperation::Unlock => fs::FlockOperation::Unlock,
            },
        )
    }

    fn fstat(&self, fd: &OwnedFd) -> Result<Stat> {
        fs::fstat(fd).map(|raw| stat_from(&raw))
    }

    fn stat(&self, path: &Path) -> Result<Stat> {
        fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).map(|raw| stat_from(&raw))
    }

    fn modified(&self, fd: &OwnedFd) -> Result<Duration> {
        fs::fstat(fd).map(|raw| modified_from(&raw))
    }

    fn fstatfs(&self, fd: &OwnedFd) -> Result<FileSystem> {
        fs::fstatfs(fd).map(|raw| file_system_from(&raw))
    }

    fn pread(&self, fd: &OwnedFd, into: &mut [u8], offset: u64) -> Result<usize> {
        rustix::io::pread(fd, into, offset)
    }

    fn pwrite(&self, fd: &OwnedFd, bytes: &[u8], offset: u64) -> Result<usize> {
        rustix::io::pwrite(fd, bytes, offset)
    }

    fn append(&self, fd: &OwnedFd, bytes: &[u8]) -> Result<usize> {
        rustix::io::write(fd, bytes)
    }

    fn ftruncate(&self, fd: &OwnedFd, length: u64) -> Result<()> {
        fs::ftruncate(fd, length)
    }

    #[cfg(target_os = "linux")]
    fn fallocate(&self, fd: &OwnedFd, offset: u64, length: u64) -> Result<()> {
        fs::fallocate(fd, fs::FallocateFlags::KEEP_SIZE, offset, length)
    }

    #[cfg(target_os = "macos")]
    fn fallocate(&self, _fd: &OwnedFd, _offset: u64, _length: u64) -> Result<()> {
        Err(super::Errno::OPNOTSUPP)
    }

    #[cfg(target_os = "linux")]
    fn fsync(&self, fd: &OwnedFd) -> Result<()> {
        fs::fsync(fd)
    }

    #[cfg(target_os = "linux")]
    fn fdatasync(&self, fd: &OwnedFd) -> Result<()> {
        fs::fdatasync(fd)
    }

    // fsync(2) of macOS leaves the data in the drive's cache; F_FULLFSYNC of fcntl(2) does not.
    #[cfg(target_os = "macos")]
    fn fsync(&self, fd: &OwnedFd) -> Result<()> {
        fs::fcntl_fullfsync(fd)
    }

    #[cfg(target_os = "macos")]
    fn fdatasync(&self, fd: &OwnedFd) -> Result<()> {
        fs::fcntl_fullfsync(fd)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::renameat(CWD, from, CWD, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> Result<()> {
        fs::renameat_with(CWD, one, CWD, other, fs::RenameFlags::EXCHANGE)
    }

    fn unlink(&self, path: &Path) -> Result<()> {
        fs::unlinkat(CWD, path, AtFlags::empty())
    }

    fn mkdir(&self, path: &Path, mode: u32) -> Result<()> {
        fs::mkdirat(CWD, path, Mode::from_raw_mode(mode as fs::RawMode))
    }

    fn list(&self, directory: &Path) -> Result<Vec<OsString>> {
        let fd = self.open(directory, OpenHow::existing(Access::Directory))?;
        let mut names = Vec::new();
        for entry in fs::Dir::read_from(&fd)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }

    fn clock_realtime(&self) -> Duration {
        clock(rustix::time::ClockId::Realtime)
    }

    fn clock_monotonic(&self) -> Duration {
        clock(rustix::time::ClockId::Monotonic)
    }

    fn nanosleep(&self, duration: Duration) {
        let request = rustix::time::Timespec::try_from(duration).unwrap_or_default();
        // An early end is allowed by the contract.
        let _ = rustix::thread::nanosleep(&request);
    }

    #[cfg(target_os = "linux")]
    fn sched_yield(&self) {
        rustix::thread::sched_yield();
    }

    #[cfg(target_os = "macos")]
    fn sched_yield(&self) {
        std::thread::yield_now();
    }

    #[cfg(target_os = "linux")]
    fn getrandom(&self) -> u64 {
        let mut bytes = [0; 8];
        // Fails only before the pool is ready; then the clock is as good a jitter as any.
        match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::NONBLOCK) {
            Ok(_) => u64::from_ne_bytes(bytes),
            Err(_) => u64::from(self.clock_monotonic().subsec_nanos()),
        }
    }

    #[cfg(target_os = "macos")]
    fn getrandom(&self) -> u64 {
        use std::hash::{BuildHasher, Hasher};
        std::hash::RandomState::new().build_hasher().finish()
    }

    fn getpid(&self) -> u32 {
        rustix::process::getpid()
            .as_raw_nonzero()
            .get()
            .unsigned_abs()
    }

    fn geteuid(&self) -> u32 {
        rustix::process::geteuid().as_raw()
    }
}

fn open_flags(how: OpenHow) -> OFlags {
    let access = match how.access {
        Access::Read => OFlags::RDONLY,
        Access::ReadWrite => OFlags::RDWR,
        Access::Append => OFlags::RDWR | OFlags::APPEND,
        Access::Directory => OFlags::RDONLY | OFlags::DIRECTORY,
    };
    let create = match how.create {
        Create::Never => OFlags::empty(),
        Create::IfMissing => OFlags::CREATE,
        Create::New => OFlags::CREATE | OFlags::EXCL,
    };
    let truncate = if how.truncate {
        OFlags::TRUNC
    } else {
        OFlags::empty()
    };
    // A directory may be a link to one: where the state is kept is the user's choice.
    let no_follow = match how.access {
        Access::Directory => OFlags::empty(),
        _ => OFlags::NOFOLLOW,
    };
    let always = OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    access | create | truncate | no_follow | always
}

#[expect(
    clippy::unnecessary_cast,
    reason = "the types differ: device numbers are signed and have 32 bits on macOS"
)]
fn stat_from(raw: &fs::Stat) -> Stat {
    Stat {
        identity: Identity {
            device: raw.st_dev as u64,
            inode: raw.st_ino as u64,
        },
        file_type: match fs::FileType::from_raw_mode(raw.st_mode as fs::RawMode) {
            fs::FileType::RegularFile => FileType::Regular,
            fs::FileType::Directory => FileType::Directory,
            fs::FileType::Symlink => FileType::Symlink,
            _ => FileType::Other,
        },
        uid: raw.st_uid,
        size: raw.st_size as u64,
    }
}

/// A time before the epoch counts as the epoch.
#[expect(
    clippy::unnecessary_cast,
    reason = "the types differ: nanoseconds are signed on macOS"
)]
fn modified_from(raw: &fs::Stat) -> Duration {
    let seconds = Duration::from_secs(u64::try_from(raw.st_mtime).unwrap_or(0));
    seconds + Duration::from_nanos(raw.st_mtime_nsec as u64)
}

/// The numbers are those of statfs(2) and linux/magic.h.
#[cfg(target_os = "linux")]
fn file_system_from(raw: &fs::StatFs) -> FileSystem {
    // f_type is signed or not and 32 or 64 bits wide, depending on the machine; the magic numbers
    // have 32 bits.
    let magic = raw.f_type as u64 & 0xffff_ffff;
    match magic {
        0x6969 => FileSystem::Nfs,
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => FileSystem::Smb,
        0x0102_1997 => FileSystem::Plan9,
        0x6573_5546 => FileSystem::Fuse,
        0x5346_414f | 0x6b41_4653 | 0x7375_7245 | 0x564c => FileSystem::OtherNetwork,
        local => FileSystem::Local(local),
    }
}

#[cfg(target_os = "macos")]
fn file_system_from(raw: &fs::StatFs) -> FileSystem {
    let name: Vec<u8> = raw
        .f_fstypename
        .iter()
        .map(|&character| character as u8)
        .take_while(|&byte| byte != 0)
        .collect();
    match name.as_slice() {
        b"nfs" => FileSystem::Nfs,
        b"smbfs" => FileSystem::Smb,
        b"macfuse" | b"osxfuse" | b"fusefs" => FileSystem::Fuse,
        b"afpfs" | b"webdav" | b"ftp" => FileSystem::OtherNetwork,
        _ => FileSystem::Local(0),
    }
}

fn clock(id: rustix::time::ClockId) -> Duration {
    Duration::try_from(rustix::time::clock_gettime(id)).unwrap_or_default()
}
