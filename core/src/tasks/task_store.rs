//! The task store: a state of its own in a directory, and what processes do with it.

use super::bounds::TASK_BYTES_MAX;
use super::id::{Owner, TaskId};
use super::report::{Added, AnnouncementState, Claim, Due, Failure, Task};
use super::state::{Key, Stored, TaskEntry, Tasks};
use super::terms::{Terms, millis};
use super::text::to_text;
use crate::kernel::{Host, Kernel};
use crate::strategy::{Flock, Strategy};
use crate::{Durability, Error, Outcome, Result, Store};
use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The name of the state.
const NAME: &str = "hookstate";

/// What stands behind it, as with a guard, so that no other state has the same files whatever its name.
const KIND: &str = "tasks";

/// The tasks that agents are working at, and the announcements of those that take long.
///
/// A task is added when a prompt is submitted and removed when the agent stops; every other event
/// checks them all. Any number of processes do so at once, and each can be killed at any instruction:
/// no task that was added is lost, none that was removed comes back, and each announcement is sent by
/// one of them.
///
/// A handle is cheap and keeps nothing open. All processes should use the same terms.
///
/// ```
/// use hookstate::tasks::{TaskId, TaskStore};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # fn notify(_: &std::path::Path, _: u64) -> std::io::Result<()> { Ok(()) }
/// let tasks = TaskStore::new(directory.path());
/// let own = TaskId::of_session("0b5c1b1e");
/// let _ = tasks.add_or_reset(&own, "/home/me/project")?; // a prompt was submitted
///
/// let due = tasks.claim_due()?; // on any other event; nothing is due before six minutes
/// for claim in &due.value.claims {
///     let minutes = claim.after().as_secs() / 60;
///     let _ = match notify(claim.cwd(), minutes) {
///         Ok(()) => tasks.confirm(claim)?.map(drop),
///         Err(_) => tasks.failed(claim)?.map(drop), // a later check tries again
///     };
/// }
/// assert_eq!(tasks.list()?.value.len(), 1);
///
/// assert!(tasks.remove(&own)?.value); // the agent has stopped
/// # Ok(())
/// # }
/// ```
pub struct TaskStore<S = Flock, K = Host> {
    store: Store<Stored, S, K>,
    terms: Terms,
}

impl TaskStore {
    /// The tasks that are kept in `directory`, with the strategy [`Flock`] on the kernel of this
    /// machine. Nothing is opened or created before the first change.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self::with(directory, Flock, Host)
    }
}

impl<S: Strategy, K: Kernel> TaskStore<S, K> {
    /// The tasks that are kept in `directory` by `strategy` on `kernel`. Every process that uses them
    /// must use the same strategy.
    pub fn with(directory: impl Into<PathBuf>, strategy: S, kernel: K) -> Self {
        Self {
            store: Store::with(directory, NAME, strategy, kernel).of_kind(KIND),
            terms: Terms::default(),
        }
    }

    /// Sets at which ages of a task an announcement is due, to the millisecond. The default is
    /// [`ANNOUNCE_AFTER_DEFAULT`](super::ANNOUNCE_AFTER_DEFAULT). Ages that a task does not come to
    /// before it [expires](Self::expire_after) are never due.
    #[must_use]
    pub fn announce_after(mut self, ages: &[Duration]) -> Self {
        self.terms.announce_after(ages);
        self
    }

    /// Sets the age at which a task is dropped, whatever its announcements. The default is
    /// [`EXPIRE_AFTER_DEFAULT`](super::EXPIRE_AFTER_DEFAULT).
    #[must_use]
    pub fn expire_after(mut self, age: Duration) -> Self {
        self.terms.expire_after_ms = millis(age);
        self
    }

    /// Sets for how long checks leave a task alone that was checked. The default is
    /// [`CHECK_INTERVAL_DEFAULT`](super::CHECK_INTERVAL_DEFAULT).
    #[must_use]
    pub fn check_interval(mut self, interval: Duration) -> Self {
        self.terms.check_interval_ms = millis(interval);
        self
    }

