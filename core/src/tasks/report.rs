//! What a task store says of its tasks and of what it did.

use super::id::{Owner, TaskId};
use super::text::{to_bytes, to_text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A task, as [`list`](super::TaskStore::list) found it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// Whose it is.
    pub id: TaskId,
    /// The directory that was given when it was last added or reset.
    pub cwd: PathBuf,
    /// When it was added first.
    pub added: SystemTime,
    /// When it was last added or reset.
    pub started: SystemTime,
    /// When a check last looked at it.
    pub last_check: Option<SystemTime>,
    /// How long ago it was started, by the clock; the steps of which back do not count.
    pub age: Duration,
    /// The announcements that have been due since it was started, by the age at which they were; of
    /// more than 32 the last.
    pub announcements: BTreeMap<Duration, AnnouncementState>,
}

/// What has become of an announcement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum AnnouncementState {
    /// A later one was due before it was sent, so that it will not be.
    #[default]
    Passed,
    /// A process has claimed it and is about to send it; or it was killed.
    Claimed,
    /// It could not be sent; the next check of its task claims it again.
    Failed,
    /// It was sent.
    Sent,
    /// It was claimed [`TRIES_MAX`](super::TRIES_MAX) times and never confirmed.
    GivenUp,
    /// What a later version of this program says. It counts as settled.
    Other(String),
}

/// The right, and the duty, of one process to send one announcement.
///
/// Send it, then [`confirm`](super::TaskStore::confirm) it, or say that it
/// [`failed`](super::TaskStore::failed). A claim belongs to one start of its task: once the task has
/// been removed or reset, neither changes anything.
///
/// Plain data, so that the process that sends may be another one than that which claimed. As JSON it is
/// `{"session", "agent", "directory", "cwd", "after_ms", "age_ms", "attempt", "incarnation"}`, of which
/// the first three are those that its [`TaskId`] has; they and `cwd` are texts in which bytes that are
/// not UTF-8, and the percent sign, are written as `%` and two hexadecimal digits. Keys that are not
/// known are ignored. A claim that somebody made up is one of no start, and changes nothing.
///
/// ```
/// # use hookstate::tasks::{Claim, TaskId, TaskStore};
/// # use std::time::Duration;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let tasks = TaskStore::new(directory.path()).announce_after(&[Duration::ZERO]);
/// # let _ = tasks.add_or_reset(&TaskId::of_session("0b5c1b1e"), "/home/me")?;
/// for claim in &tasks.claim_due()?.value.claims {
///     let for_the_notifier = serde_json::to_string(claim)?;
///     // In the notifier, once it has sent:
///     let claim: Claim = serde_json::from_str(&for_the_notifier)?;
///     assert!(tasks.confirm(&claim)?.value);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ClaimForm", into = "ClaimForm")]
#[must_use = "nobody else sends this announcement before the time for a retry has come"]
pub struct Claim {
    pub(super) id: TaskId,
    pub(super) cwd: PathBuf,
    pub(super) after_ms: u64,
    pub(super) age_ms: u64,
    pub(super) attempt: u32,
    pub(super) incarnation: u64,
}

/// How a claim is written.
#[derive(Serialize, Deserialize)]
struct ClaimForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
    cwd: String,
    after_ms: u64,
    age_ms: u64,
    attempt: u32,
    incarnation: u64,
}

impl From<Claim> for ClaimForm {
    fn from(claim: Claim) -> Self {
        let (session, agent, directory) = match &claim.id.0 {
            Owner::Session(session) => (Some(session), None, None),
            Owner::Agent { session, agent } => (Some(session), Some(agent), None),
            Owner::Directory(directory) => (None, None, Some(directory)),
        };
        let text = |bytes: Option<&Vec<u8>>| bytes.map(|bytes| to_text(bytes));
        Self {
            session: text(session),
            agent: text(agent),
            directory: text(directory),
            cwd: to_text(claim.cwd.as_os_str().as_bytes()),
            after_ms: claim.after_ms,
            age_ms: claim.age_ms,
            attempt: claim.attempt,
            incarnation: claim.incarnation,
        }
    }
}

