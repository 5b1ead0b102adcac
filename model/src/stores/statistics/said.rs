//! What a process does with the statistics of a session, and what it says of that.

use super::control;
use super::counted::{AGENT, Counted, HOOK, succeeds, tool};
use super::peer;
use crate::oracle::{DIRECTORY, Token};
use crate::stores::scene::Process;
use hookstate::kernel::Kernel;
use hookstate::stats::{Finalized, STALE_AFTER_DEFAULT, SessionStats, cleanup_stale_on};
use hookstate::{Durability, Error, Result};
use std::convert::Infallible;

/// The session.
pub(super) const SESSION: &str = "session";

/// One thing that a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Act {
    /// Records a call and flushes it.
    Count,
    /// As `Count`, and flushes once more if that fails.
    CountTwiceIfNeeded,
    /// Records a call, which is flushed with what comes next.
    Record,
    /// `finalize`, of which it is noted what its window is about to take.
    Finalize,
    /// `try_finalize`, which hands on the result within the window.
    HandOn,
    /// `cleanup_stale_on`.
    CleanUp,
    /// Counts as a program does that knows nothing of this project. It cannot be killed, since what
    /// it loses then is its own doing.
    Peer,
    /// Something that is done wrong.
    Flawed(Flaw),
}

/// What is done wrong, one step each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Flaw {
    /// The end of a session reads, and then empties the file.
    FinalizesInSteps,
    /// An error that says that its call may be in the file is an acknowledgement.
    BelievesItIsThere,
    /// The end of a session hands on the result after the window that took it.
    HandsOnAfterTheWindow,
    /// A flush reads, and then writes what it had read with its own call added.
    FlushesASnapshot,
    /// A flush is repeated by another handle, with its call recorded anew, after an error that says
    /// that it may be in the file.
    RepeatsWhatMayBeThere,
    /// Totals of timings do not say which of the list they have.
    ForgetsTheList,
    /// Cleaning up takes no lock.
    CleansUpUnlocked,
    /// Cleaning up looks at the age before it has the lock.
    CleansUpByAnEarlierLook,
}

/// What a process says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Said {
    /// Its calls that were acknowledged.
    pub(super) acknowledged: Vec<Token>,
    /// Its calls that wait for what flushes them.
    pub(super) recorded: Vec<Token>,
    /// What it was handed as the end of the session.
    pub(super) finalized: Vec<Counted>,
    /// What it was given within the window, before it knows whether that was taken from the file.
    pub(super) handed: Option<Counted>,
    /// How many files it removed as left behind.
    pub(super) cleaned: usize,
    /// How many of its acts are over.
    pub(super) acts: usize,
    /// What it is doing.
    pub(super) attempted: Option<Act>,
    /// Whether that has failed, after which it only drops its handle.
    pub(super) has_failed: bool,
    /// Whether a flush has failed, and it has tried again.
    pub(super) tried_again: bool,
    /// Whether it was told that a call may be in the file or not.
    pub(super) unsure: bool,
}

/// How the statistics are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Whether the end of a session removes the file.
    pub(super) removes: bool,
    /// What a flush survives.
    pub(super) durability: Durability,
}

/// Who works how on what.
pub(super) struct Handle<'a> {
    pub(super) stats: SessionStats<Process>,
    pub(super) manner: Manner,
    pub(super) kernel: &'a Process,
    /// The kernel with nothing around it: what is there belongs to the statistics.
    pub(super) peer: &'a Process,
    pub(super) said: &'a mut Said,
}

/// Does the acts, each with its token.
pub(super) fn perform(
    kernel: &Process,
    peer: &Process,
    manner: Manner,
    acts: &[(Act, Token)],
    said: &mut Said,
) -> Result<()> {
    let mut handle = Handle {
        stats: statistics(kernel, manner),
        manner,
        kernel,
        peer,
        said,
    };
    for &(act, token) in acts {
        handle.said.attempted = Some(act);
        let done = handle.attempt(act, token);
        handle.said.has_failed = done.is_err();
        done?;
        handle.said.attempted = None;
        handle.said.acts += 1;
    }
    Ok(())
}

/// The handle of the shipping code. It flushes when it is told to, and not before.
pub(super) fn statistics<K: Kernel + Clone>(kernel: &K, manner: Manner) -> SessionStats<K> {
    let stats = SessionStats::with(DIRECTORY, SESSION, kernel.clone())
        .agent(AGENT)
        .flush_interval(u32::MAX)
        .durability(manner.durability);
    match manner.removes {
        true => stats.remove_when_finalized(),
        false => stats,
    }
}

/// One call, with its timing.
pub(super) fn record<K: Kernel>(stats: &mut SessionStats<K>, token: Token) -> Result<()> {
    let _ = stats.record_tool_call(&tool(token), succeeds(token))?;
    let _ = stats.record_hook_timing(HOOK, f64::from(token))?;
    Ok(())
}

impl Manner {
    /// What everybody has who says nothing else.
    pub(super) const ORDINARY: Self = Self {
        removes: false,
        durability: Durability::Process,
    };
}

impl Handle<'_> {
    fn attempt(&mut self, act: Act, token: Token) -> Result<()> {
        match act {
            Act::Count => {
                self.record(token)?;
                self.flush()
            }
            Act::CountTwiceIfNeeded => {
                self.record(token)?;
                self.flush().or_else(|error| self.flush_again(&error))
            }
            Act::Record => self.record(token),
            // The one is the other with a closure that hands on nothing.
            Act::Finalize | Act::HandOn => self.finalize(),
            Act::CleanUp => self.clean_up(),
            Act::Peer => {
                peer::count(self.peer, &self.stats.path(), token);
                self.said.acknowledged.push(token);
                Ok(())
            }
            Act::Flawed(flaw) => control::perform(flaw, self, token),
        }
    }

    pub(super) fn record(&mut self, token: Token) -> Result<()> {
        record(&mut self.stats, token)?;
        self.said.recorded.push(token);
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        let _ = self.stats.flush()?;
        self.acknowledge();
        Ok(())
    }

    /// The handle knows whether there is still something to bring into the file. What it has let go
    /// of is acknowledged by nobody.
    fn flush_again(&mut self, error: &Error) -> Result<()> {
        self.said.tried_again = true;
        if error.is_indeterminate() {
            self.said.unsure = true;
            self.said.recorded.clear();
        }
        self.flush()
    }

    fn finalize(&mut self) -> Result<()> {
        let handed = &mut self.said.handed;
        let _ = self.stats.try_finalize(|last: &Finalized| {
            *handed = Some(Counted::of(last.file()));
            Ok::<_, Infallible>(())
        })?;
        let last = self.said.handed.take().expect("there was a window");
        self.ended(last);
        Ok(())
    }

    pub(super) fn ended(&mut self, last: Counted) {
        self.said.finalized.push(last);
        self.acknowledge();
    }

    fn acknowledge(&mut self) {
        let recorded = &mut self.said.recorded;
        self.said.acknowledged.append(recorded);
    }

    fn clean_up(&mut self) -> Result<()> {
        let cleaned = cleanup_stale_on(self.kernel, DIRECTORY, STALE_AFTER_DEFAULT)?;
        self.said.cleaned += cleaned.removed.len();
        match cleaned.errors.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
