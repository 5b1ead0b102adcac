//! The few file operations that the controls share, as plain programs have them: an open file that
//! is read from its beginning to its end and written from its beginning.

use hookstate::kernel::{CallKind, Create, Errno, FlockOperation, Kernel, OpenHow};
use hookstate::{Error, Result, State};
use std::path::Path;

/// The mode of a directory that the first use makes.
const DIRECTORY_MODE: u32 = 0o700;

/// How much is asked of one pread(2). A file that is smaller takes one call.
const CHUNK_BYTES: usize = 16 << 10;

/// An open file. Dropping it closes it, which releases its lock.
pub(super) struct OpenFile<'a, K: Kernel> {
    kernel: &'a K,
    path: &'a Path,
    // Invariant: `Some` until dropped.
    fd: Option<K::Fd>,
}

impl<'a, K: Kernel> OpenFile<'a, K> {
    /// Opens the file; `None` if there is none and `how` does not make one.
    pub(super) fn open(kernel: &'a K, path: &'a Path, how: OpenHow) -> Result<Option<Self>> {
        match kernel.open(path, how) {
            Ok(fd) => Ok(Some(Self {
                kernel,
                path,
                fd: Some(fd),
            })),
            Err(Errno::NOENT) if how.create == Create::Never => Ok(None),
            Err(errno) => Err(failed("open", path, CallKind::Open, errno)),
        }
    }

    /// Opens the file, makes it if there is none, and its directory if there is none either.
    pub(super) fn make(kernel: &'a K, path: &'a Path, how: OpenHow) -> Result<Self> {
        let fd = match kernel.open(path, how) {
            Err(Errno::NOENT) => {
                make_directory(kernel, path)?;
                kernel.open(path, how)
            }
            result => result,
        };
        match fd {
            Ok(fd) => Ok(Self {
                kernel,
                path,
                fd: Some(fd),
            }),
            Err(errno) => Err(failed("create", path, CallKind::Open, errno)),
        }
    }

    /// Waits for the lock.
    pub(super) fn lock(&self, operation: FlockOperation) -> Result<()> {
        self.kernel
            .flock(self.fd(), operation)
            .map_err(|errno| failed("lock", self.path, CallKind::Flock, errno))
    }

    /// The state in the file. What cannot be parsed is answered with the default state, as these
    /// programs do: this is how a torn or an empty file becomes a count of zero.
    pub(super) fn state<T: State>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.content()?).unwrap_or_default())
    }

    /// Writes the state from the beginning of the file. Does not shorten the file.
    pub(super) fn write<T: State>(&self, state: &T) -> Result<()> {
        let bytes = serde_json::to_vec(state).map_err(|e| Error::unstorable(self.path, e))?;
        let mut written = 0;
        while written < bytes.len() {
            written += self
                .kernel
                .pwrite(self.fd(), &bytes[written..], written as u64)
                .map_err(|errno| failed("write", self.path, CallKind::Pwrite, errno))?;
        }
        Ok(())
    }

    /// Makes the file empty.
    pub(super) fn truncate(&self) -> Result<()> {
        self.kernel
            .ftruncate(self.fd(), 0)
            .map_err(|errno| failed("truncate", self.path, CallKind::Ftruncate, errno))
    }

    fn content(&self) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let start = content.len();
            content.resize(start + CHUNK_BYTES, 0);
            let count = self
                .kernel
                .pread(self.fd(), &mut content[start..], start as u64)
                .map_err(|errno| failed("read", self.path, CallKind::Pread, errno))?;
            content.truncate(start + count);
            if count < CHUNK_BYTES {
                return Ok(content);
            }
        }
    }

    fn fd(&self) -> &K::Fd {
        self.fd.as_ref().expect("an open file has its descriptor")
    }
}

impl<K: Kernel> Drop for OpenFile<'_, K> {
    fn drop(&mut self) {
        if let Some(fd) = self.fd.take() {
            self.kernel.close(fd);
        }
    }
}

/// The error of a system call that a control could not do without.
pub(super) fn failed(attempt: &'static str, path: &Path, call: CallKind, errno: Errno) -> Error {
    Error::from_call(attempt, path, call, errno)
}

fn make_directory<K: Kernel>(kernel: &K, path: &Path) -> Result<()> {
    let directory = path.parent().unwrap_or(path);
    match kernel.mkdir(directory, DIRECTORY_MODE) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(failed("create", directory, CallKind::Mkdir, errno)),
    }
}
