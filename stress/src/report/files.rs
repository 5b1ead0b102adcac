//! Reports that go to files of their own, whatever is printed.
//!
//! A file is there as a whole or not at all: it is written under another name in the same directory
//! and renamed when it is complete. The other name is made before the first run, so that nobody
//! waits for runs whose report then has no place to go. A pipe or a device stays what it is and is
//! written to; a link stays as well, and it is the file behind it that is written.

use super::view::View;
use super::{html, junit};
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Like any file that a program writes; the umask takes from it.
const MODE: u32 = 0o666;

/// The files that were asked for.
#[derive(Debug)]
pub(crate) struct Files(Vec<Draft>);

/// A file that is still to be written. Dropped, it leaves nothing behind.
#[derive(Debug)]
struct Draft {
    target: PathBuf,
    place: Place,
    text_of: fn(&View) -> Result<String>,
}

/// Where the text goes.
#[derive(Debug)]
enum Place {
    /// Under another name, until it is renamed to this.
    Renamed(NamedTempFile, PathBuf),
    /// To what is there and is no file, of which others know: a pipe or a device.
    Direct(File),
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
        let place = Place::open(target).with_context(|| cannot_write(target))?;
        let target = target.to_owned();
        Ok(Self {
            target,
            place,
            text_of,
        })
    }

    fn write(self, view: &View) -> Result<()> {
        let text = (self.text_of)(view)?;
        let written = self.place.write(text.as_bytes());
        written.with_context(|| cannot_write(&self.target))
    }
}

impl Place {
    fn open(target: &Path) -> io::Result<Self> {
        let is_file = std::fs::metadata(target).map_or(true, |target| target.is_file());
        if !is_file {
            return File::options().write(true).open(target).map(Self::Direct);
        }
        // What is not there yet has no other name.
        let target = std::fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        // Not `tempfile_in`, whose errors speak of the other name.
        let draft = |path: &Path| {
            let mut options = File::options();
            options.write(true).create_new(true).mode(MODE).open(path)
        };
        let mut builder = tempfile::Builder::new();
        let file = builder
            .prefix(".stress-")
            .make_in(directory_of(&target), draft)?;
        Ok(Self::Renamed(file, target))
    }

    fn write(self, text: &[u8]) -> io::Result<()> {
        match self {
            Self::Renamed(mut file, target) => {
                file.as_file_mut().write_all(text)?;
                file.persist(target).map_err(|error| error.error)?;
                Ok(())
            }
            Self::Direct(mut file) => file.write_all(text),
        }
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
