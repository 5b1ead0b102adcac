//! What must hold in the end, whoever added, removed, imported and announced tasks.
//!
//! * No window was wrong by itself (`windows.rs`).
//! * A task that was added and not removed is there, with the start that was made last. One that was
//!   removed, and not added again, is not.
//! * What all were told who began or ended it is so in some order (`order.rs`).
//! * No two processes have the same try of an announcement, there are at most three, and they are
//!   numbered from the start of the task on.
//! * Before the time of a retry an announcement is sent at most once; and once it is confirmed,
//!   never again.
//! * Later checks leave no task that is there without its announcement, unless it was tried three
//!   times (`afterwards.rs`).
//! * Of all imports one takes over the tasks, and their file stays as it was.
//! * A task that comes to its age is told by one process.

use super::afterwards::Afterwards;
use super::cast::{Terms, content_of};
use super::order;
use super::said::{Act, Announcement, Flaw, Key, LEGACY, OF_FIRST_SESSION, Said, start_in, store};
use crate::oracle::{Token, USER, Violation, ViolationKind};
use crate::sim::{Sequential, Sim, SimProcess};
use crate::stores::footing::Sound;
use crate::stores::scene::{Finale, Verdict, broken, demand, sure};
use hookstate::kernel::{Access, Kernel, OpenHow};
use hookstate::tasks::TRIES_MAX;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What an ending is judged by.
pub(super) struct Judge {
    pub(super) sound: Sound,
    pub(super) terms: Terms,
    /// The tasks that were there before, and their starts.
    pub(super) before: Vec<(Key, Token)>,
    /// What stands in the file of the program before.
    pub(super) legacy: &'static [Token],
    /// Those that an import takes over.
    pub(super) imported: Vec<(Key, Token)>,
    /// What the processes do.
    pub(super) acts: Vec<(Act, Token)>,
}

/// What is known of one task.
struct Known {
    /// The start that it had before.
    earlier: Vec<Token>,
    /// Those that were acknowledged.
    added: Vec<Token>,
    /// Those of which nobody knows.
    begun: Vec<Token>,
    /// Whether somebody has removed it, and whether somebody may have.
    removed: bool,
    perhaps_removed: bool,
}

impl Judge {
    pub(super) fn judge(&self, finale: &Finale<'_, Said>) -> Verdict {
        check_windows(finale)?;
        let sim = self.imported_once(finale)?;
        let listed = self.listed(&sim)?;
        self.check_presence(&listed, finale)?;
        self.check_order(&listed, finale)?;
        check_tries(finale.said().flat_map(|said| &said.announcements))?;
        self.check_sent(finale)?;
        if self.terms.expire_soon() {
            return check_expired(finale);
        }
        let afterwards = Afterwards {
            sound: self.sound,
            terms: self.terms,
            finale,
        };
        afterwards.check(&sim, listed.values().copied())
    }

    /// The kernel after one more import, if there is something to import.
    fn imported_once(&self, finale: &Finale<'_, Said>) -> Result<Sim, Violation> {
        if self.imported.is_empty() {
            return Ok(finale.sim().clone());
        }
        let newcomer = finale.newcomer();
        demand(
            self.has_left_the_file(&newcomer),
            ViolationKind::Lost,
            || "the file of the program before is another one".to_owned(),
        )?;
        let mut last = Said::default();
        let tasks = store(self.sound, self.terms, newcomer.clone());
        last.note_import(&sure(tasks.import(LEGACY, 0))?.value);
        let imports = finale.said().chain([&last]).map(|said| said.imports);
        demand(imports.sum::<usize>() <= 1, ViolationKind::Doubled, || {
            "the import was made more than once".to_owned()
        })?;
        Ok(newcomer.snapshot(finale.sim().faults()))
    }

    fn has_left_the_file(&self, newcomer: &SimProcess<Sequential>) -> bool {
        let expected = content_of(self.legacy);
        let Ok(file) = newcomer.open(Path::new(LEGACY), OpenHow::existing(Access::Read)) else {
            return false;
        };
        let mut content = vec![0; expected.len() + 1];
        let read = newcomer.pread(&file, &mut content, 0);
        newcomer.close(file);
        read == Ok(expected.len()) && content.starts_with(expected.as_bytes())
    }

    /// The tasks that are there, and their starts.
    fn listed(&self, sim: &Sim) -> Result<BTreeMap<Key, Token>, Violation> {
        let newcomer = Sequential::boot(sim, USER);
        let listed = sure(store(self.sound, self.terms, newcomer).list())?.value;
        let starts = listed.iter().map(|task| {
            let key = self.keys().find(|key| key.id() == task.id);
            key.map(|key| (key, start_in(&task.cwd)))
        });
        let known: Option<BTreeMap<Key, Token>> = starts.collect();
        known.ok_or_else(|| broken(ViolationKind::Torn, format!("a task of nobody: {listed:?}")))
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        let there = self
            .before
            .iter()
            .chain(&self.imported)
            .map(|(key, _)| *key);
        let added = self.acts.iter().filter_map(|(act, _)| act.added());
        there.chain(added)
    }

    fn check_presence(&self, listed: &BTreeMap<Key, Token>, finale: &Finale<'_, Said>) -> Verdict {
        self.keys().try_for_each(|key| {
            let known = self.known(key, finale);
            known.check(listed.get(&key).copied())
        })
    }

