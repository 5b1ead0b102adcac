//! Who holds a lock while the calls of a trace are made, and whether it is worth anything.
//!
//! flock(2) belongs to an open file description, and a lock excludes those who open the file by its
//! name only as long as the file has one. Both follow from the calls of the trace alone.

use super::Event;
use crate::sim::{Fd, Reply, Request};
use hookstate::kernel::FlockOperation;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The best lock that a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    Nothing,
    /// One that others can share.
    Shared,
    /// One of a file that has lost its name, so that it keeps no newcomer out.
    Nameless,
    Exclusive,
}

/// The locks and names after some of the calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holds {
    /// Which file has which name, since it was first mentioned.
    names: BTreeMap<PathBuf, File>,
    files: File,
    open: BTreeMap<(usize, Fd), Description>,
}

/// A number for each file.
type File = usize;

#[derive(Clone, Debug)]
struct Description {
    file: File,
    /// Under which it was opened.
    path: PathBuf,
    lock: Option<Lock>,
}

#[derive(Clone, Copy, Debug)]
enum Lock {
    Shared,
    Exclusive,
}

impl Holds {
    /// What the process holds now.
    pub(crate) fn of(&self, process: usize) -> Hold {
        let mine = self.open.iter().filter(|((owner, _), _)| *owner == process);
        let holds = mine.map(|(_, description)| self.worth(description));
        holds.max().unwrap_or(Hold::Nothing)
    }

    /// The name under which the process opened the file that this happens to, if it has opened others too.
    pub(crate) fn told_apart(&self, process: usize, event: &Event) -> Option<&Path> {
        let fd = event.request()?.fd()?;
        let mut mine = self.open.keys().filter(|(owner, _)| *owner == process);
        let several = mine.nth(1).is_some();
        let description = self.open.get(&(process, fd)).filter(|_| several)?;
        Some(&description.path)
    }

    fn worth(&self, description: &Description) -> Hold {
        match description.lock {
            None => Hold::Nothing,
            Some(Lock::Shared) => Hold::Shared,
            Some(Lock::Exclusive) if self.has_name(description.file) => Hold::Exclusive,
            Some(Lock::Exclusive) => Hold::Nameless,
        }
    }

    fn has_name(&self, file: File) -> bool {
        self.names.values().any(|&named| named == file)
    }

    /// Goes on to what is held after this has happened to the process.
    pub(crate) fn follow(&mut self, process: usize, event: &Event) {
        match event {
            Event::Returned(request, Ok(reply)) | Event::Unnoticed(request, Ok(reply)) => {
                self.succeed(process, request, reply);
            }
            Event::Returned(_, Err(_)) | Event::Unnoticed(_, Err(_)) | Event::Waits(_) => {}
            Event::Killed(..) => self.open.retain(|(owner, _), _| *owner != process),
            // Which names there are then is not known before somebody mentions them.
            Event::PowerCut(_) => *self = Self::default(),
        }
    }

    fn succeed(&mut self, process: usize, request: &Request, reply: &Reply) {
        match (request, reply) {
            (Request::Open { path, .. }, Reply::Fd(fd)) => {
                let description = Description {
                    file: self.named(path),
                    path: path.clone(),
                    lock: None,
                };
                self.open.insert((process, *fd), description);
            }
            (Request::Close { fd }, _) => {
                self.open.remove(&(process, *fd));
            }
            (Request::Flock { fd, operation }, _) => {
                if let Some(description) = self.open.get_mut(&(process, *fd)) {
                    description.lock = lock(*operation);
                }
            }
            (Request::Rename { from, to }, _) => {
                let file = self.named(from);
                self.names.remove(from);
                self.names.insert(to.clone(), file);
            }
            (Request::Exchange { one, other }, _) => {
                let (first, second) = (self.named(one), self.named(other));
                self.names.insert(one.clone(), second);
                self.names.insert(other.clone(), first);
            }
            (Request::Unlink { path }, _) => {
                self.names.remove(path);
            }
            _ => {}
        }
    }

    /// The file with this name: a new one if the name has not been mentioned, or is gone.
    fn named(&mut self, path: &Path) -> File {
        if let Some(&file) = self.names.get(path) {
            return file;
        }
        self.files += 1;
        self.names.insert(path.to_owned(), self.files);
        self.files
    }
}

const fn lock(operation: FlockOperation) -> Option<Lock> {
    match operation {
        FlockOperation::Shared | FlockOperation::TryShared => Some(Lock::Shared),
        FlockOperation::Exclusive | FlockOperation::TryExclusive => Some(Lock::Exclusive),
        FlockOperation::Unlock => None,
    }
}
