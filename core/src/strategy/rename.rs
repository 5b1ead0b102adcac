//! Lock a file beside the state, write a new one, exchange the names.
//!
//! The files are `<name>.rename.json`, the state as plain JSON; `<name>.rename.json.lock`, empty
//! and there as long as the state is; and `<name>.rename.json.spare`, which is the version before.
//!
//! Protocol
//!   1. Lock the lock file exclusively, creating it if it is missing; check its name (`lock.rs`).
//!   2. Read the data file. Content that is no state is copied aside; then a copy of the spare, if
//!      that holds a state, takes its place.
//!   3. Change; refuse a result that would not read back.
//!   4. Remove the spare, make a new file under its name and write it. (Power) Sync it; at the first
//!      use, sync the name of the directory before.
//!   5. Exchange the names of spare and data file; where there is no data file yet, or the kernel
//!      or file system cannot exchange, rename the spare over it. (Power) Sync the directory.
//!   6. Unlock.
//!
//!   Readers open the data file and read it.
//!
//! Protocol of `remove`
//!   1. Lock the lock file exclusively, creating it only if there is a data file or a spare; check
//!      its name (`lock.rs`). No lock file: there is no state.
//!   2. Read the data file as in step 2 above.
//!   3. Give the state to the closure. If it refuses, unlock and leave all as it is.
//!   4. Remove the spare and the data file.
//!   5. Remove the lock file. (Power) Sync the directory.
//!   6. Unlock.
//!
//! Invariants
//!   I1. Between 1 and 6 nobody else is; nor is anybody between 1 and the instant of step 5 of
//!       `remove`, after which it changes nothing more.
//!   I2. From its first on until it is removed, the name of the data file names a whole, committed
//!       state at every instant.
//!   I3. A file that the name of the data file has named does not change any more.
//!
//! Why step 1 has a file of its own: a lock on the data file would go away with it in step 5.
//! Control: `rename-stale-lock`; `RenameWithoutLock` over this very code.
//!
//! Why step 2 goes back to the spare: it lacks the last change, and not all of them. Controls:
//! `RenameIgnoresTheSpare`, `RenameKeepsNoCopy`. A spare that cannot be read is an error: it may be
//! read the next time, and until then it is all that there is. Why to a copy of it: a power loss can let one half of
//! a rename be there and not the other, and until another has the name of the data file, the spare is
//! the only file with the state.
//!
//! Why step 4 makes a new file, and does not write into the spare that is there: that was the data
//! file once, and a reader can still have it open. It would read half of a state that is not
//! committed yet, even if that has a single page: the kernel copies a page for a reader while it
//! copies another into it for a writer. (On ext4, 126,501 of 2,598,400 reads of one page beside a
//! writer were torn.) Control: `RenameWritesIntoTheSpare`.
//!
//! Why step 5 exchanges: a rename over the data file makes ext4 write back at once
//! (`auto_da_alloc`), which is several times slower; and the version before is kept, to go back to
//! when the data file is damaged from outside. Nobody finds the name without a file. Control:
//! `RenameRemovesThenRenames`.
//!
//! Why step 1 of `remove`: a change that somebody makes between step 2 and step 4 would go with the
//! data file. Control: `RenameRemovesUnlocked`.
//!
//! Why step 3 of `remove` comes before step 4: a kill in between would lose the state. This way the
//! closure has returned before anything is gone, and if we are killed then, the next who comes hands
//! out the whole state once more. Control: `RenameRemovesBeforeHandingOut`.
//!
//! Why step 4 of `remove` has the spare too: it is a version of this state, and no later one may be
//! restored from it. The spare goes first: if it cannot be removed, the error says that the state is
//! still there, and so it is. Controls: `RenameLeavesTheSpare`, `RenameLeavesTheState`.
//!
//! Why step 5 of `remove` may remove a lock file at all, which otherwise lets two processes hold
//! "the" lock of two files: each who has waited for it looks at the name before it goes on, and each
//! who comes later makes a new one. What is left is that the holder itself must be done; so it comes
//! last. If it stayed, every state that ever was would leave a file behind. Control:
//! `RenameRemovesTheLockFirst`, `RenameWithoutRecheck`. A lock file that a kill leaves is that of
//! the next state, or is removed by the next `remove`.

use super::{Site, Strategy};
use crate::content::{Content, decode, encode};
use crate::file::File;
use crate::kernel::{Access, Kernel, OpenHow};
use crate::lock::Sharing;
use crate::{Durability, Error, Outcome, Recovery, Result, State};
use std::path::{Path, PathBuf};

/// Staged and exchanged. The protocol and its proof stand at the top of the source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rename;

