//! What a call reads and what it changes. Calls of which neither changes what the other touches can change
//! places without anybody noticing; the literature on partial-order reduction calls them independent.

use super::call::{Fd, Request};
use super::inode::{InodeNumber, Node};
use super::machine::{Description, LockMode, ProcessId, Sim, wanted};
use hookstate::kernel::FlockOperation;
use std::collections::BTreeMap;
use std::path::Path;

/// A part of the kernel's state that several processes can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// All names, and with them whether a file has one and which numbers of files are free.
    Names,
    /// What is in a file: its bytes, how many there are, and when they were changed.
    Content(InodeNumber),
    /// Who has the lock of a file, and who was refused it.
    Lock(InodeNumber),
}

/// What is done to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Touch {
    /// Or it is changed in such a way that others who do the same can change places with it: whoever
    /// shares a lock keeps out nobody who shares it too.
    Reads,
    /// It can be changed.
    Changes,
}

/// The parts that a call touches.
pub(super) type Footprint = BTreeMap<Part, Touch>;

impl Request {
    /// Whether [`Part::Names`] is one of the parts that the call touches. It is known before the others
    /// are: where a path leads to can change until nobody else may touch the names.
    pub(super) const fn touches_names(&self) -> bool {
        matches!(
            self,
            Self::Open { .. }
                | Self::Close { .. }
                | Self::Stat { .. }
                | Self::Rename { .. }
                | Self::Exchange { .. }
                | Self::Unlink { .. }
                | Self::Mkdir { .. }
                | Self::List { .. }
        )
    }
}

impl Sim {
    /// Whether the order of calls matters that touch different parts: the disk has all changes in one order.
    pub(super) const fn is_one_part(&self) -> bool {
        self.disk.is_some()
    }

    /// What the call touches if it is made now. What [commutes](Self::commutes) may touch nothing.
    pub(super) fn footprint(&self, process: ProcessId, request: &Request) -> Footprint {
        let names = request.touches_names();
        // Some only read them, but which those are shows while they do.
        let names = names.then_some((Part::Names, Touch::Changes));
        let file = self.touches_file(process, request);
        names.into_iter().chain(file).collect()
    }

    /// What the end of the process touches if it comes now.
    pub(super) fn footprint_of_end(&self, process: ProcessId) -> Footprint {
        let open = self.process(process).descriptors.values();
        let locks = open.map(|number| Part::Lock(self.descriptions[number].inode));
        let parts = locks.chain([Part::Names]);
        parts.map(|part| (part, Touch::Changes)).collect()
    }

    fn touches_file(&self, process: ProcessId, request: &Request) -> Option<(Part, Touch)> {
        let opened = |fd: Fd| self.description(process, fd);
        let read = |fd: Fd| Some((Part::Content(opened(fd).inode), Touch::Reads));
        let changed = |fd: Fd| Some((Part::Content(opened(fd).inode), Touch::Changes));
        match request {
            Request::Open { path, how } if how.truncate => self.content_at(path, Touch::Changes),
            Request::Stat { path } => self.content_at(path, Touch::Reads),
            &Request::Close { fd } => Some(opened(fd).touches_lock(FlockOperation::Unlock)),
            &Request::Flock { fd, operation } => Some(opened(fd).touches_lock(operation)),
            &Request::Fstat { fd } | &Request::Modified { fd } | &Request::Pread { fd, .. } => {
                read(fd)
            }
            &Request::Pwrite { fd, .. }
            | &Request::Append { fd, .. }
            | &Request::Ftruncate { fd, .. }
            | &Request::Fallocate { fd, .. }
            | &Request::Fsync { fd }
            | &Request::Fdatasync { fd } => changed(fd),
            _ => None,
        }
    }

    fn content_at(&self, path: &Path, touch: Touch) -> Option<(Part, Touch)> {
        let inode = self.existing(path).ok()?;
        let is_file = matches!(self.inodes[&inode].node, Node::Regular(_));
        is_file.then_some((Part::Content(inode), touch))
    }
}

impl Description {
    fn touches_lock(&self, operation: FlockOperation) -> (Part, Touch) {
        let is_exclusive = |mode| mode == Some(LockMode::Exclusive);
        let wanted = wanted(operation).map(|(mode, _)| mode);
        let shares = !is_exclusive(self.lock) && !is_exclusive(wanted);
        let touch = match shares && self.is_private() {
            true => Touch::Reads,
            false => Touch::Changes,
        };
        (Part::Lock(self.inode), touch)
    }
}