    /// Sets how long a claim may stay unconfirmed before another check claims the announcement again,
    /// since its claimant was killed or hangs. The default is
    /// [`RETRY_AFTER_DEFAULT`](super::RETRY_AFTER_DEFAULT). The time runs from the check, for all that it
    /// has claimed. Who may take longer than this to send them all sends some twice; see
    /// [`claims_max`](Self::claims_max).
    #[must_use]
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.terms.retry_after_ms = millis(time);
        self
    }

    /// Sets how many announcements a check claims at most, at least one; without it, all that are due.
    /// The tasks that it leaves out are for the next check, which may be of the same process and come at
    /// once. So many times what a notifier takes should be less than the
    /// [time of a retry](Self::retry_after).
    #[must_use]
    pub fn claims_max(mut self, most: usize) -> Self {
        self.terms.claims_max = most.max(1);
        self
    }

    /// Sets what an acknowledged change survives. See [`Store::durability`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.store = self.store.durability(durability);
        self
    }

    /// Sets how long a call waits for the lock. See [`Store::lock_timeout`].
    #[must_use]
    pub fn lock_timeout(mut self, most: Duration) -> Self {
        self.store = self.store.lock_timeout(most);
        self
    }

    /// Works on network file systems and FUSE too. See [`Store::trust_any_file_system`].
    #[must_use]
    pub fn trust_any_file_system(mut self) -> Self {
        self.store = self.store.trust_any_file_system();
        self
    }

    /// The file that holds the tasks.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.store.path()
    }

    /// Starts a task in the directory `cwd`: adds it, or lets it begin anew if it is there, with the
    /// age 0 and no announcements. An imported task of the same directory goes, if it is the task of
    /// a session that is added.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](crate::ErrorKind::TooLarge) if ids and directory together have more than
    /// [`TASK_BYTES_MAX`] bytes; otherwise see [`ErrorKind`](crate::ErrorKind).
    pub fn add_or_reset(&self, id: &TaskId, cwd: impl AsRef<Path>) -> Result<Outcome<Added>> {
        let cwd = cwd.as_ref().as_os_str().as_bytes();
        let bytes = id.bytes() + cwd.len();
        if bytes > TASK_BYTES_MAX {
            let most = TASK_BYTES_MAX as u64;
            return Err(Error::too_large(&self.path(), bytes as u64, most));
        }
        let cwd = to_text(cwd);
        self.window(|tasks, now_ms, terms| {
            tasks.turn(now_ms, terms);
            Ok(tasks.start(id, cwd, now_ms))
        })
    }

    /// Ends a task. Tells whether it was there. Nothing that a claimant of its announcements does
    /// later brings it back. A store that nobody has used yet stays as it is, without a file.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn remove(&self, id: &TaskId) -> Result<Outcome<bool>> {
        self.window_if_used(false, |tasks, now_ms, terms| {
            let turned = tasks.turn(now_ms, terms);
            let removed = tasks.remove(id);
            written_if(turned.changed || removed, removed)
        })
    }

    /// Ends the task of a session and those of all its agents. Tells how many there were.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn remove_session(&self, session: impl AsRef<[u8]>) -> Result<Outcome<usize>> {
        self.window_if_used(0, |tasks, now_ms, terms| {
            let turned = tasks.turn(now_ms, terms);
            let removed = tasks.remove_session(session.as_ref());
            written_if(turned.changed || removed > 0, removed)
        })
    }

    /// The tasks that have not come to their age, in the order of their ids. Changes nothing.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list(&self) -> Result<Outcome<Vec<Task>>> {
        let outcome = self.store.read()?;
        Ok(outcome.map(|mut tasks| {
            let now_ms = self.now_ms();
            tasks.turn(now_ms, &self.terms);
            let mut listed: Vec<Task> = tasks
                .iter()
                .map(|(key, task)| task.told(key, now_ms))
                .collect();
            listed.sort_by(|one, other| one.id.cmp(&other.id));
            listed
        }))
    }

    /// Checks all tasks: drops those that have come to their age and claims, of each other one, the
    /// latest announcement that is due, unless it was claimed. What an earlier check claimed and
    /// nobody confirmed in time is claimed again, at most [`TRIES_MAX`](super::TRIES_MAX) times in
    /// all. Of any number of processes that check at once, one gets each claim.
    ///
    /// A check that finds nothing to do only reads.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). After an error of which
    /// [`is_indeterminate`](Error::is_indeterminate) is true, announcements can have been claimed;
    /// they are claimed again like those of a process that was killed.
    pub fn claim_due(&self) -> Result<Outcome<Due>> {
        let look = |tasks: &mut Stored| !tasks.check(self.now_ms(), &self.terms).1;
        if self.looks(look) {
            return Ok(Outcome::clean(Due::default()));
        }
        self.window(|tasks, now_ms, terms| {
            let (due, changed) = tasks.check(now_ms, terms);
            written_if(changed, due)
        })
    }

    /// Says that a claimed announcement was sent, so that nobody sends it again. `false` if the task
    /// was removed or reset since it was claimed: then nothing is changed.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn confirm(&self, claim: &Claim) -> Result<Outcome<bool>> {
        self.window_if_used(false, |tasks, now_ms, terms| {
            let turned = tasks.turn(now_ms, terms);
            let confirmed = tasks.confirm(claim, now_ms);
            written_if(turned.changed || confirmed, confirmed)
        })
    }

    /// Says that a claimed announcement could not be sent. The next check of its task, which comes a
    /// [check interval](Self::check_interval) after the one that claimed it, claims it again, unless
    /// this was the last try.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn failed(&self, claim: &Claim) -> Result<Outcome<Failure>> {
        self.window_if_used(Failure::Void, |tasks, now_ms, terms| {
            let turned = tasks.turn(now_ms, terms);
            let failure = tasks.failed(claim, now_ms);
            written_if(turned.changed || failure != Failure::Void, failure)
        })
    }

    /// Changes the tasks in one window, in which the clock is read too. Writes nothing if the change
    /// gives its value as an error.
    pub(super) fn window<R>(
        &self,
        change: impl FnOnce(&mut Tasks, u64, &Terms) -> std::result::Result<R, R>,
    ) -> Result<Outcome<R>> {
        let outcome = self
            .store
            .try_locked_modify(|tasks| change(tasks, self.now_ms(), &self.terms))?;
        Ok(outcome.map(|value| match value {
            Ok(value) | Err(value) => value,
        }))
    }

    /// As [`window`](Self::window), for what finds nothing to change in a store that nobody has used
    /// yet: such a one gets no file, and the answer is `unused`. Whoever uses it first at the same time
    /// comes later than this look.
    fn window_if_used<R>(
        &self,
        unused: R,
        change: impl FnOnce(&mut Tasks, u64, &Terms) -> std::result::Result<R, R>,
    ) -> Result<Outcome<R>> {
        if self.looks(|tasks| *tasks == Stored::default()) {
            return Ok(Outcome::clean(unused));
        }
        self.window(change)
    }

    /// Whether this is so in the state as it is now. `false` also if it cannot be read or something
    /// is to be reported: a window will say why.
    pub(super) fn looks(&self, is: impl FnOnce(&mut Stored) -> bool) -> bool {
        match self.store.read() {
            Ok(Outcome {
                mut value,
                recovery: None,
                ..
            }) => is(&mut value),
            _ => false,
        }
    }

    pub(super) fn kernel(&self) -> &K {
        self.store.site().kernel
    }

    fn now_ms(&self) -> u64 {
        millis(self.kernel().clock_realtime())
    }
}

