//! Lock a permanent file, write a spare, exchange the names.
//!
//! The files are `<name>.rename.json`, the state as plain JSON; `<name>.rename.json.lock`, empty
//! and never removed; and `<name>.rename.json.spare`, the version before.
//!
//! Protocol
//!   1. Lock the lock file exclusively, creating it if it is missing; check its name (`lock.rs`).
//!   2. Read the data file. Content that is no state is copied aside; then the spare, if it holds a
//!      state, takes its place.
//!   3. Change; refuse a result that would not read back.
//!   4. Write the spare. Content that fits into one page is padded to exactly one page, and goes
//!      into the kept spare with one pwrite if that has one page too. Otherwise, and for longer
//!      content, the spare becomes a new file. (Power) Sync it.
//!   5. Exchange the names of spare and data file; where there is no data file yet, or the kernel
//!      or file system cannot exchange, rename the spare over it. (Power) Sync the directory.
//!   6. Unlock.
//!
//!   Readers: R1. open the data file and read it; R2. if the name no longer names that file, go to
//!   R1.
//!
//! Invariants
//!   I1. Between 1 and 6 nobody else is.
//!   I2. The name of the data file names a whole state at every instant, from its first on.
//!   I3. Once the name of the data file has named a file, its length does not change, and if it is
//!       longer than one page its content does not change either.
//!
//! Why step 1 has a file of its own: a lock on the data file would go away with it in step 5.
//! Control: `rename-stale-lock`; `RenameWithoutLock` over this very code.
//!
//! Why step 4 keeps a file, and step 5 exchanges: a rename over the data file frees its blocks and
//! makes ext4 write back at once (`auto_da_alloc`), which is six times slower.
//!
//! Why step 4 does not keep a longer one: a reader can have opened it when it was the data file,
//! and would read one page of the old state and one of the new. Control: `RenameKeepsLongSpare`.
//!
//! Why step 4 pads to a whole page: a reader learns the length before it reads, and would read the
//! beginning of a state that has become longer in between.
//!
//! Why R2: the file that a reader has opened can have become the spare, and what it reads there is
//! a state that is not committed yet and may never be. While the name names the file, its content
//! is committed. The file stays open meanwhile, or its number could be given to another one.
//! Control: `RenameReaderWithoutRecheck`.

use super::{Site, Strategy};
use crate::content::{Content, PAGE, decode, encode, pad};
use crate::file::{File, retried};
use crate::kernel::{Access, CallKind, Errno, Identity, Kernel, OpenHow};
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
        stage(site, &names.spare, line)?; // I3
        commit(site, &names, exists)?; // I2
        Ok(Outcome::clean(Ok(value)).after(recovery))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        let path = self.data_file(site);
        loop {
            let Some(read) = content_of(site, &path)? else {
                return Ok(Outcome::clean(T::default()));
            };
            if !still_names(site, &path, &read)? {
                continue;
            }
            return match decode(&read.content) {
                Content::State(state) => Ok(Outcome::clean(state)),
                Content::Empty => Err(Error::corrupt(&path, None)),
                Content::Damaged(error) => Err(Error::corrupt(&path, Some(error))),
            };
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
    let Some(data) = content_of(site, &names.data)? else {
        return Ok((T::default(), false, None));
    };
    if let Content::State(state) = decode(&data.content) {
        return Ok((state, true, None));
    }
    let moved_to = site.keep_aside(&names.data, &data.content)?;
    match content_of(site, &names.spare)?.map(|spare| decode(&spare.content)) {
        Some(Content::State(state)) => {
            site.rename(&names.spare, &names.data)?;
            Ok((state, true, Some(Recovery::Restored { moved_to })))
        }
        _ => Ok((T::default(), true, Some(Recovery::MovedAside { moved_to }))),
    }
}

/// What a name led to.
struct Read<'a, K: Kernel> {
    content: Vec<u8>,
    identity: Identity,
    /// Stays open: an inode number says which file it is only as long as the file exists.
    _file: File<'a, K>,
}

/// R1.
fn content_of<'a, K: Kernel>(site: &'a Site<'_, K>, path: &'a Path) -> Result<Option<Read<'a, K>>> {
    let how = OpenHow::existing(Access::Read);
    let Some(file) = File::open(site.kernel, path, how)? else {
        return Ok(None);
    };
    let stat = file.checked_stat()?;
    Ok(Some(Read {
        content: file.read(stat.size)?,
        identity: stat.identity,
        _file: file,
    }))
}

/// R2.
fn still_names<K: Kernel>(site: &Site<'_, K>, path: &Path, read: &Read<'_, K>) -> Result<bool> {
    match retried(|| site.kernel.stat(path)) {
        Ok(stat) => Ok(stat.identity == read.identity),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(Error::from_call("inspect", path, CallKind::Stat, errno)),
    }
}

/// Step 4.
fn stage<K: Kernel>(site: &Site<'_, K>, spare: &Path, line: Vec<u8>) -> Result<()> {
    let image = pad(line, PAGE);
    let file = match kept_spare(site, spare, image.len())? {
        Some(file) => file,
        None => site.create_afresh(spare)?,
    };
    file.write(&image)?;
    match site.durability {
        Durability::Process => Ok(()),
        Durability::Power => file.sync(),
    }
}

/// The spare, if both it and the new content have exactly one page.
fn kept_spare<'a, K: Kernel>(
    site: &'a Site<'_, K>,
    spare: &'a Path,
    length: usize,
) -> Result<Option<File<'a, K>>> {
    if length != PAGE {
        return Ok(None);
    }
    let how = OpenHow::existing(Access::ReadWrite);
    let Some(file) = File::open(site.kernel, spare, how)? else {
        return Ok(None);
    };
    let one_page = file.checked_stat()?.size == PAGE as u64;
    Ok(one_page.then_some(file))
}

/// Step 5.
fn commit<K: Kernel>(site: &Site<'_, K>, names: &Names, exists: bool) -> Result<()> {
    if !exists || !site.exchange(&names.spare, &names.data)? {
        site.rename(&names.spare, &names.data)?;
    }
    site.sync_directory()
}
