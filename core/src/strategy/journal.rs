//! The redo journal of the strategy `flock`: writes of more than a page that no kill can halve.
//!
//! The journal is the file `<name>.json.journal`. A change that needs none removes it, so that later
//! ones need not look into it. Its first 36 bytes are the header, all zero when there is nothing to
//! redo; from offset 4096 on follow the checksums of the old content, one for each 512 bytes, and
//! the whole new content.
//!
//! Protocol, all of it under the exclusive lock of the data file
//!   1. Open the journal, creating it if it is missing.
//!   2. Write the journal's body. (Power) Sync the directory.
//!   3. Write the header. From here on the change will be in the state. (Power) Sync the journal.
//!   4. Write the new content in place, page after page; shorter content: cut the file off after.
//!      (Power) Sync the data file.
//!   5. Clear the header.
//!
//! Recovery, by the next who takes the lock: if the header is there and whole,
//!   R1. if the content is neither old nor new nor a mixture of both, but a state, a peer that
//!       knows nothing of the journal has written since: clear the header;
//!   R2. otherwise do steps 4 and 5 again; content that is none of these and no state is copied
//!       aside before. (Power) First write the whole journal again, as it is, and sync it.
//!
//! Invariants
//!   I1. While the data file is a mixture, the header is there and the body is whole.
//!   I2. A header is there only with its own body: it is cleared before the body changes.
//!
//! Why step 2: nothing else can bring a torn write to its end. Control: `JournalWithoutBody`. That
//! it comes before step 3 saves work and nothing else: a kill or a power loss could leave a header
//! with half a body, and the checksums would tell, while nothing has been touched in place.
//!
//! Why step 3: see "Why step 2" of the strategy. Controls: `FlockWithoutJournal`,
//! `JournalWithoutHeader`.
//!
//! Why step 4 cuts off: the rest of the old content would stand behind the new. Control:
//! `JournalNeverCutsOff`.
//!
//! Why step 5: what somebody puts back from a copy looks as if the write had never come, and would
//! be completed once more. Control: `JournalNeverCleared`.
//!
//! Why R1: the peer has been told that its change is made. Control: `JournalTakesPeersForDamage`.
//!
//! Why step 2 syncs the directory, and not step 3: otherwise a power loss could leave a journal whose
//! header is there and a data file whose name is not, or is still that of a file that was removed.
//! A read would find nothing and the next change a write to complete.
//!
//! Why R2 writes the journal again: whoever wrote it can have been killed before the sync of step 3, or
//! between a sync that failed and clearing the header. Linux counts what it could not write as written,
//! so that a sync alone would report success with nothing on the disk. Control: `JournalTrustsItsSync`.
//!
//! Why 512 bytes: kill -9 tears at pages, a power loss at sectors.

use super::Site;
use crate::content::PAGE;
use crate::file::File;
use crate::kernel::{Access, CallKind, Kernel, OpenHow};
use crate::lock::Locked;
use crate::{Durability, Error, ErrorKind, Result, checksum};
use std::path::Path;

const MAGIC: [u8; 8] = *b"hsredo01";
const HEADER: usize = 36;
const BODY_AT: u64 = PAGE as u64;
const SECTOR: usize = 512;

/// The journal beside one data file.
pub(crate) struct Journal<'a, K: Kernel> {
    site: &'a Site<'a, K>,
    path: &'a Path,
    file: Option<File<'a, K>>,
    /// How long the journal was when it was opened.
    size: u64,
}

/// What the journal says about the content of the data file.
pub(crate) enum Pending {
    /// There is nothing to redo.
    Nothing,
    /// There is a header, but it no longer says anything about this content: somebody has written
    /// the whole file since, or the journal is damaged.
    Stale,
    /// The content is to be that of this write.
    Write {
        /// The write that was begun.
        redo: Redo,
        /// Whether what is there is only the old content, the new or a mixture, so that nothing is
        /// lost with it.
        explained: bool,
    },
}

impl<'a, K: Kernel> Journal<'a, K> {
    /// Opens the journal if there is one.
    pub(crate) fn open(site: &'a Site<'a, K>, path: &'a Path) -> Result<Self> {
        Self::open_with(site, path, Access::ReadWrite)
    }

    /// As [`open`](Self::open), only to look.
    pub(crate) fn open_to_read(site: &'a Site<'a, K>, path: &'a Path) -> Result<Self> {
        Self::open_with(site, path, Access::Read)
    }

    fn open_with(site: &'a Site<'a, K>, path: &'a Path, access: Access) -> Result<Self> {
        let file = File::open(site.kernel, path, OpenHow::existing(access))?;
        let size = match &file {
            Some(file) => file.checked_stat()?.size,
            None => 0,
        };
        Ok(Self {
            site,
            path,
            file,
            size,
        })
    }

