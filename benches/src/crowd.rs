//! Many processes at once. A batch is so many processes that each make so many changes; its time
//! runs from the moment when all stand ready until all have exited.
//!
//! The workers are this program, started again: `main` of a benchmark asks [`worked`] first.

use crate::place;
use crate::session::{self, Change};
use hookstate::kernel::Host;
use hookstate::strategy::{AnyStrategy, Strategy};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The first argument of a worker.
const WORKER: &str = "worker";

/// How many processes, and how many changes each of them makes.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Processes that run at the same time.
    pub processes: u32,
    /// Changes by each of them.
    pub changes: u32,
}

impl Crowd {
    /// All changes of a batch.
    #[must_use]
    pub fn total(self) -> u64 {
        u64::from(self.processes) * u64::from(self.changes)
    }

    /// Runs one batch on a new state, and makes sure that no change was lost in it.
    ///
    /// # Panics
    ///
    /// If a worker fails or a change is lost: then there is nothing to measure.
    #[must_use]
    pub fn batch(self, strategy: AnyStrategy, change: Change) -> Duration {
        let directory = place::directory();
        let store = session::store(directory.path(), strategy, Host);
        session::begin(&store);
        let workers: Vec<Child> = (0..self.processes)
            .map(|_| self.start_worker(strategy, change, directory.path()))
            .map(when_ready)
            .collect();
        let since = Instant::now();
        for worker in workers.into_iter().map(released).collect::<Vec<_>>() {
            assert_succeeded(worker);
        }
        let elapsed = since.elapsed();
        assert_eq!(session::counted(&store), self.total(), "changes were lost");
        elapsed
    }

    fn start_worker(self, strategy: AnyStrategy, change: Change, directory: &Path) -> Child {
        let program = std::env::current_exe().expect("this program has a path");
        Command::new(program)
            .args([WORKER, strategy.name(), change.name()])
            .arg(self.changes.to_string())
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again")
    }
}

/// Waits until the worker says that it is ready.
fn when_ready(mut worker: Child) -> Child {
    let mut ready = [0];
    let stdout = worker.stdout.as_mut().expect("it is a pipe");
    stdout.read_exact(&mut ready).expect("a worker gets ready");
    worker
}

/// Lets the worker go: it waits for the end of its input.
fn released(mut worker: Child) -> Child {
    drop(worker.stdin.take());
    worker
}

fn assert_succeeded(mut worker: Child) {
    let status = worker.wait().expect("a worker exits");
    assert!(status.success(), "a worker failed: {status}");
}

/// If this process was started as a worker, does the work.
///
/// # Panics
///
/// If a change fails, which the parent notices by the exit status.
#[must_use]
pub fn worked() -> bool {
    let arguments: Vec<_> = std::env::args_os().collect();
    let words: Vec<&OsStr> = arguments.iter().skip(1).map(AsRef::as_ref).collect();
    let [first, strategy, change, count, directory] = words[..] else {
        return false;
    };
    if first != WORKER {
        return false;
    }
    let strategy = strategy.to_str().and_then(AnyStrategy::named);
    let change = change.to_str().and_then(Change::named);
    let count = count.to_str().and_then(|count| count.parse().ok());
    let store = session::store(directory.as_ref(), strategy.expect("a strategy"), Host);
    work(&store, change.expect("a change"), count.expect("a number"));
    true
}

fn work(store: &session::SessionStore, change: Change, count: u32) {
    std::io::stdout()
        .write_all(b"r")
        .and_then(|()| std::io::stdout().flush())
        .and_then(|()| std::io::stdin().read_to_end(&mut Vec::new()))
        .expect("the parent waits for this and then closes the pipe");
    for _ in 0..count {
        change.make(store);
    }
}
