//! The one error of this crate.

use crate::kernel::{CallKind, Errno};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a store could not do what it was asked. Unless [`is_indeterminate`](Self::is_indeterminate)
/// says otherwise the state is what it was before.
///
/// The text says what was attempted, on which file and what to do about it; `source()` says what
/// the system answered.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    attempt: &'static str,
    path: PathBuf,
    detail: String,
    cause: Option<Cause>,
    waited: Option<Duration>,
    holder: Option<u32>,
    indeterminate: bool,
}

#[derive(Debug)]
enum Cause {
    Call(CallError),
    Json(serde_json::Error),
}

/// A system call that failed.
#[derive(Debug)]
struct CallError {
    call: CallKind,
    /// `None` if it succeeded, but not as it should.
    errno: Option<Errno>,
}

/// What sort of failure it was, to match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another process held the lock for the whole time that this one would wait. The error knows
    /// for how long and, where the system can tell, which process. Nothing was changed; try again.
    LockTimeout,
    /// The content of the file is not a state, and this call was not one that may move it aside.
    Corrupt,
    /// The file system or the quota is full.
    NoSpace,
    /// On this kind of file system flock does not keep processes apart.
    UnsupportedFileSystem,
    /// The system does not let this user do that, or the file system is read-only.
    PermissionDenied,
    /// The name is taken by something that is not a regular file of this user: a symbolic link, a
    /// FIFO, a directory, a file of somebody else.
    NotAStateFile,
    /// The state or the file is larger than a store takes.
    TooLarge,
    /// The new state cannot be stored so that it reads back as a state: for example a map whose keys
    /// are no strings, or a number that is not finite where the type asks for a number. That it
    /// reads back as an equal state is up to the type.
    Unstorable,
    /// The log has whole records, by their checksums, that this program does not understand:
    /// another version of it must have written them. Nothing is changed, since rewriting the log
    /// would drop them.
    Incompatible,
    /// A sync failed, so what the disk holds is not known: the change may be in the state or not,
    /// and may be gone after a power loss. The store handle refuses all further work.
    SyncFailed,
    /// Any other answer of the system.
    Io,
}

impl Error {
    /// What sort of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The file that it happened to.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Whether the change that was asked for may be in the state all the same, now or once the next
    /// process has cleared up; wholly or not at all. `false` means that it is not and will not be.
    /// Of a removal, whether the state may be gone.
    #[must_use]
    pub fn is_indeterminate(&self) -> bool {
        self.0.indeterminate
    }

    /// The system call that failed, if one did.
    #[must_use]
    pub fn call(&self) -> Option<CallKind> {
        match &self.0.cause {
            Some(Cause::Call(error)) => Some(error.call),
            _ => None,
        }
    }

