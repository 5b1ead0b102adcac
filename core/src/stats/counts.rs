//! Calls and failures, and how often each tool was called: of the session, of an agent, of what is
//! still in memory.

use super::json::{Object, Text, Value};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How many distinct tools a session's file lists. Calls of any further one are counted under
/// [`OTHER`].
pub(crate) const TOOLS_MAX: usize = 4_096;

/// As [`TOOLS_MAX`], for one agent.
pub(crate) const AGENT_TOOLS_MAX: usize = 64;

/// The name under which stands what has no room under its own.
pub(crate) const OTHER: &str = "(other)";

/// How many names are looked for one by one: as many as a handle has at most when it flushes, unless
/// told otherwise.
const FEW: usize = 10;

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
        match self.tool_names.len() <= FEW {
            true => self.add_few(names, tools_max),
            false => self.add_many(names, tools_max),
        }
    }

    fn add_few(&self, names: &mut Object, most: usize) {
        for (name, count) in &self.tool_names {
            add_count(names, key_with_room(names, name, most), *count);
        }
    }

    /// The same, and each name of the object is looked at once, not once for each that is added.
    fn add_many(&self, names: &mut Object, most: usize) {
        let mut new: HashMap<&Text, u64> = HashMap::with_capacity(self.tool_names.len());
        for (name, count) in &self.tool_names {
            let sum = new.entry(name).or_default();
            *sum = sum.saturating_add(*count);
        }
        for (name, value) in names.iter_mut() {
            if let Some(more) = new.remove(name) {
                add_to_value(value, more);
            }
        }
        for (name, _) in &self.tool_names {
            match new.remove(name) {
                Some(count) if names.len() < most => names.push_new(name.clone(), count),
                Some(count) => add_count(names, Text::new(OTHER), count),
                None => {}
            }
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
    match object.get_mut(key.escaped()) {
        Some(value) => add_to_value(value, more),
        None => object.push_new(key, more),
    }
}

/// What can grow no more, since no count is as large, stays as it stands.
fn add_to_value(value: &mut Value, more: u64) {
    let before = value.count();
    let sum = before.saturating_add(more);
    if sum > before {
        *value = sum.into();
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, TOOLS_MAX};
    use crate::stats::json::{Object, Text};
    use proptest::prelude::*;

    fn names(most: usize) -> impl Strategy<Value = Vec<(Text, u64)>> {
        let name = prop_oneof![1 => Just("(other)".to_owned()), 9 => "[a-e]{1,3}"];
        let names = prop::collection::btree_map(name, 0_u64..4, 0..most);
        let names = names.prop_map(Vec::from_iter);
        names.prop_shuffle().prop_map(|names| {
            let names = names.into_iter();
            names
                .map(|(name, count)| (Text::new(&name), count))
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn many_names_are_added_as_one_by_one(
            before in names(60),
            tool_names in names(60),
            most in prop_oneof![0_usize..80, Just(TOOLS_MAX)],
        ) {
            let before = before.into_iter().map(|(name, count)| (name, count.into()));
            let before = Object::from_entries(before.collect());
            let counts = Counts { tool_names, ..Counts::default() };
            let (mut at_once, mut one_by_one) = (before.clone(), before);
            counts.add_many(&mut at_once, most);
            counts.add_few(&mut one_by_one, most);
            prop_assert_eq!(at_once, one_by_one);
        }
    }
}
