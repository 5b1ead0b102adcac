//! The directories of the rounds.

use crate::hunt::Relic;
use anyhow::Context;
use std::cell::Cell;
use std::io;
use std::path::Path;
use tempfile::TempDir;

/// A fresh directory, with one for each round in it. Removed in the end, unless something in it is
/// to be looked at.
pub(crate) struct Place {
    top: TempDir,
    keep: Cell<bool>,
}

impl Place {
    /// Within that directory, or where the system has its temporary files.
    pub(crate) fn new(directory: Option<&Path>, keep: bool) -> anyhow::Result<Self> {
        let (within, chosen_by) = match directory {
            Some(directory) => (directory.to_owned(), "--dir"),
            None => (std::env::temp_dir(), "TMPDIR"),
        };
        let mut builder = tempfile::Builder::new();
        let top = builder.prefix("stress-").tempdir_in(&within);
        let top = top.map_err(|error| {
            let (within, needed) = (within.display(), needed(error));
            anyhow::anyhow!("cannot make a directory in {within}, see {chosen_by}: {needed}")
        })?;
        let keep = Cell::new(keep);
        Ok(Self { top, keep })
    }

    /// Keeps everything that is not removed by name.
    pub(crate) fn keep(&self) {
        self.keep.set(true);
    }

    /// The directory of a round, with nothing in it.
    pub(crate) fn round(&self, name: &str, number: u32) -> anyhow::Result<Relic> {
        let directory = self.top.path().join(format!("{name}-{number:04}"));
        let shown = directory.display().to_string();
        Relic::make(directory).with_context(|| format!("cannot make {shown}"))
    }
}

/// What it takes to make a directory in another, after this error.
fn needed(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it must exist".to_owned(),
        io::ErrorKind::NotADirectory => "it must be a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "writing to it must be permitted".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "its file system must not be read-only".to_owned(),
        _ => error.to_string(),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.top.disable_cleanup(self.keep.get());
    }
}

#[cfg(test)]
mod tests {
    use super::{io, needed};

    #[test]
    fn an_error_says_what_is_needed() {
        let of = |kind| needed(io::Error::from(kind));
        assert_eq!(of(io::ErrorKind::NotFound), "it must exist");
        let denied = of(io::ErrorKind::PermissionDenied);
        assert_eq!(denied, "writing to it must be permitted");
        let read_only = of(io::ErrorKind::ReadOnlyFilesystem);
        assert_eq!(read_only, "its file system must not be read-only");
        assert_eq!(needed(io::Error::other("full")), "full");
    }
}
