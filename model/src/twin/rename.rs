//! Twins of the strategy `rename` without one of its steps.

use super::append_log::is_spare;
use super::control::{Control, preemptions, watched};
use super::removal::{RemovesBeforeHandingOut, RemovesTheLockFirst};
use super::{damage, lock, refusal, removal};
use crate::oracle::ViolationKind;
use crate::scenario::{Act, Before};
use crate::sim::{AnyDoor, Door, FaultModel, Reply, Request};
use hookstate::kernel::{Call, Create, Errno, OpenHow, Result, Watcher, Way};
use hookstate::strategy::{AnyStrategy, Rename};

const RENAME: AnyStrategy = AnyStrategy::Rename(Rename);
const MODIFY: &[Act] = &[Act::Modify];
const READ: &[Act] = &[Act::Read];
const REMOVE: &[Act] = &[Act::Remove];
const EXISTING: Before = Before::Changes(2);
const TWO_CHANGES: Control = Control::on(RENAME, EXISTING, &[MODIFY, MODIFY]);

pub(super) const WITHOUT_LOCK: Control = lock::without_lock("RenameWithoutLock", TWO_CHANGES);

pub(super) const SHARES_THE_LOCK: Control =
    lock::shares_the_lock("RenameSharesTheLock", TWO_CHANGES);

pub(super) const CHECKS_THEN_CREATES: Control = Control {
    name: "RenameChecksThenCreates",
    leaves_out: "Looks whether the lock file is there, and fails if it cannot make it then.",
    twin: |door| AnyDoor::new(lock::ChecksThenCreates::exclusive(door)),
    verdicts: &[ViolationKind::Failed],
    ..Control::on(RENAME, Before::Directory, &[MODIFY, MODIFY])
};

pub(super) const TRUSTS_ANY_FILE_SYSTEM: Control =
    lock::trusts_any_file_system("RenameTrustsAnyFileSystem", TWO_CHANGES);

pub(super) const GIVES_UP_AT_ONCE: Control =
    lock::gives_up_at_once("RenameGivesUpAtOnce", TWO_CHANGES);

pub(super) const WAITS_FOR_EVER: Control = lock::waits_for_ever(
    "RenameWaitsForEver",
    Control::on(RENAME, Before::Stopped(2), &[MODIFY]),
);

pub(super) const KEEPS_THE_LOCK: Control = lock::keeps_the_lock(
    "RenameKeepsTheLock",
    Control::on(RENAME, EXISTING, &[&[Act::Modify, Act::Modify]]),
);

pub(super) const RELIES_ON_CLOSE: Control =
    lock::relies_on_close("RenameReliesOnClose", TWO_CHANGES);

/// The data file is damaged, and the spare has all changes but the last.
const DAMAGED: Control = Control::on(
    RENAME,
    Before::Damaged {
        changes: 2,
        kept: 1,
    },
    &[MODIFY],
);

pub(super) const KEEPS_NO_COPY: Control = damage::keeps_no_copy("RenameKeepsNoCopy", DAMAGED);

pub(super) const IGNORES_THE_SPARE: Control = Control {
    name: "RenameIgnoresTheSpare",
    leaves_out: "Begins anew after damage, although there is the version before.",
    twin: |door| AnyDoor::new(IgnoresTheSpare(door)),
    verdicts: &[ViolationKind::Lost],
    ..DAMAGED
};

pub(super) const REFUSES_NOTHING: Control = refusal::refuses_nothing(
    "RenameRefusesNothing",
    Control::on(RENAME, EXISTING, &[&[Act::Spoil], MODIFY]),
);

/// The reader has opened what one change later is the spare, and reads, as far as the file went
/// before, what the next one writes there and has not committed.
pub(super) const WRITES_INTO_THE_SPARE: Control = Control {
    name: "RenameWritesIntoTheSpare",
    leaves_out: "Writes into the spare, which has been the data file, instead of a new one.",
    twin: |door| AnyDoor::new(WritesIntoTheSpare(door)),
    loom: preemptions(2),
    verdicts: &[ViolationKind::Torn],
    ..Control::on(RENAME, EXISTING, &[READ, &[Act::Modify, Act::Modify]])
};

/// The reader gets a page in parts, which the kernel may do.
pub(super) const WRITES_INTO_THE_SPARE_UNDER_A_READER: Control = Control {
    name: "RenameWritesIntoTheSpareUnderAReader",
    faults: FaultModel {
        transfer_bytes_max: 24,
        ..FaultModel::LOCAL
    },
    loom: preemptions(3),
    ..WRITES_INTO_THE_SPARE
};

pub(super) const NEVER_EXCHANGES: Control = never_exchanges("RenameNeverExchanges", TWO_CHANGES);

