//! What a worker reports, one line each on its standard output.
//!
//! A line is a word and what belongs to it. The line of an acknowledged change is the one that
//! matters for speed, so it is the shortest: `m 17 5043117 38205 41` says that the change number 17
//! of this process, by `locked_modify`, was begun 5,043,117 ns after the boot, took 38,205 ns, turned
//! version 41 into 42 and is acknowledged. Every line is written when it is true, not later, so what
//! a killed worker had reported is known.

use crate::workload::{Counts, Entry, Flaw, Operation, Presence};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest line that is taken for an event. The counts of a state have to fit.
pub(crate) const LINE_BYTES_MAX: u64 = 256 << 10;

/// Something that happened in a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It has started and waits for the signal to begin.
    Ready,
    /// The store has acknowledged a change.
    Acknowledged(Acknowledged),
    /// The store has acknowledged that the task of this change of the process is removed.
    Removed(u32),
    /// The process has claimed the announcement of a task.
    Claimed(Operation),
    /// Another process held the lock for too long; nothing was changed; it tries again.
    LockTimeout(LockTimeout),
    /// There was no space; nothing was changed; it tries again.
    NoSpace(String),
    /// There was no space, and this change of the process may have been made; it goes on with the next.
    Doubt(u32),
    /// It saw a state that cannot be.
    Flaw(Flaw),
    /// The store did what was asked, but put off other work because of an error.
    Deferred(String),
    /// How often it has read the state.
    Reads(u64),
    /// The state that it read last.
    State(Summary),
    /// It cannot go on.
    Failed(String),
    /// It has done everything that it was told to do. Nothing follows.
    Finished,
}

/// An acknowledged change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// Which change of the lane it was, counted from 1.
    pub(crate) iteration: u32,
    /// By which method.
    pub(crate) entry: Entry,
    pub(crate) span: Span,
    /// The version that it changed, if the worker has seen it.
    pub(crate) laid_on: Option<u64>,
}

/// What the store says of a lock that somebody else has held for too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LockTimeout {
    /// The process that has held it, if the system can tell.
    pub(crate) holder: Option<u32>,
    pub(crate) error: String,
}

/// From the beginning of a change to its acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// By the monotonic clock, which all processes share.
    pub(crate) began_ns: u64,
    pub(crate) took_ns: u64,
}

impl Span {
    pub(crate) const fn ended_ns(self) -> u64 {
        self.began_ns.saturating_add(self.took_ns)
    }
}

/// What is reported of a state: all of it but the text of its ballast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) counts: Counts,
    pub(crate) ballast_bytes: usize,
    /// The tasks, if it is a state of tasks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tasks: Vec<Operation>,
    /// Which changes are in it, if they leave their numbers.
    #[serde(default, skip_serializing_if = "Presence::is_empty")]
    pub(crate) presence: Presence,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => write!(f, "ready"),
            Self::Acknowledged(acknowledged) => write!(f, "{acknowledged}"),
            Self::Removed(iteration) => write!(f, "removed {iteration}"),
            Self::Claimed(Operation { lane, iteration }) => write!(f, "claimed {lane} {iteration}"),
            Self::LockTimeout(timeout) => write!(f, "timeout {}", json(timeout)),
            Self::NoSpace(error) => write!(f, "full {}", json(error)),
            Self::Doubt(iteration) => write!(f, "doubt {iteration}"),
            Self::Flaw(flaw) => write!(f, "flaw {}", json(flaw)),
            Self::Deferred(text) => write!(f, "deferred {}", json(text)),
            Self::Reads(count) => write!(f, "reads {count}"),
            Self::State(summary) => write!(f, "state {}", json(summary)),
            Self::Failed(text) => write!(f, "failed {}", json(text)),
            Self::Finished => write!(f, "finished"),
        }
    }
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.entry {
            Entry::Modify => "m",
            Entry::Apply => "a",
        };
        let Span { began_ns, took_ns } = self.span;
        write!(f, "{word} {} {began_ns} {took_ns}", self.iteration)?;
        match self.laid_on {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}

/// A line that is no event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAnEvent;

