//! What a counterexample tells, in sentences: whose change was lost, who wrote over it, what both
//! had read, and which of their calls no lock covered.
//!
//! Processes are called p1, p2 and so on, and calls by their numbers in the [trace](crate::trace).

use crate::oracle::{ANONYMOUS, Ledger, Token, Violation};
use crate::sim::{Reply, Request};
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
        sentences.extend(rival.and_then(|rival| telling.what_both_read(seat, rival)));
        sentences.extend(other.and_then(|other| telling.uncovered(seat, other)));
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
    /// What it has read.
    bytes: &'a [u8],
    /// What its process held when it was made.
    hold: Hold,
}

impl<'a> Telling<'a> {
    fn of(trace: &'a Trace) -> Self {
        let mut holds = Holds::default();
        let mut number = 0;
        let mut calls = Vec::new();
        for (seat, event) in trace.events() {
            let hold = holds.of(*seat);
            holds.follow(*seat, event);
            number += usize::from(!matches!(event, Event::Unnoticed(..)));
            if let Some((request, bytes)) = made(event) {
                calls.push(Call {
                    number,
                    seat: *seat,
                    request,
                    bytes,
                    hold,
                });
            }
        }
        Self { calls }
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

    fn what_both_read(&self, loser: usize, winner: usize) -> Option<String> {
        let (read, wrote) = self.window(loser)?;
        let (other_read, other_wrote) = self.window(winner)?;
        let (p, q) = (loser + 1, winner + 1);
        let (one, other) = (read.number, other_read.number);
        Some(match read.bytes == other_read.bytes {
            true => format!(
                "both had read {}, p{p} at {one} and p{q} at {other}; they wrote at {} and {}",
                content(read.bytes),
                wrote.number,
                other_wrote.number,
            ),
            false => format!(
                "p{p} had read {} at {one}, p{q} {} at {other}",
                content(read.bytes),
                content(other_read.bytes)
            ),
        })
    }

    /// The last read of a process before it first changes something, and that change.
    fn window(&self, seat: usize) -> Option<(&Call<'a>, &Call<'a>)> {
        let wrote = self.by(seat).find(|call| call.writes())?;
        let mut earlier = self.by(seat).filter(|call| call.number < wrote.number);
        Some((earlier.rfind(|call| call.reads())?, wrote))
    }

    /// The calls with which the two read and change, and that were made without a lock that keeps
    /// the other out.
    fn uncovered(&self, seat: usize, other: usize) -> Option<String> {
        let parts: Vec<String> = [seat, other]
            .into_iter()
            .flat_map(|seat| {
                let process = seat + 1;
                let bare = self.made_under(seat, Hold::Nothing);
                let shared = self.made_under(seat, Hold::Shared);
                let nameless = self.made_under(seat, Hold::Nameless);
                [
                    bare.map(|calls| format!("no lock covered {calls} of p{process}")),
                    shared.map(|calls| format!("p{process} only shared the lock at {calls}")),
                    nameless.map(|calls| {
                        format!("p{process} held the lock of a file without a name at {calls}")
                    }),
                ]
            })
            .flatten()
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Up to the last change of the process. What it does later loses nothing.
    fn made_under(&self, seat: usize, hold: Hold) -> Option<String> {
        let last = self.by(seat).rfind(|call| call.changes())?.number;
        let calls: Vec<String> = self
            .by(seat)
            .filter(|call| call.number <= last && call.hold == hold)
            .filter(|call| call.reads() || call.changes())
            .map(|call| format!("{} {}", call.request.as_call().kind(), call.number))
            .collect();
        (!calls.is_empty()).then(|| calls.join(", "))
    }
}

/// What was done, if anything was, and what it has read.
fn made(event: &Event) -> Option<(&Request, &[u8])> {
    match event {
        Event::Returned(request, Ok(Reply::Bytes(bytes))) => Some((request, bytes)),
        Event::Returned(request, Ok(_)) => Some((request, &[])),
        Event::Killed(request, 1..) => Some((request, &[])),
        Event::Returned(_, Err(_))
        | Event::Killed(_, 0)
        | Event::Waits(_)
        | Event::PowerCut(_)
        | Event::Unnoticed(..) => None,
    }
}

fn content(bytes: &[u8]) -> String {
    let ledger = serde_json::from_slice::<Ledger>(bytes);
    match (ledger, bytes.len()) {
        (Ok(ledger), _) if ledger.count == 1 => "the state with 1 change".to_owned(),
        (Ok(ledger), _) => format!("the state with {} changes", ledger.count),
        (Err(_), 0) => "nothing".to_owned(),
        (Err(_), length) => format!("{length} bytes"),
    }
}

impl Call<'_> {
    fn reads(&self) -> bool {
        matches!(self.request, Request::Pread { .. })
    }

    /// Whether it changes what a file holds that is there already.
    fn writes(&self) -> bool {
        matches!(
            self.request,
            Request::Pwrite { .. } | Request::Append { .. } | Request::Ftruncate { .. }
        )
    }

    /// Whether it changes what a file holds or which file has a name.
    fn changes(&self) -> bool {
        match self.request {
            Request::Open { how, .. } => how.truncate,
            Request::Rename { .. } | Request::Exchange { .. } | Request::Unlink { .. } => true,
            _ => self.writes(),
        }
    }
}
