//! Real processes that a test starts, speaks with and kills. They are this very program, in which
//! the test below finds that it has a role to play.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

const ROLE: &str = "GUARDS_ROLE";
const DIRECTORY: &str = "GUARDS_DIRECTORY";
const NUMBER: &str = "GUARDS_NUMBER";

/// How long anybody waits for anything. Nothing takes so long.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A child has copies of all our descriptors until it calls exec, and locks with them. A lock that is
/// released by closing, as by a death, stays with those copies; so whoever starts a process is alone
/// meanwhile with those who rely on that.
static FORKING: RwLock<()> = RwLock::new(());

/// Starts a process; none of our descriptors is open in it or on its behalf when this returns.
pub fn spawn(mut command: Command) -> Child {
    let _alone = FORKING.write().unwrap_or_else(PoisonError::into_inner);
    let child = command.spawn().expect("a process can be started");
    drop(command);
    child
}

/// As long as this is kept, nobody starts a process.
pub fn nobody_forks() -> RwLockReadGuard<'static, ()> {
    FORKING.read().unwrap_or_else(PoisonError::into_inner)
}

/// One process. It is killed when this is dropped.
pub struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Worker {
    /// Starts a process that plays `role` in `directory`. Those of one role tell themselves apart by
    /// `number`.
    pub fn start(role: &str, directory: &Path, number: usize) -> Self {
        Self::start_with(Stdio::piped(), role, directory, number)
    }

    /// The same with something else as its standard input, so that it cannot be spoken to.
    pub fn start_with(input: Stdio, role: &str, directory: &Path, number: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(["--exact", "workers::a_role_that_nobody_knows_is_refused"])
            .arg("--nocapture")
            .env(ROLE, role)
            .env(DIRECTORY, directory)
            .env(NUMBER, number.to_string())
            .stdin(input)
            // The test runner's own; the worker speaks on the other one.
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = spawn(command);
        let (send, lines) = mpsc::channel();
        let speech = BufReader::new(child.stderr.take().expect("it is a pipe"));
        std::thread::spawn(move || {
            for line in speech.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
        }
    }

    /// The next thing that it says.
    pub fn hear(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("it says something")
    }

    pub fn expect(&self, line: &str) {
        assert_eq!(self.hear(), line);
    }

    pub fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it listens until it ends");
        writeln!(input, "{line}").expect("it listens");
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    /// Lets it come to its end, and gives back what it said until then. Panics if it failed.
    pub fn finish(self) -> Vec<String> {
        let (said, succeeded) = self.end_of_speech();
        assert!(succeeded, "a worker failed: {said:?}");
        said
    }

    fn end_of_speech(mut self) -> (Vec<String>, bool) {
        self.input = None;
        let mut said = Vec::new();
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => said.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {said:?}"),
            }
        }
        let status = self.child.wait().expect("it is our child");
        (said, status.success())
    }

    fn end(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts so many workers of one role, lets them go on together once all are ready, and adds up the
/// numbers that they then say.
pub fn granted_among(count: usize, role: &str, directory: &Path) -> usize {
    let mut workers: Vec<Worker> = (0..count)
        .map(|number| Worker::start(role, directory, number))
        .collect();
    for worker in &workers {
        worker.expect("ready");
    }
    for worker in &mut workers {
        worker.say("go");
    }
    let said = workers.into_iter().flat_map(Worker::finish);
    said.map(|line| line.parse::<usize>().expect(&line)).sum()
}

/// What a worker says to its test.
pub fn say(line: impl std::fmt::Display) {
    eprintln!("{line}");
}

/// The next line that its test says to a worker; `None` when that has nothing more to say.
pub fn hear() -> Option<String> {
    std::io::stdin()
        .lines()
        .next()
        .map(|line| line.expect("the test speaks text"))
}

#[test]
fn a_role_that_nobody_knows_is_refused() {
    if let Ok(role) = std::env::var(ROLE) {
        let directory = std::env::var_os(DIRECTORY).expect("a directory");
        let number = std::env::var(NUMBER).expect("a number");
        let number = number.parse().expect("a number");
        return crate::parts::play(&role, Path::new(&directory), number);
    }
    let (said, succeeded) = Worker::start("nobody", Path::new("."), 0).end_of_speech();
    assert!(!succeeded, "{said:?}");
}
