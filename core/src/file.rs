//! An open file that closes itself, and transfers that finish.

use crate::kernel::{
    CallKind, Errno, FileSystem, FileType, FlockOperation, Kernel, OpenHow, Result as CallResult,
    Stat,
};
use crate::{Error, Result, STATE_BYTES_MAX};
use std::path::Path;
use std::time::Duration;

/// One open file of a store.
pub(crate) struct File<'a, K: Kernel> {
    kernel: &'a K,
    path: &'a Path,
    // Invariant: `Some` until drop or `take_fd`.
    fd: Option<K::Fd>,
}

impl<'a, K: Kernel> File<'a, K> {
    /// Opens the file, or gives `None` if it does not exist and `how` does not create it.
    pub(crate) fn open(kernel: &'a K, path: &'a Path, how: OpenHow) -> Result<Option<Self>> {
        match retried(|| kernel.open(path, how)) {
            Ok(fd) => Ok(Some(Self::from_fd(kernel, path, fd))),
            Err(Errno::NOENT) => Ok(None),
            // What open(2) says of a symbolic link, a FIFO without a reader and a directory.
            Err(Errno::LOOP) => Err(Error::not_a_state_file(path, "a symbolic link")),
            Err(Errno::NXIO) => Err(Error::not_a_state_file(path, "a FIFO or a socket")),
            Err(Errno::ISDIR) => Err(Error::not_a_state_file(path, "a directory")),
            Err(errno) => Err(Error::from_call("open", path, CallKind::Open, errno)),
        }
    }

    /// Takes over an open descriptor.
    pub(crate) fn from_fd(kernel: &'a K, path: &'a Path, fd: K::Fd) -> Self {
        Self {
            kernel,
            path,
            fd: Some(fd),
        }
    }

    /// What the file is. Refuses all but a regular file of this user.
    pub(crate) fn checked_stat(&self) -> Result<Stat> {
        let stat = retried(|| self.kernel.fstat(self.fd()))
            .map_err(|errno| self.failed("inspect", CallKind::Fstat, errno))?;
        match stat.file_type {
            FileType::Regular => {}
            FileType::Directory => return Err(Error::not_a_state_file(self.path, "a directory")),
            FileType::Symlink => {
                return Err(Error::not_a_state_file(self.path, "a symbolic link"));
            }
            FileType::Other => {
                return Err(Error::not_a_state_file(
                    self.path,
                    "a FIFO, a socket or a device",
                ));
            }
        }
        if stat.uid != self.kernel.geteuid() {
            let what = format!("owned by user {}", stat.uid);
            return Err(Error::not_a_state_file(self.path, &what));
        }
        Ok(stat)
    }

    /// When its content was last changed, in time since the Unix epoch.
    pub(crate) fn modified(&self) -> Result<Duration> {
        retried(|| self.kernel.modified(self.fd()))
            .map_err(|errno| self.failed("inspect", CallKind::Modified, errno))
    }

    /// The kind of file system that it is on.
    pub(crate) fn file_system(&self) -> Result<FileSystem> {
        retried(|| self.kernel.fstatfs(self.fd()))
            .map_err(|errno| self.failed("inspect", CallKind::Fstatfs, errno))
    }

    /// One try at flock(2); `EINTR` is tried again.
    pub(crate) fn flock(&self, operation: FlockOperation) -> CallResult<()> {
        retried(|| self.kernel.flock(self.fd(), operation))
    }

    /// The first `size` bytes, at most as many as a state may have. That the file ends sooner is an
    /// error: under its lock it cannot.
    pub(crate) fn read(&self, size: u64) -> Result<Vec<u8>> {
        self.read_up_to(size, STATE_BYTES_MAX)
    }

