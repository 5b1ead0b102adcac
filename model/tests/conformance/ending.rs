//! What is left when all turns have been played: the whole tree, and who holds which lock.

use crate::act::{PROCESSES, REGISTERS, Register};
use crate::answer::{Data, Seen};
use crate::player::Player;
use crate::world::{Calls, FdOf, World};
use hookstate::kernel::{Access, FileType, Kernel, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The end of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    tree: BTreeMap<PathBuf, Entry>,
    /// After each close of one descriptor after the other.
    closes: Vec<Closed>,
}

#[derive(Debug, PartialEq, Eq)]
struct Closed {
    /// On the files that have a name.
    locks: BTreeMap<PathBuf, Lock>,
    /// Of each process, whether it has the lock that it asked for.
    goes_on: Vec<Result<bool>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    seen: Seen,
    lock: Option<Lock>,
    /// Of a regular file its beginning and its end.
    ends: Option<Result<[Data; 2]>>,
}

/// What stands in the way of a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    None,
    Shared,
    Exclusive,
}

/// Writes go near the beginning of a file or near its end.
const LOOKED_AT_BYTES: usize = 64 * 1024;

impl<W: World> Player<W> {
    /// Looks at everything, then closes one descriptor after the other and looks at the locks.
    pub(crate) fn end(mut self) -> Ending {
        let tree = self.tree();
        let mut closes = Vec::new();
        for process in 0..PROCESSES {
            for register in (0..REGISTERS).map(Register) {
                if self.processes[process].registers[register.0].is_some() {
                    self.processes[process].close(register);
                    closes.push(Closed {
                        locks: self.locks(&tree),
                        goes_on: self.going_on(),
                    });
                }
            }
        }
        Ending { tree, closes }
    }

    fn tree(&self) -> BTreeMap<PathBuf, Entry> {
        let mut tree = BTreeMap::new();
        let mut directories = vec![PathBuf::new()];
        while let Some(directory) = directories.pop() {
            let path = self.world.directory().join(&directory);
            let names = self.observer.list(&path).expect("it is a directory");
            for name in names.into_iter().map(|name| directory.join(name)) {
                let entry = self.entry(&name);
                if entry.seen.file_type == FileType::Directory {
                    directories.push(name.clone());
                }
                tree.insert(name, entry);
            }
        }
        tree
    }

    fn entry(&self, name: &Path) -> Entry {
        let path = self.world.directory().join(name);
        let stat = self.observer.stat(&path).expect("it was listed");
        let seen = Seen::new(&stat, self.observer.geteuid());
        let is_regular = seen.file_type == FileType::Regular;
        Entry {
            lock: self.lock(name, seen.file_type),
            ends: is_regular.then(|| self.both_ends(&path, stat.size)),
            seen,
        }
    }

    fn both_ends(&self, path: &Path, size: u64) -> Result<[Data; 2]> {
        let fd = self.observer.open_for(Access::Read, path)?;
        let near_end = size.saturating_sub(LOOKED_AT_BYTES as u64);
        let ends = [0, near_end].map(|offset| self.read(&fd, offset));
        self.observer.close(fd);
        let [beginning, end] = ends;
        Ok([beginning?, end?])
    }

    fn read(&self, fd: &FdOf<W>, offset: u64) -> Result<Data> {
        let mut bytes = vec![0; LOOKED_AT_BYTES];
        let count = self.observer.pread(fd, &mut bytes, offset)?;
        bytes.truncate(count);
        Ok(Data(bytes))
    }

    fn locks(&self, tree: &BTreeMap<PathBuf, Entry>) -> BTreeMap<PathBuf, Lock> {
        tree.iter()
            .filter_map(|(name, entry)| {
                let lock = self.lock(name, entry.seen.file_type)?;
                Some((name.clone(), lock))
            })
            .collect()
    }

    /// Finds out by trying to have it. A symbolic link cannot be locked.
    fn lock(&self, name: &Path, file_type: FileType) -> Option<Lock> {
        let access = match file_type {
            FileType::Symlink => return None,
            FileType::Directory => Access::Directory,
            FileType::Regular | FileType::Other => Access::Read,
        };
        let path = self.world.directory().join(name);
        let fd = self.observer.open_for(access, &path).ok()?;
        let lock = match self.observer.try_shared(&fd) {
            Err(_) => Lock::Exclusive,
            Ok(()) => match self.observer.try_exclusive(&fd) {
                Err(_) => Lock::Shared,
                Ok(()) => Lock::None,
            },
        };
        self.observer.close(fd);
        Some(lock)
    }

    fn going_on(&mut self) -> Vec<Result<bool>> {
        let processes = self.processes.iter_mut();
        processes.map(|process| process.goes_on()).collect()
    }
}
