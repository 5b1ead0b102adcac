//! Twins of the strategy `flock` without a step of its journal.

use super::control::{Control, FLOCK};
use crate::oracle::{DIRECTORY, ViolationKind};
use crate::scenario::{Act, Before};
use crate::sim::{AnyDoor, Door, Fd, Reply, Request};
use hookstate::Durability;
use hookstate::kernel::{Access, Create, Errno, OpenHow, Result};
use std::cell::Cell;
use std::path::Path;

const MODIFY: &[Act] = &[Act::Modify];
/// The state has two pages.
const TWO_PAGES: Before = Before::LargeChanges(1, 5_000);

/// A write of several pages that is killed, beside a change that comes before or after.
const TORN_WRITE: Control = Control {
    victim: Some(1),
    ..Control::on(FLOCK, TWO_PAGES, &[MODIFY, &[Act::Grow(5_000)]])
};

pub(super) const WITHOUT_RECOVERY: Control = Control {
    name: "FlockWithoutRecovery",
    leaves_out: "Writes the journal and never looks into it.",
    twin: |door| AnyDoor::new(WithoutRecovery(door)),
    verdicts: &[ViolationKind::Lost, ViolationKind::Torn],
    ..TORN_WRITE
};

pub(super) const REMOVES_WITHOUT_RECOVERY: Control = Control {
    name: "FlockRemovesWithoutRecovery",
    programs: &[&[Act::Remove], &[Act::Grow(5_000)]],
    ..WITHOUT_RECOVERY
};

pub(super) const WITHOUT_JOURNAL: Control = Control {
    name: "FlockWithoutJournal",
    leaves_out: "Writes in place without having written the journal.",
    twin: |door| AnyDoor::new(Unwritten::journal(door)),
    verdicts: &[ViolationKind::Torn],
    ..TORN_WRITE
};

pub(super) const NEVER_MAKES_THE_JOURNAL: Control = Control {
    name: "JournalNeverMade",
    leaves_out: "Opens the journal and does not make it.",
    twin: |door| AnyDoor::new(NeverMakesTheJournal(door)),
    verdicts: &[ViolationKind::Failed],
    ..Control::on(FLOCK, Before::Changes(2), &[MODIFY, &[Act::Grow(5_000)]])
};

pub(super) const WITHOUT_BODY: Control = Control {
    name: "JournalWithoutBody",
    leaves_out: "Writes the header of the journal and not its body.",
    twin: |door| AnyDoor::new(Unwritten::body(door)),
    verdicts: &[ViolationKind::Torn],
    ..TORN_WRITE
};

pub(super) const WITHOUT_HEADER: Control = Control {
    name: "JournalWithoutHeader",
    leaves_out: "Writes the body of the journal and not its header.",
    twin: |door| AnyDoor::new(Unwritten::header(door)),
    verdicts: &[ViolationKind::Torn],
    ..TORN_WRITE
};

pub(super) const NEVER_PLACES: Control = Control {
    name: "JournalNeverPlaced",
    leaves_out: "Writes the journal, and nothing in place.",
    twin: |door| AnyDoor::new(NeverPlaces::new(door)),
    verdicts: &[ViolationKind::Lost],
    ..Control::on(FLOCK, TWO_PAGES, &[MODIFY, MODIFY])
};

pub(super) const NEVER_CUTS_OFF: Control = Control {
    name: "JournalNeverCutsOff",
    leaves_out: "Leaves the rest of the old content behind shorter new content.",
    twin: |door| AnyDoor::new(NeverCutsOff(door)),
    verdicts: &[ViolationKind::Torn],
    ..Control::on(FLOCK, TWO_PAGES, &[MODIFY, &[Act::Shrink]])
};

/// Somebody puts back what had been there before the change.
pub(super) const NEVER_CLEARED: Control = Control {
    name: "JournalNeverCleared",
    leaves_out: "Leaves the header when the new content is in place.",
    twin: |door| AnyDoor::new(Unwritten::clearing(door)),
    verdicts: &[ViolationKind::Undead],
    ..Control::on(FLOCK, TWO_PAGES, &[&[Act::Undone]])
};

/// A peer writes after the kill of a process whose header was written, and nothing in place. One
/// page is enough, as `Durability::Power` has a journal for every change.
pub(super) const TAKES_PEERS_FOR_DAMAGE: Control = Control {
    name: "JournalTakesPeersForDamage",
    leaves_out: "Completes a write without looking what has been written since.",
    durability: Durability::Power,
    twin: |door| AnyDoor::new(TakesPeersForDamage::new(door)),
    victim: Some(1),
    verdicts: &[ViolationKind::Lost],
    ..Control::on(
        FLOCK,
        Before::Changes(1),
        &[&[Act::Peer, Act::Read], MODIFY],
    )
};

/// Writes the journal of the strategy `flock` and never looks into it.
#[derive(Debug)]
pub struct WithoutRecovery<D>(pub D);

impl<D: Door> Door for WithoutRecovery<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        if let Request::Open { path, how } = &request
            && is_journal(path)
            && how.create == Create::Never
        {
            return Err(Errno::NOENT);
        }
        self.0.call(request)
    }
}

/// Opens the journal of the strategy `flock` if it is there.
#[derive(Debug)]
pub struct NeverMakesTheJournal<D>(pub D);

