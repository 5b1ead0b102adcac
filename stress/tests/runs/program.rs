//! The program, and what it has printed and left behind.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A run of `stress` with these words, in a directory that is looked at afterwards.
pub(crate) fn stress_in(directory: &Path, words: &str) -> Output {
    command(directory, words).output().unwrap()
}

pub(crate) fn command(directory: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
    command
        .args(words.split_whitespace())
        .arg("--dir")
        .arg(directory);
    // Both have a say in what is printed.
    command
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

pub(crate) fn stress(words: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let output = stress_in(directory.path(), words);
    assert_empty(&directory, words);
    output
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let names = std::fs::read_dir(directory).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

pub(crate) fn assert_empty(directory: &TempDir, words: &str) {
    assert_eq!(
        names_in(directory.path()),
        Vec::<String>::new(),
        "left by {words}"
    );
}

/// The lines that begin with this status.
pub(crate) fn lines_of(output: &Output, status: &str) -> Vec<String> {
    let text = stdout(output);
    let lines = text
        .lines()
        .filter(|line| line.trim_start().starts_with(status));
    lines.map(str::to_owned).collect()
}
