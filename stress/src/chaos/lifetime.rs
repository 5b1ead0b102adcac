//! How long a process, or a change, usually takes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many of the latest are remembered.
const REMEMBERED: usize = 63;

/// What is taken for usual at first.
const AT_FIRST: Duration = Duration::from_millis(2);

/// The longest guess: those that never end are to be killed too.
const GUESS_MAX: Duration = Duration::from_secs(1);

/// The lifetimes of the latest.
#[derive(Debug, Default)]
pub(crate) struct Lifetimes(Mutex<Latest>);

#[derive(Debug)]
struct Latest {
    /// Those at which nobody aimed.
    spared: Recent,
    /// Those that came to their end before they were killed. They are the short ones, so they count only
    /// where nobody is spared. One that was killed is among them as what is usual, or each that is left
    /// would be shorter than those before it.
    survivors: Recent,
    /// What is taken for usual until one has come to its end.
    guess: Duration,
}

#[derive(Debug, Default)]
struct Recent {
    durations: Vec<Duration>,
    next: usize,
}

impl Default for Latest {
    fn default() -> Self {
        Self {
            spared: Recent::default(),
            survivors: Recent::default(),
            guess: AT_FIRST,
        }
    }
}

impl Lifetimes {
    /// One has come to its end by itself.
    pub(crate) fn take(&self, lifetime: Duration, was_aimed_at: bool) {
        let mut latest = self.latest();
        match was_aimed_at {
            true => latest.survivors.push(lifetime),
            false => latest.spared.push(lifetime),
        }
    }

    /// One was killed at an instant within `usual`, perhaps long before its end. So as long as none has
    /// come to its end, the next guess is longer.
    pub(crate) fn one_was_killed(&self, usual: Duration) {
        let mut latest = self.latest();
        latest.guess = latest.guess.max(usual.saturating_mul(2)).min(GUESS_MAX);
        if latest.survivors.median().is_some() {
            let typical = latest.typical();
            latest.survivors.push(typical);
        }
    }

    /// What is usual.
    pub(crate) fn typical(&self) -> Duration {
        self.latest().typical()
    }

    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Latest {
    fn typical(&self) -> Duration {
        let known = self.spared.median().or_else(|| self.survivors.median());
        known.unwrap_or(self.guess)
    }
}

impl Recent {
    fn push(&mut self, duration: Duration) {
        match self.durations.get_mut(self.next) {
            Some(oldest) => *oldest = duration,
            None => self.durations.push(duration),
        }
        self.next = (self.next + 1) % REMEMBERED;
    }

    fn median(&self) -> Option<Duration> {
        let mut durations = self.durations.clone();
        let middle = durations.len() / 2;
        (middle < durations.len()).then(|| *durations.select_nth_unstable(middle).1)
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_FIRST, Duration, GUESS_MAX, Lifetimes};

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_usual_is_the_median_of_the_latest() {
        let lifetimes = Lifetimes::default();
        assert_eq!(lifetimes.typical(), AT_FIRST);
        lifetimes.take(ms(9_000), false);
        assert_eq!(lifetimes.typical(), ms(9_000));
        for duration in (1..=63).rev() {
            lifetimes.take(ms(duration), false);
        }
        assert_eq!(lifetimes.typical(), ms(32));
    }

    #[test]
    fn the_guess_doubles_until_one_has_come_to_its_end_and_not_for_each_of_those_at_once() {
        let lifetimes = Lifetimes::default();
        (0..200).for_each(|_| lifetimes.one_was_killed(AT_FIRST));
        assert_eq!(lifetimes.typical(), 2 * AT_FIRST);
        (0..200).for_each(|_| lifetimes.one_was_killed(lifetimes.typical()));
        assert_eq!(lifetimes.typical(), GUESS_MAX);
        lifetimes.take(ms(9), true);
        assert_eq!(lifetimes.typical(), ms(9));
    }

    /// One command of 20 ms and two of 300 ms by turns, each aimed at but for one in so many.
    fn usual_after(rounds: u64, spared_each: Option<u64>) -> Duration {
        let lifetimes = Lifetimes::default();
        lifetimes.take(ms(300), true);
        for round in 0..rounds {
            let lifetime = ms([20, 300, 300][(round % 3) as usize]);
            let usual = lifetimes.typical();
            let aim = usual * u32::try_from(round * 7 % 10).unwrap() / 10;
            let aims = spared_each.is_none_or(|each| round % each != 0);
            match aims && aim < lifetime {
                true => lifetimes.one_was_killed(usual),
                false => lifetimes.take(lifetime, aims),
            }
        }
        lifetimes.typical()
    }

    /// Of those that are aimed at only the short ones come to their end.
    #[test]
    fn what_is_usual_does_not_become_ever_shorter() {
        assert_eq!(usual_after(10_000, None), ms(300));
        assert_eq!(usual_after(10_000, Some(4)), ms(300));
    }
}
