//! Twins of the strategy `append-log` without one of its steps.

use super::control::{Control, preemptions, watched};
use super::removal::{RemovesBeforeHandingOut, RemovesTheLockFirst};
use super::{damage, lock, refusal, removal, rename};
use crate::oracle::ViolationKind;
use crate::scenario::{Act, Before};
use crate::sim::{AnyDoor, Door, Reply, Request};
use hookstate::kernel::{
    Access, Call, Create, Errno, FailNth, Fault, FlockOperation, OpenHow, Result, Watcher, Way,
};
use hookstate::strategy::{AnyStrategy, AppendLog};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

const APPEND_LOG: AnyStrategy = AnyStrategy::AppendLog(AppendLog);
const MODIFY: &[Act] = &[Act::Modify];
const APPLY: &[Act] = &[Act::Apply];
const READ: &[Act] = &[Act::Read];
const REMOVE: &[Act] = &[Act::Remove];
const EXISTING: Before = Before::Changes(2);
/// A log of this length is to be compacted, and whoever next makes it longer tries.
const LONG: usize = (64 << 10) + (4 << 10) - 1;

const MODIFY_AND_APPLY: Control = Control::on(APPEND_LOG, EXISTING, &[MODIFY, APPLY]);
const TWO_CHANGES: Control = Control::on(APPEND_LOG, EXISTING, &[MODIFY, MODIFY]);
const TWO_APPENDS: Control = Control::on(APPEND_LOG, EXISTING, &[APPLY, APPLY]);

pub(super) const WITHOUT_LOCK: Control =
    lock::without_lock("AppendLogWithoutLock", MODIFY_AND_APPLY);

pub(super) const COMPACTS_SHARED: Control =
    lock::shares_the_lock("AppendLogCompactsShared", MODIFY_AND_APPLY);

/// Both see a log that is long enough, so that what folds is a compaction.
pub(super) const COMPACTS_SHARED_AFTER_AN_APPEND: Control = Control {
    loom: preemptions(4),
    ..lock::shares_the_lock(
        "AppendLogCompactsSharedAfterAnAppend",
        Control::on(APPEND_LOG, Before::LongLog(1, LONG), &[APPLY, APPLY]),
    )
};

pub(super) const WITHOUT_RECHECK: Control =
    lock::without_recheck("AppendLogWithoutRecheck", MODIFY_AND_APPLY);

pub(super) const MODIFIES_WITHOUT_RECHECK: Control =
    lock::without_recheck("AppendLogModifiesWithoutRecheck", TWO_CHANGES);

pub(super) const CHECKS_THEN_CREATES: Control = Control {
    name: "AppendLogChecksThenCreates",
    leaves_out: "Looks whether the log is there, and makes and empties it if not.",
    twin: |door| AnyDoor::new(lock::ChecksThenCreates::truncating(door)),
    ..Control::on(APPEND_LOG, Before::Directory, &[APPLY, APPLY])
};

pub(super) const TRUSTS_ANY_FILE_SYSTEM: Control =
    lock::trusts_any_file_system("AppendLogTrustsAnyFileSystem", MODIFY_AND_APPLY);

pub(super) const GIVES_UP_AT_ONCE: Control =
    lock::gives_up_at_once("AppendLogGivesUpAtOnce", MODIFY_AND_APPLY);

pub(super) const WAITS_FOR_EVER: Control = lock::waits_for_ever(
    "AppendLogWaitsForEver",
    Control::on(APPEND_LOG, Before::Stopped(2), &[MODIFY]),
);

pub(super) const APPENDS_AFTER_WAITING_FOR_EVER: Control = lock::waits_for_ever(
    "AppendLogAppendsAfterWaitingForEver",
    Control::on(APPEND_LOG, Before::Stopped(2), &[APPLY]),
);

pub(super) const KEEPS_THE_LOCK: Control = lock::keeps_the_lock(
    "AppendLogKeepsTheLock",
    Control::on(APPEND_LOG, EXISTING, &[&[Act::Modify, Act::Modify]]),
);

pub(super) const KEEPS_THE_SHARED_LOCK: Control = lock::keeps_the_lock(
    "AppendLogKeepsTheSharedLock",
    Control::on(APPEND_LOG, EXISTING, &[&[Act::Apply, Act::Modify]]),
);

pub(super) const RELIES_ON_CLOSE: Control =
    lock::relies_on_close("AppendLogReliesOnClose", TWO_CHANGES);

pub(super) const KEEPS_NO_COPY: Control = damage::keeps_no_copy(
    "AppendLogKeepsNoCopy",
    Control::on(
        APPEND_LOG,
        Before::Damaged {
            changes: 2,
            kept: 0,
        },
        &[MODIFY],
    ),
);

pub(super) const REFUSES_NOTHING: Control = refusal::refuses_nothing(
    "AppendLogRefusesNothing",
    Control::on(APPEND_LOG, EXISTING, &[&[Act::Spoil], MODIFY]),
);

