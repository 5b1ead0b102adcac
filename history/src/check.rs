//! Judges a history by the name of its file.

use crate::error::Error;
use crate::judge::judge;
use crate::limits::Limits;
use crate::verdict::Verdict;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Judges the history in a file, or that on standard input if the path is `-`.
///
/// A history is read twice. What can be read only once, a pipe, is copied into a temporary file, in
/// the directory that `TMPDIR` names.
///
/// # Errors
///
/// If the history cannot be read, or is none. The error names the file, and the line and column.
pub fn check_file(path: &Path, limits: &Limits) -> Result<Verdict, Error> {
    open(path).and_then(|file| judge(file, limits).map_err(|error| error.in_file(name(path))))
}

/// Opens the history in a file, or that on standard input if the path is `-`, so that it can be read
/// as often as it takes.
///
/// # Errors
///
/// If it cannot be opened, or not be copied. The error names the file.
pub fn open(path: &Path) -> Result<File, Error> {
    let opened = if is_stdin(path) {
        spool(io::stdin().lock())
    } else {
        seekable(path)
    };
    opened.map_err(|error| error.in_file(name(path)))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// What an error calls the file.
fn name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// The file, or a copy of it if it can be read only once.
fn seekable(path: &Path) -> Result<File, Error> {
    let cannot = |error| Error::io("the history cannot be opened", error);
    let file = File::open(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.is_file() {
        Ok(file)
    } else {
        spool(file)
    }
}

fn spool(mut source: impl Read) -> Result<File, Error> {
    let attempt =
        "the history cannot be copied to a temporary file; give it as a file, or set TMPDIR";
    let copied = tempfile::tempfile().and_then(|mut file| {
        io::copy(&mut source, &mut file)?;
        Ok(file)
    });
    copied.map_err(|error| Error::io(attempt, error))
}