    /// What is to be done about `content`, the content of the data file.
    pub(crate) fn pending(
        &self,
        content: &[u8],
        is_state: impl Fn(&[u8]) -> bool,
    ) -> Result<Pending> {
        let Some((file, header)) = self.header()? else {
            return Ok(Pending::Nothing);
        };
        let Some(redo) = self.redo(file, header)? else {
            return Ok(Pending::Stale);
        };
        let explained = redo.explains(content);
        if !explained && is_state(content) {
            return Ok(Pending::Stale); // R1
        }
        Ok(Pending::Write { redo, explained }) // R2
    }

    /// Steps 1 to 5. The error inside `Ok` is one of step 5: the new content is in place.
    pub(crate) fn write_through(
        &mut self,
        data: &Locked<'_, K>,
        old: &[u8],
        image: &[u8],
    ) -> Result<Option<Error>> {
        self.commit(old, image)?;
        if let Err(error) = self.place(data, image, old) {
            return Err(self.undone(data, old, error));
        }
        Ok(self.clear().err())
    }

    /// Steps 4 and 5 once more, after a kill. `content` is what the data file holds.
    ///
    /// After a failure it is put back: a write that `RLIMIT_FSIZE` cuts off ends anywhere, and with
    /// one sector half old and half new the content would look like that of a peer.
    pub(crate) fn complete(
        &mut self,
        data: &Locked<'_, K>,
        redo: &Redo,
        content: &[u8],
    ) -> Result<()> {
        self.commit_again(redo)?;
        if let Err(error) = self.place(data, redo.image(), content) {
            if error.kind() != ErrorKind::SyncFailed {
                let _ = data.write(content);
            }
            return Err(error);
        }
        self.clear()
    }

    /// Removes a journal that holds nothing, so that later changes need not look into it.
    pub(crate) fn remove(&mut self) -> Result<()> {
        match self.file.take() {
            Some(_) => self.site.unlink(self.path),
            None => Ok(()),
        }
    }

    /// Step 5.
    pub(crate) fn clear(&mut self) -> Result<()> {
        match &self.file {
            Some(file) => file.write(&[0; HEADER]),
            None => Ok(()),
        }
    }

    /// Steps 2 and 3.
    fn commit(&mut self, old: &[u8], image: &[u8]) -> Result<()> {
        let body = body_of(old, image);
        let header = header_of(old.len(), image.len(), &body);
        let file = self.create()?;
        file.write_at(&body, BODY_AT)?; // I2
        self.site.sync_directory_before()?;
        let file = self.create()?;
        let written = file.write(&header).and_then(|()| self.sync());
        written.map_err(|error| self.forgotten(error))
    }

    /// What step 3 leaves, whatever became of its sync. Not read once more: what was dropped is read from
    /// the disk as soon as its page was needed for something else.
    fn commit_again(&self, redo: &Redo) -> Result<()> {
        match (&self.file, self.site.durability) {
            (Some(file), Durability::Power) => {
                file.write_at(&redo.body, BODY_AT)?;
                file.write(&redo.header)?;
                file.sync()
            }
            _ => Ok(()),
        }
    }

    /// After a failure: clears the header, so that the old content stands. If that cannot be
    /// proven, the change may be made by the next who comes.
    fn forgotten(&mut self, error: Error) -> Error {
        match (self.clear(), self.site.durability) {
            (Ok(()), Durability::Process) => error,
            _ => error.indeterminate(),
        }
    }

    fn create(&mut self) -> Result<&File<'a, K>> {
        let site = self.site;
        let path = self.path;
        if self.file.is_none() {
            let how = OpenHow::or_create(Access::ReadWrite);
            self.file = File::open(site.kernel, path, how)?;
        }
        self.file.as_ref().ok_or_else(|| {
            let detail = "its directory was removed meanwhile";
            Error::unexpected("create", path, CallKind::Open, detail)
        })
    }

    fn sync(&self) -> Result<()> {
        match (&self.file, self.site.durability) {
            (Some(file), Durability::Power) => file.sync(),
            _ => Ok(()),
        }
    }

    /// Step 4.
    fn place(&self, data: &Locked<'_, K>, image: &[u8], content: &[u8]) -> Result<()> {
        write_over(data, image, content)?;
        if image.len() < content.len() {
            data.truncate(image.len() as u64)?;
        }
        if self.site.durability == Durability::Power {
            data.sync_data()?;
        }
        Ok(())
    }

    /// After a failure in step 4: puts the old content back, whose blocks exist, and forgets the
    /// change. If that fails too, the header stands, and the next who comes makes the change.
    fn undone(&mut self, data: &Locked<'_, K>, old: &[u8], error: Error) -> Error {
        if error.kind() == ErrorKind::SyncFailed {
            return error;
        }
        let put_back = data
            .write(old)
            .and_then(|()| data.truncate(old.len() as u64))
            .and_then(|()| match self.site.durability {
                Durability::Process => Ok(()),
                // Or the header could be gone from the disk before the new content is.
                Durability::Power => data.sync_data(),
            });
        match put_back {
            Ok(()) => self.forgotten(error),
            // The handle must learn of a failed sync, whatever came before it.
            Err(worse) if worse.kind() == ErrorKind::SyncFailed => worse.indeterminate(),
            Err(_) => error.indeterminate(),
        }
    }

    /// The file, and what is at its beginning, unless that is cleared.
    fn header(&self) -> Result<Option<(&File<'a, K>, Vec<u8>)>> {
        let Some(file) = self.file.as_ref().filter(|_| self.size >= BODY_AT) else {
            return Ok(None);
        };
        let header = file.read_range(0, HEADER)?;
        Ok((header != [0; HEADER]).then_some((file, header)))
    }

    fn redo(&self, file: &File<'a, K>, header: Vec<u8>) -> Result<Option<Redo>> {
        let Some((old_length, length, body_checksum)) = lengths_in(&header) else {
            return Ok(None);
        };
        let table = table_length(old_length);
        let Some(body_length) = table
            .checked_add(length)
            .filter(|&body| body as u64 <= self.size - BODY_AT)
        else {
            return Ok(None);
        };
        let body = file.read_range(BODY_AT, body_length)?;
        if checksum::of(&body) != body_checksum {
            return Ok(None);
        }
        Ok(Some(Redo {
            header,
            old_length,
            table,
            body,
        }))
    }
}

