//! How many rounds there were, and how many of them went wrong.

use crate::report::plural;
use crate::verdict::Status;
use std::fmt;

/// A count of rounds. An exact one is none of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rounds {
    pub(crate) done: u32,
    /// Those with a violation, or in which a control was caught.
    pub(crate) violated: u32,
    pub(crate) inconclusive: u32,
}

impl Rounds {
    /// Counts a round, and tells whether it was worse than all before it.
    pub(crate) const fn take(&mut self, status: Status) -> bool {
        self.done += 1;
        match status {
            Status::Violated | Status::Caught => {
                self.violated += 1;
                self.violated == 1
            }
            Status::Inconclusive => {
                self.inconclusive += 1;
                self.inconclusive == 1 && self.violated == 0
            }
            Status::Exact | Status::Missed => false,
        }
    }
}

impl Rounds {
    /// How many of how many there were, unless there was only one to be.
    pub(crate) fn of(&self, most: Option<u32>) -> Option<String> {
        let done = self.done;
        match most {
            Some(1) => None,
            Some(most) => Some(format!("{done} of {most} rounds")),
            None => Some(plural(done, "round", "rounds")),
        }
    }

    /// Why they say nothing, if there were to be more but for an interruption. `most` is how many
    /// there were to be, if that was known.
    pub(crate) fn why_interrupted(&self, most: Option<u32>) -> Option<String> {
        let done = self.done;
        match most {
            Some(most) => {
                (done < most).then(|| format!("interrupted after {done} of {most} rounds"))
            }
            None => Some(format!(
                "interrupted after {}",
                plural(done, "round", "rounds")
            )),
        }
    }
}

/// As in `129 rounds, 3 violated (2.3 %)`.
impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = plural(self.done, "round", "rounds");
        let violated = self.violated;
        write!(
            f,
            "{rounds}, {violated} violated ({})",
            share(violated, self.done)
        )?;
        match self.inconclusive {
            0 => Ok(()),
            some => write!(f, ", {some} inconclusive"),
        }
    }
}

/// A share with one digit. What is there is not called nothing, and what is not all is not called all.
fn share(part: u32, all: u32) -> String {
    let percent = f64::from(part) * 100.0 / f64::from(all.max(1));
    match part {
        0 => "0 %".to_owned(),
        _ if percent < 0.05 => "<0.1 %".to_owned(),
        _ if part < all => format!("{:.1} %", percent.min(99.9)),
        _ => "100 %".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Rounds, Status, share};

    #[test]
    fn a_round_counts_once_and_is_worse_only_than_better_ones() {
        let mut rounds = Rounds::default();
        let worse = [
            Status::Exact,
            Status::Violated,
            Status::Inconclusive,
            Status::Missed,
            Status::Caught,
        ]
        .map(|status| rounds.take(status));
        assert_eq!(worse, [false, true, false, false, false]);
        let mut rounds_that_worsen = Rounds::default();
        let worse = [Status::Inconclusive, Status::Inconclusive, Status::Violated]
            .map(|status| rounds_that_worsen.take(status));
        assert_eq!(worse, [true, false, true]);
        assert_eq!(
            rounds.to_string(),
            "5 rounds, 2 violated (40.0 %), 1 inconclusive"
        );
        assert_eq!(Rounds::default().to_string(), "0 rounds, 0 violated (0 %)");
    }

    #[test]
    fn rounds_that_were_left_before_the_last_say_why_they_say_nothing() {
        let rounds = Rounds {
            done: 3,
            ..Rounds::default()
        };
        assert_eq!(rounds.why_interrupted(Some(3)), None);
        let why = |most| rounds.why_interrupted(most).unwrap();
        assert_eq!(why(Some(4)), "interrupted after 3 of 4 rounds");
        assert_eq!(why(None), "interrupted after 3 rounds");
    }

    #[test]
    fn little_is_not_nothing_and_much_is_not_all() {
        assert_eq!(share(3, 129), "2.3 %");
        assert_eq!(share(1, 100_000), "<0.1 %");
        assert_eq!(share(99_999, 100_000), "99.9 %");
        assert_eq!((share(0, 7), share(7, 7)), ("0 %".into(), "100 %".into()));
    }
}
