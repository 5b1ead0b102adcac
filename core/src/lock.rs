//! The lock on a named file, which every strategy takes.
//!
//! Protocol
//!   1. Open the name, creating the file in the same call if it is missing.
//!   2. If flock does not exclude on this file system, refuse.
//!   3. Take flock, trying until the time is up; wait in between, a little longer each time.
//!   4. If the name no longer names the open file, drop it and go to 1.
//!      (The window.)
//!   5. Unlock, then close.
//!
//! Invariants
//!   I1. Whoever is between 4 and 5 with the exclusive lock is alone with the file of that name.
//!
//! Why step 1 in one call: between a check and a creation another process creates, and a creation
//! that truncates would empty its file. Controls: `create-race`; `FlockChecksThenCreates` and
//! `AppendLogChecksThenCreates` over this very code.
//!
//! Why step 2: where every lock is granted, nothing below holds. Control:
//! `FlockTrustsAnyFileSystem`.
//!
//! Why step 3 polls: flock(2) has no time limit, and the signal of a timer belongs to the program
//! that embeds us. Who is stopped in the window keeps the others for as long as they said that they
//! would wait. Controls: `FlockWaitsForEver`, `FlockGivesUpAtOnce`.
//!
//! Why step 4: the lock belongs to the file, not to the name. A name can be given to another file
//! or removed while we wait, and then we hold the lock of a file that nobody else can reach. It is
//! for all who take the lock, those who share it too. Since every one of them looks, the holder may
//! remove the name of the locked file (`remove` of each strategy), so long as that is the last thing
//! that it changes: from then on others are inside. Control: `rename-stale-lock`,
//! `FlockWithoutRecheck`, `RenameWithoutRecheck`.
//!
//! Why step 5 unlocks: a process that was forked while we had the file open shares the lock, and
//! would keep it after our close. Controls: `FlockReliesOnClose`, `FlockKeepsTheLock`.

use crate::file::{File, is_unsupported, retried};
use crate::kernel::{
    Access, CallKind, Create, Errno, FileSystem, FlockOperation, Identity, Kernel, OpenHow, Stat,
};
use crate::strategy::Site;
use crate::{Error, Result};
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

/// A file whose lock is held until this is dropped.
pub(crate) struct Locked<'a, K: Kernel> {
    file: File<'a, K>,
    /// What the file was when the lock was taken. Under the exclusive lock it still is.
    pub(crate) stat: Stat,
}

/// Which lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// With others that share it.
    Shared,
    /// Alone.
    Exclusive,
}

