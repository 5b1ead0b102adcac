//! Another process runs between any two calls of one: every interleaving of two with one preemption.

use crate::clock::Clocked;
use hookstate::kernel::{Call, Watched, Watcher, Way};
use hookstate::{ErrorKind, Result};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// No decision makes so many calls; a meeting that gets here does not end.
const CALLS_MAX: usize = 1_000;

/// A kernel on which something else happens before one of the calls.
pub type Met<'b, 'a> = Watched<Clocked, &'b Before<'a>>;

/// Does something just before the n-th call, counted from 0, and nothing before the others.
pub struct Before<'a> {
    calls_left: Cell<usize>,
    act: RefCell<Option<Box<dyn FnOnce() + 'a>>>,
}

impl<'a> Before<'a> {
    pub fn nth(nth: usize, act: impl FnOnce() + 'a) -> Self {
        Self {
            calls_left: Cell::new(nth),
            act: RefCell::new(Some(Box::new(act))),
        }
    }

    pub fn never() -> Self {
        Self::nth(usize::MAX, || {})
    }

    /// Whether there was such a call.
    pub fn happened(&self) -> bool {
        self.act.borrow().is_none()
    }
}

impl Watcher for &Before<'_> {
    fn before(&self, _call: &Call<'_>) -> Way {
        match self.calls_left.get().checked_sub(1) {
            Some(left) => self.calls_left.set(left),
            None => {
                // Taken first, so that the calls of the other are not met themselves.
                let act = self.act.borrow_mut().take();
                if let Some(act) = act {
                    act();
                }
            }
        }
        Way::Through
    }
}

/// Runs `at` with 0, 1 and so on, until it says that there was no such call.
pub fn at_each_call(mut at: impl FnMut(usize) -> bool) {
    let last = (0..CALLS_MAX).find(|&nth| !at(nth));
    assert!(last.is_some(), "it makes calls without end");
}

/// How much two processes are granted together, one of which decides between any two calls of the
/// other: for each sum, in how many of the meetings it came about.
///
/// Who is kept out by the lock decides afterwards.
pub fn granted_to_two(
    prepare: impl Fn(&Path, &Clocked),
    decide: impl Fn(&Path, Met<'_, '_>) -> Result<usize>,
) -> BTreeMap<usize, usize> {
    let mut sums = BTreeMap::new();
    at_each_call(|nth| {
        let scratch = scratch();
        let clock = Clocked::new();
        prepare(scratch.path(), &clock);
        let other = || {
            let never = Before::never();
            decide(scratch.path(), Watched::new(clock.clone(), &never))
        };
        let met = Cell::new(None);
        let before = Before::nth(nth, || met.set(Some(other())));
        let one = decide(scratch.path(), Watched::new(clock.clone(), &before));
        let Some(met) = met.take() else {
            return false;
        };
        let sum = decided(one, other) + decided(met, other);
        *sums.entry(sum).or_default() += 1;
        true
    });
    sums
}

/// What was decided; by a second try if the other had the lock, or had just replaced its file.
fn decided(first_try: Result<usize>, again: impl Fn() -> Result<usize>) -> usize {
    match first_try {
        Err(error) if error.kind() == ErrorKind::LockTimeout => again(),
        decided => decided,
    }
    .expect("nothing is wrong")
}

/// A directory in memory, where the system has such a file system: thousands are made.
pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary directory")
}

/// The control of all that use [`granted_to_two`]: who looks in one window and takes in another is
/// met in between, and not everywhere.
#[test]
fn two_are_granted_what_one_may_have_if_they_look_and_take_in_two_windows() {
    let sums = granted_to_two(
        |_, _| {},
        |directory, kernel| {
            let counter = crate::twins::Counter::over(directory, kernel, Duration::ZERO);
            match counter.look()? {
                0 => counter.take().map(|()| 1),
                _ => Ok(0),
            }
        },
    );
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), [1, 2]);
}
