//! How long a process, or a change, usually takes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many of the latest are remembered.
const REMEMBERED: usize = 63;

/// What is taken for usual at first.
const AT_FIRST: Duration = Duration::from_millis(2);

/// The lifetimes of the latest that were left alone.
#[derive(Debug, Default)]
pub(crate) struct Lifetimes(Mutex<Latest>);

#[derive(Debug)]
struct Latest {
    durations: Vec<Duration>,
    next: usize,
    /// What is taken for usual until the first has ended unharmed.
    guess: Duration,
}

impl Default for Latest {
    fn default() -> Self {
        Self {
            durations: Vec::new(),
            next: 0,
            guess: AT_FIRST,
        }
    }
}

impl Lifetimes {
    /// Takes note of one that was left alone.
    pub(crate) fn take(&self, duration: Duration) {
        let mut latest = self.latest();
        let next = latest.next;
        match latest.durations.get_mut(next) {
            Some(oldest) => *oldest = duration,
            None => latest.durations.push(duration),
        }
        latest.next = (next + 1) % REMEMBERED;
    }

    /// One was killed, perhaps long before its end. So as long as none has come to its end, each that is
    /// killed makes the guess longer. How long it lived counts for nothing else: those after it would be
    /// killed ever earlier.
    pub(crate) fn one_was_killed(&self) {
        let mut latest = self.latest();
        latest.guess = latest.guess.saturating_mul(2);
    }

    /// The median.
    pub(crate) fn typical(&self) -> Duration {
        let latest = self.latest();
        let mut durations = latest.durations.clone();
        let middle = durations.len() / 2;
        if durations.is_empty() {
            return latest.guess;
        }
        *durations.select_nth_unstable(middle).1
    }

    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn the_guess_doubles_with_each_that_is_killed_until_one_has_come_to_its_end() {
        let lifetimes = Lifetimes::default();
        lifetimes.one_was_killed();
        lifetimes.one_was_killed();
        assert_eq!(lifetimes.typical(), 4 * AT_FIRST);
        (0..99).for_each(|_| lifetimes.one_was_killed());
        assert!(lifetimes.typical() > Duration::from_secs(1_000_000));
        lifetimes.take(Duration::from_secs(9));
        lifetimes.one_was_killed();
        assert_eq!(lifetimes.typical(), Duration::from_secs(9));
    }
}
