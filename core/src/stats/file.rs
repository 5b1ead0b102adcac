//! The content of a statistics file.

use super::batch::{Batch, Recent};
use super::counts::{Counts, TOOLS_MAX, key_with_room};
use super::json::{List, Object, Text, Value, parse, write, write_object};
use super::own::Own;
use super::timings::HookTimings;
use crate::State;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;

/// The keys that every file has, in their order.
const KEYS: [&str; 6] = [
    "session_id",
    "started_at",
    "tool_count",
    "error_count",
    "tool_names",
    "hook_timings",
];

/// How many hooks a file lists timings of, of which this program has recorded the first. Those of
/// any further one stand under `(other)`.
pub(crate) const HOOKS_MAX: usize = 64;

/// The content of a statistics file, as it stands: unknown keys, odd numbers and the order of
/// everything are kept, and a value of the wrong kind reads as nothing.
///
/// [`State::to_json`] writes it to the byte as Python's `json.dump` does. `Serialize` gives any
/// format the same value with numbers in place of their characters, which have fewer possibilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionFile {
    // Invariant: written as JSON, it reads back.
    content: Object,
}

/// Calls by tool, and how many of them failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ToolCounts {
    /// How many calls there were.
    pub tool_count: u64,
    /// How many of them failed.
    pub error_count: u64,
    /// How often each tool was called, in the order of the first calls.
    pub tool_names: Vec<(String, u64)>,
}

impl SessionFile {
    /// A file in which nothing was counted yet, since `now`, in seconds since the epoch.
    pub(crate) fn begun(session_id: &Text, now: f64) -> Self {
        let mut file = Self::default();
        file.begin(session_id, now);
        file
    }

    /// One that a session has left which ended `now`, for the next one.
    pub(crate) fn ended(session_id: &Text, now: f64) -> Self {
        let mut file = Self::begun(session_id, now);
        Own::of_the_ended().put_into(&mut file.content);
        file
    }

    /// Whether a session has ended in it and the next has not begun.
    pub(crate) fn has_ended(&self) -> bool {
        Own::of(&self.content).is_some_and(|own| own.has_ended()) && self.is_blank()
    }

    /// The session's id. Bytes that are no UTF-8 are shown as U+FFFD.
    #[must_use]
    pub fn session_id(&self) -> Option<String> {
        match self.content.get("session_id") {
            Some(Value::Text(id)) => Some(id.decoded()),
            _ => None,
        }
    }

    /// When the session began, in seconds since the epoch.
    #[must_use]
    pub fn started_at(&self) -> Option<f64> {
        self.content.get("started_at").and_then(Value::finite)
    }

    /// How many calls there were.
    #[must_use]
    pub fn tool_count(&self) -> u64 {
        self.content.get("tool_count").map_or(0, Value::count)
    }

    /// How many calls failed.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        self.content.get("error_count").map_or(0, Value::count)
    }

    /// How often each tool was called, in the order of the first calls.
    #[must_use]
    pub fn tool_names(&self) -> Vec<(String, u64)> {
        ToolCounts::of(&self.content).tool_names
    }

    /// The counts of each agent, as far as this program has recorded them, the agent with the last
    /// call at the end. At most 32 have counts of their own.
    #[must_use]
    pub fn agents(&self) -> Vec<(String, ToolCounts)> {
        let own = Own::of(&self.content);
        let agents = own.iter().flat_map(Own::agents);
        agents
            .map(|(agent, counts)| (agent.decoded(), ToolCounts::of(counts)))
            .collect()
    }

    /// The sum of the counts of all agents that have none of their own any more.
    #[must_use]
    pub fn earlier_agents(&self) -> ToolCounts {
        let own = Own::of(&self.content);
        let earlier = own.as_ref().and_then(Own::earlier_agents);
        earlier.map(ToolCounts::of).unwrap_or_default()
    }

    /// The timings of each hook that has any.
    #[must_use]
    pub fn hook_timings(&self) -> Vec<(String, HookTimings)> {
        let timings = self.timings().into_iter();
        timings
            .map(|(hook, timings)| (hook.decoded(), timings))
            .collect()
    }

    /// As [`hook_timings`](Self::hook_timings): those that are listed first, in the order of the
    /// file.
    pub(crate) fn timings(&self) -> Vec<(Text, HookTimings)> {
        let own = Own::of(&self.content).unwrap_or_default();
        let index = own.index();
        let listed = lists(&self.content);
        let known: BTreeSet<&[u8]> = listed.iter().map(|(hook, _)| hook.as_bytes()).collect();
        let nothing = List::default();
        let unlisted = own.hooks().filter(|hook| !known.contains(hook.as_bytes()));
        listed
            .iter()
            .copied()
            .chain(unlisted.map(|hook| (hook, &nothing)))
            .filter_map(|(hook, list)| {
                let timings = HookTimings::of(index.totals(hook), list)?;
                Some((hook.clone(), timings))
            })
            .collect()
    }

    /// Whether nothing was counted in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.tool_count() == 0
            && self.error_count() == 0
            && self.tool_names().is_empty()
            && self.timings().is_empty()
    }

    /// Whether this is the content of a statistics file, of this program or of the old one: the
    /// keys that such a file has had from the beginning, with values of their kind.
    pub(crate) fn is_recognizable(&self) -> bool {
        let get = |key| self.content.get(key);
        matches!(get("session_id"), Some(Value::Text(_)))
            && matches!(get("tool_names"), Some(Value::Object(_)))
            && ["started_at", "tool_count", "error_count"]
                .iter()
                .all(|key| matches!(get(key), Some(Value::Number(_))))
    }

    /// The whole content.
    pub(crate) fn content(&self) -> &Object {
        &self.content
    }

    /// Lets the session begin with its first record. If a peer has made that, nobody knows when, and it
    /// has gone on since the one before ended.
    fn begin_again(&mut self, own: &mut Own, began: f64) {
        if own.begin_again() && self.is_blank() {
            self.content.set(Text::new("started_at"), began);
        }
    }

    /// Puts the keys that are missing where they belong.
    fn begin(&mut self, session_id: &Text, now: f64) {
        for (place, key) in KEYS.into_iter().enumerate() {
            if self.content.get(key).is_none() {
                let value = match key {
                    "session_id" => Value::Text(session_id.clone()),
                    "started_at" => Value::from(now),
                    "tool_count" | "error_count" => Value::from(0_u64),
                    _ => Value::Object(Object::default()),
                };
                self.content.insert_behind(&KEYS[..place], key, value);
            }
        }
    }

    /// Appends to the lists: the newest, and if there are no totals, what stands for those before.
    fn list(&mut self, timings: &[(Text, Recent)], has_totals: bool) {
        if timings.is_empty() {
            return;
        }
        let lists = self.content.object_at(&Text::new("hook_timings"));
        for (hook, recent) in timings {
            let hook = key_with_room(lists, hook, HOOKS_MAX);
            let list = list_at(lists, &hook);
            if !has_totals {
                recent.before.values().for_each(|ms| list.push(ms));
            }
            recent.newest.iter().for_each(|&ms| list.push(ms));
        }
    }

    /// Counts what is new in the lists, whoever put it there, and leaves the newest in them.
    fn account(&mut self, own: &mut Own) {
        let Some(Value::Object(lists)) = self.content.get_mut("hook_timings") else {
            return;
        };
        let index = own.index();
        let mut grown = Vec::new();
        for (hook, value) in lists.iter_mut() {
            if let Value::List(list) = value
                && !index.has_all_of(hook, list)
            {
                let mut totals = index.totals(hook);
                totals.take_in(list);
                grown.push((hook.clone(), totals));
            }
        }
        own.set_all_totals(grown);
    }
}