    /// Of the tasks that nothing else than their own additions and removals can begin and end.
    fn check_order(&self, listed: &BTreeMap<Key, Token>, finale: &Finale<'_, Said>) -> Verdict {
        let is_ended_with_others = |key: Key| {
            let mut acts = self.acts.iter().map(|(act, _)| *act);
            let ends_a_session = acts.any(|act| act == Act::RemoveSession);
            self.terms.expire_soon() || (ends_a_session && OF_FIRST_SESSION.contains(&key))
        };
        let alone = self.keys().filter(|key| !is_ended_with_others(*key));
        let mut alone = alone.filter(|key| !matches!(key, Key::Imported(_)));
        alone.try_for_each(|key| {
            let mut before = self.before.iter().filter(|(other, _)| *other == key);
            let before = before.next().map(|(_, start)| *start);
            order::check(key, before, listed.get(&key).copied(), finale)
        })
    }

    fn known(&self, key: Key, finale: &Finale<'_, Said>) -> Known {
        let of_key = |(other, start): &(Key, Token)| (*other == key).then_some(*start);
        let earlier = self.before.iter().chain(&self.imported);
        let added = finale.said().flat_map(|said| &said.added);
        let attempted = || finale.cut_off().filter_map(|said| said.attempted);
        let begun = attempted().filter(|(act, _)| act.added() == Some(key));
        let mut removed = finale.said().flat_map(|said| &said.removed);
        let mut expired = finale.said().flat_map(|said| &said.expired);
        Known {
            earlier: earlier.filter_map(of_key).collect(),
            added: added.filter_map(of_key).collect(),
            begun: begun.map(|(_, start)| start).collect(),
            removed: removed.any(|other| *other == key) || expired.any(|id| *id == key.id()),
            perhaps_removed: attempted().any(|(act, _)| act.removes(key))
                || (self.terms.expire_soon() && attempted().any(|(act, _)| act == Act::Check)),
        }
    }

    /// Before the time of a retry has come.
    fn check_sent(&self, finale: &Finale<'_, Said>) -> Verdict {
        if self.terms.retry_after.is_zero() {
            return Ok(());
        }
        let all = finale.said().flat_map(|said| &said.announcements);
        let mut sent = BTreeSet::new();
        let mut again = all.filter(|it| it.is_sent() && !sent.insert((it.start, it.after)));
        match again.next() {
            None => Ok(()),
            Some(it) => Err(sent_again(it.start)),
        }
    }
}

impl Known {
    fn check(&self, start: Option<Token>) -> Verdict {
        match start {
            Some(start) => self.check_there(start),
            None => self.check_gone(),
        }
    }

    fn check_there(&self, token: Token) -> Verdict {
        let is_added = self.added.contains(&token) || self.begun.contains(&token);
        match (self.earlier.contains(&token), self.added.first()) {
            _ if is_added => Ok(()),
            (true, None) if self.removed && self.begun.is_empty() => Err(broken(
                ViolationKind::Undead,
                format!("task {token} was removed, and is there"),
            )),
            (true, None) => Ok(()),
            (true, Some(added)) => Err(lost_start(*added)),
            (false, _) => Err(broken(
                ViolationKind::Torn,
                format!("task {token} is there, and nobody has added it"),
            )),
        }
    }

    fn check_gone(&self) -> Verdict {
        let mut sure = self.added.iter().chain(&self.earlier);
        match sure.next() {
            Some(&token) if !self.removed && !self.perhaps_removed => Err(lost_start(token)),
            _ => Ok(()),
        }
    }
}

impl Act {
    /// The task that it starts, if it starts one.
    pub(super) fn added(self) -> Option<Key> {
        match self {
            Self::Add(key) => Some(key),
            Self::Flawed(Flaw::HoldsASnapshot(act)) => act.added(),
            Self::Flawed(Flaw::KeepsTheTries(key)) => Some(key),
            _ => None,
        }
    }

    pub(super) fn removes(self, key: Key) -> bool {
        match self {
            Self::Flawed(Flaw::HoldsASnapshot(act)) => act.removes(key),
            Self::Remove(other) => other == key,
            Self::RemoveSession => OF_FIRST_SESSION.contains(&key),
            _ => false,
        }
    }
}

fn check_windows(finale: &Finale<'_, Said>) -> Verdict {
    match finale.said().find_map(|said| said.wrong) {
        None => Ok(()),
        Some(wrong) => Err(broken(wrong.kind(), wrong.told())),
    }
}

/// Each is told once. Nobody removes what these tasks are, and starts none twice.
fn check_expired(finale: &Finale<'_, Said>) -> Verdict {
    let mut told = BTreeSet::new();
    let mut expired = finale.said().flat_map(|said| &said.expired);
    match expired.find(|id| !told.insert(*id)) {
        None => Ok(()),
        Some(id) => Err(broken(
            ViolationKind::Doubled,
            format!("two processes are told that {id:?} has come to its age"),
        )),
    }
}

/// No two have the same try, and there are few.
pub(super) fn check_tries<'a>(mut all: impl Iterator<Item = &'a Announcement>) -> Verdict {
    let mut tries = BTreeSet::new();
    all.try_for_each(|it| {
        let is_new = tries.insert((it.start, it.after, it.attempt));
        let (start, attempt) = (it.start, it.attempt);
        demand(is_new, ViolationKind::Doubled, || {
            format!("two processes have try {attempt} of the announcement of task {start}")
        })?;
        demand(attempt <= TRIES_MAX, ViolationKind::Doubled, || {
            format!("the announcement of task {start} is tried {attempt} times")
        })
    })
}

/// An announcement that somebody has seen already.
pub(super) fn sent_again(start: Token) -> Violation {
    let told = format!("the announcement of task {start} is sent once more");
    broken(ViolationKind::Doubled, told)
}

fn lost_start(start: Token) -> Violation {
    broken(
        ViolationKind::Lost,
        format!("task {start} was added, and is not there"),
    )
}
