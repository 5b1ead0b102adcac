//! The file of `--history`.

use anyhow::{Context, Result};
use hookstate_history::{Header, Writer};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file that grows from the first round on: what was written before a crash is there after it. So
/// it may be a pipe, too.
#[derive(Debug)]
pub(crate) struct HistoryFile {
    path: PathBuf,
    file: File,
}

impl HistoryFile {
    /// Opens the file, if there is to be one. What was in it is gone.
    pub(crate) fn open(path: Option<&Path>) -> Result<Option<Self>> {
        let open = |path: &Path| {
            let file = File::create(path);
            Ok(Self {
                file: file.with_context(|| cannot_write(path))?,
                path: path.to_owned(),
            })
        };
        path.map(open).transpose()
    }

    /// Begins another history.
    pub(crate) fn begin(&self, header: &Header) -> Result<Writer<&File>> {
        self.told(Writer::new(&self.file, header))
    }

    /// The same result; an error names the file. It is no [`std::io::Error`] any more: that of a pipe
    /// which nobody reads is to be told, other than that of standard output.
    pub(crate) fn told<T>(&self, result: std::io::Result<T>) -> Result<T> {
        result.map_err(|error| anyhow::anyhow!("{}: {error}", cannot_write(&self.path)))
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
