//! The same in the program that people have: `python/session.py`.

use std::path::Path;
use std::process::Command;

const SOURCE: &str = include_str!("../python/session.py");

/// What one more call costs there, and what the file comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InPython {
    /// The median of the repeats, in microseconds.
    pub microseconds: f64,
    /// The calls that the file has counted.
    pub counted: u64,
    /// How long the file is.
    pub file_bytes: u64,
}

/// Records `calls` calls in a new file at `path`, with a timing each if `timings`, then `repeats` more
/// one by one. `None` if there is no `python3`.
///
/// # Panics
///
/// If the program fails.
#[must_use]
pub fn record(path: &Path, calls: u64, timings: bool, repeats: u32) -> Option<InPython> {
    let output = Command::new("python3")
        .args(["-c", SOURCE])
        .arg(path)
        .args([calls.to_string(), u8::from(timings).to_string()])
        .arg(repeats.to_string())
        .output()
        .ok()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let words = String::from_utf8_lossy(&output.stdout);
    let (microseconds, counted) = words.trim().split_once(' ').expect("two numbers");
    Some(InPython {
        microseconds: microseconds.parse().expect("a time"),
        counted: counted.parse().expect("a count"),
        file_bytes: std::fs::metadata(path).map_or(0, |file| file.len()),
    })
}
