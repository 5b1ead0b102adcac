//! Records every call that goes by.

use super::{Call, CallKind, Errno, Watcher, Way};
use std::sync::{Arc, Mutex, PoisonError};

/// A [`Watcher`] that remembers the calls in their order. Clones share one record.
#[derive(Clone, Debug, Default)]
pub struct Traced {
    record: Arc<Mutex<Vec<Entry>>>,
}

#[derive(Clone, Debug)]
struct Entry {
    kind: CallKind,
    line: String,
}

impl Traced {
    /// An empty record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The calls so far, one line each, as in `flock TryExclusive`, with the error if there was one.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.entries().into_iter().map(|entry| entry.line).collect()
    }

    /// Which calls there were so far.
    #[must_use]
    pub fn kinds(&self) -> Vec<CallKind> {
        self.entries().into_iter().map(|entry| entry.kind).collect()
    }

    /// Forgets the calls so far.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher for Traced {
    fn before(&self, _call: &Call<'_>) -> Way {
        Way::Through
    }

    fn after(&self, call: &Call<'_>, error: Option<Errno>) {
        let line = match error {
            None => call.to_string(),
            Some(errno) => format!("{call} = {errno}"),
        };
        self.lock().push(Entry {
            kind: call.kind(),
            line,
        });
    }
}
