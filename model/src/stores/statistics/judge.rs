//! What must hold in the end, whoever counted, ended the session or cleaned up.
//!
//! Each acknowledged call is in exactly one of the results of those who ended the session or in the
//! file that stays; each other at most once. A call may be missing only
//!
//! * if it was given within the window, and nothing of what was given there is anywhere else, to one
//!   who was killed, or got an indeterminate error, before it knew that the window was over: with
//!   `try_finalize` it was handed on by then, and the result of `finalize` goes with its process;
//! * if it was made before, and the file of that time was removed as left behind.
//!
//! What is in a result or a file is whole: the calls, their number, the failures among them, those
//! of the agent, the timings and their totals agree. And afterwards one more call can be counted,
//! and the session ended.

use super::counted::Counted;
use super::said::{Act, Manner, Said, record, statistics};
use crate::oracle::{DIRECTORY, Failure, Token, Violation};
use crate::sim::{Sequential, SimProcess};
use crate::stores::scene::{Finale, Verdict, sure};
use hookstate::kernel::Kernel;
use std::path::Path;

/// What an ending is judged by.
pub(super) struct Judge {
    /// The calls that were counted before.
    pub(super) before: Vec<Token>,
    /// Those that the processes may have counted.
    pub(super) added: Vec<Token>,
    /// How the statistics are kept.
    pub(super) manner: Manner,
}

/// The call that is made in the end to see whether one can be made.
const NEXT: Token = 9_999;

impl Judge {
    pub(super) fn judge(&self, finale: &Finale<'_, Said>) -> Verdict {
        let newcomer = finale.newcomer();
        let left = left(&newcomer)?;
        let all = all(&left, finale)?;
        let acknowledged = finale.said().flat_map(|said| &said.acknowledged);
        for &token in acknowledged.chain(&self.before) {
            self.check_kept(token, &all, finale)?;
        }
        self.check_known(&all)?;
        self.check_next(&newcomer, &left)
    }

    fn check_kept(&self, token: Token, all: &[Token], finale: &Finale<'_, Said>) -> Verdict {
        let may_be_gone = |(said, failure): (&Said, Option<&Failure>)| {
            let is_cut_off = failure.is_none_or(|failure| failure.indeterminate);
            let may_be_taken = said.was_handed_for_the_last_time(token, all);
            let may_be_stale = said.may_have_cleaned() && self.before.contains(&token);
            (is_cut_off && may_be_taken) || may_be_stale
        };
        match times(token, all) {
            0 if !finale.parts().any(may_be_gone) => Err(Violation::Lost { token, rival: None }),
            0 | 1 => Ok(()),
            _ => Err(Violation::Doubled { token }),
        }
    }

    /// Those that nobody acknowledged too.
    fn check_known(&self, all: &[Token]) -> Verdict {
        for &token in all {
            if !self.before.contains(&token) && !self.added.contains(&token) {
                let seen = format!("a call {token} that nobody has made");
                return Err(Violation::Torn { seen });
            }
            if times(token, all) > 1 {
                return Err(Violation::Doubled { token });
            }
        }
        Ok(())
    }

    /// The next call is counted, the session ended, and then nothing is left.
    fn check_next(&self, newcomer: &SimProcess<Sequential>, left: &Counted) -> Verdict {
        let mut stats = statistics(newcomer, self.manner);
        sure(record(&mut stats, NEXT))?;
        let last = sure(stats.finalize())?.value;
        let last = Counted::of(last.file());
        for &token in left.calls().iter().chain(&[NEXT]) {
            if times(token, last.whole()?) != 1 {
                let rival = None;
                return Err(Violation::Lost { token, rival });
            }
        }
        let after = self::left(newcomer)?;
        if let Some(&token) = after.calls().first() {
            return Err(Violation::Doubled { token });
        }
        match self.manner.removes {
            true => check_gone(newcomer),
            false => Ok(()),
        }
    }
}

/// What is in the file.
pub(super) fn left(newcomer: &SimProcess<Sequential>) -> Result<Counted, Violation> {
    let read = sure(statistics(newcomer, Manner::ORDINARY).read())?;
    Ok(Counted::of(&read.value))
}

/// The calls in the file and in all results.
fn all(left: &Counted, finale: &Finale<'_, Said>) -> Result<Vec<Token>, Violation> {
    let mut all = left.whole()?.to_vec();
    for last in finale.said().flat_map(|said| &said.finalized) {
        all.extend(last.whole()?);
    }
    Ok(all)
}

fn times(token: Token, all: &[Token]) -> usize {
    all.iter().filter(|&&other| other == token).count()
}

impl Said {
    /// Whether the call was handed to it, and nothing of what was handed to it is anywhere else.
    fn was_handed_for_the_last_time(&self, token: Token, all: &[Token]) -> bool {
        self.handed.as_ref().is_some_and(|handed| {
            let mut calls = handed.calls().iter();
            handed.has(token) && calls.all(|call| times(*call, all) == 0)
        })
    }

    fn may_have_cleaned(&self) -> bool {
        self.cleaned > 0 || self.attempted == Some(Act::CleanUp)
    }
}

/// Neither the file nor what belonged to it.
fn check_gone(newcomer: &SimProcess<Sequential>) -> Verdict {
    let names = newcomer.list(Path::new(DIRECTORY)).unwrap_or_default();
    match names.first() {
        None => Ok(()),
        Some(name) => Err(Violation::Litter {
            name: name.to_string_lossy().into_owned(),
            size: newcomer
                .stat(&Path::new(DIRECTORY).join(name))
                .map_or(0, |stat| stat.size),
        }),
    }
}
