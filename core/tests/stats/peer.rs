//! The program in Python.

use crate::child::Running;
use crate::scratch::Scratch;
use serde_json::{Value, json};
use std::process::Command;

/// Without what a site has installed, so that it starts in half the time.
const PYTHON: [&str; 2] = [
    "-IS",
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stats/peer.py"),
];

/// Starts it on the file of the session `m`.
pub fn on(scratch: &Scratch, role: &str, rest: &[&str]) -> Running {
    let mut command = Command::new("python3");
    command.args(PYTHON).arg(role).arg(scratch.file()).arg("m");
    command.args(rest);
    Running::start(command)
}

/// One that answers questions.
pub struct Oracle(Running);

impl Oracle {
    pub fn new() -> Self {
        let mut command = Command::new("python3");
        command.args(PYTHON).arg("serve");
        Self(Running::start(command))
    }

    /// `json.dumps(json.loads(text))`; `None` if it cannot be loaded.
    pub fn dumps(&mut self, text: &str) -> Option<String> {
        self.ask(&json!({ "of": "dumps", "text": text }))
    }

    pub fn summary(&mut self, text: &str, now: f64) -> String {
        let question = json!({ "of": "summary", "text": text, "now": now });
        self.ask(&question).expect("it can be loaded")
    }

    pub fn finalize(&mut self, text: &str, duration: f64) -> String {
        let question = json!({ "of": "finalize", "text": text, "duration": duration });
        self.ask(&question).expect("it can be loaded")
    }

    fn ask(&mut self, question: &Value) -> Option<String> {
        self.0.tell(&question.to_string());
        serde_json::from_str(&self.0.line()).expect("an answer")
    }
}
