//! Lock the data file itself, rewrite it in place.
//!
//! The file is `<name>.json`: plain JSON that `cat`, `jq` and any program reads that takes flock on
//! it, and that such a program may change too.
//!
//! Protocol
//!   1. Open the file, creating it if it is missing; lock it exclusively; check the name
//!      (`lock.rs`).
//!   2. If the journal holds an interrupted write, complete it (`journal.rs`).
//!   3. Read. Content that is no state is copied aside, and the state is the default.
//!   4. Change; refuse a result that would not read back.
//!   5. If the new content is longer, and there is no power loss to survive, make the file that long
//!      with spaces at its end.
//!   6. Old and new within one page, and no power loss to survive: write the new content, padded
//!      to the length of the file, with one pwrite at offset 0; remove a journal that is empty.
//!   7. Otherwise write it through the journal. (Power) At the first use, sync the name of the
//!      directory before.
//!   8. Unlock.
//!
//! Protocol of `remove`
//!   1. Open the file, creating it only if there is a journal; lock it exclusively; check the name
//!      (`lock.rs`). No file: there is no state.
//!   2. Complete an interrupted write, and read, as in steps 2 and 3 above.
//!   3. Give the state to the closure. If it refuses, unlock and leave all as it is.
//!   4. Remove the journal. (Power) Sync the directory.
//!   5. Remove the file. (Power) Sync the directory.
//!   6. Unlock.
//!
//! Invariants
//!   I1. Between 1 and 8 nobody else who takes flock is inside; nor is anybody between 1 and the
//!       instant of step 5 of `remove`, after which it changes nothing more.
//!   I2. At every instant the file, together with the journal, is one whole state: the old one or
//!       the new one; or there is no file, and no journal either.
//!
//! Why step 2: the last writer can have been killed between two pages. Two pages, one new and one
//! old, often parse. Control: `FlockWithoutRecovery`.
//!
//! Why step 3 copies aside: what is damaged may be all that somebody has. Control:
//! `FlockKeepsNoCopy`.
//!
//! Why step 4 refuses: the next who comes would find damage. Control: `FlockRefusesNothing`.
//!
//! Why step 5: the old state with spaces behind it is still the old state, however far the write
//! gets. So a full disk, a quota or a limit on file sizes shows while nothing has been touched, and
//! the write of step 6, which no longer makes the file longer, is not cut off in the middle of the
//! page, where the next attempt could meet SIGXFSZ (setrlimit(2), `RLIMIT_FSIZE`). A power loss may
//! keep the length and lose the spaces, so under `Power` the file grows after the journal is synced.
//! Control: `FlockWithoutLengthening`.
//!
//! Why step 6 never truncates: a kill between truncating and writing leaves an empty file, and on
//! ext4 the truncation makes the kernel write back at once, which is 30 times slower. One write of
//! at most a page, at the beginning of a page, is not torn by kill -9. The padding covers what was
//! longer before. Controls: `FlockTruncatesFirst`, `FlockWritesInPieces`, `FlockWithoutPadding`.
//! Nothing is lost with a journal that stays, but every later change looks into it. Control:
//! `FlockKeepsTheJournal`.
//!
//! Why the lock covers reading and writing in one window: two processes that read the same state
//! both write the next one. Control: `unlocked`, and `FlockWithoutLock` over this very code.
//!
//! Why step 1 of `remove`: a change that somebody makes between step 2 and step 5 would go with the
//! file. Those who wait for the lock meanwhile get that of a file without a name; they look, and
//! begin anew under the name. Control: `FlockRemovesUnlocked`, `FlockWithoutRecheck`. It makes a
//! file for a journal that is alone, since the next change would complete the write which that
//! holds: so it comes out now, and not after the state was said to be gone.
//!
//! Why step 2 of `remove`: what is handed out would be a mixture of the states before and after the
//! interrupted write, and the write itself would come into the next state. Control:
//! `FlockRemovesWithoutRecovery`.
//!
//! Why step 3 of `remove` comes before step 5: a kill in between would lose the state. This way the
//! closure has returned before anything is gone, and if we are killed then, the next who comes hands
//! out the whole state once more. Control: `FlockRemovesBeforeHandingOut`.
//!
//! Why step 4 of `remove` comes before step 5: once the file has no name, others make a new one, and
//! we would remove the journal under their hands. Control: `FlockRemovesTheLockFirst`. Why it syncs
//! before step 5: a header is cleared without a sync, so that a power loss can bring it back; with a
//! journal, and without the file, it would be completed into the next state.

