//! Reports that go to files of their own, whatever is printed.
//!
//! A file is there as a whole or not at all: it is written under another name in the same directory
//! and renamed when it is complete. The other name is made before the first run, so that nobody
//! waits for runs whose report then has no place to go.

use super::view::View;
use super::{html, junit};
use anyhow::{Context, Result};
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Like any file that a program writes; the umask takes from it.
const MODE: u32 = 0o666;

/// The files that were asked for.
#[derive(Debug)]
pub(crate) struct Files(Vec<Draft>);

/// A file that is still under its other name. Dropped, it leaves nothing behind.
#[derive(Debug)]
struct Draft {
    target: PathBuf,
    file: NamedTempFile,
    text_of: fn(&View) -> Result<String>,
}

impl Files {
    /// Makes sure that there can be each of the files.
    pub(crate) fn open(junit: Option<&Path>, html: Option<&Path>) -> Result<Self> {
        let junit = junit.map(|path| Draft::open(path, junit::text));
        let html = html.map(|path| Draft::open(path, html::text));
        let drafts = junit.into_iter().chain(html);
        drafts.collect::<Result<_>>().map(Self)
    }

    /// Writes them all.
    pub(crate) fn write(self, view: &View) -> Result<()> {
        self.0.into_iter().try_for_each(|draft| draft.write(view))
    }
}

impl Draft {
    fn open(target: &Path, text_of: fn(&View) -> Result<String>) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder
            .prefix(".stress-")
            .permissions(Permissions::from_mode(MODE));
        let file = builder.tempfile_in(directory_of(target));
        Ok(Self {
            target: target.to_owned(),
            file: file.with_context(|| cannot_write(target))?,
            text_of,
        })
    }

    fn write(mut self, view: &View) -> Result<()> {
        let text = (self.text_of)(view)?;
        let written = self.file.write_all(text.as_bytes());
        written.with_context(|| cannot_write(&self.target))?;
        let persisted = self.file.persist(&self.target).map_err(|error| error.error);
        persisted.with_context(|| cannot_write(&self.target))?;
        Ok(())
    }
}

fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn cannot_write(target: &Path) -> String {
    format!("cannot write {}", target.display())
}