/// An append that is cut short, as on a disk that is full just then.
const SHORT_APPENDS: Control = Control {
    weather: |door| watched(door, FailNth::new(0, Fault::Short(17))),
    ..TWO_APPENDS
};

pub(super) const IGNORES_SHORT_WRITES: Control = Control {
    name: "AppendLogIgnoresShortWrites",
    leaves_out: "Takes a part of a record for the whole.",
    twin: |door| AnyDoor::new(IgnoresShortWrites(door)),
    verdicts: &[ViolationKind::Lost],
    ..SHORT_APPENDS
};

pub(super) const CONTINUES_SHORT_WRITES: Control = Control {
    name: "AppendLogContinuesShortWrites",
    leaves_out: "Appends only the rest of a record that was cut short.",
    twin: |door| AnyDoor::new(ContinuesShortWrites(door)),
    verdicts: &[ViolationKind::Lost],
    ..SHORT_APPENDS
};

pub(super) const WITHOUT_LEADING_NEWLINE: Control = Control {
    name: "AppendLogWithoutLeadingNewline",
    leaves_out: "Appends records without a newline before them.",
    twin: |door| AnyDoor::new(WithoutLeadingNewline(door)),
    verdicts: &[ViolationKind::Lost],
    ..SHORT_APPENDS
};

pub(super) const NEVER_COMPACTS: Control = Control {
    name: "AppendLogNeverCompacts",
    leaves_out: "Never compacts a log that has become long.",
    twin: |door| watched(door, NeverCompacts),
    verdicts: &[ViolationKind::Litter],
    ..Control::on(APPEND_LOG, Before::LongLog(1, LONG), &[APPLY])
};

/// Both make a spare of the same name.
pub(super) const PUBLISHES_UNLOCKED: Control = Control {
    name: "AppendLogPublishesUnlocked",
    leaves_out: "Gives the name to a new file without having locked that first.",
    twin: |door| watched(door, PublishesUnlocked::default()),
    verdicts: &[ViolationKind::Failed, ViolationKind::Lost],
    ..TWO_CHANGES
};

/// The kill leaves an empty log.
pub(super) const COMPACTS_IN_PLACE: Control = Control {
    name: "AppendLogCompactsInPlace",
    leaves_out: "Empties the log and writes the new one over it.",
    twin: |door| AnyDoor::new(CompactsInPlace::new(door)),
    victim: Some(1),
    verdicts: &[ViolationKind::Lost],
    ..Control::on(APPEND_LOG, EXISTING, &[APPLY, MODIFY])
};

/// The reader, who takes no lock, reads as much of the new log as the old one had.
pub(super) const COMPACTS_IN_PLACE_BESIDE_A_READER: Control = Control {
    name: "AppendLogCompactsInPlaceBesideAReader",
    victim: None,
    programs: &[READ, MODIFY],
    verdicts: &[ViolationKind::Torn, ViolationKind::RolledBack],
    ..COMPACTS_IN_PLACE
};

pub(super) const NEVER_EXCHANGES: Control =
    rename::never_exchanges("AppendLogNeverExchanges", TWO_CHANGES);

pub(super) const REMOVES_THEN_RENAMES: Control = rename::removes_then_renames(
    "AppendLogRemovesThenRenames",
    Control::on(APPEND_LOG, EXISTING, &[READ, MODIFY]),
);

pub(super) const LEAVES_THE_OLD_LOG: Control = Control {
    name: "AppendLogLeavesTheOldLog",
    leaves_out: "Leaves the old log behind.",
    twin: |door| watched(door, LeavesTheOldLog),
    verdicts: &[ViolationKind::Litter],
    ..MODIFY_AND_APPLY
};

const REMOVE_AND_APPLY: Control = Control::on(APPEND_LOG, EXISTING, &[REMOVE, APPLY]);
const REMOVE_AND_MODIFY: Control = Control::on(APPEND_LOG, EXISTING, &[REMOVE, MODIFY]);

pub(super) const REMOVES_UNLOCKED: Control =
    removal::unlocked("AppendLogRemovesUnlocked", REMOVE_AND_APPLY);

pub(super) const REMOVES_SHARED: Control =
    lock::shares_the_lock("AppendLogRemovesShared", REMOVE_AND_APPLY);

pub(super) const REMOVED_WITHOUT_RECHECK: Control =
    lock::without_recheck("AppendLogRemovedWithoutRecheck", REMOVE_AND_APPLY);

pub(super) const REMOVES_AND_KEEPS_NO_COPY: Control = Control {
    programs: &[REMOVE],
    ..damage::keeps_no_copy("AppendLogRemovesAndKeepsNoCopy", KEEPS_NO_COPY)
};

