//! Whose task it is.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Whose task it is: that of a session, or of one agent inside a session.
///
/// All agents of a session share its id; that of the agent alone tells them apart. Both may be any
/// bytes. Two sessions in one directory are two tasks, and the end of an agent's task does not end
/// that of its session.
///
/// ```
/// use hookstate::tasks::TaskId;
///
/// let own = TaskId::of_session("0b5c1b1e");
/// let agent = TaskId::of_agent("0b5c1b1e", "reviewer-1");
/// assert_ne!(own, agent);
/// assert_eq!(own.session(), agent.session());
/// assert_eq!(agent.to_string(), "session 0b5c1b1e, agent reviewer-1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(super) Owner);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Owner {
    Session(Vec<u8>),
    Agent { session: Vec<u8>, agent: Vec<u8> },
    Directory(Vec<u8>),
}

impl TaskId {
    /// The task of the session itself, which is that of its main agent.
    #[must_use]
    pub fn of_session(session: impl AsRef<[u8]>) -> Self {
        Self(Owner::Session(session.as_ref().to_vec()))
    }

    /// The task of an agent that the session has started.
    #[must_use]
    pub fn of_agent(session: impl AsRef<[u8]>, agent: impl AsRef<[u8]>) -> Self {
        Self(Owner::Agent {
            session: session.as_ref().to_vec(),
            agent: agent.as_ref().to_vec(),
        })
    }

    /// The task of which only the directory is known, since it was
    /// [imported](super::TaskStore::import).
    #[must_use]
    pub fn of_imported(directory: impl AsRef<Path>) -> Self {
        let path = directory.as_ref().as_os_str().as_bytes();
        Self(Owner::Directory(path.to_vec()))
    }

    /// The id of the session, unless the task was imported.
    #[must_use]
    pub fn session(&self) -> Option<&[u8]> {
        match &self.0 {
            Owner::Session(session) | Owner::Agent { session, .. } => Some(session),
            Owner::Directory(_) => None,
        }
    }

    /// The id of the agent, unless it is the task of the session itself or was imported.
    #[must_use]
    pub fn agent(&self) -> Option<&[u8]> {
        match &self.0 {
            Owner::Agent { agent, .. } => Some(agent),
            Owner::Session(_) | Owner::Directory(_) => None,
        }
    }

    /// How many bytes its ids have.
    pub(super) fn bytes(&self) -> usize {
        match &self.0 {
            Owner::Session(id) | Owner::Directory(id) => id.len(),
            Owner::Agent { session, agent } => session.len() + agent.len(),
        }
    }
}

/// For people: bytes that are not UTF-8 are replaced.
impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = String::from_utf8_lossy;
        match &self.0 {
            Owner::Session(session) => write!(f, "session {}", shown(session)),
            Owner::Agent { session, agent } => {
                write!(f, "session {}, agent {}", shown(session), shown(agent))
            }
            Owner::Directory(path) => write!(f, "directory {}", OsStr::from_bytes(path).display()),
        }
    }
}
