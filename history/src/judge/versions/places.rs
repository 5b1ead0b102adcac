//! Finds a place among the versions for every change that does not know its own.
//!
//! A version that no change is known to have gone on from is a free place. It has to be taken by
//! a change that was acknowledged without its version, or by one of unknown outcome; and every
//! acknowledged change has to take one, be it behind the last version that anybody has seen.
//!
//! A change may take the place `v` if two things hold:
//!   1. it was invoked before everybody who was answered with a later version than `v` had the answer;
//!   2. it was not acknowledged before somebody asked who then found `v` or an older version.
//!
//! With growing `v` the first gets easier and the second harder, so a change may take the free places
//! of one interval. Then the greedy choice is right (Glover, "Maximum matching in a convex bipartite
//! graph", 1967): go through the places in order, and give each to the change, of those that may
//! take it by 1, that was acknowledged first. If even that one may not by 2, no choice can help it.
//! Two changes of which one was over before the other began end up in their order, or can be
//! swapped without harm.

use super::pages::{Entry, NEVER, PAGE, Page, Pages};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A change without a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Placeless {
    pub(super) invoked: u64,
    /// [`NEVER`] if its outcome is unknown.
    pub(super) responded: u64,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misplaced {
    /// Nobody can have gone on from this version.
    Unclaimed { version: u64 },
    /// This change had been acknowledged before somebody asked who found `version` or an older one,
    /// and so many changes have no place in the end.
    NoRoom {
        change: Placeless,
        version: u64,
        without_room: u64,
    },
}

/// Whether there is a place for every change that is due, and a change for every place. Takes the
/// changes in any order.
pub(super) fn find(pages: &Pages, mut changes: Vec<Placeless>) -> Result<(), Misplaced> {
    changes.sort_unstable();
    let mut waiting = Waiting::new(changes);
    let mut last_invoked = 0;
    let later = first_responses_of_later_pages(pages.entries());
    let bases = (0..).step_by(PAGE as usize);
    for ((base, entry), later) in bases.zip(pages.entries()).zip(later) {
        let versions = (pages.to_make() - base.min(pages.to_make())).min(PAGE) as usize;
        match entry {
            Entry::Untold => {
                let free = (base..).take(versions);
                free.into_iter()
                    .try_for_each(|version| waiting.take(version, later, last_invoked))?;
            }
            Entry::Kept(page) => {
                waiting.take_free(page, base, versions, later, last_invoked)?;
                let last = page.last_invoked.iter().copied().max();
                last_invoked = last_invoked.max(last.unwrap_or(0));
            }
            Entry::Complete(summary) => last_invoked = last_invoked.max(summary.last_invoked),
        }
    }
    waiting.take_the_rest(pages.to_make(), last_invoked)
}

/// For each page the first response with a version of a later page.
fn first_responses_of_later_pages(entries: &[Entry]) -> Vec<u64> {
    let mut first = NEVER;
    let mut later: Vec<u64> = entries
        .iter()
        .rev()
        .map(|entry| {
            let of_later = first;
            first = first.min(match entry {
                Entry::Untold => NEVER,
                Entry::Kept(page) => page.first_responded.iter().copied().min().unwrap_or(NEVER),
                Entry::Complete(summary) => summary.first_responded,
            });
            of_later
        })
        .collect();
    later.reverse();
    later
}

/// The changes that have no place yet.
struct Waiting {
    /// In the order of their invocations, the first in the end.
    to_come: Vec<Placeless>,
    /// Those that may take a place by rule 1, with their responses: the first acknowledged on top.
    may: BinaryHeap<Reverse<(u64, Placeless)>>,
}

impl Waiting {
    fn new(mut in_order: Vec<Placeless>) -> Self {
        in_order.reverse();
        Self {
            to_come: in_order,
            may: BinaryHeap::new(),
        }
    }

    fn take_free(
        &mut self,
        page: &Page,
        base: u64,
        versions: usize,
        later: u64,
        mut last_invoked: u64,
    ) -> Result<(), Misplaced> {
        if page.is_complete() {
            return Ok(());
        }
        let first_after = first_responses_after(page, later);
        for (within, first_after) in first_after.iter().enumerate().take(versions) {
            let version = base + within as u64;
            last_invoked = last_invoked.max(page.last_invoked[within]);
            if !page.is_made(version) {
                self.take(version, *first_after, last_invoked)?;
            }
        }
        Ok(())
    }

    /// Gives a place to one of them.
    fn take(&mut self, version: u64, first_after: u64, last_invoked: u64) -> Result<(), Misplaced> {
        while let Some(change) = self.to_come.pop_if(|change| change.invoked <= first_after) {
            self.may.push(Reverse((change.responded, change)));
        }
        match self.may.pop() {
            Some(Reverse((_, first))) => in_time(first, version, last_invoked),
            None => Err(Misplaced::Unclaimed { version }),
        }
    }

    /// Behind the last version there is room, unless somebody asked later and found no more. A change of
    /// unknown outcome is never late: it need not have been made.
    fn take_the_rest(self, version: u64, last_invoked: u64) -> Result<(), Misplaced> {
        let waiting = self.may.into_iter().map(|Reverse((_, change))| change);
        let rest = waiting.chain(self.to_come);
        let late = rest.filter(|change| in_time(*change, version, last_invoked).is_err());
        let late: Vec<Placeless> = late.collect();
        match late
            .iter()
            .min_by_key(|change| (change.responded, change.invoked))
        {
            None => Ok(()),
            Some(first) => Err(Misplaced::NoRoom {
                change: *first,
                version,
                without_room: late.len() as u64,
            }),
        }
    }
}

/// By rule 2.
fn in_time(change: Placeless, version: u64, last_invoked: u64) -> Result<(), Misplaced> {
    if change.responded < last_invoked {
        return Err(Misplaced::NoRoom {
            change,
            version,
            without_room: 1,
        });
    }
    Ok(())
}

/// For each version of the page the first response with a later one.
fn first_responses_after(page: &Page, later: u64) -> [u64; PAGE as usize] {
    let mut first = later;
    let mut after = [NEVER; PAGE as usize];
    for (after, &responded) in after.iter_mut().zip(&page.first_responded).rev() {
        *after = first;
        first = first.min(responded);
    }
    after
}
