//! The few file operations that the controls share, as plain programs have them: an open file that
//! is read from its beginning to its end and written from its beginning. What is right and short has them
//! too.

use hookstate::kernel::{Access, CallKind, Create, Errno, FlockOperation, Kernel, OpenHow};
use hookstate::{Error, Result, State};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The mode of a directory that the first use makes.
const DIRECTORY_MODE: u32 = 0o700;

/// How much is asked of one pread(2). A file that is smaller takes one call.
const CHUNK_BYTES: usize = 16 << 10;

/// What `open(path, "w")` does in many languages: makes the file, or empties it.
pub(super) const TRUNCATING: OpenHow = OpenHow {
    access: Access::ReadWrite,
    create: Create::IfMissing,
    truncate: true,
};

/// An open file. Dropping it closes it, which releases its lock.
pub(crate) struct OpenFile<'a, K: Kernel> {
    kernel: &'a K,
    path: &'a Path,
    // Invariant: `Some` until dropped.
    fd: Option<K::Fd>,
}

impl<'a, K: Kernel> OpenFile<'a, K> {
    /// Opens the file; `None` if there is none and `how` does not make one.
    pub(crate) fn open(kernel: &'a K, path: &'a Path, how: OpenHow) -> Result<Option<Self>> {
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

    /// Makes the file; `None` if there is one.
    pub(super) fn make_new(kernel: &'a K, path: &'a Path) -> Result<Option<Self>> {
        let how = OpenHow {
            access: Access::ReadWrite,
            create: Create::New,
            truncate: false,
        };
        match kernel.open(path, how) {
            Ok(fd) => Ok(Some(Self {
                kernel,
                path,
                fd: Some(fd),
            })),
            Err(Errno::EXIST) => Ok(None),
            Err(errno) => Err(failed("create", path, CallKind::Open, errno)),
        }
    }

    /// Waits for the lock.
    pub(super) fn lock(&self, operation: FlockOperation) -> Result<()> {
        self.kernel
            .flock(self.fd(), operation)
            .map_err(|errno| failed("lock", self.path, CallKind::Flock, errno))
    }

    /// Waits for the lock of the file that has the name by then; `open` opens it.
    pub(super) fn lock_named(open: impl Fn() -> Result<Self>) -> Result<Self> {
        loop {
            let file = open()?;
            file.lock(FlockOperation::Exclusive)?;
            if file.is_still_named()? {
                return Ok(file);
            }
        }
    }

    /// Whether its name still names this file.
    fn is_still_named(&self) -> Result<bool> {
        let open = self
            .kernel
            .fstat(self.fd())
            .map_err(|errno| failed("inspect", self.path, CallKind::Fstat, errno))?;
        match self.kernel.stat(self.path) {
            Ok(named) => Ok(named.identity == open.identity),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(failed("inspect", self.path, CallKind::Stat, errno)),
        }
    }

    /// Takes the lock if nobody is in the way, and tells whether it did.
    pub(super) fn try_lock(&self) -> Result<bool> {
        match self.kernel.flock(self.fd(), FlockOperation::TryExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(errno) => Err(failed("lock", self.path, CallKind::Flock, errno)),
        }
    }

    /// The state in the file. What cannot be parsed is answered with the default state, as these
    /// programs do: this is how a torn or an empty file becomes a count of zero.
    pub(super) fn state<T: DeserializeOwned + Default>(&self) -> Result<T> {
        Ok(self.parsed()?.unwrap_or_default())
    }

    /// The state in the file, if it can be parsed.
    pub(super) fn parsed<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        Ok(serde_json::from_slice(&self.content()?).ok())
    }

    /// Writes the state from the beginning of the file. Does not shorten the file.
    pub(super) fn write<T: Serialize>(&self, state: &T) -> Result<()> {
        self.write_through(usize::MAX, state)
    }

    /// As [`write`](Self::write), with a buffer of so many bytes, each of which is one call.
    pub(super) fn write_through<T: Serialize>(&self, buffer: usize, state: &T) -> Result<()> {
        let bytes = serde_json::to_vec(state).map_err(|e| Error::unstorable(self.path, e))?;
        self.write_bytes_through(buffer, &bytes)
    }

    /// Writes these bytes from the beginning of the file.
    pub(crate) fn write_bytes(&self, bytes: &[u8]) -> Result<()> {
        self.write_bytes_through(usize::MAX, bytes)
    }

