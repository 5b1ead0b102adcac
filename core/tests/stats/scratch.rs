//! A directory for statistics files, which does not exist yet.

use hookstate::State;
use hookstate::kernel::{Host, Kernel};
use hookstate::stats::{SessionFile, SessionStats};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// Longer than any lock is held, even on a machine that has more to do.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Scratch {
    root: tempfile::TempDir,
}

impl Scratch {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        Self { root }
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.data().join(name)
    }

    /// The statistics of the session `m`.
    pub fn stats(&self) -> SessionStats {
        SessionStats::new(self.data(), "m").lock_timeout(PATIENCE)
    }

    /// The file of the session `m`.
    pub fn file(&self) -> PathBuf {
        self.path("m.json")
    }

    /// Writes the file of the session `m` as another program would.
    pub fn plant(&self, text: &str) {
        fs::create_dir_all(self.data()).expect("mkdir");
        fs::write(self.file(), text).expect("write");
    }

    /// What the file of the session `m` holds, without the padding.
    pub fn text(&self) -> String {
        let text = fs::read_to_string(self.file()).expect("read");
        text.trim_end().to_owned()
    }

    /// The names of the files, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.data()).expect("list");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// Calls that are recorded and flushed.
pub fn record(stats: &mut SessionStats, calls: &[(&str, bool)]) {
    for (tool, success) in calls {
        let _ = stats.record_tool_call(tool, *success).expect("a record");
    }
    let _ = stats.flush().expect("a flush");
}

/// The content that these bytes are.
pub fn parsed(text: &str) -> SessionFile {
    SessionFile::from_json(text.as_bytes()).expect("a statistics file")
}

/// Seconds since the epoch.
pub fn now() -> f64 {
    Host.clock_realtime().as_secs_f64()
}