    /// The error number that the system call returned, if it returned one.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        match &self.0.cause {
            Some(Cause::Call(error)) => error.errno,
            _ => None,
        }
    }

    /// How long the lock was waited for, if it is a [`ErrorKind::LockTimeout`].
    #[must_use]
    pub fn waited(&self) -> Option<Duration> {
        self.0.waited
    }

    /// The process that held the lock when waiting ended, if it is a [`ErrorKind::LockTimeout`]
    /// and the system can tell (`/proc/locks` on Linux; see proc(5)). With a lock that is shared
    /// by several it is one of them.
    #[must_use]
    pub fn holder(&self) -> Option<u32> {
        self.0.holder
    }

    /// The error of a system call that failed, for strategies outside this crate: `attempt` is a
    /// verb, as in "open", and `path` the file that it was attempted on.
    #[must_use]
    pub fn from_call(attempt: &'static str, path: &Path, call: CallKind, errno: Errno) -> Self {
        Self::new(kind_of(errno), attempt, path, remedy(errno).to_owned())
            .because_of(call, Some(errno))
    }

    pub(crate) fn sync_failed(path: &Path, call: CallKind, errno: Errno) -> Self {
        let detail = "what the disk holds is not known; open the store anew and look".to_owned();
        Self::new(ErrorKind::SyncFailed, "sync", path, detail)
            .because_of(call, Some(errno))
            .indeterminate()
    }

    pub(crate) fn after_failed_sync(path: &Path) -> Self {
        let detail = "an earlier sync through this store handle failed; open the store anew";
        Self::new(ErrorKind::SyncFailed, "use", path, detail.to_owned())
    }

    pub(crate) fn lock_timeout(path: &Path, waited: Duration, holder: Option<u32>) -> Self {
        let whom = match holder {
            Some(process) => format!("process {process} holds it"),
            None => "another process holds it".to_owned(),
        };
        let detail = format!(
            "waited {} ms and {whom}; try again, or wait longer",
            waited.as_millis()
        );
        let mut error = Self::new(ErrorKind::LockTimeout, "lock", path, detail);
        error.0.waited = Some(waited);
        error.0.holder = holder;
        error
    }

    pub(crate) fn unsupported_file_system(path: &Path, kind: &str) -> Self {
        let detail = format!(
            "flock does not keep processes apart on {kind}; put the directory on a local file \
             system, or call trust_any_file_system if you know better"
        );
        Self::new(ErrorKind::UnsupportedFileSystem, "lock", path, detail)
    }

    pub(crate) fn not_a_state_file(path: &Path, what: &str) -> Self {
        let detail = format!("it is {what}; move it away, or choose another directory or name");
        Self::new(ErrorKind::NotAStateFile, "open", path, detail)
    }

    pub(crate) fn too_large(path: &Path, bytes: u64, most: u64) -> Self {
        let detail = format!("{bytes} bytes are more than the {most} that a store takes");
        Self::new(ErrorKind::TooLarge, "use", path, detail)
    }

    pub(crate) fn incompatible(path: &Path, records: usize) -> Self {
        let detail = format!(
            "{records} of its records are whole and not understood; another version of this \
             program has written them: use that one, or a type that reads both"
        );
        Self::new(ErrorKind::Incompatible, "read", path, detail)
    }

    pub(crate) fn corrupt(path: &Path, cause: Option<serde_json::Error>) -> Self {
        let detail =
            "its content is not a state; the next change that rewrites it keeps a copy".to_owned();
        let error = Self::new(ErrorKind::Corrupt, "read", path, detail);
        match cause {
            Some(cause) => error.because(Cause::Json(cause)),
            None => error,
        }
    }

    /// The error of a state that cannot be written as JSON, for strategies outside this crate.
    #[must_use]
    pub fn unstorable(path: &Path, cause: serde_json::Error) -> Self {
        let detail = "the new state could not be read back, so nothing was written".to_owned();
        Self::new(ErrorKind::Unstorable, "write", path, detail).because(Cause::Json(cause))
    }

    fn new(kind: ErrorKind, attempt: &'static str, path: &Path, detail: String) -> Self {
        Self(Box::new(Inner {
            kind,
            attempt,
            path: path.to_owned(),
            detail,
            cause: None,
            waited: None,
            holder: None,
            indeterminate: false,
        }))
    }

    /// The same error of a change that may have been made.
    pub(crate) fn indeterminate(mut self) -> Self {
        self.0.indeterminate = true;
        self
    }

    /// Something that the system does only if somebody else interferes.
    pub(crate) fn unexpected(
        attempt: &'static str,
        path: &Path,
        call: CallKind,
        detail: &str,
    ) -> Self {
        Self::new(ErrorKind::Io, attempt, path, detail.to_owned()).because_of(call, None)
    }

    fn because_of(self, call: CallKind, errno: Option<Errno>) -> Self {
        self.because(Cause::Call(CallError { call, errno }))
    }

    fn because(mut self, cause: Cause) -> Self {
        self.0.cause = Some(cause);
        self
    }
}

fn kind_of(errno: Errno) -> ErrorKind {
    match errno {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => ErrorKind::NoSpace,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => ErrorKind::PermissionDenied,
        _ => ErrorKind::Io,
    }
}

fn remedy(errno: Errno) -> &'static str {
    match errno {
        Errno::NOSPC | Errno::DQUOT => "make room, or raise the quota",
        Errno::FBIG => "raise the limit on file sizes (ulimit -f)",
        Errno::ACCESS | Errno::PERM => "check the owner and mode of the file and its directory",
        Errno::ROFS => "the file system is read-only; choose another directory",
        Errno::MFILE => "close some files, or raise the limit on open files (ulimit -n)",
        Errno::NFILE => "the system has no more open files to give; try again later",
        Errno::NOENT => "a part of the path is missing, or a link that leads nowhere",
        Errno::NOTDIR => "a part of the path is not a directory; choose another one",
        Errno::NAMETOOLONG => "the path is too long; choose a shorter directory",
        Errno::IO => "the device failed; look into the log of the system",
        _ => "",
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        write!(f, "cannot {} {}", inner.attempt, inner.path.display())?;
        if inner.detail.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", inner.detail)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("text", &self.to_string())
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.0.cause.as_ref()? {
            Cause::Call(error) => Some(error),
            Cause::Json(error) => Some(error),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errno {
            Some(errno) => write!(f, "{}: {errno}", self.call),
            None => write!(f, "{}: no error", self.call),
        }
    }
}

impl std::error::Error for CallError {}
