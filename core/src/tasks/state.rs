//! What the store keeps: plain records, found by whose task it is.
//!
//! Every time is in milliseconds since the Unix epoch, as the clock of `clock_ms` has it.

use super::id::{Owner, TaskId};
use super::kept::{Kept, Record};
use super::report::AnnouncementState;
use super::text::{to_bytes, to_text};
use crate::{NoDelta, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of a task store.
pub(super) type Stored = Kept<Tasks>;

/// All tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tasks {
    /// What the clock said when this was written.
    pub(super) clock_ms: u64,
    /// The incarnation of the task that was started last.
    pub(super) incarnation: u64,
    /// By the text of the session's id.
    pub(super) sessions: BTreeMap<String, Kept<Session>>,
    /// Tasks of which only the directory is known, by its text.
    pub(super) imported: BTreeMap<String, Kept<TaskEntry>>,
    /// There once the import has been made.
    pub(super) import: Option<Kept<ImportEntry>>,
}

/// The tasks of one session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Session {
    /// That of the session itself.
    pub(super) own: Option<Kept<TaskEntry>>,
    /// By the text of the agent's id.
    pub(super) agents: BTreeMap<String, Kept<TaskEntry>>,
}

/// One task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TaskEntry {
    /// The text of the directory.
    pub(super) cwd: String,
    pub(super) added_ms: u64,
    /// When it was last added or reset; its age counts from here.
    pub(super) started_ms: u64,
    pub(super) checked_ms: Option<u64>,
    /// No other start of this or another task has the same number.
    pub(super) incarnation: u64,
    /// By the age at which they are due, in milliseconds: those that have been.
    pub(super) announcements: BTreeMap<u64, Kept<AnnouncementEntry>>,
}

/// What became of one announcement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct AnnouncementEntry {
    pub(super) state: AnnouncementState,
    /// How often it has been claimed.
    pub(super) tries: u32,
    /// When the state became what it is.
    pub(super) at_ms: u64,
}

/// The marker of the import.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ImportEntry {
    pub(super) at_ms: u64,
    /// How many tasks were taken over.
    pub(super) tasks: usize,
}

impl Record for Tasks {
    const KEYS: &'static [&'static str] =
        &["clock_ms", "import", "imported", "incarnation", "sessions"];
}

impl Record for Session {
    const KEYS: &'static [&'static str] = &["agents", "own"];
}

impl Record for TaskEntry {
    const KEYS: &'static [&'static str] = &[
        "added_ms",
        "announcements",
        "checked_ms",
        "cwd",
        "incarnation",
        "started_ms",
    ];
}

impl Record for AnnouncementEntry {
    const KEYS: &'static [&'static str] = &["at_ms", "state", "tries"];
}

impl Record for ImportEntry {
    const KEYS: &'static [&'static str] = &["at_ms", "tasks"];
}

impl State for Stored {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

/// Where a task stands in the state.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key<'a> {
    Session(&'a str),
    Agent { session: &'a str, agent: &'a str },
    Imported(&'a str),
}

impl Key<'_> {
    pub(super) fn id(self) -> TaskId {
        TaskId(match self {
            Self::Session(session) => Owner::Session(to_bytes(session)),
            Self::Agent { session, agent } => Owner::Agent {
                session: to_bytes(session),
                agent: to_bytes(agent),
            },
            Self::Imported(directory) => Owner::Directory(to_bytes(directory)),
        })
    }

    /// How long its texts are.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Session(text) | Self::Imported(text) => text.len(),
            Self::Agent { session, agent } => session.len() + agent.len(),
        }
    }
}