impl<'a, K: Kernel> Site<'a, K> {
    /// Takes the lock on the file at `path`, waiting as long as the store may. `None` if there is
    /// no such file and `how` does not create it.
    pub(crate) fn lock<'p>(
        &'p self,
        path: &'p Path,
        how: OpenHow,
        sharing: Sharing,
    ) -> Result<Option<Locked<'p, K>>> {
        self.lock_within(self.lock_timeout, path, how, sharing)
    }

    /// As [`lock`](Self::lock), exclusive and for a removal: the file is created only if one of those
    /// `beside` it is there, which it covers too. So whoever finds nothing leaves nothing.
    pub(crate) fn lock_if_any<'p>(
        &'p self,
        path: &'p Path,
        beside: &[&Path],
    ) -> Result<Option<Locked<'p, K>>> {
        let how = OpenHow::existing(Access::ReadWrite);
        if let Some(locked) = self.lock(path, how, Sharing::Exclusive)? {
            return Ok(Some(locked));
        }
        for other in beside {
            if self.exists(other)? {
                let how = OpenHow::or_create(Access::ReadWrite);
                return self.lock(path, how, Sharing::Exclusive);
            }
        }
        Ok(None)
    }

    /// As [`lock`](Self::lock), waiting for at most `limit`.
    pub(crate) fn lock_within<'p>(
        &'p self,
        limit: Duration,
        path: &'p Path,
        how: OpenHow,
        sharing: Sharing,
    ) -> Result<Option<Locked<'p, K>>> {
        let mut wait = Wait::new(limit);
        loop {
            let Some(file) = self.open_here(path, how)? else {
                return Ok(None);
            };
            self.refuse_where_flock_does_not_exclude(&file, path)?;
            while !try_lock(&file, path, sharing)? {
                if !wait.another_try(self.kernel) {
                    let holder = holder_of(self.kernel, file.checked_stat()?.identity);
                    return Err(Error::lock_timeout(path, wait.elapsed, holder));
                }
            }
            // From here on dropping it unlocks.
            let locked = Locked::new(file)?;
            if self.still_named(path, locked.stat.identity)? {
                return Ok(Some(locked)); // I1
            }
            drop(locked);
            if !wait.another_try(self.kernel) {
                return Err(Error::lock_timeout(path, wait.elapsed, None));
            }
        }
    }

    /// As [`lock`](Self::lock), exclusive and of an existing file, but with one try only: `None`
    /// also if somebody else holds it.
    pub(crate) fn lock_if_free<'p>(
        &'p self,
        path: &'p Path,
        how: OpenHow,
    ) -> Result<Option<Locked<'p, K>>> {
        let Some(file) = File::open(self.kernel, path, how)? else {
            return Ok(None);
        };
        if !try_lock(&file, path, Sharing::Exclusive)? {
            return Ok(None);
        }
        let locked = Locked::new(file)?;
        let current = self.still_named(path, locked.stat.identity)?;
        Ok(current.then_some(locked))
    }

    /// Takes the exclusive lock on the file at `path`, which it makes if it is missing, with one try:
    /// `None` if somebody else holds it. For locks that are held longer than a window, so that it
    /// lives as long as the path and not as long as the site.
    pub(crate) fn lock_at_once(&self, path: &'a Path) -> Result<Option<Locked<'a, K>>> {
        let file = self
            .open_here(path, OpenHow::or_create(Access::ReadWrite))?
            .expect("an open that creates finds a file");
        self.lock_open(file, path)
    }

    /// As [`lock_at_once`](Self::lock_at_once), of a file that was opened elsewhere, perhaps together
    /// with its lock. `None` also if it is not the one that the name stands for.
    pub(crate) fn lock_open(
        &self,
        file: File<'a, K>,
        path: &'a Path,
    ) -> Result<Option<Locked<'a, K>>> {
        self.refuse_where_flock_does_not_exclude(&file, path)?;
        if !try_lock(&file, path, Sharing::Exclusive)? {
            return Ok(None);
        }
        let locked = Locked::new(file)?;
        let current = self.still_named(path, locked.stat.identity)?;
        Ok(current.then_some(locked))
    }

    /// Locks a file that this process has just made, under a name that no other looks at.
    pub(crate) fn lock_fresh<'p>(&self, file: File<'p, K>, path: &Path) -> Result<Locked<'p, K>> {
        if !try_lock(&file, path, Sharing::Exclusive)? {
            let detail = "another process has locked it, although it was only just made";
            return Err(Error::unexpected("lock", path, CallKind::Flock, detail));
        }
        Locked::new(file)
    }

    fn open_here<'p>(&self, path: &'p Path, how: OpenHow) -> Result<Option<File<'p, K>>>
    where
        'a: 'p,
    {
        match File::open(self.kernel, path, how)? {
            None if how.create != Create::Never => {
                self.make_directory()?;
                match File::open(self.kernel, path, how)? {
                    None => Err(Error::unexpected(
                        "create",
                        path,
                        CallKind::Open,
                        "its directory was removed meanwhile",
                    )),
                    file => Ok(file),
                }
            }
            file => Ok(file),
        }
    }

    fn refuse_where_flock_does_not_exclude(&self, file: &File<'_, K>, path: &Path) -> Result<()> {
        if self.any_file_system {
            return Ok(());
        }
        let kind = match file.file_system()? {
            FileSystem::Local(_) => return Ok(()),
            FileSystem::Nfs => "NFS",
            FileSystem::Smb => "SMB",
            FileSystem::Plan9 => "9p",
            FileSystem::Fuse => "FUSE",
            FileSystem::OtherNetwork => "a network file system",
        };
        Err(Error::unsupported_file_system(path, kind))
    }

    fn still_named(&self, path: &Path, identity: Identity) -> Result<bool> {
        match retried(|| self.kernel.stat(path)) {
            Ok(stat) => Ok(stat.identity == identity),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(Error::from_call("inspect", path, CallKind::Stat, errno)),
        }
    }
}

impl<'a, K: Kernel> Locked<'a, K> {
    fn new(file: File<'a, K>) -> Result<Self> {
        match file.checked_stat() {
            Ok(stat) => Ok(Self { file, stat }),
            Err(error) => {
                unlock(&file);
                Err(error)
            }
        }
    }
}

impl<'a, K: Kernel> Deref for Locked<'a, K> {
    type Target = File<'a, K>;

    fn deref(&self) -> &File<'a, K> {
        &self.file
    }
}

impl<K: Kernel> Locked<'_, K> {
    /// The descriptor together with the lock, which is released when the last copy of it is closed.
    pub(crate) fn into_fd(mut self) -> K::Fd {
        self.file.take_fd()
    }
}

impl<K: Kernel> Drop for Locked<'_, K> {
    fn drop(&mut self) {
        if self.file.is_open() {
            unlock(&self.file);
        }
    }
}

/// Closing would release the lock too, if nobody shares the description; so a failure here, which
/// flock(2) does not provide for, harms only then.
fn unlock<K: Kernel>(file: &File<'_, K>) {
    let _ = file.flock(FlockOperation::Unlock);
}

fn try_lock<K: Kernel>(file: &File<'_, K>, path: &Path, sharing: Sharing) -> Result<bool> {
    let operation = match sharing {
        Sharing::Shared => FlockOperation::TryShared,
        Sharing::Exclusive => FlockOperation::TryExclusive,
    };
    match file.flock(operation) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) if is_unsupported(errno) => Err(Error::unsupported_file_system(
            path,
            "a file system without flock",
        )),
        Err(errno) => Err(Error::from_call("lock", path, CallKind::Flock, errno)),
    }
}