    fn write_bytes_through(&self, buffer: usize, bytes: &[u8]) -> Result<()> {
        let mut written = 0;
        while written < bytes.len() {
            let end = bytes.len().min(written.saturating_add(buffer));
            written += self
                .kernel
                .pwrite(self.fd(), &bytes[written..end], written as u64)
                .map_err(|errno| failed("write", self.path, CallKind::Pwrite, errno))?;
        }
        Ok(())
    }

    /// Adds the bytes to a file that was opened to append.
    pub(super) fn append(&self, bytes: &[u8]) -> Result<usize> {
        self.kernel
            .append(self.fd(), bytes)
            .map_err(|errno| failed("append to", self.path, CallKind::Append, errno))
    }

    /// Makes the file empty.
    pub(super) fn truncate(&self) -> Result<()> {
        self.kernel
            .ftruncate(self.fd(), 0)
            .map_err(|errno| failed("truncate", self.path, CallKind::Ftruncate, errno))
    }

    /// All of it.
    pub(crate) fn content(&self) -> Result<Vec<u8>> {
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

/// Opens the file at `path`, making it if there is none, and waits for its lock.
pub(crate) fn locked<'a, K: Kernel>(
    kernel: &'a K,
    path: &'a Path,
    operation: FlockOperation,
) -> Result<OpenFile<'a, K>> {
    let file = OpenFile::make(kernel, path, OpenHow::or_create(Access::ReadWrite))?;
    file.lock(operation)?;
    Ok(file)
}

/// Opens the file at `path` in this way and changes it in place, from the read to the write under
/// one lock.
pub(super) fn change_in_one_window<T: State, K: Kernel, R, E>(
    kernel: &K,
    path: &Path,
    how: OpenHow,
    change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
) -> Result<std::result::Result<R, E>> {
    let file = OpenFile::make(kernel, path, how)?;
    file.lock(FlockOperation::Exclusive)?;
    change_and_save(file.state()?, change, |state| {
        file.truncate()?;
        file.write(state)
    })
}

/// Changes the state and saves it, unless the change refuses.
pub(super) fn change_and_save<T, R, E>(
    mut state: T,
    change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    save: impl FnOnce(&T) -> Result<()>,
) -> Result<std::result::Result<R, E>> {
    let result = change(&mut state);
    if result.is_ok() {
        save(&state)?;
    }
    Ok(result)
}

/// The state in the file at `path`, read without a lock; the default state if there is none.
pub(super) fn load<T: DeserializeOwned + Default, K: Kernel>(kernel: &K, path: &Path) -> Result<T> {
    Ok(load_if_whole(kernel, path)?.unwrap_or_default())
}

/// The state in the file at `path`, read under the shared lock of that file; the default state if
/// there is none.
pub(super) fn load_locked<T: DeserializeOwned + Default, K: Kernel>(
    kernel: &K,
    path: &Path,
) -> Result<T> {
    let Some(file) = OpenFile::open(kernel, path, OpenHow::existing(Access::Read))? else {
        return Ok(T::default());
    };
    file.lock(FlockOperation::Shared)?;
    file.state()
}

/// The state in the file at `path`, read without a lock; `None` if there is none or it is damaged.
pub(super) fn load_if_whole<T: DeserializeOwned, K: Kernel>(
    kernel: &K,
    path: &Path,
) -> Result<Option<T>> {
    match OpenFile::open(kernel, path, OpenHow::existing(Access::Read))? {
        Some(file) => file.parsed(),
        None => Ok(None),
    }
}

/// Writes a temporary file and gives it the name `path`. Whoever reads sees the state before or
/// this one, unless two share the name of the temporary file.
pub(super) fn replace<T: Serialize, K: Kernel>(
    kernel: &K,
    temporary: &Path,
    path: &Path,
    state: &T,
) -> Result<()> {
    OpenFile::make(kernel, temporary, TRUNCATING)?.write(state)?;
    rename(kernel, temporary, path)
}

/// As [`replace`], by way of a temporary file that no other process uses.
pub(super) fn replace_with_own_temporary<T: Serialize, K: Kernel>(
    kernel: &K,
    path: &Path,
    state: &T,
) -> Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", kernel.getpid()));
    replace(kernel, &temporary, path, state)
}

/// rename(2).
pub(super) fn rename<K: Kernel>(kernel: &K, from: &Path, to: &Path) -> Result<()> {
    kernel
        .rename(from, to)
        .map_err(|errno| failed("replace", to, CallKind::Rename, errno))
}

/// Removes the name, if it exists.
pub(super) fn unlink<K: Kernel>(kernel: &K, path: &Path) -> Result<()> {
    match kernel.unlink(path) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(failed("remove", path, CallKind::Unlink, errno)),
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