/// What a change of a window comes to.
pub(super) fn written_if<R>(changed: bool, value: R) -> std::result::Result<R, R> {
    if changed { Ok(value) } else { Err(value) }
}

impl Tasks {
    fn start(&mut self, id: &TaskId, cwd: String, now_ms: u64) -> Added {
        if matches!(id.0, Owner::Session(_)) {
            self.imported.remove(&cwd);
        }
        let earlier = self.get_mut(id).map(|task| task.added_ms);
        let task = TaskEntry {
            cwd,
            added_ms: earlier.unwrap_or(now_ms),
            started_ms: now_ms,
            checked_ms: None,
            incarnation: self.next_incarnation(now_ms),
            announcements: BTreeMap::new(),
        };
        self.insert(id, task);
        Added {
            reset: earlier.is_some(),
            evicted: self.evict(),
        }
    }
}

impl TaskEntry {
    fn told(&self, key: Key<'_>, now_ms: u64) -> Task {
        let said = self.announcements.iter();
        Task {
            id: key.id(),
            cwd: self.cwd(),
            added: time(self.added_ms),
            started: time(self.started_ms),
            last_check: self.checked_ms.map(time),
            age: Duration::from_millis(self.age_ms(now_ms)),
            announcements: said
                .map(|(after_ms, said)| (Duration::from_millis(*after_ms), said.state.clone()))
                .collect::<BTreeMap<Duration, AnnouncementState>>(),
        }
    }
}

fn time(unix_ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(unix_ms)
}

impl<S: Strategy, K> fmt::Debug for TaskStore<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskStore")
            .field("store", &self.store)
            .field("terms", &self.terms)
            .finish()
    }
}
