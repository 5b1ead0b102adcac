//! When something is due.

use std::time::Duration;

/// When announcements are due, counted from the start of the task: after 6, 10, 18, 25 and 45
/// minutes.
pub const ANNOUNCE_AFTER_DEFAULT: [Duration; 5] = [
    Duration::from_secs(6 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(18 * 60),
    Duration::from_secs(25 * 60),
    Duration::from_secs(45 * 60),
];

/// The age at which a task is dropped: 8 hours.
pub const EXPIRE_AFTER_DEFAULT: Duration = Duration::from_secs(8 * 60 * 60);

/// How long a task is left alone after a check: 10 s.
pub const CHECK_INTERVAL_DEFAULT: Duration = Duration::from_secs(10);

/// How long a claim may stay unconfirmed before another check claims the announcement again: 60 s.
pub const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(60);

/// How often an announcement is claimed at most: 3 times in all.
pub const TRIES_MAX: u32 = 3;

/// The terms of one handle, in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    // Invariant: ascending, each once.
    announce_after_ms: Vec<u64>,
    pub(super) expire_after_ms: u64,
    pub(super) check_interval_ms: u64,
    pub(super) retry_after_ms: u64,
    /// How many announcements one check may claim, at least one.
    pub(super) claims_max: usize,
}

impl Default for Terms {
    fn default() -> Self {
        let mut terms = Self {
            announce_after_ms: Vec::new(),
            expire_after_ms: millis(EXPIRE_AFTER_DEFAULT),
            check_interval_ms: millis(CHECK_INTERVAL_DEFAULT),
            retry_after_ms: millis(RETRY_AFTER_DEFAULT),
            claims_max: usize::MAX,
        };
        terms.announce_after(&ANNOUNCE_AFTER_DEFAULT);
        terms
    }
}

impl Terms {
    pub(super) fn announce_after(&mut self, ages: &[Duration]) {
        self.announce_after_ms = ages.iter().map(|age| millis(*age)).collect();
        self.announce_after_ms.sort_unstable();
        self.announce_after_ms.dedup();
    }

    /// The ages of announcements that a task of this age has reached, ascending.
    pub(super) fn reached(&self, age_ms: u64) -> &[u64] {
        let count = self
            .announce_after_ms
            .partition_point(|after| *after <= age_ms);
        &self.announce_after_ms[..count]
    }
}

/// Whole milliseconds, as many as fit.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
