//! A directory to work in, and handles on the tasks in it.

use crate::clock::Clocked;
use hookstate::Outcome;
use hookstate::kernel::Kernel;
use hookstate::strategy::{Flock, Strategy};
use hookstate::tasks::{Claim, Task, TaskId, TaskStore};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The tasks of most tests.
pub type Tasks = TaskStore<Flock, Clocked>;

/// A temporary directory, in memory where the system has such a file system: no test looks at its
/// files after a moment, and a busy disk would have to write them all.
pub struct Place {
    root: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self {
            root: root.expect("a temporary directory"),
        }
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Where the tasks are kept. It does not exist before the first change.
    pub fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    /// The tasks, by the clock of the test.
    pub fn tasks(&self, clock: &Clocked) -> Tasks {
        self.tasks_with(Flock, clock.clone())
    }

    /// A handle as a new process would open it.
    pub fn tasks_with<S: Strategy, K: Kernel>(&self, strategy: S, kernel: K) -> TaskStore<S, K> {
        tasks_in(&self.data(), strategy, kernel)
    }

    /// Another place with the same files.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy_files(self.root(), copy.root());
        copy
    }

    /// The files beside the state to which damaged content was moved.
    pub fn given_up(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.data()) else {
            return Vec::new();
        };
        entries
            .map(|entry| entry.expect("entry").path())
            .filter(|path| path.to_string_lossy().contains(".corrupt-"))
            .collect()
    }
}

/// With a wait for the lock that bounds the test.
pub fn tasks_in<S: Strategy, K: Kernel>(
    directory: &Path,
    strategy: S,
    kernel: K,
) -> TaskStore<S, K> {
    TaskStore::with(directory, strategy, kernel).lock_timeout(Duration::from_secs(20))
}

/// The value, if nothing was found damaged.
pub fn clean<R>(result: hookstate::Result<Outcome<R>>) -> R {
    let outcome = result.expect("nothing is wrong with this call");
    assert_eq!(outcome.recovery, None, "nothing was damaged");
    outcome.value
}

/// The ids of the tasks that there are.
pub fn ids<S: Strategy, K: Kernel>(tasks: &TaskStore<S, K>) -> Vec<TaskId> {
    listed(tasks).into_iter().map(|task| task.id).collect()
}

pub fn listed<S: Strategy, K: Kernel>(tasks: &TaskStore<S, K>) -> Vec<Task> {
    clean(tasks.list())
}

/// What a check claims.
pub fn claims<S: Strategy, K: Kernel>(tasks: &TaskStore<S, K>) -> Vec<Claim> {
    clean(tasks.claim_due()).claims
}

/// What a check claims, in minutes.
pub fn claimed_minutes<S: Strategy, K: Kernel>(tasks: &TaskStore<S, K>) -> Vec<u64> {
    let claims = claims(tasks);
    claims
        .iter()
        .map(|claim| claim.after().as_secs() / 60)
        .collect()
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("list") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("type").is_dir() {
            fs::create_dir(&target).expect("mkdir");
            copy_files(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy");
        }
    }
}
