//! What a counterexample tells, in sentences: whose change was lost, who wrote over it, what both
//! had read, and which of their calls no lock covered.
//!
//! Processes are called p1, p2 and so on, and calls by their numbers in the [trace](crate::trace).

use crate::oracle::{ANONYMOUS, Token, Violation};
use crate::sim::Request;
use crate::trace::{Event, Hold, Holds, Trace};
use std::fmt;

/// Tells what is wrong and how it came about.
#[must_use]
pub fn story(violation: &Violation, trace: &Trace) -> Vec<String> {
    let mut sentences = vec![sentence(violation)];
    if let Violation::Lost { token, rival } = violation
        && let Author::Process { seat, .. } = Author::of(*token)
    {
        let telling = Telling::of(trace);
        let rival = rival.and_then(|token| Author::of(token).seat());
        let other = rival.or_else(|| telling.overwriter(seat));
        sentences.extend(other.and_then(|other| telling.who_wrote_over(seat, other)));
        sentences.extend(telling.uncovered(seat, other));
    }
    sentences
}

/// Whose change it is that adds a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// Somebody who had ended before the processes began.
    Before,
    /// A process, counted from 0, with one of its acts, also counted from 0.
    Process {
        /// Which process.
        seat: usize,
        /// Which of its acts.
        act: usize,
    },
    /// One of several processes that cannot be told apart.
    Anybody,
    /// Whoever comes when all have ended.
    Newcomer,
}

impl Author {
    /// Whose change adds this token. The acts of the first process add 10 and what follows, those of
    /// the second 20 and what follows.
    #[must_use]
    pub const fn of(token: Token) -> Self {
        match token {
            ANONYMOUS => Self::Anybody,
            10..1_000 => Self::Process {
                seat: (token / 10 - 1) as usize,
                act: (token % 10) as usize,
            },
            9_000.. => Self::Newcomer,
            _ => Self::Before,
        }
    }

    const fn seat(self) -> Option<usize> {
        match self {
            Self::Process { seat, .. } => Some(seat),
            Self::Before | Self::Anybody | Self::Newcomer => None,
        }
    }
}

/// The change of the author, as a sentence begins or goes on with it.
impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before => write!(f, "a change from before"),
            Self::Process { seat, act: 0 } => write!(f, "the change of p{}", seat + 1),
            Self::Process { seat, act } => write!(f, "change {} of p{}", act + 1, seat + 1),
            Self::Anybody => write!(f, "a change"),
            Self::Newcomer => write!(f, "the change of a newcomer"),
        }
    }
}

fn sentence(violation: &Violation) -> String {
    match violation {
        Violation::Lost { token, rival: None } => {
            format!("{} was acknowledged and is lost", Author::of(*token))
        }
        Violation::Lost {
            token: ANONYMOUS,
            rival: Some(_),
        } => "two changes that were acknowledged had found the same state: one is lost".to_owned(),
        Violation::Lost {
            token,
            rival: Some(rival),
        } => format!(
            "{} was acknowledged and is lost: {} had found the same state",
            Author::of(*token),
            Author::of(*rival)
        ),
        Violation::Doubled { token } => {
            format!("{} is in the state more than once", Author::of(*token))
        }
        Violation::RolledBack { earlier, later } => {
            let gone = earlier.iter().filter(|token| !later.contains(token));
            let gone: Vec<String> = gone.map(|&token| Author::of(token).to_string()).collect();
            match gone.is_empty() {
                true => violation.to_string(),
                false => format!("{} was seen and is gone later", gone.join(" and ")),
            }
        }
        Violation::Undead { token, error } => format!(
            "{} must not be in the state, and is: {error}",
            Author::of(*token)
        ),
        other => other.to_string(),
    }
}

/// A trace with what is held at each call.
struct Telling<'a> {
    calls: Vec<Call<'a>>,
}

/// A call that others can notice.
struct Call<'a> {
    /// Counted from 1.
    number: usize,
    seat: usize,
    request: &'a Request,
    /// What its process held when it was made.
    hold: Hold,
}

