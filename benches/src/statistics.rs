//! A session's statistics after few calls and after a million: what one more recorded call costs, from
//! open to close, and how long the file is.

use hookstate::kernel::{Access, Host, Kernel, OpenHow};
use hookstate::stats::SessionStats;
use std::path::{Path, PathBuf};

/// What a call leaves in the statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The call alone.
    Calls,
    /// The call, and how long a hook before and one after it took, in turns.
    CallsAndTimings,
}

impl Recorded {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Calls, Self::CallsAndTimings];

    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calls => "tool calls",
            Self::CallsAndTimings => "tool calls with a timing each",
        }
    }
}

/// The tools that are called in turns.
const TOOLS: [&str; 5] = ["Bash", "Edit", "Grep", "Read", "Write"];

/// The hooks that take their time in turns.
const HOOKS: [&str; 2] = ["PreToolUse", "PostToolUse"];

/// How many records a session that is only to be made long flushes at once. A flush costs the same
/// then as one of a single record, so a million calls are recorded in a second.
const FLUSH_INTERVAL: u32 = 1_000;

/// A session that has been going on for a number of calls.
#[derive(Debug)]
pub struct Session<K: Kernel = Host> {
    stats: SessionStats<K>,
    recorded: Recorded,
    calls: u64,
}

impl<K: Kernel> Session<K> {
    /// The session `name` in `directory` after so many calls, every one of which was recorded.
    ///
    /// # Panics
    ///
    /// If a flush fails or has anything to report.
    pub fn after(calls: u64, recorded: Recorded, directory: &Path, name: &str, kernel: K) -> Self
    where
        K: Clone,
    {
        let stats = SessionStats::with(directory, name, kernel.clone());
        let mut session = Self {
            stats: stats.flush_interval(FLUSH_INTERVAL),
            recorded,
            calls: 0,
        };
        for _ in 0..calls {
            session.record();
        }
        session.flush();
        // From here on a flush after each record, as in a process that lives for one.
        session.stats = SessionStats::with(directory, name, kernel);
        session
    }

    /// Records one call more and brings it into the file, from open to close.
    ///
    /// # Panics
    ///
    /// If the flush fails or has anything to report.
    pub fn call(&mut self) {
        self.record();
        self.flush();
    }

    fn record(&mut self) {
        let turn = |of: usize| usize::try_from(self.calls % of as u64).unwrap_or_default();
        let (tool, hook) = (TOOLS[turn(TOOLS.len())], HOOKS[turn(HOOKS.len())]);
        let success = !self.calls.is_multiple_of(10);
        let called = self.stats.record_tool_call(tool, success);
        let _ = called.expect("a call is recorded");
        if self.recorded == Recorded::CallsAndTimings {
            let timed = self
                .stats
                .record_hook_timing(hook, milliseconds(self.calls));
            let _ = timed.expect("a timing is recorded");
        }
        self.calls += 1;
    }

    fn flush(&mut self) {
        let flushed = self.stats.flush().expect("a flush succeeds");
        assert!(flushed.recovery.is_none(), "{:?}", flushed.recovery);
        assert!(flushed.deferred.is_none(), "{:?}", flushed.deferred);
    }

    /// What its calls leave.
    pub fn recorded(&self) -> Recorded {
        self.recorded
    }

    /// The way back to where it is now.
    ///
    /// # Panics
    ///
    /// If the file cannot be read.
    pub fn rewind(&self) -> Rewind {
        Rewind {
            content: std::fs::read(self.path()).expect("the session has begun"),
            calls: self.calls,
        }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.stats.path()
    }

    /// How many bytes the file has.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn file_bytes(&self) -> u64 {
        let file = std::fs::metadata(self.path()).expect("the session has begun");
        file.len()
    }

    /// How many calls the session has recorded, by this count and by that of the file.
    ///
    /// # Panics
    ///
    /// If the file cannot be read.
    pub fn counted(&self) -> (u64, u64) {
        let file = self.stats.read().expect("the file can be read").value;
        (self.calls, file.tool_count())
    }

    /// How many timings of each hook the file has counted.
    ///
    /// # Panics
    ///
    /// If the file cannot be read.
    pub fn timed(&self) -> Vec<(String, u64)> {
        let file = self.stats.read().expect("the file can be read").value;
        let timings = file.hook_timings().into_iter();
        timings
            .map(|(hook, timings)| (hook, timings.count()))
            .collect()
    }
}

/// Where a session was.
#[derive(Clone, Debug)]
pub struct Rewind {
    content: Vec<u8>,
    calls: u64,
}

impl Rewind {
    /// Puts the session back there. The file keeps its length, with spaces behind what was in it, as a
    /// truncated one would have to be written back before the next call.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    pub fn to<K: Kernel>(&self, session: &mut Session<K>) {
        let length = usize::try_from(session.file_bytes()).unwrap_or_default();
        let mut content = self.content.clone();
        content.resize(length.max(content.len()), b' ');
        let fd = Host
            .open(&session.path(), OpenHow::existing(Access::ReadWrite))
            .expect("the session has begun");
        let written = Host.pwrite(&fd, &content, 0);
        Host.close(fd);
        assert_eq!(written, Ok(content.len()));
        session.calls = self.calls;
    }
}

/// Between 1 and 100 ms, with as many digits as a clock's difference has, and different for each call:
/// the square root of 2, again and again, without what is before the point.
fn milliseconds(call: u64) -> f64 {
    1.0 + 99.0 * (call as f64 * std::f64::consts::SQRT_2).fract()
}
