//! The checks that come later, when the time of a retry has come.
//!
//! Once by processes that send and confirm: of each task the last announcement is sent. Once by processes that claim and
//! hang: an announcement that was not settled is given up after its third try, and says so once.

use super::cast::Terms;
use super::judge::{check_tries, sent_again};
use super::said::{Announcement, Fate, Said, given_up_by, store};
use crate::oracle::{Token, USER, Violation, ViolationKind};
use crate::sim::{Sequential, Sim};
use crate::stores::footing::Sound;
use crate::stores::scene::{Finale, Verdict, broken, demand, sure};
use hookstate::tasks::{Failure, TRIES_MAX};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What the later checks are judged by.
pub(super) struct Afterwards<'a> {
    pub(super) sound: Sound,
    pub(super) terms: Terms,
    pub(super) finale: &'a Finale<'a, Said>,
}

/// What later checks found.
#[derive(Default)]
struct Checks {
    announcements: Vec<Announcement>,
    given_up: Vec<(Token, Duration)>,
}

/// Later than the time of a retry after a claim whose clock was ahead.
const LATER: Duration = Duration::from_secs(180);

/// One more than it can take to give up what nobody confirms.
const CHECKS_MAX: usize = TRIES_MAX as usize + 2;

impl Afterwards<'_> {
    /// With these starts of tasks that are there.
    pub(super) fn check(&self, sim: &Sim, there: impl Iterator<Item = Token>) -> Verdict {
        let sent = self.later(sim, true)?;
        let hung = self.later(sim, false)?;
        check_tries(self.all(&sent))?;
        check_tries(self.all(&hung))?;
        self.check_numbers(&sent)?;
        self.check_numbers(&hung)?;
        self.check_given_up(&sent)?;
        self.check_given_up(&hung)?;
        for token in there {
            self.check_sent(token, &sent)?;
            self.check_settled(token, &hung)?;
        }
        Ok(())
    }

    /// Checks until nothing is left to do.
    fn later(&self, sim: &Sim, confirms: bool) -> Result<Checks, Violation> {
        let mut later = Checks::default();
        let mut sim = sim.clone();
        for _ in 0..CHECKS_MAX {
            sim = sim.later(LATER);
            let newcomer = Sequential::boot(&sim, USER);
            let tasks = store(self.sound, self.terms, newcomer.clone());
            let due = sure(tasks.claim_due())?.value;
            if due.claims.is_empty() && due.given_up.is_empty() {
                return Ok(later);
            }
            let given_up = due.given_up.iter().map(given_up_by);
            later.given_up.extend(given_up);
            for claim in &due.claims {
                let mut announcement = Announcement::of(claim);
                if confirms {
                    let confirmed = sure(tasks.confirm(claim))?.value;
                    announcement.fate = Fate::Confirmed(confirmed);
                }
                later.announcements.push(announcement);
            }
            sim = newcomer.snapshot(sim.faults());
        }
        Err(Violation::Stuck)
    }

    fn earlier(&self) -> impl Iterator<Item = &Announcement> {
        self.finale.said().flat_map(|said| &said.announcements)
    }

    fn all<'b>(&'b self, later: &'b Checks) -> impl Iterator<Item = &'b Announcement> {
        self.earlier().chain(&later.announcements)
    }

    /// The first try of a start is its first. One who was cut off may have had one of them.
    fn check_numbers(&self, later: &Checks) -> Verdict {
        let mut tries: BTreeMap<(Token, Duration), usize> = BTreeMap::new();
        for it in self.all(later) {
            *tries.entry((it.start, it.after)).or_default() += 1;
        }
        self.all(later).try_for_each(|it| {
            let known = tries[&(it.start, it.after)] + self.wordless();
            let (start, attempt) = (it.start, it.attempt);
            demand(attempt as usize <= known, ViolationKind::Lost, || {
                format!("try {attempt} of the announcement of task {start} is one of {known}")
            })
        })
    }

    /// Of what is there the last announcement is sent by now; after three tries it may not be.
    fn check_sent(&self, start: Token, later: &Checks) -> Verdict {
        let last = (start, self.terms.last());
        let tries = || self.all(later).filter(|it| it.is_of(last));
        let is_sent = tries().any(Announcement::is_sent);
        let is_over = tries().count() + self.wordless() >= TRIES_MAX as usize;
        demand(is_sent || is_over, ViolationKind::Lost, || {
            format!("task {start} is there, and its last announcement was never sent")
        })?;
        self.check_confirmed(start, later)
    }

    /// What somebody has confirmed is not claimed later.
    fn check_confirmed(&self, start: Token, later: &Checks) -> Verdict {
        let is_confirmed = |it: &&Announcement| it.fate == Fate::Confirmed(true);
        let mut confirmed = self.earlier().filter(|it| it.start == start);
        let is_again = |it: &Announcement| {
            let mut later = later.announcements.iter();
            later.any(|other| other.is_of((it.start, it.after)))
        };
        match confirmed.any(|it| is_confirmed(&it) && is_again(it)) {
            true => Err(sent_again(start)),
            false => Ok(()),
        }
    }

    /// Confirmed, or given up after the third try. One who was cut off may have done either.
    fn check_settled(&self, start: Token, later: &Checks) -> Verdict {
        let last = (start, self.terms.last());
        let settles = [Fate::Confirmed(true), Fate::Failed(Failure::GivenUp)];
        let mut earlier = self.earlier().filter(|it| it.is_of(last));
        let is_settled = earlier.any(|it| settles.contains(&it.fate));
        let is_given_up = self.given_up(later).any(|other| other == last);
        let is_so = is_settled || is_given_up || self.may_be_settled(last);
        demand(is_so, ViolationKind::Lost, || {
            format!("task {start} is neither announced nor given up")
        })
    }

    /// How many were cut off before they were told what they have claimed.
    fn wordless(&self) -> usize {
        self.finale.cut_off().filter(|said| said.claiming).count()
    }

    /// By one who was cut off while it confirmed it or said that it failed, or while it gave it up.
    fn may_be_settled(&self, last: (Token, Duration)) -> bool {
        let tries = self.earlier().filter(|it| it.is_of(last)).count();
        let mut cut_off = self.finale.cut_off().flat_map(|said| &said.announcements);
        tries + self.wordless() > TRIES_MAX as usize
            || cut_off.any(|it| it.is_of(last) && [Fate::Sent, Fate::Claimed].contains(&it.fate))
    }

    fn given_up<'b>(&'b self, later: &'b Checks) -> impl Iterator<Item = (Token, Duration)> + 'b {
        let earlier = self.finale.said().flat_map(|said| &said.given_up);
        earlier.chain(&later.given_up).copied()
    }

    /// Of each announcement once.
    fn check_given_up(&self, later: &Checks) -> Verdict {
        let mut known = BTreeSet::new();
        match self.given_up(later).find(|it| !known.insert(*it)) {
            None => Ok(()),
            Some((start, _)) => Err(broken(
                ViolationKind::Doubled,
                format!("the announcement of task {start} is given up twice"),
            )),
        }
    }
}
