//! Child processes that start together and are not waited for longer than a while.

use crate::scratch::PATIENCE;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// A process that says a word when it is ready and goes on when it is told to.
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let program = command.get_program().to_owned();
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| {
            panic!(
                "cannot run {}: {error}; these tests need python3, install it",
                program.display()
            )
        });
        let output = child.stdout.take().expect("a pipe");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
        }
    }

    /// The next line of its output.
    pub fn line(&self) -> String {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("the process says something before long")
    }

    /// Waits until it has said the word. Other lines before it are none of ours.
    pub fn wait_for(&self, word: &str) {
        while self.line() != word {}
    }

    pub fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is open");
        writeln!(input, "{line}").expect("the process reads");
    }

    /// Closes its input, for which those wait that start together.
    pub fn go(&mut self) {
        self.input = None;
    }

    /// Waits for its end, which has to be a good one.
    pub fn finish(mut self) {
        self.go();
        // The output ends with the process.
        while self.lines.recv_timeout(PATIENCE).is_ok() {}
        let status = self.child.wait().expect("a child");
        assert!(status.success(), "{status}");
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is gone already unless the test fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets all of them begin at once. Each has said `ready`.
pub fn begin_together(running: &mut [Running]) {
    for process in running.iter() {
        process.wait_for("ready");
    }
    for process in running {
        process.go();
    }
}
