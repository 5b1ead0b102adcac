//! How much time and memory a verdict may take.

use crate::error::Error;
use std::time::{Duration, Instant};

/// How much a judge may take before it says that it cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most time.
    pub time: Duration,
    /// The most memory for what a judge keeps of a history, in bytes.
    pub memory_bytes: u64,
}

impl Default for Limits {
    /// Ten minutes, and a gibibyte.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(600),
            memory_bytes: 1 << 30,
        }
    }
}

/// Why a judge stops before it has a verdict.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The history is none.
    Error(Error),
    /// A limit was reached, this one.
    Limit(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The limits while they run out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    limits: Limits,
    /// `None` if it is further away than the clock goes.
    deadline: Option<Instant>,
}

impl Budget {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            deadline: Instant::now().checked_add(limits.time),
        }
    }

    /// Whether there is no time left.
    pub(crate) fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Goes on if there is time left.
    pub(crate) fn check_time(&self) -> Result<(), Stop> {
        if self.is_over() {
            let seconds = self.limits.time.as_secs_f64();
            let why = format!("the time limit of {seconds} s is over; raise it");
            return Err(Stop::Limit(why));
        }
        Ok(())
    }

    /// Goes on if so much memory may be in use.
    pub(crate) fn check_memory(&self, bytes: u64) -> Result<(), Stop> {
        let most = self.limits.memory_bytes;
        if bytes > most {
            let why = format!("the memory limit of {most} bytes is reached; raise it");
            return Err(Stop::Limit(why));
        }
        Ok(())
    }
}
