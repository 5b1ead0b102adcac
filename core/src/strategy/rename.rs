//! Lock a permanent file, write a new one, exchange the names.
//!
//! The files are `<name>.rename.json`, the state as plain JSON; `<name>.rename.json.lock`, empty
//! and never removed; and `<name>.rename.json.spare`, which is the version before.
//!
//! Protocol
//!   1. Lock the lock file exclusively, creating it if it is missing; check its name (`lock.rs`).
//!   2. Read the data file. Content that is no state is copied aside; then the spare, if it holds a
//!      state, takes its place.
//!   3. Change; refuse a result that would not read back.
//!   4. Remove the spare, make a new file under its name and write it. (Power) Sync it.
//!   5. Exchange the names of spare and data file; where there is no data file yet, or the kernel
//!      or file system cannot exchange, rename the spare over it. (Power) Sync the directory.
//!   6. Unlock.
//!
//!   Readers open the data file and read it.
//!
//! Invariants
//!   I1. Between 1 and 6 nobody else is.
//!   I2. From its first on, the name of the data file names a whole, committed state at every
//!       instant.
//!   I3. A file that the name of the data file has named does not change any more.
//!
//! Why step 1 has a file of its own: a lock on the data file would go away with it in step 5.
//! Control: `rename-stale-lock`; `RenameWithoutLock` over this very code.
//!
//! Why step 4 makes a new file, and does not write into the spare that is there: that was the data
//! file once, and a reader can still have it open. It would read half of a state that is not
//! committed yet, even if that has a single page: the kernel copies a page for a reader while it
//! copies another into it for a writer. (On ext4, 126,501 of 2,598,400 reads of one page beside a
//! writer were torn.) Control: `RenameWritesIntoTheSpare`.
//!
//! Why step 5 exchanges: a rename over the data file makes ext4 write back at once
//! (`auto_da_alloc`), which is several times slower; and the version before is kept, to go back to
//! when the data file is damaged from outside.

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
        let (mut state, exists, recovery) = state_in::<T, K>(site, &names)?;
        let value = match change(&mut state) {
            Ok(value) => value,
            Err(refusal) => return Ok(Outcome::clean(Err(refusal)).after(recovery)),
        };
        let line = encode(&state, &names.data)?;
        stage(site, &names.spare, &line)?; // I3
        commit(site, &names, exists)?; // I2
        Ok(Outcome::clean(Ok(value)).after(recovery))
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
}

impl Names {
    fn of<K>(strategy: &Rename, site: &Site<'_, K>) -> Self {
        Self {
            data: strategy.data_file(site),
            lock: site.path(".rename.json.lock"),
            spare: site.path(".rename.json.spare"),
        }
    }
}

/// Step 2: the state, whether there is a data file, and what had to be done.
fn state_in<T: State, K: Kernel>(
    site: &Site<'_, K>,
    names: &Names,
) -> Result<(T, bool, Option<Recovery>)> {
    let Some(content) = content_of(site, &names.data)? else {
        return Ok((T::default(), false, None));
    };
    if let Content::State(state) = decode(&content) {
        return Ok((state, true, None));
    }
    let moved_to = site.keep_aside(&names.data, &content)?;
    // A spare that cannot be read is no help, and no reason to give up.
    let spare = content_of(site, &names.spare).ok().flatten();
    match spare.map(|spare| decode(&spare)) {
        Some(Content::State(state)) => {
            site.rename(&names.spare, &names.data)?;
            Ok((state, true, Some(Recovery::Restored { moved_to })))
        }
        _ => Ok((T::default(), true, Some(Recovery::MovedAside { moved_to }))),
    }
}

fn content_of<K: Kernel>(site: &Site<'_, K>, path: &Path) -> Result<Option<Vec<u8>>> {
    let how = OpenHow::existing(Access::Read);
    match File::open(site.kernel, path, how)? {
        Some(file) => file.read(file.checked_stat()?.size).map(Some),
        None => Ok(None),
    }
}

/// Step 4. A spare that is not whole is of no use, and on a full disk it takes the room.
fn stage<K: Kernel>(site: &Site<'_, K>, spare: &Path, line: &[u8]) -> Result<()> {
    site.unlink(spare)?;
    let file = site.create_afresh(spare)?;
    let written = file.write(line).and_then(|()| match site.durability {
        Durability::Process => Ok(()),
        Durability::Power => file.sync(),
    });
    if written.is_err() {
        let _ = site.unlink(spare);
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
