//! Calls and failures, and how often each tool was called: of the session, of an agent, of what is
//! still in memory.

use super::json::{Object, Text, Value};
use serde::{Deserialize, Serialize};

/// How many distinct tools a session's file lists. Calls of any further one are counted under
/// [`OTHER`].
pub(crate) const TOOLS_MAX: usize = 4_096;

/// As [`TOOLS_MAX`], for one agent.
pub(crate) const AGENT_TOOLS_MAX: usize = 64;

/// The name under which stands what has no room under its own.
pub(crate) const OTHER: &str = "(other)";

/// How many bytes of the name of a tool, a hook or an agent are kept.
pub(crate) const NAME_BYTES_MAX: usize = 256;

/// A name from outside, as it is kept.
pub(crate) fn bounded_name(name: &[u8]) -> Text {
    Text::from_bytes(name, NAME_BYTES_MAX)
}

/// Calls, failures, and calls by tool in the order of their first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) tool_count: u64,
    pub(crate) error_count: u64,
    pub(crate) tool_names: Vec<(Text, u64)>,
}

impl Counts {
    /// One call more.
    pub(crate) fn add_call(&mut self, tool: Text, success: bool) {
        self.tool_count = self.tool_count.saturating_add(1);
        self.error_count = self.error_count.saturating_add(u64::from(!success));
        self.add_calls_of(tool, 1);
    }

    fn add_calls_of(&mut self, tool: Text, more: u64) {
        let full = self.tool_names.len() >= TOOLS_MAX;
        let known = |names: &[(Text, u64)], tool: &Text| names.iter().any(|(name, _)| name == tool);
        let tool = match full && !known(&self.tool_names, &tool) {
            true => Text::new(OTHER),
            false => tool,
        };
        match self.tool_names.iter_mut().find(|(name, _)| *name == tool) {
            Some((_, count)) => *count = count.saturating_add(more),
            None => self.tool_names.push((tool, more)),
        }
    }

    /// What an object has under the three keys, read leniently.
    pub(crate) fn of(object: &Object) -> Self {
        let names = object.get("tool_names").and_then(Value::as_object);
        let names = names.into_iter().flat_map(Object::iter);
        Self {
            tool_count: object.get("tool_count").map_or(0, Value::count),
            error_count: object.get("error_count").map_or(0, Value::count),
            tool_names: names
                .map(|(name, count)| (name.clone(), count.count()))
                .collect(),
        }
    }

    /// Adds all to what an object has under the three keys. What does not change stays as it stands
    /// there.
    pub(crate) fn add_to(&self, object: &mut Object, tools_max: usize) {
        add_count(object, Text::new("tool_count"), self.tool_count);
        add_count(object, Text::new("error_count"), self.error_count);
        if self.tool_names.is_empty() {
            return;
        }
        let names = object.object_at(&Text::new("tool_names"));
        for (name, count) in &self.tool_names {
            add_count(names, key_with_room(names, name, tools_max), *count);
        }
    }
}

/// The name, if it is there or has room; else [`OTHER`].
pub(crate) fn key_with_room(object: &Object, name: &Text, most: usize) -> Text {
    if object.len() < most || object.get(name.escaped()).is_some() {
        name.clone()
    } else {
        Text::new(OTHER)
    }
}

fn add_count(object: &mut Object, key: Text, more: u64) {
    let before = object.get(key.escaped());
    if more > 0 || before.is_none() {
        let sum = before.map_or(0, Value::count).saturating_add(more);
        object.set(key, sum);
    }
}
