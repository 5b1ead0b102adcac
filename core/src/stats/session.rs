//! The handle through which a process counts.

use super::batch::Batch;
use super::counts::bounded_name;
use super::file::SessionFile;
use super::finalized::Finalized;
use super::summary::summary;
use crate::kernel::{Host, Kernel};
use crate::strategy::Flock;
use crate::{Durability, Error, ErrorKind, Outcome, Result, State, Store};
use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// After how many records a handle flushes unless told otherwise.
pub const FLUSH_INTERVAL_DEFAULT: u32 = 10;

/// How long a flush waits for the lock unless told otherwise: one second. Longer than a
/// [`Store`] does, since programs that block in flock are served before those that poll.
pub const LOCK_TIMEOUT_DEFAULT: Duration = Duration::from_secs(1);

/// The statistics of one session, which any number of processes add to at the same time, also
/// programs that know nothing of this one and take flock(2) on the same file.
///
/// What is recorded stays in memory until there is enough of it, and then goes into the file in one
/// exclusive window. A handle that is dropped flushes what is left; an error at that point has nobody
/// to go to and is swallowed, so a program that wants to know calls [`flush`](Self::flush). It does not
/// flush while its thread panics.
///
/// ```
/// use hookstate::stats::SessionStats;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let mut stats = SessionStats::new(directory.path(), "session-1");
/// let _ = stats.record_tool_call("Bash", true)?;
/// let _ = stats.record_tool_call("Edit", false)?;
/// let _ = stats.record_hook_timing("PreToolUse", 12.5)?;
/// let line = stats.format_summary()?.value;
/// assert_eq!(line, "[CB] 0m | 2 tools | 1 error | Bash:1 Edit:1 | ⏱ PreToolUse:12ms");
///
/// let last = stats.finalize()?.value;
/// assert_eq!(last.file().tool_count(), 2);
/// assert_eq!(stats.read()?.value.tool_count(), 0);
/// # Ok(())
/// # }
/// ```
pub struct SessionStats<K: Kernel = Host> {
    store: Store<SessionFile, Flock, K>,
    /// What is recorded and not in the file.
    batch: Batch,
    flush_interval: u32,
    /// Records since a flush was last tried, so that one that fails is not tried again at once.
    since_flush: u32,
    removes_file: bool,
}

impl SessionStats {
    /// The statistics of this session in this directory (see [`data_dir`](super::data_dir)).
    ///
    /// Nothing is opened or created before the first flush. Any id is safe: the file is
    /// `<id>.json` if the id is `[A-Za-z0-9_-]{1,64}`, and has a hash for a name otherwise. The id
    /// itself, as far as its first 16 KiB, is kept inside; bytes that are no UTF-8 stand there as
    /// Python would have them (PEP 383).
    pub fn new(directory: impl Into<PathBuf>, session_id: impl AsRef<[u8]>) -> Self {
        Self::with(directory, session_id, Host)
    }
}

impl<K: Kernel> SessionStats<K> {
    /// As [`new`](SessionStats::new), on this kernel.
    pub fn with(directory: impl Into<PathBuf>, session_id: impl AsRef<[u8]>, kernel: K) -> Self {
        let id = session_id.as_ref();
        let store = Store::with(directory, id, Flock, kernel);
        Self {
            store: store.lock_timeout(LOCK_TIMEOUT_DEFAULT),
            batch: Batch::new(id),
            flush_interval: FLUSH_INTERVAL_DEFAULT,
            since_flush: 0,
            removes_file: false,
        }
    }

    /// Flushes after this many records; 0 counts as 1. The default is [`FLUSH_INTERVAL_DEFAULT`].
    #[must_use]
    pub fn flush_interval(mut self, records: u32) -> Self {
        self.flush_interval = records.max(1);
        self
    }

    /// Counts the calls for this agent of the session too. Of the id 256 bytes are kept; an empty one
    /// is none.
    #[must_use]
    pub fn agent(mut self, id: impl AsRef<[u8]>) -> Self {
        let id = id.as_ref();
        self.batch.agent = (!id.is_empty()).then(|| bounded_name(id));
        self
    }

    /// Sets how long a call waits for the lock. The default is [`LOCK_TIMEOUT_DEFAULT`].
    #[must_use]
    pub fn lock_timeout(mut self, most: Duration) -> Self {
        self.store.lock_timeout = most;
        self
    }