impl Strategy for Rename {
    fn name(&self) -> &'static str {
        "rename"
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".rename.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let names = Names::of(self, site);
        let how = OpenHow::or_create(Access::ReadWrite);
        let _alone = site.lock(&names.lock, how, Sharing::Exclusive)?; // I1
        let (state, exists, recovery) = state_in::<T, K>(site, &names)?;
        let mut state = state.unwrap_or_default();
        let value = match change(&mut state) {
            Ok(value) => value,
            Err(refusal) => return Ok(Outcome::clean(Err(refusal)).after(recovery)),
        };
        let line = encode(&state, &names.data)?;
        if !exists {
            site.sync_first_use()?;
        }
        stage(site, &names.spare, &line)?; // I3
        commit(site, &names, exists)?; // I2
        Ok(Outcome::clean(Ok(value)).after(recovery))
    }

    fn remove<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        let names = Names::of(self, site);
        let Some(_alone) = site.lock_if_any(&names.lock, &[&names.data, &names.spare])? else {
            site.sync_directory_if_any()?;
            return Ok(Outcome::clean(Ok(None)));
        };
        let (state, _, recovery) = state_in::<T, K>(site, &names)?;
        let value = match state.map(last).transpose() {
            Ok(value) => value,
            Err(refusal) => return Ok(Outcome::clean(Err(refusal)).after(recovery)),
        };
        site.unlink(&names.spare)?;
        site.unlink(&names.data)?; // I2
        let deferred = site.unlink(&names.lock).err(); // I1
        site.sync_directory()?;
        Ok(Outcome {
            value: Ok(value),
            recovery,
            deferred,
        })
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        let path = self.data_file(site);
        let Some(content) = content_of(site, &path)? else {
            return Ok(Outcome::clean(T::default()));
        };
        match decode(&content) {
            Content::State(state) => Ok(Outcome::clean(state)), // I2, I3
            Content::Empty => Err(Error::corrupt(&path, None)),
            Content::Damaged(error) => Err(Error::corrupt(&path, Some(error))),
        }
    }
}

struct Names {
    data: PathBuf,
    lock: PathBuf,
    spare: PathBuf,
    copy: PathBuf,
}

impl Names {
    fn of<K>(strategy: &Rename, site: &Site<'_, K>) -> Self {
        Self {
            data: strategy.data_file(site),
            lock: site.path(".rename.json.lock"),
            spare: site.path(".rename.json.spare"),
            copy: site.path(".rename.json.copy"),
        }
    }
}

/// Step 2: the state, if there is one; whether there is a data file; and what had to be done.
fn state_in<T: State, K: Kernel>(
    site: &Site<'_, K>,
    names: &Names,
) -> Result<(Option<T>, bool, Option<Recovery>)> {
    let Some(content) = content_of(site, &names.data)? else {
        return Ok((None, false, None));
    };
    if let Content::State(state) = decode(&content) {
        return Ok((Some(state), true, None));
    }
    // A spare that cannot be read just now may be all that is left, so nobody begins anew over it.
    let spare = content_of(site, &names.spare)?.unwrap_or_default();
    let moved_to = site.keep_aside(&names.data, &content)?;
    match decode(&spare) {
        Content::State(state) => {
            restore(site, names, &spare)?;
            Ok((Some(state), true, Some(Recovery::Restored { moved_to })))
        }
        _ => Ok((None, true, Some(Recovery::MovedAside { moved_to }))),
    }
}

/// A copy that a kill leaves is in the way of nobody: the data file is still damaged then, and the
/// next who comes makes the copy anew.
fn restore<K: Kernel>(site: &Site<'_, K>, names: &Names, spare: &[u8]) -> Result<()> {
    stage(site, &names.copy, spare)?;
    site.rename_or_remove(&names.copy, &names.data)?;
    site.sync_directory_before()
}

fn content_of<K: Kernel>(site: &Site<'_, K>, path: &Path) -> Result<Option<Vec<u8>>> {
    let how = OpenHow::existing(Access::Read);
    match File::open(site.kernel, path, how)? {
        Some(file) => file.read(file.checked_stat()?.size).map(Some),
        None => Ok(None),
    }
}

/// Step 4. A file that is not whole is of no use, and on a full disk it takes the room.
fn stage<K: Kernel>(site: &Site<'_, K>, staged: &Path, line: &[u8]) -> Result<()> {
    site.unlink(staged)?;
    let file = site.create_afresh(staged)?;
    let written = file.write(line).and_then(|()| match site.durability {
        Durability::Process => Ok(()),
        Durability::Power => file.sync(),
    });
    if written.is_err() {
        let _ = site.unlink(staged);
    }
    written
}

/// Step 5.
fn commit<K: Kernel>(site: &Site<'_, K>, names: &Names, exists: bool) -> Result<()> {
    if exists {
        site.replace(&names.spare, &names.data)?;
    } else {
        site.rename_or_remove(&names.spare, &names.data)?;
    }
    site.sync_directory()
}
