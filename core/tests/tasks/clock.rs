//! When the time of these tests begins, and how it is told: in milliseconds, as the state has it.

#[path = "../common/clock.rs"]
mod clocked;

pub use clocked::Clocked;
use hookstate::kernel::{Kernel, Watched};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// When the tests begin, in milliseconds since the Unix epoch: 2026-08-22 13:45:09 UTC.
pub const START_MS: u64 = 1_787_406_309_000;

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// One on which a test may also watch the calls.
pub type Seen<W> = Watched<Clocked, W>;

impl Clocked {
    pub fn at(now_ms: u64) -> Self {
        Self::since_epoch(Duration::from_millis(now_ms))
    }

    pub fn start() -> Self {
        Self::at(START_MS)
    }

    pub fn now_ms(&self) -> u64 {
        let now = self.clock_realtime().as_millis();
        u64::try_from(now).expect("a time within a test")
    }

    pub fn set_ms(&self, now_ms: u64) {
        self.micros.store(1_000 * now_ms, Ordering::Relaxed);
    }
}

/// Minutes, as a duration.
pub fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
