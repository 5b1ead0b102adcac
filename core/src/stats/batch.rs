//! What a handle has recorded and not yet brought into the file.

use super::counts::{Counts, OTHER, bounded_name};
use super::file::HOOKS_MAX;
use super::hook::{HookTotals, LISTED_MAX};
use super::json::Text;
use serde::{Deserialize, Serialize};

/// How many bytes of the session's id are kept inside the file. The name of the file tells the
/// whole id from every other.
pub(crate) const SESSION_ID_BYTES_MAX: usize = 16 << 10;

/// A change of a [`SessionFile`](super::SessionFile): what was recorded since the last.
///
/// Its size has a bound, also if it cannot be brought into the file for long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub(crate) session_id: Text,
    pub(crate) agent: Option<Text>,
    /// When the first of it was recorded, in seconds since the epoch.
    pub(crate) began: f64,
    pub(crate) counts: Counts,
    pub(crate) timings: Vec<(Text, Recent)>,
}

/// Timings of one hook, in milliseconds: the newest as they are, those before in totals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recent {
    pub(crate) before: HookTotals,
    pub(crate) newest: Vec<f64>,
}

impl Batch {
    /// Nothing yet.
    pub(crate) fn new(session_id: &[u8]) -> Self {
        Self {
            session_id: Text::from_bytes(session_id, SESSION_ID_BYTES_MAX),
            agent: None,
            began: 0.0,
            counts: Counts::default(),
            timings: Vec::new(),
        }
    }

    /// Another one of the same session and agent, with nothing in it.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            session_id: self.session_id.clone(),
            agent: self.agent.clone(),
            began: 0.0,
            counts: Counts::default(),
            timings: Vec::new(),
        }
    }

    /// Whether nothing was recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.tool_count == 0 && self.timings.is_empty()
    }

    /// One call.
    pub(crate) fn add_call(&mut self, tool: &str, success: bool) {
        self.counts.add_call(bounded_name(tool.as_bytes()), success);
    }

    /// One finite timing.
    pub(crate) fn add_timing(&mut self, hook: &str, ms: f64) {
        let hook = bounded_name(hook.as_bytes());
        let place = self.place_of(&hook).unwrap_or_else(|| self.begin(hook));
        self.timings[place].1.add(ms);
    }

    fn place_of(&self, hook: &Text) -> Option<usize> {
        self.timings.iter().position(|(name, _)| name == hook)
    }

    /// Where the timings of a new hook go; of too many those of any further one.
    fn begin(&mut self, hook: Text) -> usize {
        let hook = match self.timings.len() < HOOKS_MAX {
            true => hook,
            false => Text::new(OTHER),
        };
        self.place_of(&hook).unwrap_or_else(|| {
            self.timings.push((hook, Recent::default()));
            self.timings.len() - 1
        })
    }
}

impl Recent {
    fn add(&mut self, ms: f64) {
        if self.newest.len() == LISTED_MAX {
            self.before.add(self.newest.remove(0));
        }
        self.newest.push(ms);
    }
}
