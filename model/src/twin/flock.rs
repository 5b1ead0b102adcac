//! Twins of the strategy `flock` without one of its steps, except for those of its journal.

use super::control::{Control, FLOCK, preemptions, watched};
use super::journal::is_journal;
use super::removal::{RemovesBeforeHandingOut, RemovesTheLockFirst};
use super::{damage, lock, refusal, removal};
use crate::oracle::ViolationKind;
use crate::scenario::{Act, Before};
use crate::sim::{AnyDoor, Door, Fd, Reply, Request};
use hookstate::ErrorKind;
use hookstate::kernel::{Call, Errno, Result, Watcher, Way};

const MODIFY: &[Act] = &[Act::Modify];
const REMOVE: &[Act] = &[Act::Remove];
const TWO_CHANGES: Control = Control::on(FLOCK, Before::Changes(2), &[MODIFY, MODIFY]);

pub(super) const WITHOUT_LOCK: Control = lock::without_lock("FlockWithoutLock", TWO_CHANGES);

pub(super) const SHARES_THE_LOCK: Control =
    lock::shares_the_lock("FlockSharesTheLock", TWO_CHANGES);

pub(super) const CHECKS_THEN_CREATES: Control = Control {
    name: "FlockChecksThenCreates",
    leaves_out: "Looks whether the file is there, and makes and empties it if not.",
    twin: |door| AnyDoor::new(lock::ChecksThenCreates::truncating(door)),
    ..Control::on(FLOCK, Before::Directory, &[MODIFY, MODIFY])
};

pub(super) const TRUSTS_ANY_FILE_SYSTEM: Control =
    lock::trusts_any_file_system("FlockTrustsAnyFileSystem", TWO_CHANGES);

pub(super) const GIVES_UP_AT_ONCE: Control =
    lock::gives_up_at_once("FlockGivesUpAtOnce", TWO_CHANGES);

pub(super) const WAITS_FOR_EVER: Control = lock::waits_for_ever(
    "FlockWaitsForEver",
    Control::on(FLOCK, Before::Stopped(2), &[MODIFY]),
);

pub(super) const KEEPS_THE_LOCK: Control = lock::keeps_the_lock(
    "FlockKeepsTheLock",
    Control::on(FLOCK, Before::Changes(2), &[&[Act::Modify, Act::Modify]]),
);

pub(super) const RELIES_ON_CLOSE: Control =
    lock::relies_on_close("FlockReliesOnClose", TWO_CHANGES);

pub(super) const KEEPS_NO_COPY: Control = damage::keeps_no_copy(
    "FlockKeepsNoCopy",
    Control::on(
        FLOCK,
        Before::Damaged {
            changes: 2,
            kept: 0,
        },
        &[MODIFY],
    ),
);

pub(super) const REFUSES_NOTHING: Control = refusal::refuses_nothing(
    "FlockRefusesNothing",
    Control::on(FLOCK, Before::Changes(2), &[&[Act::Spoil], MODIFY]),
);

/// A limit on file sizes cuts the write off, and a kill comes before the beginning is put back.
pub(super) const WITHOUT_LENGTHENING: Control = Control {
    name: "FlockWithoutLengthening",
    leaves_out: "Writes longer content without having made the file longer before.",
    weather: |door| watched(door, FileSizeLimit(300)),
    excused: &[ErrorKind::NoSpace],
    twin: |door| AnyDoor::new(WithoutLengthening(door)),
    victim: Some(1),
    verdicts: &[ViolationKind::Lost, ViolationKind::Torn],
    ..Control::on(FLOCK, Before::Changes(2), &[MODIFY, &[Act::Grow(600)]])
};

/// The journal was made for a state that had become larger, and is empty.
pub(super) const KEEPS_THE_JOURNAL: Control = Control {
    name: "FlockKeepsTheJournal",
    leaves_out: "Leaves an empty journal for all later changes to look into.",
    twin: |door| watched(door, KeepsTheJournal),
    verdicts: &[ViolationKind::Litter],
    ..Control::on(
        FLOCK,
        Before::LargeChanges(1, 5_000),
        &[&[Act::Shrink, Act::Modify]],
    )
};

const REMOVE_AND_MODIFY: Control = Control::on(FLOCK, Before::Changes(2), &[REMOVE, MODIFY]);

pub(super) const REMOVES_UNLOCKED: Control =
    removal::unlocked("FlockRemovesUnlocked", REMOVE_AND_MODIFY);

/// Who has waited for the lock gets that of a file that was removed meanwhile.
pub(super) const WITHOUT_RECHECK: Control =
    lock::without_recheck("FlockWithoutRecheck", REMOVE_AND_MODIFY);

pub(super) const REMOVES_AND_KEEPS_NO_COPY: Control = Control {
    programs: &[REMOVE],
    ..damage::keeps_no_copy("FlockRemovesAndKeepsNoCopy", KEEPS_NO_COPY)
};

pub(super) const REMOVES_BEFORE_HANDING_OUT: Control = removal::before_handing_out(
    "FlockRemovesBeforeHandingOut",
    Control::on(FLOCK, Before::Changes(2), &[REMOVE]),
    |door| {
        AnyDoor::new(RemovesBeforeHandingOut::new(
            door,
            "ledger.json",
            "ledger.json",
        ))
    },
);

/// The journal that goes is that of the next state, whose writer is killed.
pub(super) const REMOVES_THE_LOCK_FIRST: Control = Control {
    victim: Some(1),
    loom: preemptions(2),
    ..removal::lock_first(
        "FlockRemovesTheLockFirst",
        Control::on(
            FLOCK,
            Before::LargeChanges(1, 5_000),
            &[REMOVE, &[Act::Grow(5_000), Act::Grow(5_000)]],
        ),
        |door| AnyDoor::new(RemovesTheLockFirst::new(door, "ledger.json")),
    )
};

