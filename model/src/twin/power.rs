//! Twins that leave out one of the syncs of `Durability::Power`. Only a power cut shows them.

use super::control::{Control, FLOCK, Loom};
use crate::oracle::{DIRECTORY, ViolationKind};
use crate::scenario::{Act, Before};
use crate::sim::{AnyDoor, Door, FaultModel, Fd, PowerModel, Reply, Request};
use hookstate::Durability;
use hookstate::kernel::Result;
use hookstate::strategy::{AnyStrategy, AppendLog, Rename};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const APPEND_LOG: AnyStrategy = AnyStrategy::AppendLog(AppendLog);
const RENAME: AnyStrategy = AnyStrategy::Rename(Rename);
const MODIFY: &[Act] = &[Act::Modify];
const APPLY: &[Act] = &[Act::Apply];
const REMOVE: &[Act] = &[Act::Remove];
const EXISTING: Before = Before::Changes(2);

pub(super) const JOURNAL: Control = Control {
    name: "JournalNeverSynced",
    leaves_out: "Writes in place while the journal is not on the disk.",
    twin: |door| AnyDoor::new(WithoutSync::new(door, "ledger.json.journal")),
    ..unsynced(FLOCK, EXISTING, &[&[Act::Grow(5_000)]])
};

pub(super) const FLOCK_DIRECTORY: Control = Control {
    name: "FlockNeverSyncsItsDirectory",
    ..directory(FLOCK)
};

pub(super) const LOG_DIRECTORY: Control = Control {
    name: "AppendLogNeverSyncsItsDirectory",
    ..directory(APPEND_LOG)
};

pub(super) const RENAME_DIRECTORY: Control = Control {
    name: "RenameNeverSyncsItsDirectory",
    ..directory(RENAME)
};

const fn directory(strategy: AnyStrategy) -> Control {
    Control {
        leaves_out: "Acknowledges the first change in a directory that has no name on the disk.",
        twin: |door| AnyDoor::new(WithoutSync::of(door, PathBuf::from("/"))),
        ..unsynced(strategy, Before::Nothing, &[MODIFY])
    }
}

/// Its writer is killed when the sync of the journal has failed, and the newcomer when it has begun to
/// write in place.
pub(super) const TRUSTS_ITS_SYNC: Control = Control {
    name: "JournalTrustsItsSync",
    leaves_out: "Completes a write out of a journal that nobody has written again.",
    twin: |door| AnyDoor::new(NeverWritesAgain::new(door, "ledger.json.journal")),
    victim: Some(0),
    failing_call: true,
    loom: Loom::Cannot("it takes a kill, a failing call and a power cut in one execution"),
    verdicts: &[ViolationKind::Torn],
    ..unsynced(FLOCK, EXISTING, &[&[Act::Grow(5_000)], MODIFY])
};

pub(super) const JOURNAL_NAME: Control = Control {
    name: "JournalNameNeverSynced",
    leaves_out: "Writes in place while the journal has no name on the disk.",
    twin: |door| AnyDoor::new(WithoutSync::of_names(door)),
    ..unsynced(FLOCK, EXISTING, &[&[Act::Grow(5_000)]])
};

pub(super) const PLACED: Control = Control {
    name: "FlockNeverSyncsInPlace",
    leaves_out: "Clears the journal while the new content is not on the disk.",
    twin: |door| AnyDoor::new(WithoutSync::new(door, "ledger.json")),
    ..unsynced(FLOCK, EXISTING, &[MODIFY])
};

pub(super) const APPENDED: Control = Control {
    name: "AppendLogNeverSyncsAppends",
    leaves_out: "Acknowledges an append that is not on the disk.",
    twin: |door| AnyDoor::new(WithoutSync::new(door, "ledger.log")),
    ..unsynced(APPEND_LOG, EXISTING, &[APPLY])
};

