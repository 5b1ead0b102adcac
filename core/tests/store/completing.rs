//! The write of a killed process is completed from the journal of `flock`, and that is cut short in
//! the middle of a sector. What was there comes back, or every sector is either old or new, so that
//! nobody takes the content for that of a peer.

use crate::directory::Scratch;
use crate::ledger::{Change, Ledger};
use crate::watchers::Asks;
use hookstate::kernel::{Call, Ceased, DieAtNth, Ending, Errno, Host, Watched, Watcher, Way};
use hookstate::strategy::Flock;
use hookstate::{ErrorKind, Recovery, Store};
use std::cell::Cell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

const SMALL: Change = Change::Put { key: 1, bytes: 100 };
const LARGE: Change = Change::Put {
    key: 2,
    bytes: 9_000,
};

/// A page and more goes at once to the data file only.
const LONG: usize = 4_096;
/// Where the write is cut: inside the second sector.
const CUT: usize = 700;

fn store<W: Watcher>(scratch: &Scratch, watcher: W) -> Store<Ledger, Flock, Watched<Host, W>> {
    Store::with(scratch.store(), "state", Flock, Watched::new(Host, watcher))
}

fn plain(scratch: &Scratch) -> Store<Ledger, Flock> {
    Store::with(scratch.store(), "state", Flock, Host)
}

/// The files as they are when a process was killed whose change the next one is to complete.
fn left_incomplete() -> Scratch {
    for nth in 0.. {
        let scratch = Scratch::new();
        let _clean = LARGE.made_in(&plain(&scratch)).expect("nothing is wrong");
        let dying = store(&scratch, DieAtNth::new(nth, Ending::Unwind));
        let died = catch_unwind(AssertUnwindSafe(|| LARGE.made_in(&dying))).is_err();
        assert!(died, "no kill leaves anything to be completed");
        if completes(&scratch.copy()) {
            return scratch;
        }
    }
    unreachable!("a change makes a finite number of calls")
}

/// Whether the next change completes the one before.
fn completes(scratch: &Scratch) -> bool {
    let next = SMALL.made_in(&plain(scratch)).expect("nothing is wrong");
    next.recovery == Some(Recovery::Completed)
}

/// Cuts the first long write, and does this with the byte that is tried behind the cut.
fn cutting(then: impl Fn() -> Way) -> impl Watcher {
    let cut = Cell::new(false);
    Asks(move |call: &Call<'_>| match call {
        Call::Pwrite { bytes, offset: 0 } if bytes.len() > LONG && !cut.replace(true) => {
            Way::Short(CUT)
        }
        Call::Pwrite { bytes, .. } if bytes.len() == 1 => then(),
        _ => Way::Through,
    })
}

#[test]
fn what_cannot_be_completed_for_want_of_space_is_put_back() {
    let scratch = left_incomplete();
    let left = fs::read(plain(&scratch).path()).expect("read");
    let full = store(&scratch, cutting(|| Way::Fail(Errno::NOSPC)));
    let error = SMALL.made_in(&full).expect_err("no space");
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert_eq!(fs::read(full.path()).expect("read"), left);
    assert!(completes(&scratch));
}

#[test]
fn what_a_kill_leaves_of_a_completion_is_completed() {
    let scratch = left_incomplete();
    let left = fs::read(plain(&scratch).path()).expect("read");
    let killed = store(&scratch, cutting(|| resume_unwind(Box::new(Ceased))));
    let died = catch_unwind(AssertUnwindSafe(|| SMALL.made_in(&killed))).is_err();
    assert!(died, "the byte behind the cut is never tried");
    assert_ne!(fs::read(killed.path()).expect("read"), left);
    assert!(completes(&scratch));
}

/// Of what was left, with this done to the journal: the next change finds the old state and reports nothing.
fn completes_nothing(left: &Scratch, told: &str, damage: impl Fn(&mut Vec<u8>)) {
    let old = fs::read(plain(left).path()).expect("read");
    let old: Ledger = serde_json::from_slice(&old).expect("a ledger");
    let scratch = left.copy();
    let journal = scratch.store().join("state.json.journal");
    let mut bytes = fs::read(&journal).expect("read");
    damage(&mut bytes);
    fs::write(&journal, bytes).expect("write");
    let next = SMALL.made_in(&plain(&scratch)).expect(told);
    assert_eq!(next.recovery, None, "{told}");
    let read = plain(&scratch).read().expect(told).value;
    assert_eq!(read, old.after(&SMALL), "{told}");
}

/// Whoever wrote it, it is not what our writer committed.
#[test]
fn a_journal_with_one_wrong_bit_in_its_header_completes_nothing() {
    const HEADER: usize = 36;
    let left = left_incomplete();
    for at in 0..HEADER {
        completes_nothing(&left, &format!("byte {at}"), |journal| {
            journal[at] ^= 1;
        });
    }
}

/// As a power loss can leave it where the size reaches the disk late.
#[test]
fn a_journal_that_lacks_its_end_completes_nothing() {
    let left = left_incomplete();
    let journal = left.store().join("state.json.journal");
    let size = fs::read(journal).expect("read").len();
    for kept in [size - 1, size / 2, LONG + 1, LONG] {
        completes_nothing(&left, &format!("{kept} bytes"), |journal| {
            journal.truncate(kept);
        });
    }
}

/// Nothing but its sectors tells what a peer wrote from what our writer left: it has the length of
/// the one or the other.
#[test]
fn a_peer_whose_content_is_as_long_as_that_of_the_killed_writer_is_heard() {
    let scratch = left_incomplete();
    let path = plain(&scratch).path();
    let mut theirs = fs::read(&path).expect("read");
    let at = theirs.iter().rposition(|&byte| byte == b'7');
    theirs[at.expect("the text has some")] = b'8';
    fs::write(&path, &theirs).expect("write");
    let theirs: Ledger = serde_json::from_slice(&theirs).expect("a ledger");
    let next = SMALL.made_in(&plain(&scratch)).expect("nothing is wrong");
    assert_eq!(next.recovery, None);
    let read = plain(&scratch).read().expect("a state").value;
    assert_eq!(read, theirs.after(&SMALL));
}

/// The error is the one that came first, and says that the change may be made all the same.
#[test]
fn a_change_that_can_be_neither_written_nor_put_back_is_indeterminate() {
    let scratch = Scratch::new();
    let _clean = LARGE.made_in(&plain(&scratch)).expect("nothing is wrong");
    let cut = Cell::new(false);
    let broken = store(
        &scratch,
        Asks(|call: &Call<'_>| match call {
            Call::Pwrite { bytes, offset: 0 } if bytes.len() > LONG => match cut.replace(true) {
                false => Way::Short(CUT),
                true => Way::Fail(Errno::IO),
            },
            Call::Pwrite { bytes, .. } if bytes.len() == 1 => Way::Fail(Errno::NOSPC),
            _ => Way::Through,
        }),
    );
    let error = LARGE
        .made_in(&broken)
        .expect_err("no space, and a broken device");
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert!(error.is_indeterminate());
    assert!(completes(&scratch));
    let expected = Ledger::of(&[LARGE, LARGE, SMALL]);
    assert_eq!(plain(&scratch).read().expect("a state").value, expected);
}
