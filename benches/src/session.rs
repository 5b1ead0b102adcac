//! The state that is measured: what a hook keeps of a session.

use hookstate::kernel::{Host, Kernel};
use hookstate::strategy::AnyStrategy;
use hookstate::{State, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How often each tool was called: about 100 bytes of JSON.
///
/// The state is read once per change, parsed twice (the second time to make sure that what is
/// written reads back) and serialised once, so what a change costs above its system calls grows
/// with the state.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Session {
    /// All calls.
    pub calls: u64,
    /// The calls by the name of the tool.
    pub by_tool: BTreeMap<String, u64>,
}

/// One call of a tool.
#[derive(Debug, Serialize, Deserialize)]
pub struct ToolCall {
    /// Which tool.
    pub tool: String,
}

impl State for Session {
    type Delta = ToolCall;

    fn apply(&mut self, call: &ToolCall) {
        self.count(&call.tool);
    }
}

impl Session {
    /// Counts one call.
    pub fn count(&mut self, tool: &str) {
        self.calls += 1;
        match self.by_tool.get_mut(tool) {
            Some(calls) => *calls += 1,
            None => {
                self.by_tool.insert(tool.to_owned(), 1);
            }
        }
    }
}

/// The tool whose calls the benchmarks count.
pub const TOOL: &str = "Bash";

const OTHER_TOOLS: [&str; 4] = ["Edit", "Grep", "Read", "Write"];

/// With how many calls of each tool a session begins: so many that the numbers, and with them the
/// state, keep their length while a benchmark runs.
const CALLS_BEFORE: u64 = 1_000_000;

/// A kind of change to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// [`Store::locked_modify`].
    LockedModify,
    /// [`Store::apply`].
    Apply,
}

impl Change {
    /// Both.
    pub const ALL: [Self; 2] = [Self::LockedModify, Self::Apply];

    /// The name of the method.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LockedModify => "locked_modify",
            Self::Apply => "apply",
        }
    }

    /// The kind of change with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.name() == name)
    }

    /// Counts one call of [`TOOL`].
    ///
    /// # Panics
    ///
    /// If the store fails or has anything else to report: then there is nothing to measure.
    pub fn make<K: Kernel>(self, store: &SessionStore<K>) {
        let outcome = match self {
            Self::LockedModify => store.locked_modify(|session| session.count(TOOL)),
            Self::Apply => store.apply(&ToolCall {
                tool: TOOL.to_owned(),
            }),
        };
        let outcome = outcome.expect("a change succeeds");
        assert!(outcome.recovery.is_none(), "{:?}", outcome.recovery);
        assert!(outcome.deferred.is_none(), "{:?}", outcome.deferred);
    }
}

/// A store of a [`Session`], with a strategy chosen at run time.
pub type SessionStore<K = Host> = Store<Session, AnyStrategy, K>;

/// The store in `directory`. It waits long, because a benchmark asks how long a change takes and
/// not whether it is in time.
pub fn store<K: Kernel>(directory: &Path, strategy: AnyStrategy, kernel: K) -> SessionStore<K> {
    Store::with(directory, "session", strategy, kernel).lock_timeout(Duration::from_secs(20))
}

/// Gives the store a session that has been going on for a while.
///
/// # Panics
///
/// If the store refuses.
pub fn begin<K: Kernel>(store: &SessionStore<K>) {
    let begun = store.locked_modify(|session| {
        for tool in [TOOL].into_iter().chain(OTHER_TOOLS) {
            session.by_tool.insert(tool.to_owned(), CALLS_BEFORE);
        }
        session.calls = session.by_tool.values().sum();
    });
    let _ = begun.expect("a new store takes a session");
}

/// The calls that were counted since [`begin`].
///
/// # Panics
///
/// If the store cannot be read.
#[must_use]
pub fn counted(store: &SessionStore) -> u64 {
    let session = store.read().expect("the state can be read").value;
    session.by_tool[TOOL] - CALLS_BEFORE
}