pub(super) const LOG_NAME: Control = Control {
    name: "AppendLogNeverSyncsItsName",
    leaves_out: "Acknowledges an append to a log that has no name on the disk.",
    twin: |door| AnyDoor::new(WithoutSync::after_appending(door)),
    // Whoever gave the log its name must be gone before it brought that to the disk.
    victim: Some(0),
    loom: Loom::Cannot("it takes a kill and a power cut in one execution"),
    ..unsynced(APPEND_LOG, Before::Directory, &[MODIFY, APPLY])
};

pub(super) const NEW_LOG: Control = Control {
    name: "AppendLogNeverSyncsTheNewLog",
    leaves_out: "Gives the name to a new log that is not on the disk.",
    twin: |door| AnyDoor::new(WithoutSync::new(door, "ledger.log.spare")),
    ..unsynced(APPEND_LOG, EXISTING, &[MODIFY])
};

pub(super) const NEW_LOG_NAME: Control = Control {
    name: "AppendLogNeverSyncsTheExchange",
    leaves_out: "Acknowledges a change while the name may still be that of the old log.",
    twin: |door| AnyDoor::new(WithoutSync::of_names(door)),
    ..unsynced(APPEND_LOG, EXISTING, &[MODIFY])
};

pub(super) const SPARE: Control = Control {
    name: "RenameNeverSyncsTheSpare",
    leaves_out: "Gives the name to a new version that is not on the disk.",
    twin: |door| AnyDoor::new(WithoutSync::new(door, "ledger.rename.json.spare")),
    ..unsynced(RENAME, EXISTING, &[MODIFY])
};

pub(super) const NEW_NAME: Control = Control {
    name: "RenameNeverSyncsTheExchange",
    leaves_out: "Acknowledges a change while the name may still be that of the old version.",
    twin: |door| AnyDoor::new(WithoutSync::of_names(door)),
    ..unsynced(RENAME, EXISTING, &[MODIFY])
};

/// The journal comes back with its header, which was cleared without a sync.
pub(super) const FLOCK_REMOVES_THE_JOURNAL: Control = Control {
    name: "FlockRemovesBeforeTheJournalIsGone",
    leaves_out: "Removes the file while the journal may still be on the disk.",
    twin: |door| AnyDoor::new(WithoutSync::after_removing(door, "ledger.json.journal")),
    ..unsynced(FLOCK, EXISTING, &[&[Act::Modify, Act::Remove]])
};

pub(super) const FLOCK_REMOVES: Control = Control {
    name: "FlockNeverSyncsTheRemoval",
    ..removes(FLOCK)
};

pub(super) const APPEND_LOG_REMOVES: Control = Control {
    name: "AppendLogNeverSyncsTheRemoval",
    ..removes(APPEND_LOG)
};

pub(super) const RENAME_REMOVES: Control = Control {
    name: "RenameNeverSyncsTheRemoval",
    ..removes(RENAME)
};

const fn removes(strategy: AnyStrategy) -> Control {
    Control {
        leaves_out: "Acknowledges a removal that is not on the disk.",
        twin: |door| AnyDoor::new(WithoutSync::of_names(door)),
        verdicts: &[ViolationKind::Doubled],
        ..unsynced(strategy, EXISTING, &[REMOVE])
    }
}

const fn unsynced(
    strategy: AnyStrategy,
    before: Before,
    programs: &'static [&'static [Act]],
) -> Control {
    Control {
        durability: Durability::Power,
        power_cut: true,
        faults: FaultModel {
            power: Some(PowerModel::Posix),
            ..FaultModel::LOCAL
        },
        verdicts: &[
            ViolationKind::Lost,
            ViolationKind::Torn,
            ViolationKind::Undead,
        ],
        ..Control::on(strategy, before, programs)
    }
}

/// Believes that it has synced a file.
#[derive(Debug)]
pub struct WithoutSync<D> {
    door: D,
    path: PathBuf,
    /// Only when this was the last file to be removed.
    after: Option<PathBuf>,
    removed: RefCell<Option<PathBuf>>,
    /// Only when the last write was an append.
    appends_only: bool,
    appended: Cell<bool>,
    /// What each descriptor was opened for.
    open: RefCell<BTreeMap<Fd, PathBuf>>,
}