use super::journal::{Journal, Pending};
use super::{Site, Strategy};
use crate::content::{Content, PAGE, decode, encode, pad};
use crate::kernel::{Access, Kernel, OpenHow};
use crate::lock::{Locked, Sharing};
use crate::{Durability, Error, Outcome, Recovery, Result, State};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Locked in place. The protocol and its proof stand at the top of the source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flock;

impl Strategy for Flock {
    fn name(&self) -> &'static str {
        "flock"
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let journal_path = site.path(".json.journal");
        let how = OpenHow::or_create(Access::ReadWrite);
        let file = site
            .lock(&path, how, Sharing::Exclusive)?
            .expect("an open that creates finds a file"); // I1
        let mut journal = Journal::open(site, &journal_path)?;
        let (old, completed) = recovered(site, &path, &file, &mut journal, decodes::<T>)?;
        let (state, set_aside) = state_in::<T, K>(site, &path, &old)?;
        let mut state = state.unwrap_or_default();
        let recovery = set_aside.or(completed);
        let value = match change(&mut state) {
            Ok(value) => value,
            Err(refusal) => return Ok(Outcome::clean(Err(refusal)).after(recovery)),
        };
        let line = encode(&state, &path)?;
        let deferred = write(site, &file, &mut journal, &old, line)?;
        Ok(Outcome {
            value: Ok(value),
            recovery,
            deferred,
        })
    }

    fn remove<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        let path = self.data_file(site);
        let journal_path = site.path(".json.journal");
        let Some(file) = site.lock_if_any(&path, &[&journal_path])? else {
            site.sync_directory_if_any()?;
            return Ok(Outcome::clean(Ok(None)));
        };
        let mut journal = Journal::open(site, &journal_path)?;
        let (content, completed) = recovered(site, &path, &file, &mut journal, decodes::<T>)?;
        let (state, set_aside) = state_in::<T, K>(site, &path, &content)?;
        let recovery = set_aside.or(completed);
        let value = state.map(last).transpose();
        if value.is_ok() {
            journal.remove()?;
            site.sync_directory_before()?;
            site.unlink(&path)?; // I1, I2
            site.sync_directory()?;
        }
        Ok(Outcome::clean(value).after(recovery))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        let path = self.data_file(site);
        let journal_path = site.path(".json.journal");
        let how = OpenHow::existing(Access::Read);
        let Some(file) = site.lock(&path, how, Sharing::Shared)? else {
            return Ok(Outcome::clean(T::default()));
        };
        let content = file.read(file.stat.size)?;
        let journal = Journal::open_to_read(site, &journal_path)?;
        let pending = journal.pending(&content, decodes::<T>)?;
        let content = match pending {
            Pending::Nothing | Pending::Stale => content,
            Pending::Write { redo, .. } => redo.into_image(),
        };
        // Before the parsing, so that readers keep writers out as shortly as they can.
        drop(file);
        match decode(&content) {
            Content::Empty => Ok(Outcome::clean(T::default())),
            Content::State(state) => Ok(Outcome::clean(state)),
            Content::Damaged(error) => Err(Error::corrupt(&path, Some(error))),
        }
    }
}

/// Step 2: the content of the file, after what the journal holds has been dealt with.
fn recovered<K: Kernel>(
    site: &Site<'_, K>,
    path: &Path,
    file: &Locked<'_, K>,
    journal: &mut Journal<'_, K>,
    is_state: impl Fn(&[u8]) -> bool,
) -> Result<(Vec<u8>, Option<Recovery>)> {
    let content = file.read(file.stat.size)?;
    match journal.pending(&content, is_state)? {
        Pending::Nothing => Ok((content, None)),
        Pending::Stale => {
            journal.clear()?;
            Ok((content, None))
        }
        Pending::Write { redo, explained } => {
            let recovery = if explained {
                (redo.image() != content).then_some(Recovery::Completed)
            } else {
                let moved_to = site.keep_aside(path, &content)?;
                Some(Recovery::Restored { moved_to })
            };
            journal.complete(file, &redo, &content)?;
            Ok((redo.into_image(), recovery))
        }
    }
}