pub(super) const LEAVES_THE_JOURNAL: Control = removal::leaves_files(
    "FlockLeavesTheJournal",
    Control::on(FLOCK, Before::LargeChanges(1, 5_000), &[REMOVE]),
    |door| removal::leaving(door, ".json.journal"),
);

pub(super) const LEAVES_THE_STATE: Control =
    removal::leaves_files("FlockLeavesTheState", REMOVE_AND_MODIFY, |door| {
        removal::leaving(door, ".json")
    });

/// Who waits for the lock of the file that was removed would wait for ever.
pub(super) const REMOVES_RELYING_ON_CLOSE: Control =
    lock::relies_on_close("FlockRemovesRelyingOnClose", REMOVE_AND_MODIFY);

pub(super) const TRUNCATES_FIRST: Control = Control {
    name: "FlockTruncatesFirst",
    leaves_out: "Empties the file before it writes it from the beginning.",
    twin: |door| AnyDoor::new(TruncatesFirst(door)),
    victim: Some(1),
    verdicts: &[ViolationKind::Lost],
    ..TWO_CHANGES
};

pub(super) const WRITES_IN_PIECES: Control = Control {
    name: "FlockWritesInPieces",
    leaves_out: "Writes a page in two calls.",
    twin: |door| AnyDoor::new(WritesInPieces(door)),
    victim: Some(1),
    verdicts: &[ViolationKind::Torn],
    ..TWO_CHANGES
};

/// The state becomes shorter.
pub(super) const WITHOUT_PADDING: Control = Control {
    name: "FlockWithoutPadding",
    leaves_out: "Writes the new content without the spaces that cover the rest of the old.",
    twin: |door| AnyDoor::new(WithoutPadding(door)),
    verdicts: &[ViolationKind::Torn],
    ..Control::on(FLOCK, Before::LargeChanges(1, 600), &[&[Act::Shrink]])
};

/// No file of the process may be longer than this many bytes, as with `RLIMIT_FSIZE` and SIGXFSZ
/// ignored (setrlimit(2)): a write that gets there is cut off, and one that begins there fails.
#[derive(Clone, Copy, Debug)]
pub struct FileSizeLimit(pub u64);

impl Watcher for FileSizeLimit {
    fn before(&self, call: &Call<'_>) -> Way {
        let &Call::Pwrite { bytes, offset } = call else {
            return Way::Through;
        };
        match self.0.checked_sub(offset).map(usize::try_from) {
            None | Some(Ok(0)) => Way::Fail(Errno::FBIG),
            Some(Ok(room)) if room < bytes.len() => Way::Short(room),
            Some(_) => Way::Through,
        }
    }
}

/// Believes that it has written spaces behind the old content.
#[derive(Debug)]
pub struct WithoutLengthening<D>(pub D);

impl<D: Door> Door for WithoutLengthening<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match &request {
            Request::Pwrite { bytes, .. } if bytes.iter().all(|&byte| byte == b' ') => {
                Ok(Reply::Count(bytes.len()))
            }
            _ => self.0.call(request),
        }
    }
}

/// Removes no journal.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepsTheJournal;

impl Watcher for KeepsTheJournal {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Unlink { path } if is_journal(path) => Way::Skip,
            _ => Way::Through,
        }
    }
}

/// Empties the file before it writes it from the beginning.
#[derive(Debug)]
pub struct TruncatesFirst<D>(pub D);

impl<D: Door> Door for TruncatesFirst<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        if let Request::Pwrite { fd, offset: 0, .. } = request {
            self.empty(fd)?;
        }
        self.0.call(request)
    }
}

impl<D: Door> TruncatesFirst<D> {
    fn empty(&self, fd: Fd) -> Result<()> {
        let length = 0;
        self.0.call(Request::Ftruncate { fd, length }).map(|_| ())
    }
}

/// Writes in two calls what is to be one write from the beginning.
#[derive(Debug)]
pub struct WritesInPieces<D>(pub D);

impl<D: Door> Door for WritesInPieces<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let Request::Pwrite { fd, bytes, offset } = request else {
            return self.0.call(request);
        };
        let (piece, rest) = bytes.split_at(PIECE.min(bytes.len()));
        let behind = offset + piece.len() as u64;
        for (part, offset) in [(piece, offset), (rest, behind)] {
            let bytes = part.to_vec();
            self.0.call(Request::Pwrite { fd, bytes, offset })?;
        }
        Ok(Reply::Count(bytes.len()))
    }
}

/// Fewer bytes than any state has.
const PIECE: usize = 12;

/// Writes a line of JSON without the spaces before its newline.
#[derive(Debug)]
pub struct WithoutPadding<D>(pub D);

impl<D: Door> Door for WithoutPadding<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let Request::Pwrite { fd, bytes, offset } = request else {
            return self.0.call(request);
        };
        let length = bytes.len();
        let bytes = match offset {
            0 => without_padding(bytes),
            _ => bytes,
        };
        self.0.call(Request::Pwrite { fd, bytes, offset })?;
        Ok(Reply::Count(length))
    }
}

fn without_padding(mut line: Vec<u8>) -> Vec<u8> {
    if line.last() == Some(&b'\n') {
        line.pop();
        let end = line.iter().rposition(|&byte| byte != b' ');
        line.truncate(end.map_or(0, |end| end + 1));
        line.push(b'\n');
    }
    line
}
