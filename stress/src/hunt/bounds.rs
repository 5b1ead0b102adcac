//! How long rounds go on.

use crate::report::plural;
use std::fmt;
use std::time::{Duration, Instant};

/// How many rounds there are, for how long, and what ends them before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The most rounds of each strategy, if they are bounded by their number.
    pub(crate) rounds: Option<u32>,
    /// For how long rounds are begun, if they are bounded by time.
    pub(crate) duration: Option<Duration>,
    /// Whether the first round that is not exact is the last.
    pub(crate) fail_fast: bool,
    /// How long all rounds together may take before they are cut short; or each of them, in a hunt and
    /// where they go on after that.
    pub(crate) timeout: Duration,
}

impl Bounds {
    /// Whether rounds go on without a number or for some time, so that nobody knows how many there
    /// will be.
    pub(crate) const fn is_hunt(&self) -> bool {
        self.rounds.is_none() || self.duration.is_some()
    }

    /// Whether there are no more rounds for whoever has had so many of them.
    pub(crate) fn are_reached(&self, done: u32, began: Instant) -> bool {
        // One that was not tried even once cannot be called exact.
        let enough = self.rounds.is_some_and(|most| done >= most);
        let late = self.duration.is_some_and(|most| began.elapsed() >= most);
        enough || late && done > 0
    }

    /// When a round that begins now is cut short, if all of them began then.
    pub(crate) fn deadline(&self, began: Instant) -> Instant {
        let from = if self.is_hunt() || !self.fail_fast {
            Instant::now()
        } else {
            began
        };
        from + self.timeout
    }

    /// The options that ask for the same.
    pub(crate) fn options(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(rounds) = self.rounds {
            words.extend(["--rounds".to_owned(), rounds.to_string()]);
        }
        if let Some(duration) = self.duration {
            let duration = humantime::format_duration(duration).to_string();
            // One word: the spaces say nothing.
            words.extend(["--duration".to_owned(), duration.replace(' ', "")]);
        }
        if !self.fail_fast {
            words.push("--no-fail-fast".to_owned());
        } else if self.rounds.is_none() {
            words.push("--until-failure".to_owned());
        }
        words.extend(["--timeout".to_owned(), self.timeout.as_secs().to_string()]);
        words
    }
}

/// As in `2000 rounds, for 1m 30s`. Empty for one round, which is as usual.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.rounds.filter(|most| *most != 1 || self.is_hunt());
        let most = most.map(|most| plural(most, "round", "rounds"));
        let time = self.duration.map(humantime::format_duration);
        match (most, time, self.is_hunt()) {
            (Some(most), Some(time), _) => write!(f, "at most {most} and for {time}"),
            (Some(most), None, _) => write!(f, "{most}"),
            (None, Some(time), _) => write!(f, "rounds for {time}"),
            (None, None, true) => write!(f, "rounds without end"),
            (None, None, false) => Ok(()),
        }?;
        if self.is_hunt() && self.fail_fast {
            write!(f, ", until one fails")?;
        }
        Ok(())
    }
}

/// Reads a duration such as `60s` or `1h30m`, which is not none at all.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it has to be longer than nothing".to_owned()),
        // Instants have an end, too; nobody gets there.
        Ok(duration) if duration.as_secs() > 100 * 365 * 86_400 => {
            Err("it is more than a hundred years".to_owned())
        }
        Ok(duration) => Ok(duration),
        Err(_) => {
            Err("a duration is a number with its unit, such as 60s, 5m, 2h or 1h30m".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Duration, Instant, positive_duration};

    const ONCE: Bounds = Bounds {
        rounds: Some(1),
        duration: None,
        fail_fast: true,
        timeout: Duration::from_secs(120),
    };

    const ENDLESS: Bounds = Bounds {
        rounds: None,
        ..ONCE
    };

    fn for_secs(secs: u64, bounds: Bounds) -> Bounds {
        let duration = Some(Duration::from_secs(secs));
        Bounds { duration, ..bounds }
    }

    #[test]
    fn a_duration_has_a_unit_and_is_longer_than_nothing() {
        let secs = |text: &str| positive_duration(text).unwrap().as_secs();
        assert_eq!(
            ["60s", "5m", "2h", "1h30m", "1h 30m"].map(secs),
            [60, 300, 7200, 5400, 5400]
        );
        for text in ["500ms", "0.5s"] {
            let half = Duration::from_millis(500);
            assert_eq!(positive_duration(text), Ok(half));
        }
        for text in ["", "60", "s", "-1s", "5 parsecs", "0s", "999999y"] {
            assert!(positive_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_has_no_known_number_of_rounds_is_a_hunt() {
        assert!(!ONCE.is_hunt());
        assert!(ENDLESS.is_hunt());
        assert!(for_secs(9, ONCE).is_hunt());
    }

    #[test]
    fn the_number_ends_the_rounds_and_so_does_the_time_after_the_first() {
        let now = Instant::now();
        assert!(!ONCE.are_reached(0, now) && ONCE.are_reached(1, now));
        assert!(!ENDLESS.are_reached(u32::MAX, now));
        let over = for_secs(0, ENDLESS);
        assert!(!over.are_reached(0, now) && over.are_reached(1, now));
        assert!(!for_secs(3600, ENDLESS).are_reached(9, now));
    }

    #[test]
    fn where_rounds_go_on_each_has_the_time_for_itself() {
        let long_ago = Instant::now()
            .checked_sub(Duration::from_secs(1000))
            .unwrap();
        assert!(ONCE.deadline(long_ago) < Instant::now());
        assert!(ENDLESS.deadline(long_ago) > Instant::now());
        let slow = Bounds {
            fail_fast: false,
            ..ONCE
        };
        assert!(slow.deadline(long_ago) > Instant::now());
    }

    #[test]
    fn the_bounds_are_told_and_asked_for_again() {
        let slow = |bounds| Bounds {
            fail_fast: false,
            ..bounds
        };
        let many = Bounds {
            rounds: Some(2000),
            ..ONCE
        };
        let told = [
            ONCE,
            many,
            slow(many),
            ENDLESS,
            for_secs(90, ENDLESS),
            slow(for_secs(90, ENDLESS)),
            for_secs(90, many),
        ]
        .map(|bounds| format!("{bounds} | {}", bounds.options().join(" ")));
        assert_eq!(
            told,
            [
                " | --rounds 1 --timeout 120",
                "2000 rounds | --rounds 2000 --timeout 120",
                "2000 rounds | --rounds 2000 --no-fail-fast --timeout 120",
                "rounds without end, until one fails | --until-failure --timeout 120",
                "rounds for 1m 30s, until one fails | --duration 1m30s --until-failure --timeout 120",
                "rounds for 1m 30s | --duration 1m30s --no-fail-fast --timeout 120",
                "at most 2000 rounds and for 1m 30s, until one fails | --rounds 2000 --duration 1m30s --timeout 120",
            ]
        );
    }
}