impl<'a> Telling<'a> {
    fn of(trace: &'a Trace) -> Self {
        let mut holds = Holds::default();
        let mut calls = Vec::new();
        for (seat, event) in trace.events() {
            let hold = holds.of(*seat);
            holds.follow(*seat, event);
            let (noticed, request) = match event {
                Event::Returned(request, Ok(_)) => (true, Some(request)),
                Event::Killed(request, pages) => (true, (*pages > 0).then_some(request)),
                Event::Returned(_, Err(_)) | Event::Waits(_) | Event::PowerCut(_) => (true, None),
                Event::Unnoticed(..) => (false, None),
            };
            let number = calls.len() + 1;
            if noticed {
                calls.push((number, *seat, request, hold));
            }
        }
        let calls = calls
            .into_iter()
            .filter_map(|(number, seat, request, hold)| {
                Some(Call {
                    number,
                    seat,
                    request: request?,
                    hold,
                })
            });
        Self {
            calls: calls.collect(),
        }
    }

    fn by(&self, seat: usize) -> impl DoubleEndedIterator<Item = &Call<'a>> {
        self.calls.iter().filter(move |call| call.seat == seat)
    }

    /// Who changed something last after the process had.
    fn overwriter(&self, seat: usize) -> Option<usize> {
        let last = self.by(seat).rfind(|call| call.changes())?.number;
        let later = self.calls.iter().rev();
        let mut later = later.take_while(|call| call.number > last);
        later
            .find(|call| call.seat != seat && call.changes())
            .map(|call| call.seat)
    }

    fn who_wrote_over(&self, loser: usize, winner: usize) -> Option<String> {
        let (read, wrote) = self.window(loser)?;
        let (other_read, other_wrote) = self.window(winner)?;
        let both_read_first = read.max(other_read) < wrote.min(other_wrote);
        let (loser, winner) = (loser + 1, winner + 1);
        both_read_first.then(|| {
            format!(
                "p{loser} had read at {read} and p{winner} at {other_read}, before either wrote, \
                 at {wrote} and {other_wrote}"
            )
        })
    }

    /// The last read of a process before it first changes something, and that change.
    fn window(&self, seat: usize) -> Option<(usize, usize)> {
        let wrote = self.by(seat).find(|call| call.writes())?.number;
        let read = self
            .by(seat)
            .rfind(|call| call.number < wrote && call.reads())?;
        Some((read.number, wrote))
    }

    /// The calls with which the two read and change, and that were made without a lock that keeps
    /// the other out.
    fn uncovered(&self, seat: usize, other: Option<usize>) -> Option<String> {
        let parts: Vec<String> = [Some(seat), other]
            .into_iter()
            .flatten()
            .flat_map(|seat| {
                [
                    (Hold::Nothing, "no lock covered"),
                    (Hold::Shared, "only a shared lock covered"),
                    (Hold::Nameless, "the lock of a file without a name covered"),
                ]
                .map(|(hold, what)| self.made_under(seat, hold, what))
            })
            .flatten()
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn made_under(&self, seat: usize, hold: Hold, what: &str) -> Option<String> {
        let calls: Vec<String> = self
            .by(seat)
            .filter(|call| call.hold == hold && (call.reads() || call.changes()))
            .map(|call| format!("{} {}", call.request.as_call().kind(), call.number))
            .collect();
        (!calls.is_empty()).then(|| format!("{what} {} of p{}", calls.join(", "), seat + 1))
    }
}

impl Call<'_> {
    fn reads(&self) -> bool {
        matches!(self.request, Request::Pread { .. })
    }

    /// Whether it changes what a file holds.
    fn writes(&self) -> bool {
        match self.request {
            Request::Open { how, .. } => how.truncate,
            Request::Pwrite { .. } | Request::Append { .. } | Request::Ftruncate { .. } => true,
            _ => false,
        }
    }

    /// Whether it changes what a file holds or which file has a name.
    fn changes(&self) -> bool {
        self.writes()
            || matches!(
                self.request,
                Request::Rename { .. } | Request::Exchange { .. } | Request::Unlink { .. }
            )
    }
}
