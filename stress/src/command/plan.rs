//! What is asked for: a command, what is done to it, and what must hold afterwards.

use super::oracle::{ExpectJson, ExpectTokens};
use super::template::Template;
use crate::args::Format;
use crate::chaos::Chaos;
use crate::hunt::{Bounds, Origin};
use crate::shell;
use crate::workload::Seed;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// A command under stress.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What it is called while it runs.
    pub(crate) name: String,
    /// The program and its arguments. Invariant: not empty.
    pub(crate) words: Vec<Template>,
    pub(crate) stdin: Option<Stdin>,
    pub(crate) setup: Option<Template>,
    pub(crate) oracles: Oracles,
    pub(crate) max_fail: MaxFail,
    pub(crate) procs: u32,
    pub(crate) iters: u32,
    pub(crate) bounds: Bounds,
    /// The round that is run again, if it is one.
    pub(crate) origin: Option<Origin>,
    /// Where the command runs, if not where this program does.
    pub(crate) within: Option<PathBuf>,
    /// How often it is told how far the rounds are, if it is.
    pub(crate) pulse: Option<Duration>,
    pub(crate) seed: Seed,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) keep: bool,
    pub(crate) format: Format,
    pub(crate) junit: Option<PathBuf>,
    pub(crate) html: Option<PathBuf>,
    pub(crate) history: Option<PathBuf>,
    pub(crate) chaos: Chaos,
    /// Whether one process alone was not what was intended.
    pub(crate) lacks_race: bool,
    pub(crate) again: Again,
}

/// What each process reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stdin {
    /// The file, as it was given.
    pub(crate) file: PathBuf,
    /// What is in it.
    pub(crate) text: Template,
}

/// The words that do all of this again, but for the seed and those that say how long rounds go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Again {
    pub(crate) options: Vec<String>,
    pub(crate) command: Vec<String>,
}

/// What must hold in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Oracles {
    pub(crate) json: Vec<ExpectJson>,
    pub(crate) tokens: Vec<ExpectTokens>,
    pub(crate) check: Option<Template>,
}

/// How many commands may fail before nothing can be said about the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaxFail {
    Count(u64),
    Percent(u8),
}

impl Plan {
    /// The command as a shell would be given it.
    pub(crate) fn line(&self) -> String {
        shell::line(self.words.iter().map(Template::source))
    }

    /// The seed of a round: one of its own, unless it is a certain round that is run again.
    pub(crate) fn seed_of(&self, round: u32) -> Seed {
        match self.origin {
            Some(_) => self.seed.of_round(1),
            None => self.seed.of_round(round),
        }
    }

    /// Where the command runs, if not where this program does.
    pub(crate) fn work_in(&self) -> Option<&Path> {
        let origin = || self.origin.as_ref().map(|origin| origin.work_in.as_path());
        self.within.as_deref().or_else(origin)
    }

    /// The command line that does all of this again, with this round as the first.
    pub(crate) fn line_for(&self, round: u32) -> String {
        let words = self.words_with(self.bounds.options(), round);
        shell::line(std::iter::once("stress".to_owned()).chain(words))
    }

    /// Its words, but for those that say how long rounds go on.
    pub(crate) fn words_for(&self, round: u32) -> Vec<String> {
        let timeout = self.bounds.timeout.as_secs().to_string();
        self.words_with(vec!["--timeout".to_owned(), timeout], round)
    }

    fn words_with(&self, bounds: Vec<String>, round: u32) -> Vec<String> {
        let seed = match self.origin {
            Some(_) => self.seed,
            None => self.seed.beginning_with(round),
        };
        let seed = ["--seed".to_owned(), seed.to_string()];
        let Again { options, command } = self.again.clone();
        let options = options.into_iter().chain(seed).chain(bounds);
        options.chain(["--".to_owned()]).chain(command).collect()
    }
}

impl Oracles {
    pub(crate) const fn is_empty(&self) -> bool {
        self.json.is_empty() && self.tokens.is_empty() && self.check.is_none()
    }
}

impl MaxFail {
    /// Whether so many failures among so many processes are tolerated.
    pub(crate) fn tolerates(self, failed: u64, started: u64) -> bool {
        match self {
            Self::Count(most) => failed <= most,
            Self::Percent(most) => {
                u128::from(failed) * 100 <= u128::from(most) * u128::from(started)
            }
        }
    }
}

impl Default for MaxFail {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl FromStr for MaxFail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it is a number of commands, or 0% to 100% of them".to_owned();
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent = percent.parse().ok().filter(|percent| *percent <= 100);
                percent.map(Self::Percent).ok_or_else(wrong)
            }
            None => text.parse().map(Self::Count).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for MaxFail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(most) => write!(f, "{most}"),
            Self::Percent(most) => write!(f, "{most}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MaxFail;

    #[test]
    fn failures_are_tolerated_up_to_the_number_or_the_share() {
        let tolerates = |text: &str, failed| {
            let most: MaxFail = text.parse().unwrap();
            most.tolerates(failed, 200)
        };
        assert!(tolerates("0", 0) && !tolerates("0", 1));
        assert!(tolerates("3", 3) && !tolerates("3", 4));
        assert!(tolerates("2%", 4) && !tolerates("2%", 5));
        assert!(tolerates("100%", 200));
    }

    #[test]
    fn what_is_no_number_of_failures_is_refused() {
        for text in ["", "x", "-1", "101%", "%", "1.5%"] {
            assert!(text.parse::<MaxFail>().is_err(), "{text}");
        }
        for text in ["0", "17", "5%"] {
            assert_eq!(text.parse::<MaxFail>().unwrap().to_string(), text);
        }
    }
}