/// A write that was begun, as the journal has it.
pub(crate) struct Redo {
    header: Vec<u8>,
    old_length: usize,
    /// How much of the body is checksums of the old content.
    table: usize,
    body: Vec<u8>,
}

impl Redo {
    /// The new content.
    pub(crate) fn image(&self) -> &[u8] {
        &self.body[self.table..]
    }

    /// The new content, and nothing else any more.
    pub(crate) fn into_image(mut self) -> Vec<u8> {
        self.body.split_off(self.table)
    }

    /// Whether `content` is the old content, the new, or a mixture of their sectors.
    fn explains(&self, content: &[u8]) -> bool {
        let shortest = self.old_length.min(self.image().len());
        let longest = self.old_length.max(self.image().len());
        (shortest..=longest).contains(&content.len())
            && content
                .chunks(SECTOR)
                .enumerate()
                .all(|(index, sector)| self.is_new(index, sector) || self.is_old(index, sector))
    }

    fn is_new(&self, index: usize, sector: &[u8]) -> bool {
        let at = index * SECTOR;
        self.image().get(at..at + sector.len()) == Some(sector)
    }

    /// Zeros behind the old content count as old: a power loss can keep the length of a file and lose
    /// what was written there.
    fn is_old(&self, index: usize, sector: &[u8]) -> bool {
        let length = self.old_length.saturating_sub(index * SECTOR).min(SECTOR);
        let Some((old, beyond)) = sector.split_at_checked(length) else {
            return false;
        };
        let same = old.is_empty() || self.old_sector(index) == Some(checksum::of_one_of_many(old));
        same && beyond.iter().all(|&byte| byte == 0)
    }

    /// The checksum of this sector of the old content.
    fn old_sector(&self, index: usize) -> Option<u32> {
        let table = &self.body[..self.table];
        table.get(index * 4..index * 4 + 4).map(le_u32)
    }
}

/// Writes `image` over `content`. If the system takes only a part, that may be because of a limit on
/// file sizes, and to go on would end the process by SIGXFSZ, in the middle of a sector, which is
/// neither old nor new then. So that sector is put back first, and one old byte tried behind it.
fn write_over<K: Kernel>(data: &Locked<'_, K>, image: &[u8], content: &[u8]) -> Result<()> {
    let written = data.write_once(image)?;
    if written == image.len() {
        return Ok(());
    }
    let start = written - written % SECTOR;
    let beginning = content.get(start..written).unwrap_or_default();
    let next = content.get(written..=written).unwrap_or_default();
    data.write_at(beginning, start as u64)
        .and_then(|()| data.write_at(next, written as u64))
        .and_then(|()| data.write_at(&image[start..], start as u64))
}

fn body_of(old: &[u8], image: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(table_length(old.len()) + image.len());
    for sector in old.chunks(SECTOR) {
        body.extend_from_slice(&checksum::of_one_of_many(sector).to_le_bytes());
    }
    body.extend_from_slice(image);
    body
}

fn table_length(old_length: usize) -> usize {
    old_length.div_ceil(SECTOR) * 4
}

fn header_of(old_length: usize, length: usize, body: &[u8]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..16].copy_from_slice(&(old_length as u64).to_le_bytes());
    header[16..24].copy_from_slice(&(length as u64).to_le_bytes());
    header[24..28].copy_from_slice(&checksum::of(body).to_le_bytes());
    let sum = checksum::of(&header[..32]);
    header[32..].copy_from_slice(&sum.to_le_bytes());
    header
}

/// The length of the old and the new content and the checksum of the body, if the header is whole.
fn lengths_in(header: &[u8]) -> Option<(usize, usize, u32)> {
    if header[..8] != MAGIC || le_u32(&header[32..]) != checksum::of(&header[..32]) {
        return None;
    }
    let length_at = |at: usize| {
        let bytes = header[at..].first_chunk()?;
        usize::try_from(u64::from_le_bytes(*bytes)).ok()
    };
    Some((length_at(8)?, length_at(16)?, le_u32(&header[24..])))
}

fn le_u32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
