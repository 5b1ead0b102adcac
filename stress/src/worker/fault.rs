//! Workers that misbehave on order, so that it can be shown that the parent notices.

use super::reporter::Reporter;
use super::stopwatch::Stopwatch;
use crate::event::{Acknowledged, Event};
use crate::workload::Entry;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What goes wrong in which worker, instead of which change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub(crate) lane: u32,
    pub(crate) iteration: u32,
    pub(crate) kind: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// The worker kills itself.
    Die,
    /// The worker does nothing any more.
    Hang,
    /// The worker ends with success before it has finished.
    Leave,
    /// The worker panics.
    Panic,
    /// The worker writes a line that is no event.
    Babble,
    /// The worker writes half an event and ends.
    Stammer,
    /// The worker reports a change as acknowledged that it has not made.
    Lie,
}

/// What a worker does after a fault that it survives.
pub(super) enum Next {
    GoOn,
    Leave,
}

pub(super) fn strike(kind: FaultKind, iteration: u32, reporter: &Reporter) -> Next {
    match kind {
        FaultKind::Die => die(),
        FaultKind::Hang => hang(),
        FaultKind::Leave => Next::Leave,
        FaultKind::Panic => panic!("as ordered"),
        FaultKind::Babble => {
            reporter.line("all is well");
            Next::GoOn
        }
        FaultKind::Stammer => {
            // No error here is worth a word: the process ends either way.
            let _ = rustix::io::write(rustix::stdio::stdout(), b"m 1");
            Next::Leave
        }
        FaultKind::Lie => {
            reporter.emit(&Event::Acknowledged(Acknowledged {
                iteration,
                entry: Entry::Apply,
                span: Stopwatch::start().span(),
                laid_on: None,
            }));
            Next::GoOn
        }
    }
}

fn die() -> ! {
    let sent = kill_process(getpid(), Signal::KILL);
    unreachable!("SIGKILL to oneself returned {sent:?}")
}

/// Says so on standard error, for tests that have to know, and does nothing until nobody listens
/// any more: a pipe without a reader reports an error, and only that, to whoever polls its other
/// end for nothing.
fn hang() -> Next {
    eprintln!("a worker hangs, as ordered");
    let stdout = rustix::stdio::stdout();
    let _ = poll(&mut [PollFd::new(&stdout, PollFlags::empty())], None);
    Next::Leave
}

/// `LANE:ITERATION:KIND`, as in `2:17:die`.
impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| "a fault is LANE:ITERATION:KIND, such as 2:17:die".to_owned())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.lane, self.iteration)?;
        self.kind.serialize(f)
    }
}

fn parse(text: &str) -> Option<Fault> {
    let mut parts = text.splitn(3, ':');
    let lane = parts.next()?.parse().ok()?;
    let iteration = parts.next()?.parse().ok()?;
    let kind = serde_json::Value::from(parts.next()?);
    Some(Fault {
        lane,
        iteration,
        kind: serde_json::from_value(kind).ok()?,
    })
}
