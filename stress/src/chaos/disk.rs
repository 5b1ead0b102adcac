//! A disk that is full half of the time.
//!
//! It is a tmpfs of a few pages, mounted on the directory of the round. That takes a mount namespace
//! of one's own, so that nobody else sees it and it is gone with the last process; who is not root
//! gets it together with a user namespace, where the system allows that. This program enters both by
//! way of unshare(1), before it does anything else.
//!
//! Where neither is to be had, the size of files is limited instead: prlimit(2) takes from the processes the
//! right to write to any file, and gives it back. All of this is Linux's.

use crate::run::Children;
use anyhow::{Context, bail};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Tells this program that it is in a namespace of its own, or that it need not try to get into one.
const MARK: &str = "STRESS_NAMESPACE";

/// What the mark says in a namespace.
const ENTERED: &str = "entered";

/// Room for every state and its spare, with as much left as a state may grow.
const BYTES: usize = 4 << 20;

/// How long the disk is full, and then has space, in turn.
const HALF_PERIOD: Duration = Duration::from_millis(20);

/// A disk that is, from [`begin`](Self::begin) to [`settle`](Self::settle), full and not full in turn.
pub(crate) struct Disk {
    means: Means,
    filler: Option<(Sender<()>, JoinHandle<u64>)>,
}

/// What makes it full.
enum Means {
    /// A small file system that is mounted here, until this is dropped.
    Mounted(PathBuf),
    /// A limit on the files of these processes.
    Limited(Arc<Children>),
}

/// Starts this program again in a mount namespace of its own, unless it is in one. Returns if it is, or if
/// there is none to be had, and then says so.
pub(crate) fn in_namespace() -> anyhow::Result<()> {
    if std::env::var_os(MARK).is_none() {
        for flags in [&["--mount"][..], &["--mount", "--user", "--map-root-user"]] {
            if may_mount(flags) {
                return Err(start_again(flags)).context("cannot start unshare(1) again");
            }
        }
    }
    if !is_in_namespace() {
        eprintln!(
            "note: neither this user nor unshare(1) with a user namespace may mount a file system, so \
             enospc limits the size of files instead (RLIMIT_FSIZE)"
        );
    }
    Ok(())
}

fn is_in_namespace() -> bool {
    std::env::var_os(MARK).as_deref() == Some(OsStr::new(ENTERED))
}

fn may_mount(flags: &[&str]) -> bool {
    let mut probe = Command::new("unshare");
    probe
        .args(flags)
        .args(["--", "mount", "-t", "tmpfs", "none"])
        .arg(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// Becomes this program in new namespaces, or tells why not.
fn start_again(flags: &[&str]) -> io::Error {
    let this = match std::env::current_exe() {
        Ok(this) => this,
        Err(error) => return error,
    };
    let mut again = Command::new("unshare");
    again.args(flags).arg("--").arg(this);
    again.args(std::env::args_os().skip(1));
    again.env(MARK, ENTERED).exec()
}

impl Disk {
    /// Makes one of a directory, which is made if it is not there, and for these processes.
    pub(crate) fn new(on: &Path, children: &Arc<Children>) -> anyhow::Result<Self> {
        match std::fs::create_dir(on) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("cannot make {}", on.display()));
            }
            _ => {}
        }
        let means = if is_in_namespace() {
            mount(on)?;
            Means::Mounted(on.to_owned())
        } else {
            Means::Limited(Arc::clone(children))
        };
        let filler = None;
        Ok(Self { means, filler })
    }

    /// Begins to fill and empty it.
    pub(crate) fn begin(&mut self) -> anyhow::Result<()> {
        let (stop, stopped) = channel();
        let thread = thread::Builder::new();
        let filler = match &self.means {
            Means::Mounted(on) => {
                let ballast = File::create(ballast_in(on));
                let ballast = ballast.context("cannot make the file that fills the disk")?;
                thread.spawn(move || {
                    // Truncating to nothing needs no space.
                    let empty = || drop(ballast.set_len(0));
                    alternate(&stopped, || fill(&ballast).is_ok(), empty)
                })
            }
            Means::Limited(children) => {
                let children = Arc::clone(children);
                thread.spawn(move || {
                    let fill = || children.limit_files(Some(0)) > 0;
                    let empty = || {
                        children.limit_files(None);
                    };
                    alternate(&stopped, fill, empty)
                })
            }
        };
        self.filler = Some((stop, filler.context("cannot start a thread")?));
        Ok(())
    }

    /// Leaves it with space. Tells how often it was full.
    pub(crate) fn settle(&mut self) -> u64 {
        let Some((stop, filler)) = self.filler.take() else {
            return 0;
        };
        drop(stop);
        let times = filler.join().unwrap_or(0);
        if let Means::Mounted(on) = &self.means {
            // The file is not part of what is judged.
            let _ = std::fs::remove_file(ballast_in(on));
        }
        times
    }
}

fn ballast_in(directory: &Path) -> PathBuf {
    directory.join(".ballast")
}

fn mount(on: &Path) -> anyhow::Result<()> {
    let size = format!("size={BYTES},mode=0700");
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", &size, "none"]).arg(on);
    let status = mount.status().context("cannot start mount(8)")?;
    if !status.success() {
        bail!("cannot mount a tmpfs on {}", on.display());
    }
    Ok(())
}

/// Fills the disk and leaves it space in turn, until it is told to stop. Tells how often it was full.
fn alternate(
    stopped: &Receiver<()>,
    mut fill: impl FnMut() -> bool,
    mut empty: impl FnMut(),
) -> u64 {
    let is_over = || stopped.recv_timeout(HALF_PERIOD) != Err(RecvTimeoutError::Timeout);
    let mut times = 0;
    loop {
        times += u64::from(fill());
        let over = is_over();
        empty();
        if over || is_over() {
            return times;
        }
    }
}

/// Writes until there is no space left.
fn fill(mut file: &File) -> io::Result<()> {
    file.rewind()?;
    let piece = [0; 64 << 10];
    let mut size = piece.len();
    while size > 0 {
        match file.write(&piece[..size]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => size /= 2,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.settle();
        let Means::Mounted(on) = &self.means else {
            return;
        };
        // So that what is kept as evidence is there when the file system is gone.
        let files = files_in(on).unwrap_or_default();
        // What is still open there goes with its process.
        let _ = Command::new("umount").arg("--lazy").arg(on).status();
        for (name, content) in files {
            let path = on.join(name);
            let _ = path.parent().map(std::fs::create_dir_all);
            let _ = std::fs::write(path, content);
        }
    }
}

/// The files of a directory and of those in it, by their paths from there. There is no more of them
/// than the file system holds.
fn files_in(directory: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut left = vec![PathBuf::new()];
    while let Some(within) = left.pop() {
        for entry in std::fs::read_dir(directory.join(&within))? {
            let entry = entry?;
            let (name, kind) = (within.join(entry.file_name()), entry.file_type()?);
            if kind.is_dir() {
                left.push(name);
            } else if kind.is_file() {
                files.push((name, std::fs::read(entry.path())?));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::{PathBuf, files_in};

    #[test]
    fn the_files_of_all_directories_are_kept() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(place.path().join("a/b")).unwrap();
        for name in ["x", "a/y", "a/b/z"] {
            std::fs::write(place.path().join(name), name).unwrap();
        }
        let mut files = files_in(place.path()).unwrap();
        files.sort();
        let expected = ["a/b/z", "a/y", "x"].map(|name| (PathBuf::from(name), name.into()));
        assert_eq!(files, expected);
    }
}
