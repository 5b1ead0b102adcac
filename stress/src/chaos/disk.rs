//! A file system that is full half of the time.
//!
//! It is a tmpfs of a few pages, mounted on the directory of the round. That takes a mount namespace
//! of one's own, so that nobody else sees it and it is gone with the last process; who is not root
//! gets it together with a user namespace, where the system allows that. This program enters both by
//! way of unshare(1), before it does anything else. All of this is Linux's.

use anyhow::{Context, bail};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Tells this program that it is in a namespace of its own.
const MARK: &str = "STRESS_IN_NAMESPACE";

/// Room for every state and its spare, with as much left as a state may grow.
const BYTES: usize = 4 << 20;

/// How long the file system is full, and then has space, in turn.
const HALF_PERIOD: Duration = Duration::from_millis(20);

/// A small file system, from [`begin`](Self::begin) to [`settle`](Self::settle) filled and emptied in
/// turn. It is gone when this is dropped.
pub(crate) struct Disk {
    on: PathBuf,
    filler: Option<(Sender<()>, JoinHandle<u64>)>,
}

/// Starts this program again in a mount namespace of its own, unless it is in one. Returns only if
/// it is, or if there is none to be had.
pub(crate) fn in_namespace() -> anyhow::Result<()> {
    if std::env::var_os(MARK).is_some() {
        return Ok(());
    }
    for flags in [&["--mount"][..], &["--mount", "--user", "--map-root-user"]] {
        let probe = Command::new("unshare")
            .args(flags)
            .args(["--", "mount", "-t", "tmpfs", "none"])
            .arg(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if probe.is_ok_and(|status| status.success()) {
            let this = std::env::current_exe().context("cannot find this program")?;
            let mut again = Command::new("unshare");
            again.args(flags).arg("--").arg(this);
            let error = again
                .args(std::env::args_os().skip(1))
                .env(MARK, "1")
                .exec();
            return Err(error).context("cannot start unshare(1) again");
        }
    }
    bail!(
        "--chaos enospc has to mount a small file system, and neither this user nor unshare(1) with \
         a user namespace may do that: run it as root"
    )
}

impl Disk {
    /// Mounts a small file system on a directory, which is made if it is not there.
    pub(crate) fn mount(on: &Path) -> anyhow::Result<Self> {
        match std::fs::create_dir(on) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("cannot make {}", on.display()));
            }
            _ => {}
        }
        let size = format!("size={BYTES},mode=0700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "none"]).arg(on);
        let status = mount.status().context("cannot start mount(8)")?;
        if !status.success() {
            bail!("cannot mount a tmpfs on {}", on.display());
        }
        Ok(Self {
            on: on.to_owned(),
            filler: None,
        })
    }

    /// Begins to fill and empty it.
    pub(crate) fn begin(&mut self) -> anyhow::Result<()> {
        let ballast =
            File::create(self.ballast()).context("cannot make the file that fills the disk")?;
        let (stop, stopped) = channel();
        let filler = thread::Builder::new().spawn(move || alternate(&ballast, &stopped));
        self.filler = Some((stop, filler.context("cannot start a thread")?));
        Ok(())
    }

    fn ballast(&self) -> PathBuf {
        self.on.join(".ballast")
    }

    /// Leaves it with space. Tells how often it was full.
    pub(crate) fn settle(&mut self) -> u64 {
        let Some((stop, filler)) = self.filler.take() else {
            return 0;
        };
        drop(stop);
        let times = filler.join().unwrap_or(0);
        // The file is not part of what is judged.
        let _ = std::fs::remove_file(self.ballast());
        times
    }
}

/// Fills the file system and leaves it space in turn, until it is told to stop. Tells how often it
/// was full.
fn alternate(ballast: &File, stopped: &Receiver<()>) -> u64 {
    let is_over = || stopped.recv_timeout(HALF_PERIOD) != Err(RecvTimeoutError::Timeout);
    let mut times = 0;
    loop {
        times += u64::from(fill(ballast).is_ok());
        let over = is_over();
        // Truncating to nothing needs no space.
        let _ = ballast.set_len(0);
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
        // So that what is kept as evidence is there when the file system is gone.
        let files = files_in(&self.on).unwrap_or_default();
        // What is still open there goes with its process.
        let _ = Command::new("umount").arg("--lazy").arg(&self.on).status();
        for (name, content) in files {
            let _ = std::fs::write(self.on.join(name), content);
        }
    }
}

/// The files of a directory, by their names. There is no more of them than the file system holds.
fn files_in(directory: &Path) -> io::Result<Vec<(OsString, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push((entry.file_name(), std::fs::read(entry.path())?));
        }
    }
    Ok(files)
}
