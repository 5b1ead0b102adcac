//! What a session comes to.

use super::file::SessionFile;
use super::json::{Number, Object, Text, Value, write_object};
use super::summary::duration;
use super::timings::HookTimings;
use serde::{Serialize, Serializer};

/// A session that was finalized: everything that was in its file, how long it took, and what its
/// timings come to.
///
/// [`to_json`](Self::to_json) is what the old program's `finalize` returns, as `json.dumps` writes it.
/// `Serialize` gives any format the same, with numbers in place of their characters.
#[derive(Clone, Debug, PartialEq)]
pub struct Finalized {
    file: SessionFile,
    duration_seconds: f64,
}

impl Finalized {
    /// The session whose file this was, at the time `now`, in seconds since the epoch.
    pub(crate) fn new(file: SessionFile, now: f64) -> Self {
        let duration_seconds = duration(&file, now);
        Self {
            file,
            duration_seconds,
        }
    }

    /// What was in the file, together with what the handle had not flushed yet.
    #[must_use]
    pub fn file(&self) -> &SessionFile {
        &self.file
    }

    /// How long the session took, in seconds. Zero if it is not known when it began, and negative if
    /// the clock was set back.
    #[must_use]
    pub fn duration_seconds(&self) -> f64 {
        self.duration_seconds
    }

    /// The timings of each hook that has any.
    #[must_use]
    pub fn hook_timing_stats(&self) -> Vec<(String, HookTimings)> {
        self.file.hook_timings()
    }

    /// Whether nothing was counted: no call and no timing.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.file.is_blank()
    }

    /// All of it as one line of JSON: the keys of the file, then `duration_seconds` and, if there are
    /// timings, `hook_timing_stats` with `count`, `avg_ms`, `p95_ms` and `max_ms` of each hook, rounded
    /// to two decimals as Python's `round` does.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = write_object(&self.to_object());
        String::from_utf8_lossy(&json).into_owned()
    }

    fn to_object(&self) -> Object {
        let mut object = self.file.content().clone();
        let duration = Number::from_f64(self.duration_seconds);
        object.set(Text::new("duration_seconds"), Value::Number(duration));
        let timings = self.file.timings().into_iter();
        let stats: Vec<(Text, Value)> = timings
            .map(|(hook, timings)| (hook, timings.to_object().into()))
            .collect();
        if !stats.is_empty() {
            let stats = Object::from_entries(stats);
            object.set(Text::new("hook_timing_stats"), stats);
        }
        object
    }
}

impl Serialize for Finalized {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_object().serialize(serializer)
    }
}