    /// As [`read`](Self::read), with another limit.
    pub(crate) fn read_up_to(&self, size: u64, most: u64) -> Result<Vec<u8>> {
        if size > most {
            return Err(Error::too_large(self.path, size, most));
        }
        self.read_range(0, usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// `length` bytes from `offset` on.
    pub(crate) fn read_range(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let mut done = 0;
        while done < length {
            let at = offset + done as u64;
            match retried(|| self.kernel.pread(self.fd(), &mut bytes[done..], at)) {
                Ok(0) => {
                    return Err(self.unexpected(
                        "read",
                        CallKind::Pread,
                        "it has become shorter meanwhile",
                    ));
                }
                Ok(count) => done += count,
                Err(errno) => return Err(self.failed("read", CallKind::Pread, errno)),
            }
        }
        Ok(bytes)
    }

    /// All there is, of a file whose size is not known beforehand, such as one in /proc.
    #[cfg(target_os = "linux")]
    pub(crate) fn read_to_end(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        loop {
            match retried(|| self.kernel.pread(self.fd(), &mut part, bytes.len() as u64)) {
                Ok(0) => return Ok(bytes),
                Ok(count) => bytes.extend_from_slice(&part[..count]),
                Err(errno) => return Err(self.failed("read", CallKind::Pread, errno)),
            }
        }
    }

    /// Writes all of `bytes` at `offset`: one pwrite(2) unless the kernel takes fewer.
    pub(crate) fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as u64;
            match retried(|| self.kernel.pwrite(self.fd(), &bytes[done..], at)) {
                Ok(0) => {
                    let detail = "the system took nothing of it";
                    return Err(self.unexpected("write", CallKind::Pwrite, detail));
                }
                Ok(count) => done += count,
                Err(errno) => return Err(self.failed("write", CallKind::Pwrite, errno)),
            }
        }
        Ok(())
    }

    /// Writes all of `bytes` from the beginning on.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<()> {
        self.write_at(bytes, 0)
    }

    /// One pwrite(2) at the beginning, which may take fewer bytes; `EINTR` is tried again.
    pub(crate) fn write_once(&self, bytes: &[u8]) -> Result<usize> {
        retried(|| self.kernel.pwrite(self.fd(), bytes, 0))
            .map_err(|errno| self.failed("write", CallKind::Pwrite, errno))
    }

    /// One append, which may take fewer bytes; `EINTR` is tried again.
    pub(crate) fn append(&self, bytes: &[u8]) -> Result<usize> {
        retried(|| self.kernel.append(self.fd(), bytes))
            .map_err(|errno| self.failed("append to", CallKind::Append, errno))
    }

    /// Cuts the file off, or extends it with zeros.
    pub(crate) fn truncate(&self, length: u64) -> Result<()> {
        retried(|| self.kernel.ftruncate(self.fd(), length))
            .map_err(|errno| self.failed("shorten", CallKind::Ftruncate, errno))
    }

    /// Brings content, size and, for a new file, the inode to the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        retried(|| self.kernel.fsync(self.fd()))
            .map_err(|errno| Error::sync_failed(self.path, CallKind::Fsync, errno))
    }

    /// Brings content and size to the disk.
    pub(crate) fn sync_data(&self) -> Result<()> {
        retried(|| self.kernel.fdatasync(self.fd()))
            .map_err(|errno| Error::sync_failed(self.path, CallKind::Fdatasync, errno))
    }

    /// The descriptor, which is no longer closed by dropping the file.
    pub(crate) fn take_fd(&mut self) -> K::Fd {
        self.fd.take().expect("a file is open until it is dropped")
    }

    /// Whether it still has its descriptor.
    pub(crate) fn is_open(&self) -> bool {
        self.fd.is_some()
    }

    fn unexpected(&self, attempt: &'static str, call: CallKind, detail: &str) -> Error {
        Error::unexpected(attempt, self.path, call, detail)
    }

    fn failed(&self, attempt: &'static str, call: CallKind, errno: Errno) -> Error {
        Error::from_call(attempt, self.path, call, errno)
    }

    fn fd(&self) -> &K::Fd {
        self.fd
            .as_ref()
            .expect("a file is open until it is dropped")
    }
}

impl<K: Kernel> Drop for File<'_, K> {
    fn drop(&mut self) {
        if let Some(fd) = self.fd.take() {
            self.kernel.close(fd);
        }
    }
}

/// Whether the kernel or the file system does not have the call. `ENOTSUP` and `EOPNOTSUPP` are one
/// number on Linux and two on macOS.
pub(crate) fn is_unsupported(errno: Errno) -> bool {
    errno == Errno::NOSYS || errno == Errno::OPNOTSUPP || errno == Errno::NOTSUP
}

/// Calls again as long as a signal interrupts (signal(7), "Interruption of system calls").
pub(crate) fn retried<T>(mut call: impl FnMut() -> CallResult<T>) -> CallResult<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
}
