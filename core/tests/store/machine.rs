//! The kernel of this machine, bent: another user, another file system, a disk that fills up.

use hookstate::kernel::{
    Create, Errno, FileSystem, FlockOperation, Host, Identity, Kernel, OpenHow, Result, Stat,
};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Linux writes and allocates in units of this many bytes.
const PAGE: u64 = 4096;

/// The kernel of this machine with some of its answers changed. Clones share the disk.
#[derive(Clone, Default)]
pub struct Machine {
    /// What `geteuid` answers.
    pub euid: Option<u32>,
    /// What `fstatfs` answers.
    pub file_system: Option<FileSystem>,
    /// Which file `stat` says that any name has.
    pub every_name_is: Option<Identity>,
    /// What `clock_realtime` answers.
    pub time: Option<Duration>,
    /// What `exchange` answers, where it does not exist.
    pub no_exchange: Option<Errno>,
    /// Whether a sync reports success at once. What a test looks at afterwards is in the page cache
    /// anyway, and the disk of a busy machine takes its time.
    pub syncs_nothing: bool,
    /// What every call that needs space asks first.
    pub disk: Option<Arc<Disk>>,
}

/// A disk that is full from a certain call on, until there is space again.
pub struct Disk {
    full: Full,
    state: Mutex<DiskState>,
}

/// What a full disk still takes. Measured; the three file systems differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// ext4: what stays within allocated blocks; a write that grows the file fails as a whole.
    /// Names can be made.
    GrowthFails,
    /// xfs, tmpfs: writes as far as the last allocated page goes and stops there. No file can be
    /// made.
    GrowthStopsAtPage,
    /// btrfs: overwriting needs new blocks as well. No file can be made.
    EveryWriteFails,
    /// Not the disk but `RLIMIT_FSIZE`: no byte can be written from this one on (setrlimit(2)).
    LimitedTo(u64),
}

impl Full {
    /// What the calls return that it stops.
    pub fn errno(self) -> Errno {
        match self {
            Self::LimitedTo(_) => Errno::FBIG,
            _ => Errno::NOSPC,
        }
    }
}

#[derive(Default)]
struct DiskState {
    calls_left: Option<usize>,
    refused: usize,
}

impl Disk {
    /// A disk that takes this many more calls that need space.
    pub fn full_after(calls: usize, full: Full) -> Arc<Self> {
        let state = DiskState {
            calls_left: Some(calls),
            ..DiskState::default()
        };
        Arc::new(Self {
            full,
            state: Mutex::new(state),
        })
    }

    /// Somebody made room.
    pub fn make_room(&self) {
        self.lock().calls_left = None;
    }