/// Step 3. No state if nobody has written one yet, or if it is damaged.
fn state_in<T: State, K: Kernel>(
    site: &Site<'_, K>,
    path: &Path,
    content: &[u8],
) -> Result<(Option<T>, Option<Recovery>)> {
    match decode(content) {
        Content::Empty => Ok((None, None)),
        Content::State(state) => Ok((Some(state), None)),
        Content::Damaged(_) => {
            let moved_to = site.keep_aside(path, content)?;
            Ok((None, Some(Recovery::MovedAside { moved_to })))
        }
    }
}

/// Steps 5 to 7. The error inside `Ok` is one in clearing up; the new state is in place.
fn write<K: Kernel>(
    site: &Site<'_, K>,
    file: &Locked<'_, K>,
    journal: &mut Journal<'_, K>,
    old: &[u8],
    line: Vec<u8>,
) -> Result<Option<Error>> {
    let length = image_length(line.len(), old.len());
    let image = pad(line, length);
    if site.durability == Durability::Power {
        if old.is_empty() {
            site.sync_first_use()?;
        }
        return journal.write_through(file, old, &image); // I2
    }
    let old = extended(file, old, length)?;
    if old.len() <= PAGE && write_page(file, &old, &image)? {
        return Ok(journal.remove().err()); // I2
    }
    journal.write_through(file, &old, &image) // I2
}

/// Step 5: what the file holds then.
fn extended<'c, K: Kernel>(
    file: &Locked<'_, K>,
    old: &'c [u8],
    length: usize,
) -> Result<Cow<'c, [u8]>> {
    if length <= old.len() {
        return Ok(Cow::Borrowed(old));
    }
    let spaces = vec![b' '; length - old.len()];
    file.write_at(&spaces, old.len() as u64)?;
    Ok(Cow::Owned([old, &spaces].concat()))
}

/// The unit in which a file within a page becomes longer: few enough bytes of padding to parse, and
/// enough that most changes need not make it longer.
const GROWTH: usize = 64;

/// How long the file is to be: never shorter than it was within a page; otherwise whole pages, and
/// no more than twice as many as the state needs.
fn image_length(line: usize, old: usize) -> usize {
    if line <= PAGE {
        return line.next_multiple_of(GROWTH).max(old.min(PAGE));
    }
    let pages = line.next_multiple_of(PAGE);
    if (pages..=2 * pages).contains(&old) {
        old.next_multiple_of(PAGE)
    } else {
        pages
    }
}

/// Step 6. `false` if the system took only a part, as it does at a limit that is lower than the file
/// is long: then the beginning is put back at once, since to write on would be answered by SIGXFSZ.
fn write_page<K: Kernel>(file: &Locked<'_, K>, old: &[u8], image: &[u8]) -> Result<bool> {
    let written = file.write_once(image)?;
    if written == image.len() {
        return Ok(true);
    }
    file.write(&old[..written]).map_err(Error::indeterminate)?;
    Ok(false)
}

fn decodes<T: State>(content: &[u8]) -> bool {
    matches!(decode::<T>(content), Content::State(_))
}

#[cfg(test)]
mod tests {
    use super::{PAGE, image_length};

    #[test]
    fn the_file_keeps_its_length_within_a_page_and_at_most_twice_the_pages_beyond() {
        assert_eq!(image_length(100, 0), 128);
        assert_eq!(image_length(100, 700), 700);
        assert_eq!(image_length(701, 700), 704);
        assert_eq!(image_length(100, 100 * PAGE), PAGE);
        assert_eq!(image_length(PAGE, 0), PAGE);
        assert_eq!(image_length(PAGE + 1, 100), 2 * PAGE);
        assert_eq!(image_length(5 * PAGE, 9 * PAGE), 9 * PAGE);
        assert_eq!(image_length(5 * PAGE, 11 * PAGE), 5 * PAGE);
        assert_eq!(image_length(5 * PAGE, 6 * PAGE - 1), 6 * PAGE);
    }
}
