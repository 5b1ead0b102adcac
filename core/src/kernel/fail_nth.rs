//! Makes the n-th call fail, or transfer less than it was asked to.

use super::{Call, Errno, Watcher, Way};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What is wrong with the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It returns this error and has done nothing.
    Errno(Errno),
    /// It transfers at most this many bytes. Counts only calls that transfer.
    Short(usize),
}

/// A [`Watcher`] that puts one [`Fault`] at the n-th call, counted from 0 among the calls that
/// can have that fault. Clones share the count.
#[derive(Clone, Debug)]
pub struct FailNth {
    nth: usize,
    fault: Fault,
    seen: Arc<AtomicUsize>,
    struck: Arc<AtomicBool>,
}

impl FailNth {
    /// Puts `fault` at the call number `nth`.
    #[must_use]
    pub fn new(nth: usize, fault: Fault) -> Self {
        Self {
            nth,
            fault,
            seen: Arc::default(),
            struck: Arc::default(),
        }
    }

    /// Whether the fault has happened: a run in which it has not had fewer than `nth + 1` calls.
    #[must_use]
    pub fn struck(&self) -> bool {
        self.struck.load(Ordering::Relaxed)
    }
}

impl Watcher for FailNth {
    fn before(&self, call: &Call<'_>) -> Way {
        let counts = match self.fault {
            Fault::Errno(_) => call.can_fail(),
            Fault::Short(_) => call.transfers(),
        };
        if !counts || self.seen.fetch_add(1, Ordering::Relaxed) != self.nth {
            return Way::Through;
        }
        self.struck.store(true, Ordering::Relaxed);
        match self.fault {
            Fault::Errno(errno) => Way::Fail(errno),
            Fault::Short(limit) => Way::Short(limit),
        }
    }
}