impl Tasks {
    /// All tasks, in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key<'_>, &TaskEntry)> {
        let of_sessions = self.sessions.iter().flat_map(|(session, tasks)| {
            let own = tasks.own.iter().map(|task| (Key::Session(session), task));
            let agents = tasks
                .agents
                .iter()
                .map(|(agent, task)| (Key::Agent { session, agent }, task));
            own.chain(agents)
        });
        let imported = self
            .imported
            .iter()
            .map(|(directory, task)| (Key::Imported(directory), task));
        of_sessions
            .chain(imported)
            .map(|(key, task)| (key, &**task))
    }

    /// As [`iter`](Self::iter), to change them.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (Key<'_>, &mut TaskEntry)> {
        let of_sessions = self.sessions.iter_mut().flat_map(|(session, tasks)| {
            let tasks = &mut **tasks;
            let own = tasks
                .own
                .iter_mut()
                .map(|task| (Key::Session(session), task));
            let agents = tasks
                .agents
                .iter_mut()
                .map(|(agent, task)| (Key::Agent { session, agent }, task));
            own.chain(agents)
        });
        let imported = self
            .imported
            .iter_mut()
            .map(|(directory, task)| (Key::Imported(directory), task));
        of_sessions
            .chain(imported)
            .map(|(key, task)| (key, &mut **task))
    }

    pub(super) fn get_mut(&mut self, id: &TaskId) -> Option<&mut TaskEntry> {
        let task = match &id.0 {
            Owner::Session(session) => self.sessions.get_mut(&to_text(session))?.own.as_mut(),
            Owner::Agent { session, agent } => self
                .sessions
                .get_mut(&to_text(session))?
                .agents
                .get_mut(&to_text(agent)),
            Owner::Directory(directory) => self.imported.get_mut(&to_text(directory)),
        };
        task.map(|task| &mut **task)
    }

    /// Puts the task in its place, and gives back what was there.
    pub(super) fn insert(&mut self, id: &TaskId, task: TaskEntry) -> Option<TaskEntry> {
        let task = Kept::from(task);
        let earlier = match &id.0 {
            Owner::Session(session) => {
                let session = self.sessions.entry(to_text(session)).or_default();
                session.own.replace(task)
            }
            Owner::Agent { session, agent } => {
                let session = self.sessions.entry(to_text(session)).or_default();
                session.agents.insert(to_text(agent), task)
            }
            Owner::Directory(directory) => self.imported.insert(to_text(directory), task),
        };
        earlier.map(Kept::into_known)
    }

    /// Takes the task out, if it is there.
    pub(super) fn remove(&mut self, id: &TaskId) -> bool {
        let removed = match &id.0 {
            Owner::Session(session) => self.change_session(session, |tasks| tasks.own.take()),
            Owner::Agent { session, agent } => {
                self.change_session(session, |tasks| tasks.agents.remove(&to_text(agent)))
            }
            Owner::Directory(directory) => self.imported.remove(&to_text(directory)),
        };
        removed.is_some()
    }

    /// Takes out all tasks of a session, and tells how many there were.
    pub(super) fn remove_session(&mut self, session: &[u8]) -> usize {
        self.sessions
            .remove(&to_text(session))
            .map_or(0, |tasks| tasks.len())
    }

    /// Keeps only those tasks.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&TaskEntry) -> bool) {
        for session in self.sessions.values_mut() {
            session.own.take_if(|task| !keep(task));
            session.agents.retain(|_, task| keep(task));
        }
        self.sessions.retain(|_, session| session.len() > 0);
        self.imported.retain(|_, task| keep(task));
    }

    /// A number for the next start of a task. It is never behind the clock either, so that a state
    /// which begins anew after damage does not give a number again.
    pub(super) fn next_incarnation(&mut self, now_ms: u64) -> u64 {
        let next = self.incarnation.checked_add(1).unwrap_or_default();
        self.incarnation = next.max(now_ms.saturating_mul(1000));
        self.incarnation
    }

    /// One that has no tasks left goes.
    fn change_session<R>(
        &mut self,
        session: &[u8],
        change: impl FnOnce(&mut Session) -> Option<R>,
    ) -> Option<R> {
        let text = to_text(session);
        let tasks = self.sessions.get_mut(&text)?;
        let changed = change(tasks);
        if tasks.len() == 0 {
            self.sessions.remove(&text);
        }
        changed
    }
}

impl Session {
    fn len(&self) -> usize {
        usize::from(self.own.is_some()) + self.agents.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{AnnouncementEntry, ImportEntry, Session, TaskEntry, Tasks};
    use crate::tasks::kept::{Record, keys_of};

    fn assert_keys<T: Record + Default>() {
        assert_eq!(keys_of::<T>(), T::KEYS);
    }

    #[test]
    fn the_keys_of_a_record_are_those_that_it_is_written_with() {
        assert_keys::<Tasks>();
        assert_keys::<Session>();
        assert_keys::<TaskEntry>();
        assert_keys::<AnnouncementEntry>();
        assert_keys::<ImportEntry>();
    }

    #[test]
    fn an_incarnation_is_never_given_twice() {
        let mut tasks = Tasks::default();
        let first = tasks.next_incarnation(5);
        assert!(tasks.next_incarnation(5) > first);
        // Set back, or another file.
        assert!(tasks.next_incarnation(3) > first + 1);
        assert!(Tasks::default().next_incarnation(6) > first + 2);
    }
}
