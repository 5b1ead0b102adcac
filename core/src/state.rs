//! What a store keeps, and what it says of a change beside the result.

use crate::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::path::PathBuf;

/// A value that a [`Store`](crate::Store) keeps, as JSON.
///
/// `Default` is the state before the first change. Content that does not deserialize is damage: it
/// is set aside and reported; whole records of a log that do not deserialize are refused. So give fields that a later version adds `#[serde(default)]`, or the
/// files of the earlier one will count as damaged.
///
/// [`Delta`](Self::Delta) is a change that can be
/// written down without knowing the state, such as "one more call of Bash".
pub trait State: Serialize + DeserializeOwned + Default {
    /// A change that commutes with every other: the append log stores deltas in the order in
    /// which they arrive and adds them up when somebody reads. A state without such changes uses
    /// [`NoDelta`].
    type Delta: Serialize + DeserializeOwned;

    /// Makes the change.
    fn apply(&mut self, delta: &Self::Delta);

    /// The state as the bytes of one JSON value, as the files have it. For a state whose files other
    /// programs read and write in a way of their own; what comes out must be what
    /// [`from_json`](Self::from_json) reads.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON.
    fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// The state that these bytes are.
    ///
    /// # Errors
    ///
    /// If they are no such state, which is damage.
    fn from_json(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }

    /// Whether these bytes, which [`to_json`](Self::to_json) has just made of this state, will read
    /// back. Every change asks before it writes anything, since a state that does not read back is
    /// damage to whoever comes next.
    ///
    /// Reads them, unless the state knows a way that is as certain and costs less.
    ///
    /// # Errors
    ///
    /// If they will not.
    fn check_json(&self, json: &[u8]) -> serde_json::Result<()> {
        Self::from_json(json).map(drop)
    }
}

/// The delta of a state that has none. It has no value, so `apply` cannot be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum NoDelta {}

/// What a call on a store came to.
#[derive(Debug)]
#[must_use = "a recovery is worth a line in the log"]
pub struct Outcome<R> {
    /// What was asked for: the result of the closure, or the state.
    pub value: R,
    /// What the store found damaged or half done, and what it did about it. Almost always `None`.
    pub recovery: Option<Recovery>,
    /// An error in work that can wait, such as compaction. The change itself is in the state.
    pub deferred: Option<Error>,
}

impl<R> Outcome<R> {
    /// An outcome with nothing to report beside the value.
    pub const fn clean(value: R) -> Self {
        Self {
            value,
            recovery: None,
            deferred: None,
        }
    }

    /// The same outcome with another value.
    pub fn map<S>(self, change: impl FnOnce(R) -> S) -> Outcome<S> {
        Outcome {
            value: change(self.value),
            recovery: self.recovery,
            deferred: self.deferred,
        }
    }

    /// The same outcome, reporting `recovery`.
    pub fn after(mut self, recovery: Option<Recovery>) -> Self {
        self.recovery = recovery;
        self
    }
}

impl<R, E> Outcome<std::result::Result<R, E>> {
    /// The error, if the value is one.
    pub(crate) fn transpose(self) -> std::result::Result<Outcome<R>, E> {
        match self.value {
            Ok(value) => Ok(Outcome {
                value,
                recovery: self.recovery,
                deferred: self.deferred,
            }),
            Err(error) => Err(error),
        }
    }
}

/// What a store found damaged or half done, and what it did about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovery {
    /// A writer had been killed in the middle of its write; its change was completed from the
    /// journal. Nothing is lost.
    Completed,
    /// Records of the log were damaged and left out. A record of a change that was never
    /// acknowledged (its writer was killed, or the disk was full) is among the harmless reasons.
    Skipped {
        /// How many damaged stretches of the log there were.
        records: usize,
        /// Where the damaged log was kept, once a new one replaced it.
        moved_to: Option<PathBuf>,
    },
    /// The content was no state. What the strategy keeps beside it took its place: `rename` the
    /// version before, which lacks the last change; `flock` the write that its journal holds.
    Restored {
        /// Where the damaged content was kept.
        moved_to: PathBuf,
    },
    /// The content was no state and nothing was kept to restore it from; the store began anew.
    MovedAside {
        /// Where the damaged content was kept.
        moved_to: PathBuf,
    },
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => write!(f, "completed a change whose process was killed"),
            Self::Skipped { records, moved_to } => {
                write!(f, "left out {records} damaged records of the log")?;
                match moved_to {
                    Some(path) => write!(f, ", kept in {}", path.display()),
                    None => Ok(()),
                }
            }
            Self::Restored { moved_to } => write!(
                f,
                "restored the state; the damaged content is kept in {}",
                moved_to.display()
            ),
            Self::MovedAside { moved_to } => write!(
                f,
                "began anew; the damaged content is kept in {}",
                moved_to.display()
            ),
        }
    }
}