impl FromStr for Event {
    type Err = NotAnEvent;

    fn from_str(line: &str) -> Result<Self, NotAnEvent> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, rest) {
            ("m", _) => acknowledged(Entry::Modify, rest),
            ("a", _) => acknowledged(Entry::Apply, rest),
            ("ready", "") => Ok(Self::Ready),
            ("removed", _) => number(rest).map(Self::Removed),
            ("claimed", _) => claimed(rest).map(Self::Claimed),
            ("timeout", _) => parse_json(rest).map(Self::LockTimeout),
            ("full", _) => parse_json(rest).map(Self::NoSpace),
            ("doubt", _) => number(rest).map(Self::Doubt),
            ("finished", "") => Ok(Self::Finished),
            ("flaw", _) => parse_json(rest).map(Self::Flaw),
            ("deferred", _) => parse_json(rest).map(Self::Deferred),
            ("reads", _) => number(rest).map(Self::Reads),
            ("state", _) => parse_json(rest).map(Self::State),
            ("failed", _) => parse_json(rest).map(Self::Failed),
            _ => Err(NotAnEvent),
        }
    }
}

fn acknowledged(entry: Entry, rest: &str) -> Result<Event, NotAnEvent> {
    let mut words = rest.splitn(4, ' ');
    let mut next = || words.next().ok_or(NotAnEvent);
    Ok(Event::Acknowledged(Acknowledged {
        iteration: number(next()?)?,
        entry,
        span: Span {
            began_ns: number(next()?)?,
            took_ns: number(next()?)?,
        },
        laid_on: words.next().map(number).transpose()?,
    }))
}

fn claimed(rest: &str) -> Result<Operation, NotAnEvent> {
    let (lane, iteration) = rest.split_once(' ').ok_or(NotAnEvent)?;
    Ok(Operation {
        lane: number(lane)?,
        iteration: number(iteration)?,
    })
}

fn number<N: FromStr>(text: &str) -> Result<N, NotAnEvent> {
    text.parse().map_err(|_| NotAnEvent)
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("events are made of numbers and strings")
}

fn parse_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, NotAnEvent> {
    serde_json::from_str(text).map_err(|_| NotAnEvent)
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, Event, LockTimeout, NotAnEvent, Span, Summary};
    use crate::workload::{Entry, Flaw, Operation};

    fn one_of_each() -> Vec<Event> {
        let acknowledged = |entry, laid_on| {
            Event::Acknowledged(Acknowledged {
                iteration: 17,
                entry,
                span: Span {
                    began_ns: 5_043_117,
                    took_ns: 38_205,
                },
                laid_on,
            })
        };
        vec![
            Event::Ready,
            acknowledged(Entry::Modify, Some(41)),
            acknowledged(Entry::Apply, None),
            Event::Removed(14),
            Event::Claimed(Operation {
                lane: 3,
                iteration: 17,
            }),
            Event::LockTimeout(LockTimeout {
                holder: Some(4711),
                error: "held by \"4711\"".to_owned(),
            }),
            Event::NoSpace("no space left on device".to_owned()),
            Event::Doubt(17),
            Event::Flaw(Flaw::TotalFell { from: 41, to: 7 }),
            Event::Deferred("two\nlines".to_owned()),
            Event::Reads(213),
            Event::State(Summary::default()),
            Event::Failed("cannot \"open\" it".to_owned()),
            Event::Finished,
        ]
    }

    #[test]
    fn a_line_says_what_the_event_was() {
        for event in one_of_each() {
            let line = event.to_string();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(line.parse(), Ok(event), "{line}");
        }
    }

    #[test]
    fn half_a_line_is_no_event() {
        for line in [
            "",
            "m",
            "m 17",
            "m 17 5043117",
            "m 17 5043117 38205 4x",
            "m 17 5043117 38205 41 42",
            "m x 5043117 38205",
            "removed",
            "claimed 3",
            "read",
            "flaw {",
            "reads",
            "ready now",
            "timeout",
            "doubt",
            "finish",
        ] {
            assert_eq!(line.parse::<Event>(), Err(NotAnEvent), "{line}");
        }
    }
}
