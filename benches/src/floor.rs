//! The system calls of one change and nothing else: no store, no JSON, every byte prepared. What a
//! change costs above this is ours.
//!
//! The calls go through [`Kernel`], where each method of [`Host`](hookstate::kernel::Host) is one
//! call of rustix, so that a test can hold their list against that of the store itself:
//! `tests/floor.rs`.

use crate::session::{Change, SessionStore};
use hookstate::kernel::{Access, Errno, FlockOperation, Kernel, OpenHow, Result};
use std::path::PathBuf;

/// What `locked_modify` asks the kernel for under the strategy `flock`, for a state of at most a
/// page.
#[derive(Debug)]
pub struct FlockFloor {
    data: PathBuf,
    journal: PathBuf,
    content: Vec<u8>,
    read: Vec<u8>,
}

impl FlockFloor {
    /// Writes the state of `store` again and again as it is now.
    ///
    /// # Panics
    ///
    /// If the state cannot be read.
    #[must_use]
    pub fn of(store: &SessionStore) -> Self {
        let data = store.path();
        let mut journal = data.clone().into_os_string();
        journal.push(".journal");
        let content = std::fs::read(&data).expect("the session has begun");
        Self {
            journal: journal.into(),
            read: vec![0; content.len()],
            content,
            data,
        }
    }

    /// The calls.
    ///
    /// # Errors
    ///
    /// The first that a call returns.
    ///
    /// # Panics
    ///
    /// If there is a journal, which a state of at most a page never needs.
    pub fn locked_modify<K: Kernel>(&mut self, kernel: &K) -> Result<()> {
        let fd = kernel.open(&self.data, OpenHow::or_create(Access::ReadWrite))?;
        kernel.fstatfs(&fd)?;
        kernel.flock(&fd, FlockOperation::TryExclusive)?;
        kernel.fstat(&fd)?;
        kernel.geteuid();
        kernel.stat(&self.data)?;
        let journal = kernel.open(&self.journal, OpenHow::existing(Access::ReadWrite));
        assert!(matches!(journal, Err(Errno::NOENT)), "there is a journal");
        kernel.pread(&fd, &mut self.read, 0)?;
        kernel.pwrite(&fd, &self.content, 0)?;
        kernel.flock(&fd, FlockOperation::Unlock)?;
        kernel.close(fd);
        Ok(())
    }
}

/// What `apply` asks the kernel for under the strategy `append-log`, between two compactions.
#[derive(Debug)]
pub struct AppendLogFloor {
    log: PathBuf,
    record: Vec<u8>,
}

impl AppendLogFloor {
    /// Appends the record of one change again and again. Makes that change to `store`, to have the
    /// record.
    ///
    /// # Panics
    ///
    /// If the change fails or the log cannot be read.
    #[must_use]
    pub fn of(store: &SessionStore) -> Self {
        let log = store.path();
        let before = std::fs::read(&log).expect("the session has begun").len();
        Change::Apply.make(store);
        let mut record = std::fs::read(&log).expect("the session has begun");
        record.drain(..before);
        Self { log, record }
    }

    /// The calls.
    ///
    /// # Errors
    ///
    /// The first that a call returns.
    pub fn apply<K: Kernel>(&self, kernel: &K) -> Result<()> {
        let fd = kernel.open(&self.log, OpenHow::or_create(Access::Append))?;
        kernel.fstatfs(&fd)?;
        kernel.flock(&fd, FlockOperation::TryShared)?;
        kernel.fstat(&fd)?;
        kernel.geteuid();
        kernel.stat(&self.log)?;
        kernel.append(&fd, &self.record)?;
        kernel.flock(&fd, FlockOperation::Unlock)?;
        kernel.close(fd);
        Ok(())
    }
}
