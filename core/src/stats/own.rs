//! What the file has under the key `hookstate`, which is ours: the counts of each agent, and the
//! totals of each hook's timings. Other programs keep it and do not look into it.

use super::counts::{AGENT_TOOLS_MAX, Counts};
use super::hook::{Accounted, HookTotals};
use super::json::{List, Object, Text, Value};
use std::collections::BTreeMap;

/// The key.
pub(crate) const KEY: &str = "hookstate";

/// The version of what is under it. Under another one it is left as it is.
const VERSION: u64 = 1;

const VERSION_KEY: &str = "version";

/// How many agents have counts of their own. Of more, those whose last call is the longest ago are
/// added up in one.
pub(crate) const AGENTS_MAX: usize = 32;

const AGENTS: &str = "agents";
const EARLIER: &str = "earlier_agents";
const TIMINGS: &str = "timings";

/// There from the end of a session to the first record of the next.
const ENDED: &str = "ended";

/// What is under the key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Own(Object);

impl Own {
    /// What this file has; empty if it has nothing yet. `None` if another version wrote it.
    pub(crate) fn of(file: &Object) -> Option<Self> {
        match file.get(KEY) {
            None => Some(Self(Object::default())),
            Some(Value::Object(own)) if is_ours(own) => Some(Self(own.clone())),
            Some(_) => None,
        }
    }

    /// As [`of`](Self::of), to be changed and [put back](Self::put_into): its place is kept.
    pub(crate) fn take_from(file: &mut Object) -> Option<Self> {
        match file.get_mut(KEY) {
            None => Some(Self(Object::default())),
            Some(Value::Object(own)) if is_ours(own) => Some(Self(std::mem::take(own))),
            Some(_) => None,
        }
    }

    /// That of a file in which a session has ended.
    pub(crate) fn of_the_ended() -> Self {
        let mut own = Object::default();
        own.set(Text::new(ENDED), Value::Bool(true));
        Self(own)
    }

    /// Whether a session has ended, and nothing of ours was recorded since.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.get(ENDED).is_some()
    }

    /// As [`has_ended`](Self::has_ended), and now something is recorded.
    pub(crate) fn begin_again(&mut self) -> bool {
        self.0.remove(ENDED).is_some()
    }

    /// Writes it into the file, unless it says nothing.
    pub(crate) fn put_into(mut self, file: &mut Object) {
        if self.0.iter().all(|(key, _)| key.escaped() == VERSION_KEY) {
            let _nothing = file.remove(KEY);
            return;
        }
        if self.0.get(VERSION_KEY).is_none() {
            self.0.insert_behind(&[], VERSION_KEY, VERSION.into());
        }
        file.set(Text::new(KEY), self.0);
    }

    /// Adds to the counts of an agent, which is now the one with the last call.
    pub(crate) fn add_to_agent(&mut self, agent: &Text, counts: &Counts) {
        let agents = self.0.object_at(&Text::new(AGENTS));
        let mut own = match agents.remove(agent.escaped()) {
            Some(Value::Object(own)) => own,
            _ => Object::default(),
        };
        counts.add_to(&mut own, AGENT_TOOLS_MAX);
        agents.set(agent.clone(), own);
        if agents.len() > AGENTS_MAX
            && let Some((_, Value::Object(oldest))) = agents.remove_first()
        {
            self.add_to_earlier(&Counts::of(&oldest));
        }
    }

    fn add_to_earlier(&mut self, counts: &Counts) {
        let earlier = self.0.object_at(&Text::new(EARLIER));
        let agents = earlier.get(AGENTS).map_or(0, Value::count);
        earlier.set(Text::new(AGENTS), agents.saturating_add(1));
        counts.add_to(earlier, AGENT_TOOLS_MAX);
    }

    /// The agents, the one with the last call at the end.
    pub(crate) fn agents(&self) -> impl Iterator<Item = (&Text, &Object)> {
        let agents = self.0.get(AGENTS).and_then(Value::as_object);
        let agents = agents.into_iter().flat_map(Object::iter);
        agents.filter_map(|(agent, counts)| Some((agent, counts.as_object()?)))
    }

    /// The counts of all the agents that have none of their own any more.
    pub(crate) fn earlier_agents(&self) -> Option<&Object> {
        self.0.get(EARLIER).and_then(Value::as_object)
    }

    /// The totals of a hook.
    pub(crate) fn totals(&self, hook: &Text) -> HookTotals {
        self.totals_object(hook)
            .map(HookTotals::from_object)
            .unwrap_or_default()
    }

    fn totals_object(&self, hook: &Text) -> Option<&Object> {
        self.timings()?.get(hook.escaped())?.as_object()
    }

    fn timings(&self) -> Option<&Object> {
        self.0.get(TIMINGS).and_then(Value::as_object)
    }

    /// Replaces the totals of a hook.
    pub(crate) fn set_totals(&mut self, hook: &Text, totals: &HookTotals) {
        let timings = self.0.object_at(&Text::new(TIMINGS));
        timings.set(hook.clone(), totals.to_object());
    }

    /// As [`set_totals`](Self::set_totals) for each of these hooks. A peer may have listed any number.
    pub(crate) fn set_all_totals(&mut self, totals: Vec<(Text, HookTotals)>) {
        if !totals.is_empty() {
            let timings = self.0.object_at(&Text::new(TIMINGS));
            let entries = totals.into_iter();
            let entries = entries.map(|(hook, totals)| (hook, totals.to_object().into()));
            timings.set_all(entries.collect());
        }
    }

    /// The hooks that have totals.
    pub(crate) fn hooks(&self) -> impl Iterator<Item = &Text> {
        let timings = self.timings().into_iter().flat_map(Object::iter);
        timings.map(|(hook, _)| hook)
    }

    /// Where to look when many hooks are asked for.
    pub(crate) fn index(&self) -> Index<'_> {
        let timings = self.timings().into_iter().flat_map(Object::iter);
        let objects = timings.filter_map(|(hook, totals)| Some((hook, totals.as_object()?)));
        Index(
            objects
                .map(|(hook, totals)| (hook.as_bytes(), totals))
                .collect(),
        )
    }
}

/// The totals of all hooks, each of which is found without a look at the others. It is ordered, not
/// hashed, since most files have a handful, for which the kernel need not be asked for randomness.
pub(crate) struct Index<'a>(BTreeMap<&'a [u8], &'a Object>);

impl Index<'_> {
    /// As [`Own::totals`].
    pub(crate) fn totals(&self, hook: &Text) -> HookTotals {
        let object = self.0.get(hook.as_bytes());
        object
            .map(|object| HookTotals::from_object(object))
            .unwrap_or_default()
    }

    /// Whether the totals of a hook have all values of its list.
    pub(crate) fn has_all_of(&self, hook: &Text, list: &List) -> bool {
        let object = self.0.get(hook.as_bytes());
        object
            .map(|object| Accounted::from_object(object))
            .unwrap_or_default()
            .has_all_of(list)
    }
}

fn is_ours(own: &Object) -> bool {
    own.get(VERSION_KEY).map(Value::count) == Some(VERSION)
}
