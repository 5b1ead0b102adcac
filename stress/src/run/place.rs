//! The directories of the rounds.

use crate::args::{Plan, Trial};
use hookstate::strategy::Strategy;
use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A fresh directory, with one for each round in it. Removed in the end, unless something in it is
/// to be looked at.
pub(super) struct Place {
    top: TempDir,
    keep: Cell<bool>,
}

impl Place {
    pub(super) fn new(plan: &Plan) -> io::Result<Self> {
        let within = plan.directory.clone().unwrap_or_else(std::env::temp_dir);
        let mut builder = tempfile::Builder::new();
        let top = builder.prefix("stress-").tempdir_in(within)?;
        let keep = Cell::new(plan.keep);
        Ok(Self { top, keep })
    }

    /// Keeps everything that is not removed by name.
    pub(super) fn keep(&self) {
        self.keep.set(true);
    }

    /// The directory of a round. It does not exist: that it is made in time is up to the subject.
    pub(super) fn round(&self, trial: &Trial, number: u32) -> PathBuf {
        let (name, shape) = (trial.subject.name(), trial.shape);
        self.top.path().join(format!("{name}-{shape}-{number:04}"))
    }

    /// Removes the directory of a round, if the round came to making it.
    pub(super) fn remove(&self, round: &Path) -> io::Result<()> {
        match std::fs::remove_dir_all(round) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.top.disable_cleanup(self.keep.get());
    }
}