pub(super) const REMOVES_THEN_RENAMES: Control = removes_then_renames(
    "RenameRemovesThenRenames",
    Control::on(RENAME, EXISTING, &[READ, MODIFY]),
);

const REMOVE_AND_MODIFY: Control = Control::on(RENAME, EXISTING, &[REMOVE, MODIFY]);

pub(super) const REMOVES_UNLOCKED: Control =
    removal::unlocked("RenameRemovesUnlocked", REMOVE_AND_MODIFY);

/// One holds the lock file that was removed, another the one that was made since.
pub(super) const WITHOUT_RECHECK: Control = Control {
    loom: preemptions(2),
    ..lock::without_recheck(
        "RenameWithoutRecheck",
        Control::on(RENAME, EXISTING, &[REMOVE, MODIFY, MODIFY]),
    )
};

pub(super) const REMOVES_AND_KEEPS_NO_COPY: Control = Control {
    programs: &[REMOVE],
    ..damage::keeps_no_copy("RenameRemovesAndKeepsNoCopy", DAMAGED)
};

pub(super) const REMOVES_BEFORE_HANDING_OUT: Control = removal::before_handing_out(
    "RenameRemovesBeforeHandingOut",
    Control::on(RENAME, EXISTING, &[REMOVE]),
    |door| {
        let (locked, data) = ("ledger.rename.json.lock", "ledger.rename.json");
        AnyDoor::new(RemovesBeforeHandingOut::new(door, locked, data))
    },
);

/// What goes after the lock file is the next version.
pub(super) const REMOVES_THE_LOCK_FIRST: Control =
    removal::lock_first("RenameRemovesTheLockFirst", REMOVE_AND_MODIFY, |door| {
        AnyDoor::new(RemovesTheLockFirst::new(door, "ledger.rename.json.lock"))
    });

pub(super) const LEAVES_THE_SPARE: Control = removal::leaves_files(
    "RenameLeavesTheSpare",
    Control::on(RENAME, EXISTING, &[REMOVE]),
    |door| removal::leaving(door, ".spare"),
);

pub(super) const LEAVES_THE_STATE: Control =
    removal::leaves_files("RenameLeavesTheState", REMOVE_AND_MODIFY, |door| {
        removal::leaving(door, ".json")
    });

pub(super) const LEAVES_THE_LOCK: Control = removal::leaves_files(
    "RenameLeavesTheLock",
    Control::on(RENAME, EXISTING, &[REMOVE]),
    |door| removal::leaving(door, ".lock"),
);

/// Who waits for the lock file that was removed would wait for ever.
pub(super) const REMOVES_RELYING_ON_CLOSE: Control =
    lock::relies_on_close("RenameRemovesRelyingOnClose", REMOVE_AND_MODIFY);

/// `base` with [`NeverExchanges`].
pub(super) const fn never_exchanges(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Does not give the name to the new file.",
        twin: |door| watched(door, NeverExchanges),
        verdicts: &[ViolationKind::Lost],
        ..base
    }
}

/// `base` with [`RemovesThenRenames`]. Somebody must read in between.
pub(super) const fn removes_then_renames(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Removes the old file before it gives the name to the new one.",
        twin: |door| AnyDoor::new(RemovesThenRenames(door)),
        verdicts: &[ViolationKind::RolledBack, ViolationKind::Lost],
        ..base
    }
}

/// Finds no version before.
#[derive(Debug)]
pub struct IgnoresTheSpare<D>(pub D);

impl<D: Door> Door for IgnoresTheSpare<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match &request {
            Request::Open { path, how } if is_spare(path) && how.create == Create::Never => {
                Err(Errno::NOENT)
            }
            _ => self.0.call(request),
        }
    }
}

/// Writes into the spare of the strategy `rename` that is there, which has been the data file, where
/// it should make a new one.
#[derive(Debug)]
pub struct WritesIntoTheSpare<D>(pub D);

impl<D: Door> Door for WritesIntoTheSpare<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Unlink { path } if is_spare(&path) => Ok(Reply::Unit),
            Request::Open { path, how } if is_spare(&path) && how.create == Create::New => {
                let how = OpenHow::or_create(how.access);
                self.0.call(Request::Open { path, how })
            }
            request => self.0.call(request),
        }
    }
}

/// Believes that it has exchanged the names.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverExchanges;

impl Watcher for NeverExchanges {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Exchange { .. } | Call::Rename { .. } => Way::Skip,
            _ => Way::Through,
        }
    }
}

/// Makes room for the new file by removing the old one.
#[derive(Debug)]
pub struct RemovesThenRenames<D>(pub D);

impl<D: Door> Door for RemovesThenRenames<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let Request::Exchange { one, other } = request else {
            return self.0.call(request);
        };
        let path = other.clone();
        self.0.call(Request::Unlink { path })?;
        let (from, to) = (one, other);
        self.0.call(Request::Rename { from, to })
    }
}
