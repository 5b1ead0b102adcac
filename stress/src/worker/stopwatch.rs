//! When a change was begun, and how long it took.

use crate::event::Span;
use rustix::time::{ClockId, clock_gettime};

/// Runs from the moment when it is made.
///
/// CLOCK_MONOTONIC is the same clock for all processes (clock_gettime(2)), so their spans can be
/// compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch {
    began_ns: u64,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self { began_ns: now_ns() }
    }

    /// From the start until now.
    pub(super) fn span(self) -> Span {
        Span {
            began_ns: self.began_ns,
            took_ns: now_ns() - self.began_ns,
        }
    }
}

/// What the clock says.
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    // Neither is negative, and 64 bits of nanoseconds are enough for 584 years since the boot.
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
