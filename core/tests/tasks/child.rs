//! Processes: this program again, with one part of one test to do.
//!
//! A child says words on its standard error, which the test harness leaves alone, and waits for its
//! parent to let it go on. Its standard input ends when the parent does, so it never waits for longer
//! than there is somebody to wait for.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Command, Stdio};

const PART: &str = "HOOKSTATE_TASKS_PART";
const DIRECTORY: &str = "HOOKSTATE_TASKS_DIRECTORY";
const NOW: &str = "HOOKSTATE_TASKS_NOW_MS";

/// What a child was started for.
pub struct Part {
    pub name: String,
    pub directory: PathBuf,
    pub now_ms: u64,
}

/// The part of this process, if it is a child. Every test that starts children asks first.
pub fn part() -> Option<Part> {
    let name = env::var(PART).ok()?;
    let directory = env::var_os(DIRECTORY).expect("a directory").into();
    let now_ms = env::var(NOW).expect("a time").parse().expect("a number");
    Some(Part {
        name,
        directory,
        now_ms,
    })
}

/// Says a word to the parent.
pub fn say(word: &str) {
    eprintln!("{word}");
}

/// Waits until the parent lets this child go on.
pub fn wait() {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    assert_eq!(read.expect("a pipe"), 1, "the parent is gone");
}

/// A child. It is killed when this is dropped.
pub struct Child {
    process: std::process::Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Child {
    /// Starts this program again for a part of `test`, with the clock at this time.
    pub fn of(test: &str, part: &str, directory: &Path, now_ms: u64) -> Self {
        let program = env::current_exe().expect("this program has a path");
        let mut process = Command::new(program)
            .args(["--exact", test, "--nocapture"])
            .env(PART, part)
            .env(DIRECTORY, directory)
            .env(NOW, now_ms.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let said = process.stderr.take().expect("it is a pipe");
        let said = BufReader::new(said).lines();
        Self { process, said }
    }

    /// The next word that it says.
    pub fn word(&mut self) -> String {
        let line = self.said.next().expect("the child says something");
        line.expect("the child says it in UTF-8")
    }

    /// Waits for this word.
    pub fn says(&mut self, word: &str) {
        let said = self.word();
        if said != word {
            // It may be waiting for us.
            self.end();
            let rest: Vec<String> = self.said.by_ref().map_while(Result::ok).collect();
            panic!("the child says {said}, not {word}\n{}", rest.join("\n"));
        }
    }

    /// Lets it go on.
    pub fn go_on(&mut self) {
        let input = self.process.stdin.as_mut().expect("it is a pipe");
        input.write_all(b"\n").expect("the child waits");
    }

    /// Waits for its end.
    pub fn ends(mut self) {
        let status = self.process.wait().expect("a child ends");
        let said: Vec<String> = self.said.by_ref().map_while(Result::ok).collect();
        assert!(status.success(), "{status}\n{}", said.join("\n"));
    }

    /// One that has ended already cannot be killed any more.
    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}