impl State for SessionFile {
    type Delta = Batch;

    fn apply(&mut self, batch: &Batch) {
        self.begin(&batch.session_id, batch.began);
        // A later version's key is left to it: it counts what it finds in the lists.
        let mut own = Own::take_from(&mut self.content);
        if let Some(own) = &mut own {
            self.begin_again(own, batch.began);
        }
        batch.counts.add_to(&mut self.content, TOOLS_MAX);
        self.list(&batch.timings, own.is_some());
        if let Some(mut own) = own {
            if let (Some(agent), true) = (&batch.agent, batch.counts.tool_count > 0) {
                own.add_to_agent(agent, &batch.counts);
            }
            self.add_unlisted(&mut own, &batch.timings);
            self.account(&mut own);
            own.put_into(&mut self.content);
        }
    }

    fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        Ok(write_object(&self.content))
    }

    fn from_json(bytes: &[u8]) -> serde_json::Result<Self> {
        match parse(bytes) {
            Ok(Value::Object(content)) => Ok(Self { content }),
            Ok(_) => Err(serde_json::Error::custom("not an object")),
            Err(malformed) => Err(serde_json::Error::custom(malformed)),
        }
    }

    /// They do: what was read is kept as it stood there, what was added has a type, and neither makes
    /// lists and objects deeper than they may be. To read all of it again would cost more than
    /// everything else.
    fn check_json(&self, json: &[u8]) -> serde_json::Result<()> {
        debug_assert!(Self::from_json(json).is_ok_and(|read| read == *self));
        Ok(())
    }
}

impl SessionFile {
    /// Counts those timings that are only in the totals of the batch.
    fn add_unlisted(&self, own: &mut Own, timings: &[(Text, Recent)]) {
        for (hook, recent) in timings {
            if recent.before.count() > 0 {
                let lists = self.content.get("hook_timings").and_then(Value::as_object);
                let hook = lists.map_or_else(
                    || hook.clone(),
                    |lists| key_with_room(lists, hook, HOOKS_MAX),
                );
                let mut totals = own.totals(&hook);
                totals.merge(&recent.before);
                own.set_totals(&hook, &totals);
            }
        }
    }
}

impl ToolCounts {
    fn of(object: &Object) -> Self {
        let counts = Counts::of(object);
        let names = counts.tool_names.into_iter();
        Self {
            tool_count: counts.tool_count,
            error_count: counts.error_count,
            tool_names: names.map(|(name, count)| (name.decoded(), count)).collect(),
        }
    }
}

impl Serialize for SessionFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.content.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SessionFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        // What another format nests deeper than a file may is refused here already.
        Self::from_json(&write(&value)).map_err(D::Error::custom)
    }
}

/// The hooks and their lists, in the order of the file.
fn lists(content: &Object) -> Vec<(&Text, &List)> {
    let lists = content.get("hook_timings").and_then(Value::as_object);
    let lists = lists.into_iter().flat_map(Object::iter);
    lists
        .filter_map(|(hook, value)| Some((hook, value.as_list()?)))
        .collect()
}

/// The list under this key, which becomes an empty one if it is anything else.
fn list_at<'a>(lists: &'a mut Object, hook: &Text) -> &'a mut List {
    if lists.get(hook.escaped()).and_then(Value::as_list).is_none() {
        lists.set(hook.clone(), List::default());
    }
    match lists.get_mut(hook.escaped()) {
        Some(Value::List(list)) => list,
        _ => unreachable!("the list was put there"),
    }
}
