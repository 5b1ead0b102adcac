//! A time as the guards keep it. Why the wall clock, and what becomes of its steps, stands in the
//! documentation of the [module](super).

use crate::kernel::Kernel;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whole microseconds since the Unix epoch, by the wall clock.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub(crate) struct Moment(u64);

impl Moment {
    /// What the clock says. To be asked inside the window, so that the moments in a state have the
    /// order of the windows.
    pub(crate) fn now<K: Kernel>(kernel: &K) -> Self {
        // 64 bits are enough for 580,000 years.
        Self(u64::try_from(kernel.clock_realtime().as_micros()).unwrap_or(u64::MAX))
    }

    /// The number that follows `last`. Never behind the clock either, so that a state which begins anew
    /// after damage does not give a number again: what still has one of the state before would pass for
    /// one of this state.
    pub(crate) fn number_after(self, last: u64) -> u64 {
        last.checked_add(1).unwrap_or_default().max(self.0)
    }

    /// How long ago it was. One that is still to come was noted before the clock was set back; it
    /// becomes now, or else it would last as long as the step was.
    pub(crate) fn age(&mut self, now: Self) -> Duration {
        *self = (*self).min(now);
        Duration::from_micros(now.0 - self.0)
    }

    /// What is left of a span that began then; `None` once it is over.
    pub(crate) fn left_of(&mut self, span: Duration, now: Self) -> Option<Duration> {
        let age = self.age(now);
        (age < span).then(|| span - age)
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;
    use std::time::Duration;

    const SPAN: Duration = Duration::from_micros(10);

    #[test]
    fn a_number_follows_the_last_and_the_clock() {
        assert_eq!(Moment(100).number_after(0), 100);
        assert_eq!(Moment(100).number_after(100), 101);
        assert_eq!(Moment(100).number_after(u64::MAX), 100);
    }

    #[test]
    fn a_span_is_over_when_it_has_lasted_its_length() {
        let mut began = Moment(100);
        assert_eq!(began.left_of(SPAN, Moment(100)), Some(SPAN));
        assert_eq!(
            began.left_of(SPAN, Moment(109)),
            Some(Duration::from_micros(1))
        );
        assert_eq!(began.left_of(SPAN, Moment(110)), None);
    }

    #[test]
    fn a_span_from_before_the_clock_was_set_back_begins_anew_once() {
        let mut began = Moment(1_000_000);
        assert_eq!(began.left_of(SPAN, Moment(50)), Some(SPAN));
        assert_eq!(began.left_of(SPAN, Moment(60)), None);
    }
}
