//! The turns that loom sees the processes take.

use super::footprint::{Footprint, Part, Touch};
use super::inode::InodeNumber;
use loom::sync::{Mutex, MutexGuard};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::PoisonError;

/// A mutex of loom for the names, and for each other part of the kernel's state one for each process.
/// Whoever reads such a part takes the mutex of his own, whoever changes it takes those of all, so that
/// reads of one part do not conflict. loom explores both orders of two acquisitions of one mutex, and those
/// of two different ones only as far as conflicts depend on them (dynamic partial-order reduction: Flanagan
/// and Godefroid, POPL 2005).
#[derive(Debug)]
pub(super) struct Turns {
    processes: usize,
    mutexes: Vec<Mutex<()>>,
}

/// A turn that is taken, until this is dropped.
pub(super) type Turn<'a> = MutexGuard<'a, ()>;

/// Files whose numbers differ by a multiple of this share their turns, which only makes more orders of
/// them than are needed.
const FILES: usize = 8;
/// Content and lock.
const PARTS: usize = 2 * FILES;

impl Turns {
    /// Must be called inside of loom.
    pub(super) fn new(processes: usize) -> Self {
        let mutexes = (0..1 + PARTS * processes).map(|_| Mutex::new(()));
        Self {
            processes,
            mutexes: mutexes.collect(),
        }
    }

    /// Takes the turns that the process at `seat` needs for that, in an order of its own, so that nobody
    /// waits for somebody who waits for him. [`Part::Names`] comes first, and may be taken before the
    /// others are known. Stops where `goes_on` says no to a turn that was taken.
    pub(super) fn take(
        &self,
        seat: usize,
        footprint: &Footprint,
        goes_on: impl Fn(usize) -> bool,
    ) -> Vec<Turn<'_>> {
        let needed = footprint.iter().flat_map(|(&part, touch)| {
            let all = self.all_of(part);
            match touch {
                Touch::Reads => all.start + seat..all.start + seat + 1,
                Touch::Changes => all,
            }
        });
        let needed: BTreeSet<usize> = needed.collect();
        let mut turns = Vec::new();
        for turn in needed {
            turns.push(self.lock(turn));
            if !goes_on(turn) {
                break;
            }
        }
        turns
    }

    /// Those of the part: of the names, which nobody only reads, the first.
    const fn all_of(&self, part: Part) -> Range<usize> {
        let place = match part {
            Part::Names => return 0..1,
            Part::Content(inode) => slot(inode),
            Part::Lock(inode) => FILES + slot(inode),
        };
        let first = 1 + place * self.processes;
        first..first + self.processes
    }

    /// For those who take no account of what they touch.
    pub(super) fn take_the_first(&self) -> Turn<'_> {
        self.lock(0)
    }

    fn lock(&self, turn: usize) -> Turn<'_> {
        let locked = self.mutexes[turn].lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }
}

const fn slot(inode: InodeNumber) -> usize {
    (inode.0 % FILES as u64) as usize
}