impl<D> WithoutSync<D> {
    /// The file with this name in the directory of the store.
    pub fn new(door: D, name: &str) -> Self {
        Self::of(door, Path::new(DIRECTORY).join(name))
    }

    /// The directory of the store itself, and so its names.
    pub fn of_names(door: D) -> Self {
        Self::of(door, PathBuf::from(DIRECTORY))
    }

    /// The directory, just after the file with this name was removed from it.
    pub fn after_removing(door: D, name: &str) -> Self {
        Self {
            after: Some(Path::new(DIRECTORY).join(name)),
            ..Self::of_names(door)
        }
    }

    /// The directory, just after something was appended to a file in it.
    pub fn after_appending(door: D) -> Self {
        Self {
            appends_only: true,
            ..Self::of_names(door)
        }
    }

    fn of(door: D, path: PathBuf) -> Self {
        Self {
            door,
            path,
            after: None,
            removed: RefCell::default(),
            appends_only: false,
            appended: Cell::new(false),
            open: RefCell::default(),
        }
    }

    fn is_left_out(&self, fd: Fd) -> bool {
        let removed = self.after.is_none() || *self.removed.borrow() == self.after;
        let appended = !self.appends_only || self.appended.get();
        removed && appended && self.open.borrow().get(&fd) == Some(&self.path)
    }
}

impl<D: Door> Door for WithoutSync<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let opened = match &request {
            Request::Fsync { fd } | Request::Fdatasync { fd } if self.is_left_out(*fd) => {
                return Ok(Reply::Unit);
            }
            Request::Open { path, .. } => Some(path.clone()),
            Request::Append { .. } | Request::Pwrite { .. } => {
                let appends = matches!(request, Request::Append { .. });
                self.appended.set(appends);
                None
            }
            Request::Unlink { path } => {
                self.removed.replace(Some(path.clone()));
                None
            }
            _ => None,
        };
        let reply = self.door.call(request);
        if let (Some(path), Ok(Reply::Fd(fd))) = (opened, &reply) {
            self.open.borrow_mut().insert(*fd, path);
        }
        reply
    }
}

/// Believes that it has written to a file what it has read there before, apart from zeros.
#[derive(Debug)]
pub struct NeverWritesAgain<D> {
    door: D,
    path: PathBuf,
    opened: Cell<Option<Fd>>,
    /// What was read since it was opened, and where.
    read: RefCell<Vec<(u64, Vec<u8>)>>,
}

impl<D> NeverWritesAgain<D> {
    /// The file with this name in the directory of the store.
    pub fn new(door: D, name: &str) -> Self {
        Self {
            door,
            path: Path::new(DIRECTORY).join(name),
            opened: Cell::new(None),
            read: RefCell::default(),
        }
    }

    fn is_there(&self, offset: u64, bytes: &[u8]) -> bool {
        let read = self.read.borrow();
        let is_same = |(at, there): &(u64, Vec<u8>)| *at == offset && there == bytes;
        bytes.iter().any(|&byte| byte != 0) && read.iter().any(is_same)
    }
}

impl<D: Door> Door for NeverWritesAgain<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let is_open = |fd: &Fd| self.opened.get() == Some(*fd);
        match &request {
            Request::Pwrite { fd, bytes, offset } if is_open(fd) => {
                if self.is_there(*offset, bytes) {
                    return Ok(Reply::Count(bytes.len()));
                }
                self.read.take();
            }
            Request::Close { fd } if is_open(fd) => self.opened.set(None),
            _ => {}
        }
        let reply = self.door.call(request.clone())?;
        match (request, &reply) {
            (Request::Open { path, .. }, Reply::Fd(fd)) if path == self.path => {
                self.opened.set(Some(*fd));
                self.read.take();
            }
            (Request::Pread { fd, offset, .. }, Reply::Bytes(bytes)) if is_open(&fd) => {
                self.read.borrow_mut().push((offset, bytes.clone()));
            }
            _ => {}
        }
        Ok(reply)
    }
}
