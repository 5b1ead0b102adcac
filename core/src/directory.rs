//! What the strategies do to the directory: make it, sync it, change names in it, and keep damaged
//! content in it.

use crate::file::{File, is_unsupported, retried};
use crate::kernel::{Access, CallKind, Create, Errno, Kernel, OpenHow};
use crate::strategy::Site;
use crate::{Durability, Error, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How many files with damaged content are kept for one state. Those from the middle go first.
pub(crate) const ASIDE_MAX: usize = 8;

impl<K: Kernel> Site<'_, K> {
    /// Makes the directory, with mode 0700, and those above it that are missing. One that is there
    /// keeps its mode (`docs/design.md`, A7). Its own name is not
    /// synced yet: see [`sync_first_use`](Self::sync_first_use).
    pub(crate) fn make_directory(&self) -> Result<()> {
        self.make(self.directory)
    }

    /// Brings the names in the directory to the disk after a change of them, if the store must survive a
    /// power loss. An error leaves open whether the change lasts.
    pub(crate) fn sync_directory(&self) -> Result<()> {
        self.sync_directory_before().map_err(Error::indeterminate)
    }

    /// The same before the change that needs these names. Where the directory cannot even be opened,
    /// nothing has become of that; a sync that fails leaves everything open, whatever it was for.
    pub(crate) fn sync_directory_before(&self) -> Result<()> {
        match self.durability {
            Durability::Process => Ok(()),
            Durability::Power => self.sync_names_in(self.directory),
        }
    }

    /// Brings the name of the directory itself to the disk, before there is a state in it. Another
    /// process can have made the directory and not synced it yet, or have been killed before it did.
    ///
    /// Whoever may not open the directory above cannot have made this one; it was there before.
    pub(crate) fn sync_first_use(&self) -> Result<()> {
        match self.sync_parent(self.directory) {
            Err(error) if error.errno() == Some(Errno::ACCESS) => Ok(()),
            synced => synced,
        }
    }

    /// As [`sync_directory`](Self::sync_directory). One that does not exist has no names: whoever
    /// finds nothing must not make it.
    pub(crate) fn sync_directory_if_any(&self) -> Result<()> {
        match self.durability {
            Durability::Power if self.exists(self.directory)? => self.sync_directory(),
            _ => Ok(()),
        }
    }

    /// Whether there is anything under this name.
    pub(crate) fn exists(&self, path: &Path) -> Result<bool> {
        match retried(|| self.kernel.stat(path)) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(Error::from_call("inspect", path, CallKind::Stat, errno)),
        }
    }

    /// Swaps two files by name. `false` where the kernel or the file system cannot, or if one of
    /// them does not exist.
    fn exchange(&self, one: &Path, other: &Path) -> Result<bool> {
        match retried(|| self.kernel.exchange(one, other)) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) if is_unsupported(errno) || errno == Errno::INVAL => Ok(false),
            Err(errno) => Err(Error::from_call(
                "replace",
                other,
                CallKind::Exchange,
                errno,
            )),
        }
    }

    /// Puts the file `from` in the place of `to`, and `to` in its place if the system can exchange
    /// them; tells whether it did. After a failure `from` is gone: what was staged there must not
    /// be taken for a version that was once in the state.
    pub(crate) fn replace(&self, from: &Path, to: &Path) -> Result<bool> {
        match self.exchange(from, to) {
            Ok(true) => Ok(true),
            Ok(false) => self.rename_or_remove(from, to).map(|()| false),
            Err(error) => Err(self.removed(from, error)),
        }
    }

    /// As [`rename`](Self::rename); after a failure `from` is gone.
    pub(crate) fn rename_or_remove(&self, from: &Path, to: &Path) -> Result<()> {
        self.rename(from, to)
            .map_err(|error| self.removed(from, error))
    }

    fn removed(&self, staged: &Path, error: Error) -> Error {
        match self.unlink(staged) {
            Ok(()) => error,
            Err(_) => error.indeterminate(),
        }
    }

    /// Puts the file `from` in the place of `to`.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        retried(|| self.kernel.rename(from, to))
            .map_err(|errno| Error::from_call("replace", to, CallKind::Rename, errno))
    }

    /// Removes the name, if it exists.
    pub(crate) fn unlink(&self, path: &Path) -> Result<()> {
        match retried(|| self.kernel.unlink(path)) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(Error::from_call("remove", path, CallKind::Unlink, errno)),
        }
    }

    /// Makes the file anew, whatever was there: a file that another process has open stays as it
    /// is, without a name. Only under the lock that covers the name.
    pub(crate) fn create_afresh<'p>(&'p self, path: &'p Path) -> Result<File<'p, K>> {
        loop {
            match self.create_new(path)? {
                Some(file) => return Ok(file),
                None => self.unlink(path)?,
            }
        }
    }

    /// Keeps a copy of damaged content as `<file>.corrupt-<microseconds>-<process>`, where the
    /// microseconds count from the Unix epoch, and tells its path. The same content twice in a row
    /// is kept once. Only under the lock.
    pub(crate) fn keep_aside(&self, damaged: &Path, content: &[u8]) -> Result<PathBuf> {
        let earlier = self.kept_aside(damaged)?;
        if let Some(newest) = earlier.last().map(|name| self.directory.join(name))
            && self.holds(&newest, content)
        {
            return Ok(newest);
        }
        let kept = self.copy_aside(damaged, content)?;
        self.prune_aside(earlier);
        Ok(kept)
    }

    /// A copy that cannot be read is no copy.
    fn holds(&self, path: &Path, content: &[u8]) -> bool {
        let how = OpenHow::existing(Access::Read);
        let Ok(Some(file)) = File::open(self.kernel, path, how) else {
            return false;
        };
        file.checked_stat()
            .is_ok_and(|stat| stat.size == content.len() as u64)
            && file
                .read_range(0, content.len())
                .is_ok_and(|copy| copy == content)
            && (self.durability == Durability::Process || file.sync().is_ok())
    }

    /// Takes a later time if the name is in use: a clock can be set back.
    fn copy_aside(&self, damaged: &Path, content: &[u8]) -> Result<PathBuf> {
        let mut micros = self.kernel.clock_realtime().as_micros();
        loop {
            let path = self.aside_path(damaged, micros);
            if self.write_new(&path, content)? {
                return Ok(path);
            }
            micros += 1;
        }
    }

    /// `false` if the name is in use.
    fn write_new(&self, path: &Path, content: &[u8]) -> Result<bool> {
        let Some(file) = self.create_new(path)? else {
            return Ok(false);
        };
        let written = file.write(content).and_then(|()| match self.durability {
            Durability::Process => Ok(()),
            Durability::Power => file.sync().and_then(|()| self.sync_directory_before()),
        });
        if written.is_err() {
            // Half a copy is of no use, and on a full disk it takes the room.
            let _ = self.unlink(path);
        }
        written.map(|()| true)
    }

    fn aside_path(&self, damaged: &Path, micros: u128) -> PathBuf {
        let mut name = aside_prefix(damaged);
        name.push(format!("{micros:020}-{}", self.kernel.getpid()));
        self.directory.join(name)
    }

    /// The names of the copies of this file, the oldest first.
    fn kept_aside(&self, damaged: &Path) -> Result<Vec<OsString>> {
        let prefix = aside_prefix(damaged);
        let mut names: Vec<OsString> = retried(|| self.kernel.list(self.directory))
            .map_err(|errno| Error::from_call("list", self.directory, CallKind::List, errno))?
            .into_iter()
            .filter(|name| is_aside_name(name, &prefix))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Makes room beside the copy that was just made. Those from the middle go: the first damage
    /// tells where it began, the last what is new. One that cannot be removed stays.
    fn prune_aside(&self, mut earlier: Vec<OsString>) {
        while earlier.len() >= ASIDE_MAX {
            let name = earlier.remove(ASIDE_MAX / 2);
            let _ = self.unlink(&self.directory.join(name));
        }
    }

    /// `None` if the name is in use.
    fn create_new<'p>(&'p self, path: &'p Path) -> Result<Option<File<'p, K>>> {
        let how = OpenHow {
            access: Access::ReadWrite,
            create: Create::New,
            truncate: false,
        };
        match retried(|| self.kernel.open(path, how)) {
            Ok(fd) => Ok(Some(File::from_fd(self.kernel, path, fd))),
            Err(Errno::EXIST) => Ok(None),
            Err(errno) => Err(Error::from_call("create", path, CallKind::Open, errno)),
        }
    }

    fn make(&self, directory: &Path) -> Result<()> {
        match retried(|| self.kernel.mkdir(directory, 0o700)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(Errno::NOENT) => match directory.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => {
                    self.make(parent)?;
                    // Whoever made it can have been killed before it synced.
                    self.sync_parent(parent)?;
                    self.make_in_parent(directory)
                }
                _ => Err(mkdir_failed(directory, Errno::NOENT)),
            },
            Err(errno) => Err(mkdir_failed(directory, errno)),
        }
    }

    /// Its parent exists now. If it still cannot be made, as below a link to nothing, that is final.
    fn make_in_parent(&self, directory: &Path) -> Result<()> {
        match retried(|| self.kernel.mkdir(directory, 0o700)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(mkdir_failed(directory, errno)),
        }
    }

    fn sync_parent(&self, directory: &Path) -> Result<()> {
        match (self.durability, directory.parent()) {
            (Durability::Power, Some(parent)) if !parent.as_os_str().is_empty() => {
                self.sync_names_in(parent)
            }
            (Durability::Power, _) => self.sync_names_in(Path::new(".")),
            (Durability::Process, _) => Ok(()),
        }
    }

    fn sync_names_in(&self, directory: &Path) -> Result<()> {
        let how = OpenHow::existing(Access::Directory);
        let fd = retried(|| self.kernel.open(directory, how))
            .map_err(|errno| Error::from_call("sync", directory, CallKind::Open, errno))?;
        File::from_fd(self.kernel, directory, fd).sync()
    }
}

fn mkdir_failed(directory: &Path, errno: Errno) -> Error {
    Error::from_call("create", directory, CallKind::Mkdir, errno)
}

/// The prefix, digits, a hyphen and digits.
fn is_aside_name(name: &OsString, prefix: &OsString) -> bool {
    let Some(rest) = name
        .as_encoded_bytes()
        .strip_prefix(prefix.as_encoded_bytes())
    else {
        return false;
    };
    let mut numbers = rest.split(|&byte| byte == b'-');
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    numbers
        .by_ref()
        .take(2)
        .filter(|part| is_number(part))
        .count()
        == 2
        && numbers.next().is_none()
}

fn aside_prefix(damaged: &Path) -> OsString {
    let mut prefix = damaged.file_name().unwrap_or_default().to_owned();
    prefix.push(".corrupt-");
    prefix
}