/// How many tries follow each other with no more than a yield of the processor in between. A
/// window lasts about ten microseconds, less than the shortest sleep.
const YIELDS: u32 = 32;
/// The first sleep.
const PAUSE_MIN: Duration = Duration::from_micros(20);
/// The longest sleep. Processes that block in flock are woken at once; whoever sleeps longer than
/// a window comes too late against them.
const PAUSE_MAX: Duration = Duration::from_micros(500);

/// Waiting for a lock, within a limit.
pub(crate) struct Wait {
    limit: Duration,
    pause_max: Duration,
    since: Option<Duration>,
    elapsed: Duration,
    tries: u32,
}

impl Wait {
    /// For a lock that is held as long as a window lasts.
    fn new(limit: Duration) -> Self {
        Self::with_pauses(limit, PAUSE_MAX)
    }

    /// For one that may be held much longer.
    pub(crate) fn with_pauses(limit: Duration, pause_max: Duration) -> Self {
        Self {
            limit,
            pause_max,
            since: None,
            elapsed: Duration::ZERO,
            tries: 0,
        }
    }

    /// Waits a little. `false` once the time is up. The clock is not read before the first time.
    pub(crate) fn another_try<K: Kernel>(&mut self, kernel: &K) -> bool {
        let now = kernel.clock_monotonic();
        let since = *self.since.get_or_insert(now);
        self.elapsed = now.saturating_sub(since);
        if self.elapsed >= self.limit {
            return false;
        }
        self.tries += 1;
        if self.tries <= YIELDS {
            kernel.sched_yield();
        } else {
            kernel.nanosleep(
                self.pause(kernel.getrandom())
                    .min(self.limit - self.elapsed),
            );
        }
        true
    }

    /// Doubles from the shortest to the longest pause; then half to all of it by chance, so that
    /// those who wait do not come back in step.
    fn pause(&self, random: u64) -> Duration {
        let doublings = (self.tries - YIELDS).min(16);
        let most = (PAUSE_MIN * 2_u32.pow(doublings)).min(self.pause_max);
        let half = most / 2;
        let share = u32::try_from(random % 1024).unwrap_or(0);
        half + half * share / 1024
    }
}

/// The process that holds the lock of this file, if /proc/locks says so (proc(5)). The numbers of
/// processes in another pid namespace are not told, nor is the device of some file systems.
#[cfg(target_os = "linux")]
fn holder_of<K: Kernel>(kernel: &K, file: Identity) -> Option<u32> {
    let path = Path::new("/proc/locks");
    let how = OpenHow::existing(Access::Read);
    let locks = File::open(kernel, path, how).ok()??;
    let text = locks.read_to_end().ok()?;
    parse_holder(&String::from_utf8_lossy(&text), file)
}

#[cfg(not(target_os = "linux"))]
fn holder_of<K: Kernel>(_kernel: &K, _file: Identity) -> Option<u32> {
    None
}

/// Lines read `1: FLOCK  ADVISORY  WRITE 708 fe:00:1234 0 EOF`; those that wait have an arrow
/// behind the number.
#[cfg(target_os = "linux")]
fn parse_holder(locks: &str, file: Identity) -> Option<u32> {
    let major = rustix::fs::major(file.device);
    let minor = rustix::fs::minor(file.device);
    let wanted = format!("{major:02x}:{minor:02x}:{}", file.inode);
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let kind = words.next()?;
        let process = words.nth(2)?;
        let place = words.next()?;
        (kind == "FLOCK" && place == wanted)
            .then(|| process.parse().ok())
            .flatten()
            .filter(|&process| process != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::{PAUSE_MAX, Wait, YIELDS};
    use std::time::Duration;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_holder_is_found_among_waiters_and_other_locks() {
        let locks = "\
1: POSIX  ADVISORY  WRITE 11 fe:00:77 0 EOF
2: FLOCK  ADVISORY  WRITE 22 fe:00:78 0 EOF
3: FLOCK  ADVISORY  WRITE 33 fe:00:77 0 EOF
3: -> FLOCK  ADVISORY  WRITE 44 fe:00:77 0 EOF
";
        let file = |inode| super::Identity {
            device: rustix::fs::makedev(0xfe, 0),
            inode,
        };
        assert_eq!(super::parse_holder(locks, file(77)), Some(33));
        assert_eq!(super::parse_holder(locks, file(78)), Some(22));
        assert_eq!(super::parse_holder(locks, file(79)), None);
    }

    #[test]
    fn pauses_grow_and_stay_within_their_bounds() {
        let mut wait = Wait::new(Duration::from_secs(1));
        let mut longest = Duration::ZERO;
        for tries in YIELDS + 1..YIELDS + 100 {
            wait.tries = tries;
            let shortest = wait.pause(0);
            longest = wait.pause(1023);
            assert!(shortest >= Duration::from_micros(20) && shortest <= longest);
            assert!(longest <= PAUSE_MAX);
        }
        assert!(longest > PAUSE_MAX * 9 / 10);
    }
}
