//! What a command comes to, and what shows it.

use super::record::Fate;
use crate::chaos::Dealt;
use crate::hunt::Said;
use crate::verdict::Status;
use crate::workload::Operation;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The judgement on a command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Everything that was expected holds.
    Exact,
    /// Something does not.
    Violated(Box<Evidence>),
    /// It cannot be said.
    Inconclusive {
        /// Why not.
        why: String,
    },
}

/// What shows that an update was lost, or something else that was expected does not hold, in one
/// round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Evidence {
    /// In which round, counted from 1.
    pub(crate) round: u32,
    /// Two processes that said they had changed the same version.
    pub(crate) fork: Option<Fork>,
    /// What ran around the two at fault, if they are known, in the order in which it began.
    pub(crate) around: Vec<Moment>,
    /// The acknowledged tokens that are not there: how many, and the first few.
    pub(crate) lost: u64,
    pub(crate) first_lost: Vec<Lost>,
    /// Tokens that are there more than once, the first few.
    pub(crate) doubled: Vec<String>,
    /// Tokens that are there and were never given out, the first few.
    pub(crate) foreign: Vec<String>,
    /// Claims that do not hold, and files that are not what they should be.
    pub(crate) complaints: Vec<String>,
    /// What the check said.
    pub(crate) check: Vec<String>,
}

/// A lost update seen from its two ends, as the processes told it themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fork {
    /// The version that both had read.
    pub(crate) read: String,
    /// What each of them wrote.
    pub(crate) wrote: [String; 2],
    /// The one that ended first, and the other.
    pub(crate) first: Operation,
    pub(crate) second: Operation,
    /// Whose update is not there any more, if the tokens tell.
    pub(crate) overwritten: Option<Operation>,
}

/// A process in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Moment {
    #[serde(flatten)]
    pub(crate) operation: Operation,
    /// From the earliest of those that are told of.
    pub(crate) began_ns: u64,
    pub(crate) took_ns: u64,
    /// How it ended.
    pub(crate) fate: String,
    /// The version that it has read and the one that it wrote, if it has told.
    pub(crate) read: Option<String>,
    pub(crate) wrote: Option<String>,
}

/// Two processes that lost an update between them, as far as can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Culprits {
    pub(crate) both: [Operation; 2],
    /// What they have done.
    pub(crate) words: String,
}

/// An acknowledged update that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Lost {
    pub(crate) token: String,
    pub(crate) operation: Operation,
    /// One that ran at the same time and is there. Two updates that overlap can overwrite each
    /// other; that this one has done it is likely, not certain.
    pub(crate) rival: Option<Operation>,
}

/// How commands have failed by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    pub(crate) by_fate: BTreeMap<Fate, u64>,
    /// What one of them has said last, and which.
    pub(crate) last_words: Option<(Operation, String)>,
    /// What each of the first few has said last.
    pub(crate) said: Vec<Said>,
}

/// Of how many commands it is kept what they have said last.
const SAID_MAX: usize = 16;

/// What was done to the commands on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Harm {
    pub(crate) kills: u64,
    pub(crate) stops: u64,
    pub(crate) disk_full: u64,
}

impl Harm {
    pub(crate) fn take(&mut self, dealt: &Dealt) {
        self.kills += dealt.kills;
        self.stops += dealt.stopped.len() as u64;
    }

    pub(crate) const fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.stops += other.stops;
        self.disk_full += other.disk_full;
    }
}

impl Verdict {
    /// What shows it, or why it is none.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::Exact => Vec::new(),
            Self::Violated(evidence) => evidence.lines(),
            Self::Inconclusive { why } => vec![why.clone()],
        }
    }

    pub(crate) const fn status(&self) -> Status {
        match self {
            Self::Exact => Status::Exact,
            Self::Violated(_) => Status::Violated,
            Self::Inconclusive { .. } => Status::Inconclusive,
        }
    }
}

impl Evidence {
    pub(crate) fn is_any(&self) -> bool {
        let round = self.round;
        *self
            != Self {
                round,
                ..Self::default()
            }
    }