impl TryFrom<ClaimForm> for Claim {
    type Error = &'static str;

    fn try_from(form: ClaimForm) -> Result<Self, &'static str> {
        let bytes = |text: String| to_bytes(&text);
        let owner = match (form.session, form.agent, form.directory) {
            (Some(session), None, None) => Owner::Session(bytes(session)),
            (Some(session), Some(agent), None) => Owner::Agent {
                session: bytes(session),
                agent: bytes(agent),
            },
            (None, None, Some(directory)) => Owner::Directory(bytes(directory)),
            _ => return Err("neither a session, with or without an agent, nor a directory"),
        };
        Ok(Self {
            id: TaskId(owner),
            cwd: PathBuf::from(OsString::from_vec(bytes(form.cwd))),
            after_ms: form.after_ms,
            age_ms: form.age_ms,
            attempt: form.attempt,
            incarnation: form.incarnation,
        })
    }
}

impl Claim {
    /// Whose task it is about.
    #[must_use]
    pub fn id(&self) -> &TaskId {
        &self.id
    }

    /// The directory of the task.
    #[must_use]
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// The age at which the announcement was due, as configured.
    #[must_use]
    pub fn after(&self) -> Duration {
        Duration::from_millis(self.after_ms)
    }

    /// The age of the task when it was claimed.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_millis(self.age_ms)
    }

    /// Which try it is, counted from 1. From 2 on an earlier claimant can have sent it and been
    /// killed before it confirmed.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "the claims are for this process to send"]
#[non_exhaustive]
pub struct Due {
    /// What this process has to send now, at most one of each task.
    pub claims: Vec<Claim>,
    /// Claims of the last try that nobody confirmed in time. They are not tried again.
    pub given_up: Vec<Claim>,
    /// Tasks that had come to their age and are gone.
    pub expired: Vec<TaskId>,
}

/// What adding or resetting a task did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Added {
    /// Whether the task was there and was reset.
    pub reset: bool,
    /// The tasks, the oldest, that had to go since there were more than the store keeps.
    pub evicted: Vec<TaskId>,
}

/// What becomes of an announcement that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The next check of its task claims it again.
    TriedAgain,
    /// It was the last try.
    GivenUp,
    /// Nothing was changed: the task was removed or reset, or the announcement is settled or was
    /// claimed by another process since.
    Void,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Import {
    /// The tasks of the file are in the store.
    Done {
        /// How many were taken over.
        imported: usize,
        /// How many were left out, since they had come to their age or their directory has the task
        /// of a session already.
        left_out: usize,
        /// The tasks, the oldest, that had to go since there were more than the store keeps.
        evicted: Vec<TaskId>,
    },
    /// An import had been made before; nothing was changed.
    Before,
    /// There is no such file; nothing was changed, and a later call looks again.
    NoFile,
    /// The file is not what it should be; nothing was changed, and a later call looks again.
    NotUnderstood {
        /// What was expected, and where.
        why: String,
    },
}

/// The names in the file.
const NAMES: [(&str, AnnouncementState); 5] = [
    ("passed", AnnouncementState::Passed),
    ("claimed", AnnouncementState::Claimed),
    ("failed", AnnouncementState::Failed),
    ("sent", AnnouncementState::Sent),
    ("given_up", AnnouncementState::GivenUp),
];

impl From<String> for AnnouncementState {
    fn from(name: String) -> Self {
        let named = NAMES.into_iter().find(|(known, _)| *known == name);
        named.map_or(Self::Other(name), |(_, state)| state)
    }
}

impl From<AnnouncementState> for String {
    fn from(state: AnnouncementState) -> Self {
        if let AnnouncementState::Other(name) = state {
            return name;
        }
        let known = NAMES.into_iter().find(|(_, known)| *known == state);
        known.map_or_else(Self::new, |(name, _)| name.to_owned())
    }
}
