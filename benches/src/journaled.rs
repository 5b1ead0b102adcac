//! The system calls of one change of a state of more than a page, which goes through the journal of
//! the strategy `flock`, and nothing else: as [`floor`](crate::floor).

use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow, Result};
use std::path::{Path, PathBuf};

/// How long the header of a journal is.
const HEADER: usize = 36;

/// Where its body begins.
const BODY_AT: u64 = 4096;

/// In the body, the bytes of checksum for each so many bytes of the old content.
const CHECKSUM_BYTES: usize = 4;
const SECTOR_BYTES: usize = 512;

/// What a change asks the kernel for.
#[derive(Debug)]
pub struct JournaledFloor {
    data: PathBuf,
    journal: PathBuf,
    content: Vec<u8>,
    body: Vec<u8>,
    read: Vec<u8>,
}

impl JournaledFloor {
    /// Writes the content of this file again and again as it is now, through the journal beside it.
    ///
    /// # Panics
    ///
    /// If there is no file with content, or no journal.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        let content = std::fs::read(data).expect("the session has begun");
        let mut journal = data.to_owned().into_os_string();
        journal.push(".journal");
        let checksums = content.len().div_ceil(SECTOR_BYTES) * CHECKSUM_BYTES;
        let body = [vec![0; checksums], content.clone()].concat();
        Self {
            data: data.to_owned(),
            journal: journal.into(),
            read: vec![0; content.len()],
            body,
            content,
        }
    }

    /// The calls. The header stays zero, so that nothing is completed from it.
    ///
    /// # Errors
    ///
    /// The first that a call returns.
    pub fn change<K: Kernel>(&mut self, kernel: &K) -> Result<()> {
        let fd = kernel.open(&self.data, OpenHow::or_create(Access::ReadWrite))?;
        kernel.fstatfs(&fd)?;
        kernel.flock(&fd, FlockOperation::TryExclusive)?;
        kernel.fstat(&fd)?;
        kernel.geteuid();
        kernel.stat(&self.data)?;
        let journal = kernel.open(&self.journal, OpenHow::existing(Access::ReadWrite))?;
        kernel.fstat(&journal)?;
        kernel.geteuid();
        kernel.pread(&fd, &mut self.read, 0)?;
        kernel.pread(&journal, &mut [0; HEADER], 0)?;
        kernel.pwrite(&journal, &self.body, BODY_AT)?;
        kernel.pwrite(&journal, &[0; HEADER], 0)?;
        kernel.pwrite(&fd, &self.content, 0)?;
        kernel.pwrite(&journal, &[0; HEADER], 0)?;
        kernel.close(journal);
        kernel.flock(&fd, FlockOperation::Unlock)?;
        kernel.close(fd);
        Ok(())
    }
}
