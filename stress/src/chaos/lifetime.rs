//! How long a process, or a change, usually takes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many of the latest are remembered.
const REMEMBERED: usize = 63;

/// What is taken for usual until the first has ended unharmed.
const AT_FIRST: Duration = Duration::from_millis(2);

/// The lifetimes of the latest that were left alone.
#[derive(Debug, Default)]
pub(crate) struct Lifetimes(Mutex<Latest>);

#[derive(Debug, Default)]
struct Latest {
    durations: Vec<Duration>,
    next: usize,
}

impl Lifetimes {
    /// Takes note of one that was left alone.
    pub(crate) fn take(&self, duration: Duration) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = latest.next;
        match latest.durations.get_mut(next) {
            Some(oldest) => *oldest = duration,
            None => latest.durations.push(duration),
        }
        latest.next = (next + 1) % REMEMBERED;
    }

    /// The median.
    pub(crate) fn typical(&self) -> Duration {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut durations = latest.durations.clone();
        let middle = durations.len() / 2;
        if durations.is_empty() {
            return AT_FIRST;
        }
        *durations.select_nth_unstable(middle).1
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_FIRST, Duration, Lifetimes};

    #[test]
    fn the_usual_is_the_median_of_the_latest() {
        let lifetimes = Lifetimes::default();
        assert_eq!(lifetimes.typical(), AT_FIRST);
        lifetimes.take(Duration::from_secs(9));
        assert_eq!(lifetimes.typical(), Duration::from_secs(9));
        for ms in (1..=63).rev() {
            lifetimes.take(Duration::from_millis(ms));
        }
        assert_eq!(lifetimes.typical(), Duration::from_millis(32));
    }
}