    /// Who is at fault: the sides of the fork, or else one whose update is lost and the one that has
    /// probably overwritten it.
    pub(crate) fn culprits(&self) -> Option<Culprits> {
        let fork = self.fork.as_ref().map(|fork| Culprits {
            both: [fork.first, fork.second],
            words: fork.to_string(),
        });
        let mut lost = self.first_lost.iter();
        fork.or_else(|| {
            lost.find_map(|lost| {
                Some(Culprits {
                    both: [lost.operation, lost.rival?],
                    words: lost.to_string(),
                })
            })
        })
    }

    /// The evidence in lines, the smallest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let fork = self.fork.iter().flat_map(Fork::lines);
        // That of the fork is told already.
        let told = self.fork.as_ref().and_then(|fork| fork.overwritten);
        let others = self.first_lost.iter();
        let others = others.filter(|lost| Some(lost.operation) != told);
        let lost = shown(others, self.lost.saturating_sub(told.is_some().into()));
        let list = |what: &str, tokens: &[String]| {
            (!tokens.is_empty()).then(|| format!("{what}: {}", tokens.join(", ")))
        };
        let doubled = list("more than once", &self.doubled);
        let foreign = list("never given out", &self.foreign);
        let check = self.check.iter().map(|line| format!("check: {line}"));
        fork.chain(lost)
            .chain(doubled)
            .chain(foreign)
            .chain(self.complaints.iter().cloned())
            .chain(check)
            .collect()
    }
}

/// How many lost updates are told of in full.
const LOST_SHOWN: usize = 3;

fn shown<'a>(first: impl Iterator<Item = &'a Lost>, all: u64) -> impl Iterator<Item = String> {
    let lines: Vec<String> = first.take(LOST_SHOWN).map(ToString::to_string).collect();
    let more = all.saturating_sub(lines.len() as u64);
    let more = (more > 0).then(|| format!("and {more} more like it"));
    lines.into_iter().chain(more)
}

impl Fork {
    fn lines(&self) -> impl Iterator<Item = String> {
        let (first, second) = (self.first, self.second);
        let overwritten = self.overwritten.map(|lost| {
            let by = if lost == first { second } else { first };
            format!("the update of {lost} was overwritten by {by}")
        });
        [self.to_string()].into_iter().chain(overwritten)
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second, read) = (self.first, self.second, &self.read);
        let [wrote, also] = &self.wrote;
        let wrote = if wrote == also {
            format!("both wrote {wrote}")
        } else {
            format!("wrote {wrote} and {also}")
        };
        let who = if first.lane == second.lane {
            "one process twice"
        } else {
            "two processes"
        };
        write!(f, "{who} read {read} and {wrote}: {first}, {second}")
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operation, token) = (self.operation, &self.token);
        write!(f, "the update of {operation} is lost ({token}), ")?;
        match self.rival {
            Some(rival) => write!(f, "probably overwritten by {rival}"),
            None => write!(f, "and none that is left ran at the same time"),
        }
    }
}

impl Failures {
    /// Takes note of a process that has failed by itself, and of what it has said last.
    pub(crate) fn take(&mut self, operation: Operation, fate: Fate, complaint: Option<String>) {
        *self.by_fate.entry(fate).or_default() += 1;
        let Some(words) = complaint else {
            return;
        };
        if self.said.len() < SAID_MAX {
            self.said.push(Said {
                operation,
                fate: fate.to_string(),
                words: words.clone(),
            });
        }
        self.last_words = Some((operation, words));
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (fate, count) in other.by_fate {
            *self.by_fate.entry(fate).or_default() += count;
        }
        let room = SAID_MAX - self.said.len();
        self.said.extend(other.said.into_iter().take(room));
        self.last_words = other.last_words.or(self.last_words.take());
    }

    pub(crate) fn count(&self) -> u64 {
        self.by_fate.values().sum()
    }
}

/// As in `exit code 1 (3 times), signal 11 (once); p2 #17 said: no such file`.
impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (fate, count)) in self.by_fate.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            match count {
                1 => write!(f, "{separator}{fate} (once)")?,
                count => write!(f, "{separator}{fate} ({count} times)")?,
            }
        }
        match &self.last_words {
            Some((operation, words)) => write!(f, "; {operation} said: {words}"),
            None => Ok(()),
        }
    }
}
