//! Removes the statistics files that were left behind.
//!
//! Each file on its own, and all of it under the file's lock:
//!   1. Open it, if it is a regular file of this user; lock it, unless somebody else has the lock; look
//!      whether it still has its name (`lock.rs`). Whoever is in a window is using it.
//!   2. If it was changed lately, leave it. In this order, since it may have been changed before the
//!      lock was there to be had.
//!   3. Read it, with what its journal holds. If it is not the content of a statistics file, leave
//!      it: the directory belongs to others too.
//!   4. Remove the journal, then the file, after which others are inside (`strategy/flock.rs`).

use super::file::SessionFile;
use crate::content::{Content, decode};
use crate::file::retried;
use crate::kernel::{Access, CallKind, Errno, Host, Kernel, OpenHow};
use crate::lock::{Locked, Sharing};
use crate::strategy::{Flock, Journal, Pending, Site, Strategy};
use crate::{Durability, Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// After how long without a change a file counts as left behind, as in the old program: 24 hours.
pub const STALE_AFTER_DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);

/// What a [`cleanup_stale`] has done.
#[derive(Debug, Default)]
#[must_use = "an error in cleaning up is worth a line in the log"]
pub struct Cleaned {
    /// The files that it removed, by name.
    pub removed: Vec<PathBuf>,
    /// Why others could not be looked at or removed.
    pub errors: Vec<Error>,
}

/// Removes the statistics files in `directory` that nobody has changed for `age` (see
/// [`STALE_AFTER_DEFAULT`]).
///
/// Only files with the ending `.json` whose content is that of a statistics file, of this program or
/// of the old one, and only those whose lock nobody has. Anything else is left as it is: JSON of other
/// programs, what is damaged or empty, directories, links and the files of other users.
///
/// A program that opened such a file before it was removed, and takes the lock afterwards without
/// another look at the name, adds to a file that nobody sees again; after a day without a change
/// there is hardly one. The age is that by the wall clock: one that is set forward by a day makes the
/// files of sessions that go on look stale.
///
/// ```
/// use hookstate::stats::{STALE_AFTER_DEFAULT, SessionStats, cleanup_stale};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let mut stats = SessionStats::new(directory.path(), "session-1");
/// let _ = stats.record_tool_call("Bash", true)?;
/// let _ = stats.flush()?;
/// let cleaned = cleanup_stale(directory.path(), STALE_AFTER_DEFAULT)?;
/// assert!(cleaned.removed.is_empty()); // it is in use
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the directory cannot be listed. One that does not exist has nothing in it. What goes wrong with
/// one file is in the result and keeps no other from being removed.
pub fn cleanup_stale(directory: impl AsRef<Path>, age: Duration) -> Result<Cleaned> {
    cleanup_stale_on(&Host, directory, age)
}

/// As [`cleanup_stale`], on this kernel.
///
/// # Errors
///
/// As for [`cleanup_stale`].
pub fn cleanup_stale_on<K: Kernel>(
    kernel: &K,
    directory: impl AsRef<Path>,
    age: Duration,
) -> Result<Cleaned> {
    let directory = directory.as_ref();
    let mut cleaned = Cleaned::default();
    for stem in stems(kernel, directory)? {
        let site = Site {
            kernel,
            directory,
            name: &stem,
            durability: Durability::Process,
            lock_timeout: Duration::ZERO,
            any_file_system: false,
        };
        match remove_if_stale(&site, age) {
            Ok(true) => cleaned.removed.push(Flock.data_file(&site)),
            Ok(false) => {}
            Err(error) if is_nobodys_business(&error) => {}
            Err(error) => cleaned.errors.push(error),
        }
    }
    Ok(cleaned)
}

/// The names of the files with the ending, without it, in order.
fn stems<K: Kernel>(kernel: &K, directory: &Path) -> Result<Vec<String>> {
    let names = match retried(|| kernel.list(directory)) {
        Ok(names) => names,
        Err(Errno::NOENT) => Vec::new(),
        Err(errno) => return Err(Error::from_call("list", directory, CallKind::List, errno)),
    };
    let names = names.iter().filter_map(|name| name.to_str());
    let mut stems: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".json"))
        .map(str::to_owned)
        .collect();
    stems.sort();
    Ok(stems)
}

fn remove_if_stale<K: Kernel>(site: &Site<'_, K>, age: Duration) -> Result<bool> {
    let path = Flock.data_file(site);
    let how = OpenHow::existing(Access::ReadWrite);
    let Some(file) = site.lock(&path, how, Sharing::Exclusive)? else {
        return Ok(false);
    };
    let unchanged_for = site
        .kernel
        .clock_realtime()
        .saturating_sub(file.modified()?);
    if unchanged_for < age {
        return Ok(false);
    }
    let journal_path = site.path(".json.journal");
    let mut journal = Journal::open(site, &journal_path)?;
    if !is_statistics(&file, &journal)? {
        return Ok(false);
    }
    journal.remove()?;
    site.unlink(&path)?;
    Ok(true)
}

fn is_statistics<K: Kernel>(file: &Locked<'_, K>, journal: &Journal<'_, K>) -> Result<bool> {
    let content = file.read(file.stat.size)?;
    let is_state = |bytes: &[u8]| matches!(decode::<SessionFile>(bytes), Content::State(_));
    let content = match journal.pending(&content, is_state)? {
        Pending::Nothing | Pending::Stale => content,
        Pending::Write { redo, explained } if explained => redo.into_image(),
        // Damage; the next change keeps a copy of it.
        Pending::Write { .. } => return Ok(false),
    };
    Ok(match decode::<SessionFile>(&content) {
        Content::State(file) => file.is_recognizable(),
        Content::Empty | Content::Damaged(_) => false,
    })
}

/// Whether it says no more than that the file is in use, or is none that this program would make: all
/// of those may be read and written.
fn is_nobodys_business(error: &Error) -> bool {
    let is_refused = error.call() == Some(CallKind::Open) && error.errno() == Some(Errno::ACCESS);
    is_refused
        || matches!(
            error.kind(),
            ErrorKind::LockTimeout | ErrorKind::NotAStateFile | ErrorKind::TooLarge
        )
}