    /// Sets what a flush survives. The default is [`Durability::Process`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.store.durability = durability;
        self
    }

    /// See [`Store::trust_any_file_system`].
    #[must_use]
    pub fn trust_any_file_system(mut self) -> Self {
        self.store.any_file_system = true;
        self
    }

    /// Lets [`finalize`](Self::finalize) remove the file instead of leaving an empty one.
    ///
    /// Only where every program that locks the file looks, once it has the lock, whether the file
    /// still has its name. One that does not, and had opened it before, adds to a file that nobody
    /// sees again.
    #[must_use]
    pub fn remove_when_finalized(mut self) -> Self {
        self.removes_file = true;
        self
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.store.path()
    }

    /// Records a call of a tool. Flushes if there is enough to flush.
    ///
    /// Of the name 256 bytes are kept, and of distinct names 4096 in a file; further ones are counted
    /// under `(other)`.
    ///
    /// # Errors
    ///
    /// As for [`flush`](Self::flush). The call is recorded in any case.
    pub fn record_tool_call(&mut self, tool: &str, success: bool) -> Result<Outcome<()>> {
        self.begin_if_empty();
        self.batch.add_call(tool, success);
        self.count_record()
    }

    /// Records how long a hook took, in milliseconds. Flushes if there is enough to flush.
    ///
    /// What is no finite number is not recorded. In the file the newest 256 of a hook are listed; of
    /// all of them it keeps the count, the sum, the maximum, and of the rest enough for any quantile
    /// to within 3 %. There are 64 hooks in a file; those of any further one stand under `(other)`.
    ///
    /// # Errors
    ///
    /// As for [`flush`](Self::flush). The timing is recorded in any case.
    pub fn record_hook_timing(&mut self, hook: &str, ms: f64) -> Result<Outcome<()>> {
        if !ms.is_finite() {
            return Ok(Outcome::clean(()));
        }
        self.begin_if_empty();
        self.batch.add_timing(hook, ms);
        self.count_record()
    }

    /// Brings into the file what was recorded.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). What was recorded stays in memory for the next flush. Not
    /// so if [`Error::is_indeterminate`](crate::Error::is_indeterminate): then it may be in the file
    /// already, and the handle lets go of it, so that it is counted once or not at all and never
    /// twice.
    pub fn flush(&mut self) -> Result<Outcome<()>> {
        self.since_flush = 0;
        if self.batch.is_empty() {
            return Ok(Outcome::clean(()));
        }
        let flushed = self.store.apply(&self.batch);
        self.let_go_after(flushed.as_ref().err());
        flushed
    }

    /// The one line that says how the session goes, with what is not flushed yet:
    /// `[CB] 12m | 10 tools | 1 error | Bash:7 Edit:3 | ⏱ PostToolUse:4ms PreToolUse:12ms`. The tools
    /// are the five that are used most, the timings averages.
    ///
    /// # Errors
    ///
    /// As for [`Store::read`].
    pub fn format_summary(&self) -> Result<Outcome<String>> {
        let now = self.now();
        let read = self.store.read()?;
        Ok(read.map(|file| summary(&self.merged(file), now)))
    }

    /// What is in the file, without what is not flushed yet.
    ///
    /// # Errors
    ///
    /// As for [`Store::read`].
    pub fn read(&self) -> Result<Outcome<SessionFile>> {
        self.store.read()
    }

    /// Ends the session: takes everything out of the file, with what is not flushed yet, in one
    /// exclusive window.
    ///
    /// A call that another process flushes at the same time is either in this result, or it comes
    /// later and is in the file that the next finalize takes from. Under the name an empty
    /// statistics file is left, since a program may have it open and wait for its lock;
    /// [`cleanup_stale`](super::cleanup_stale) removes it, see also
    /// [`remove_when_finalized`](Self::remove_when_finalized).
    ///
    /// If this process is killed before it has done something with the result, that is gone. Where
    /// it must not be, use [`try_finalize`](Self::try_finalize).
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error everything is where it was; unless it is
    /// indeterminate: then the file may be empty already, and what was not flushed is let go of, as
    /// in [`flush`](Self::flush).
    pub fn finalize(&mut self) -> Result<Outcome<Finalized>> {
        let outcome = self.try_finalize(|last| Ok::<_, Infallible>(last.clone()))?;
        Ok(outcome.map(|value| match value {
            Ok(last) => last,
            Err(never) => match never {},
        }))
    }

    /// As [`finalize`](Self::finalize), and gives the result to `last` within the window, before
    /// anything is taken out of the file: to hand it on where it must not be lost. If `last` returns
    /// an error, everything stays where it was, and the error is the value of the outcome.
    ///
    /// With `Ok` it has run exactly once for this result. After a kill or any error, as on a full disk,
    /// the next finalize may give it the same once more: it is handed on at least once.
    ///
    /// # Errors
    ///
    /// As for [`finalize`](Self::finalize).
    pub fn try_finalize<R, E>(
        &mut self,
        last: impl FnOnce(&Finalized) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let now = self.now();
        let finalized = if self.removes_file {
            self.take_with_the_file(now, last)
        } else if self.has_no_file()? {
            Ok(Outcome::clean(last(&self.unwritten(now))))
        } else {
            self.take_from_the_file(now, last)
        };
        match &finalized {
            Ok(outcome) if outcome.value.is_err() => {}
            other => self.let_go_after(other.as_ref().err()),
        }
        finalized
    }

    fn take_from_the_file<R, E>(
        &self,
        now: f64,
        last: impl FnOnce(&Finalized) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        self.store.try_locked_modify(|file| {
            let all = self.merged(std::mem::take(file));
            *file = SessionFile::ended(&self.batch.session_id, now);
            last(&Finalized::new(all, now))
        })
    }

    fn take_with_the_file<R, E>(
        &self,
        now: f64,
        last: impl FnOnce(&Finalized) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let mut last = Some(last);
        let mut hand_on = |all: &Finalized| {
            let last = last
                .take()
                .expect("a removal calls its closure at most once");
            last(all)
        };
        let removed = self
            .store
            .try_remove(|file| hand_on(&Finalized::new(self.merged(file), now)))?;
        Ok(removed.map(|value| match value {
            Ok(Some(value)) => Ok(value),
            // There was no file, or one that a creation left empty, which is gone now too.
            Ok(None) => hand_on(&self.unwritten(now)),
            Err(refusal) => Err(refusal),
        }))
    }

    /// What there is without a file.
    fn unwritten(&self, now: f64) -> Finalized {
        let file = match self.batch.is_empty() {
            true => SessionFile::begun(&self.batch.session_id, now),
            false => self.merged(SessionFile::default()),
        };
        Finalized::new(file, now)
    }

    /// Whether nobody has written anything yet. Then there is nothing to take, and what would be
    /// flushed into a new file goes into the result instead.
    fn has_no_file(&self) -> Result<bool> {
        match self.store.read() {
            Ok(read) => Ok(read.value == SessionFile::default()),
            // The window sets it aside.
            Err(error) if error.kind() == ErrorKind::Corrupt => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn merged(&self, mut file: SessionFile) -> SessionFile {
        if !self.batch.is_empty() {
            file.apply(&self.batch);
        }
        file
    }

    fn begin_if_empty(&mut self) {
        if self.batch.is_empty() {
            self.batch.began = self.now();
        }
    }

    fn count_record(&mut self) -> Result<Outcome<()>> {
        self.since_flush += 1;
        if self.since_flush < self.flush_interval {
            return Ok(Outcome::clean(()));
        }
        self.flush()
    }

    /// After a change of the file that ended so: forgets what is in it, or may be.
    fn let_go_after(&mut self, error: Option<&Error>) {
        if error.is_none_or(Error::is_indeterminate) {
            self.batch = self.batch.emptied();
        }
    }

    fn now(&self) -> f64 {
        self.store.site().kernel.clock_realtime().as_secs_f64()
    }
}

impl<K: Kernel> Drop for SessionStats<K> {
    /// Not in a thread that panics: whatever failed there may fail here again, and a second panic ends
    /// the process.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = self.flush();
        }
    }
}

impl<K: Kernel> fmt::Debug for SessionStats<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStats")
            .field("store", &self.store)
            .field("batch", &self.batch)
            .field("flush_interval", &self.flush_interval)
            .finish_non_exhaustive()
    }
}