    /// How many calls it has refused or cut short.
    pub fn refused(&self) -> usize {
        self.lock().refused
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, DiskState> {
        self.state.lock().expect("no test panics in here")
    }

    /// How many of `length` bytes at `offset` can be written to a file of this kind.
    fn write(&self, stat: &Stat, offset: u64, length: usize) -> Result<usize> {
        let mut state = self.lock();
        if state.is_roomy() {
            return Ok(length);
        }
        let blocks = stat.size.next_multiple_of(PAGE);
        let within = blocks.saturating_sub(offset);
        let up_to = |bytes: u64| length.min(usize::try_from(bytes).expect("a small file"));
        let done = match self.full {
            Full::GrowthFails if up_to(within) < length => 0,
            Full::GrowthFails | Full::GrowthStopsAtPage => up_to(within),
            Full::EveryWriteFails => 0,
            Full::LimitedTo(limit) => up_to(limit.saturating_sub(offset)),
        };
        state.refused += usize::from(done < length);
        if done == 0 {
            Err(self.full.errno())
        } else {
            Ok(done)
        }
    }

    fn make_name(&self) -> Result<()> {
        let mut state = self.lock();
        let makes_names = matches!(self.full, Full::GrowthFails | Full::LimitedTo(_));
        if state.is_roomy() || makes_names {
            return Ok(());
        }
        state.refused += 1;
        Err(Errno::NOSPC)
    }
}

impl DiskState {
    fn is_roomy(&mut self) -> bool {
        match &mut self.calls_left {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

impl Machine {
    pub fn with_disk(disk: &Arc<Disk>) -> Self {
        Self {
            disk: Some(Arc::clone(disk)),
            ..Self::default()
        }
    }

    pub fn with_file_system(file_system: FileSystem) -> Self {
        Self {
            file_system: Some(file_system),
            ..Self::default()
        }
    }

    /// One that is right about everything but has no disk.
    pub fn without_disk() -> Self {
        Self {
            syncs_nothing: true,
            ..Self::default()
        }
    }

    /// An old kernel, or a file system that lacks it.
    pub fn without_exchange() -> Self {
        Self {
            no_exchange: Some(Errno::INVAL),
            syncs_nothing: true,
            ..Self::default()
        }
    }

    /// A machine on which this program runs as another user than its files belong to.
    pub fn of_another_user() -> Self {
        Self {
            euid: Some(Host.geteuid() + 1),
            ..Self::default()
        }
    }
}

impl Kernel for Machine {
    type Fd = OwnedFd;

    fn open(&self, path: &Path, how: OpenHow) -> Result<OwnedFd> {
        if let Some(disk) = &self.disk
            && how.create != Create::Never
            && Host.stat(path) == Err(Errno::NOENT)
        {
            disk.make_name()?;
        }
        Host.open(path, how)
    }

    fn close(&self, fd: OwnedFd) {
        Host.close(fd);
    }

    fn flock(&self, fd: &OwnedFd, operation: FlockOperation) -> Result<()> {
        Host.flock(fd, operation)
    }

    fn fstat(&self, fd: &OwnedFd) -> Result<Stat> {
        Host.fstat(fd)
    }

    fn stat(&self, path: &Path) -> Result<Stat> {
        let mut stat = Host.stat(path)?;
        stat.identity = self.every_name_is.unwrap_or(stat.identity);
        Ok(stat)
    }

    fn modified(&self, fd: &OwnedFd) -> Result<Duration> {
        Host.modified(fd)
    }

    fn fstatfs(&self, fd: &OwnedFd) -> Result<FileSystem> {
        let real = Host.fstatfs(fd)?;
        Ok(self.file_system.unwrap_or(real))
    }

    fn pread(&self, fd: &OwnedFd, into: &mut [u8], offset: u64) -> Result<usize> {
        Host.pread(fd, into, offset)
    }

    fn pwrite(&self, fd: &OwnedFd, bytes: &[u8], offset: u64) -> Result<usize> {
        let length = match &self.disk {
            Some(disk) => disk.write(&Host.fstat(fd)?, offset, bytes.len())?,
            None => bytes.len(),
        };
        Host.pwrite(fd, &bytes[..length], offset)
    }

    fn append(&self, fd: &OwnedFd, bytes: &[u8]) -> Result<usize> {
        let length = match &self.disk {
            Some(disk) => {
                let stat = Host.fstat(fd)?;
                disk.write(&stat, stat.size, bytes.len())?
            }
            None => bytes.len(),
        };
        Host.append(fd, &bytes[..length])
    }

    fn ftruncate(&self, fd: &OwnedFd, length: u64) -> Result<()> {
        Host.ftruncate(fd, length)
    }

    fn fallocate(&self, fd: &OwnedFd, offset: u64, length: u64) -> Result<()> {
        Host.fallocate(fd, offset, length)
    }

    fn fsync(&self, fd: &OwnedFd) -> Result<()> {
        match self.syncs_nothing {
            true => Ok(()),
            false => Host.fsync(fd),
        }
    }

    fn fdatasync(&self, fd: &OwnedFd) -> Result<()> {
        match self.syncs_nothing {
            true => Ok(()),
            false => Host.fdatasync(fd),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        Host.rename(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> Result<()> {
        match self.no_exchange {
            Some(errno) => Err(errno),
            None => Host.exchange(one, other),
        }
    }

    fn unlink(&self, path: &Path) -> Result<()> {
        Host.unlink(path)
    }

    fn mkdir(&self, path: &Path, mode: u32) -> Result<()> {
        if let Some(disk) = &self.disk {
            disk.make_name()?;
        }
        Host.mkdir(path, mode)
    }

    fn list(&self, directory: &Path) -> Result<Vec<OsString>> {
        Host.list(directory)
    }

    fn clock_realtime(&self) -> Duration {
        self.time.unwrap_or_else(|| Host.clock_realtime())
    }

    fn clock_monotonic(&self) -> Duration {
        Host.clock_monotonic()
    }

    fn sched_yield(&self) {
        Host.sched_yield();
    }

    fn nanosleep(&self, duration: Duration) {
        Host.nanosleep(duration);
    }

    fn getrandom(&self) -> u64 {
        Host.getrandom()
    }

    fn getpid(&self) -> u32 {
        Host.getpid()
    }

    fn geteuid(&self) -> u32 {
        self.euid.unwrap_or_else(|| Host.geteuid())
    }
}