pub(super) const REMOVES_BEFORE_HANDING_OUT: Control = removal::before_handing_out(
    "AppendLogRemovesBeforeHandingOut",
    Control::on(APPEND_LOG, EXISTING, &[REMOVE]),
    |door| {
        AnyDoor::new(RemovesBeforeHandingOut::new(
            door,
            "ledger.log",
            "ledger.log",
        ))
    },
);

/// The spare that goes is to be the next log.
pub(super) const REMOVES_THE_LOCK_FIRST: Control =
    removal::lock_first("AppendLogRemovesTheLockFirst", REMOVE_AND_MODIFY, |door| {
        AnyDoor::new(RemovesTheLockFirst::new(door, "ledger.log"))
    });

pub(super) const LEAVES_THE_STATE: Control =
    removal::leaves_files("AppendLogLeavesTheState", REMOVE_AND_APPLY, |door| {
        removal::leaving(door, ".log")
    });

/// Who waits for the lock of the log that was removed would wait for ever.
pub(super) const REMOVES_RELYING_ON_CLOSE: Control =
    lock::relies_on_close("AppendLogRemovesRelyingOnClose", REMOVE_AND_APPLY);

/// Takes the length of what it wanted to append for that of what was taken.
#[derive(Debug)]
pub struct IgnoresShortWrites<D>(pub D);

impl<D: Door> Door for IgnoresShortWrites<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let Request::Append { fd, bytes } = request else {
            return self.0.call(request);
        };
        let length = bytes.len();
        self.0.call(Request::Append { fd, bytes })?;
        Ok(Reply::Count(length))
    }
}

/// Appends only what is left of a record after a short write.
#[derive(Debug)]
pub struct ContinuesShortWrites<D>(pub D);

impl<D: Door> Door for ContinuesShortWrites<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let Request::Append { fd, bytes } = request else {
            return self.0.call(request);
        };
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = bytes[taken..].to_vec();
            match self.0.call(Request::Append { fd, bytes: rest })? {
                Reply::Count(count) => taken += count,
                other => return Ok(other),
            }
        }
        Ok(Reply::Count(taken))
    }
}

/// Appends a record without the newline before it.
#[derive(Debug)]
pub struct WithoutLeadingNewline<D>(pub D);

impl<D: Door> Door for WithoutLeadingNewline<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let Request::Append { fd, mut bytes } = request else {
            return self.0.call(request);
        };
        if bytes.first() != Some(&b'\n') {
            return self.0.call(Request::Append { fd, bytes });
        }
        bytes.remove(0);
        match self.0.call(Request::Append { fd, bytes })? {
            Reply::Count(count) => Ok(Reply::Count(count + 1)),
            other => Ok(other),
        }
    }
}

/// Finds the lock held whenever it wants it alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverCompacts;

impl Watcher for NeverCompacts {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock {
                operation: FlockOperation::TryExclusive,
            } => Way::Fail(Errno::WOULDBLOCK),
            _ => Way::Through,
        }
    }
}

/// Gives the name to a new file without having locked that first.
#[derive(Clone, Debug, Default)]
pub struct PublishesUnlocked {
    made_last: Cell<bool>,
}

impl Watcher for PublishesUnlocked {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock { .. } if self.made_last.get() => Way::Skip,
            Call::Open { how, .. } => {
                self.made_last.set(how.create == Create::New);
                Way::Through
            }
            _ => {
                self.made_last.set(false);
                Way::Through
            }
        }
    }
}

/// Writes the new log over the old one where it should give the name to a new file.
#[derive(Debug)]
pub struct CompactsInPlace<D> {
    door: D,
    base: RefCell<Vec<u8>>,
}

impl<D> CompactsInPlace<D> {
    /// Keeps every exchange of names from `door`.
    pub const fn new(door: D) -> Self {
        let base = RefCell::new(Vec::new());
        Self { door, base }
    }
}

impl<D: Door> Door for CompactsInPlace<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Exchange { other: log, .. } => self.rewrite(log),
            request => {
                if let Request::Pwrite { bytes, .. } = &request {
                    self.base.replace(bytes.clone());
                }
                self.door.call(request)
            }
        }
    }
}

impl<D: Door> CompactsInPlace<D> {
    fn rewrite(&self, path: PathBuf) -> Result<Reply> {
        let how = OpenHow::existing(Access::ReadWrite);
        let Reply::Fd(fd) = self.door.call(Request::Open { path, how })? else {
            unreachable!("open gives a descriptor");
        };
        let (length, offset) = (0, 0);
        let bytes = self.base.take();
        self.door.call(Request::Ftruncate { fd, length })?;
        self.door.call(Request::Pwrite { fd, bytes, offset })?;
        self.door.call(Request::Close { fd })
    }
}

/// Does not remove the old log once it has the name of the spare.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeavesTheOldLog;

impl Watcher for LeavesTheOldLog {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Unlink { path } if is_spare(path) => Way::Skip,
            _ => Way::Through,
        }
    }
}

pub(super) fn is_spare(path: &Path) -> bool {
    path.extension() == Some("spare".as_ref())
}