impl<D: Door> Door for NeverMakesTheJournal<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Open { path, mut how } if is_journal(&path) => {
                how.create = Create::Never;
                self.0.call(Request::Open { path, how })
            }
            request => self.0.call(request),
        }
    }
}

/// Does not write all that belongs into the journal of the strategy `flock`.
#[derive(Debug)]
pub struct Unwritten<D> {
    door: D,
    part: Part,
    journal: Cell<Option<Fd>>,
}

/// A part of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Header,
    Body,
    Clearing,
}

impl<D> Unwritten<D> {
    /// Nothing is written into it.
    pub const fn journal(door: D) -> Self {
        Self::new(door, Part::All)
    }

    /// The header is not written.
    pub const fn header(door: D) -> Self {
        Self::new(door, Part::Header)
    }

    /// The checksums and the new content are not written.
    pub const fn body(door: D) -> Self {
        Self::new(door, Part::Body)
    }

    /// The header is not cleared.
    pub const fn clearing(door: D) -> Self {
        Self::new(door, Part::Clearing)
    }

    const fn new(door: D, part: Part) -> Self {
        let journal = Cell::new(None);
        Self {
            door,
            part,
            journal,
        }
    }

    fn is_left_out(&self, bytes: &[u8], offset: u64) -> bool {
        match self.part {
            Part::All => true,
            Part::Header => offset == 0,
            Part::Body => offset != 0,
            Part::Clearing => offset == 0 && bytes.iter().all(|&byte| byte == 0),
        }
    }
}

impl<D: Door> Door for Unwritten<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match &request {
            Request::Pwrite { fd, bytes, offset }
                if self.journal.get() == Some(*fd) && self.is_left_out(bytes, *offset) =>
            {
                return Ok(Reply::Count(bytes.len()));
            }
            Request::Close { fd } if self.journal.get() == Some(*fd) => self.journal.set(None),
            _ => {}
        }
        let opens = matches!(&request, Request::Open { path, .. } if is_journal(path));
        let reply = self.door.call(request);
        if let (true, Ok(Reply::Fd(fd))) = (opens, &reply) {
            self.journal.set(Some(*fd));
        }
        reply
    }
}

/// Writes the journal of the strategy `flock`, and nothing into the data file.
#[derive(Debug)]
pub struct NeverPlaces<D> {
    door: D,
    data: Cell<Option<Fd>>,
}

impl<D> NeverPlaces<D> {
    /// Keeps what is meant for the data file from `door`.
    pub const fn new(door: D) -> Self {
        let data = Cell::new(None);
        Self { door, data }
    }
}

impl<D: Door> Door for NeverPlaces<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match &request {
            Request::Pwrite { fd, bytes, .. } if self.data.get() == Some(*fd) => {
                return Ok(Reply::Count(bytes.len()));
            }
            Request::Close { fd } if self.data.get() == Some(*fd) => self.data.set(None),
            _ => {}
        }
        let opens = matches!(&request, Request::Open { path, .. } if !is_journal(path));
        let reply = self.door.call(request);
        if let (true, Ok(Reply::Fd(fd))) = (opens, &reply) {
            self.data.set(Some(*fd));
        }
        reply
    }
}

/// Cuts no file off.
#[derive(Debug)]
pub struct NeverCutsOff<D>(pub D);

impl<D: Door> Door for NeverCutsOff<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Ftruncate { .. } => Ok(Reply::Unit),
            request => self.0.call(request),
        }
    }
}

/// Takes the content of the data file for damage whenever the journal of the strategy `flock` has a
/// header, as a reader, who recovers in memory.
#[derive(Debug)]
pub struct TakesPeersForDamage<D> {
    door: D,
    data: Cell<Option<Fd>>,
}

impl<D> TakesPeersForDamage<D> {
    /// Looks into the journal through `door`.
    pub const fn new(door: D) -> Self {
        let data = Cell::new(None);
        Self { door, data }
    }
}

impl<D: Door> Door for TakesPeersForDamage<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Pread { fd, length, .. }
                if self.data.get() == Some(fd) && self.is_pending()? =>
            {
                Ok(Reply::Bytes(vec![b'?'; length]))
            }
            Request::Open { path, how } if path.ends_with("ledger.json") => {
                let reply = self.door.call(Request::Open { path, how })?;
                match reply {
                    Reply::Fd(fd) if how.access == Access::Read => self.data.set(Some(fd)),
                    _ => self.data.set(None),
                }
                Ok(reply)
            }
            request => self.door.call(request),
        }
    }
}

impl<D: Door> TakesPeersForDamage<D> {
    fn is_pending(&self) -> Result<bool> {
        let path = Path::new(DIRECTORY).join("ledger.json.journal");
        let how = OpenHow::existing(Access::Read);
        let fd = match self.door.call(Request::Open { path, how }) {
            Ok(Reply::Fd(fd)) => fd,
            _ => return Ok(false),
        };
        let (length, offset) = (1, 0);
        let header = self.door.call(Request::Pread { fd, length, offset })?;
        self.door.call(Request::Close { fd })?;
        Ok(matches!(header, Reply::Bytes(bytes) if bytes.iter().any(|&byte| byte != 0)))
    }
}

pub(super) fn is_journal(path: &Path) -> bool {
    path.extension() == Some("journal".as_ref())
}
