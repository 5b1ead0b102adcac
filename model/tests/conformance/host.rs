//! The host's kernel, on the file systems that people keep their state on: a tmpfs, and that of a
//! disk. Which directory is on which is asked of the kernel. A machine that lacks one of them fails
//! the tests and is told how to name a directory, since a comparison that was left out would look
//! like one that found nothing.

use crate::world::{FdOf, Planted, TornWrite, World};
use hookstate::kernel::{Access, FileSystem, Host, Kernel, OpenHow, Result};
use std::env;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A directory on the host, empty at first, on a file system of the kind `P`.
///
/// All processes are this one: what the calls of the seam tell apart is the open file description,
/// and each open makes its own. A kill closes what the process has open, which is all that the
/// kernel does for the others then.
pub(crate) struct Real<P> {
    directory: tempfile::TempDir,
    place: PhantomData<P>,
}

/// Where a directory for the host's side can be made.
pub(crate) trait Place {
    const NAME: &'static str;

    fn directory() -> &'static Path;
}

/// A file system in memory. On macOS there is none that every machine has.
#[cfg(target_os = "linux")]
pub(crate) struct Tmpfs;

/// A file system on a disk.
pub(crate) struct Disk;

#[cfg(target_os = "linux")]
impl Place for Tmpfs {
    const NAME: &'static str = "a tmpfs";

    fn directory() -> &'static Path {
        static FOUND: OnceLock<PathBuf> = OnceLock::new();
        FOUND.get_or_init(|| {
            let mut candidates = vec![PathBuf::from("/dev/shm"), PathBuf::from("/run")];
            candidates.extend(env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from));
            candidates.push(env::temp_dir());
            named_or_first("HOOKSTATE_TMPFS_DIR", Kind::Tmpfs, candidates)
        })
    }
}

impl Place for Disk {
    const NAME: &'static str = "the file system of a disk";

    fn directory() -> &'static Path {
        static FOUND: OnceLock<PathBuf> = OnceLock::new();
        FOUND.get_or_init(|| {
            let built_in = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
            let candidates = vec![built_in, env::temp_dir(), PathBuf::from("/var/tmp")];
            named_or_first("HOOKSTATE_DISK_DIR", Kind::Disk, candidates)
        })
    }
}

impl<P: Place> Real<P> {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir_in(P::directory());
        Self {
            directory: directory.expect("a directory could be made there before"),
            place: PhantomData,
        }
    }
}

impl<P> World for Real<P> {
    type Process = Host;

    fn process(&self) -> Host {
        Host
    }

    fn fork(&self, _parent: &Host, open: &[&FdOf<Self>]) -> (Host, Vec<FdOf<Self>>) {
        (Host, open.iter().map(|fd| duplicate(fd)).collect())
    }

    fn kill(&self, _process: Host, open: Vec<FdOf<Self>>) {
        drop(open);
    }

    fn tear(&self, process: Host, open: Vec<FdOf<Self>>, write: TornWrite) {
        let arrives = write.prefix();
        if !arrives.is_empty() {
            let written = process.pwrite(&open[write.index], arrives, write.offset);
            assert_eq!(written, Ok(arrives.len()), "the file can be written");
        }
        self.kill(process, open);
    }

    fn dup(&self, _process: &Host, fd: &FdOf<Self>) -> FdOf<Self> {
        duplicate(fd)
    }

    fn plant(&self, what: Planted, path: &Path) -> Result<()> {
        match what {
            Planted::Symlink => rustix::fs::symlink("/nowhere/at/all", path),
            #[cfg(target_os = "linux")]
            Planted::Fifo => {
                let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
                rustix::fs::mkfifoat(rustix::fs::CWD, path, mode)
            }
        }
    }

    fn directory(&self) -> &Path {
        self.directory.path()
    }
}

fn duplicate(fd: &OwnedFd) -> OwnedFd {
    fd.try_clone().expect("there are descriptors left")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tmpfs,
    Disk,
}

/// The directory that the variable names, or the first of `candidates` that is of the kind.
fn named_or_first(variable: &str, kind: Kind, candidates: Vec<PathBuf>) -> PathBuf {
    let candidates = match env::var_os(variable) {
        Some(named) => vec![PathBuf::from(named)],
        None => candidates,
    };
    choose(variable, kind, candidates).unwrap_or_else(|missing| panic!("{missing}"))
}

fn choose(
    variable: &str,
    kind: Kind,
    candidates: Vec<PathBuf>,
) -> std::result::Result<PathBuf, String> {
    let tried = format!("{candidates:?}");
    let fits = |path: &PathBuf| kind_of(path) == Some(kind) && tempfile::tempdir_in(path).is_ok();
    candidates.into_iter().find(fits).ok_or_else(|| {
        let what = match kind {
            Kind::Tmpfs => "on a tmpfs",
            Kind::Disk => "on the file system of a local disk",
        };
        format!(
            "none of {tried} is a directory {what} in which files can be made; \
             set the environment variable {variable} to one that is"
        )
    })
}

fn kind_of(path: &Path) -> Option<Kind> {
    let directory = Host.open(path, OpenHow::existing(Access::Directory)).ok()?;
    match Host.fstatfs(&directory).ok()? {
        #[cfg(target_os = "linux")]
        FileSystem::Local(TMPFS) => Some(Kind::Tmpfs),
        #[cfg(target_os = "linux")]
        FileSystem::Local(RAMFS) => None,
        FileSystem::Local(_) => Some(Kind::Disk),
        _ => None,
    }
}

/// statfs(2): `TMPFS_MAGIC` and `RAMFS_MAGIC`.
#[cfg(target_os = "linux")]
const TMPFS: u64 = 0x0102_1994;
#[cfg(target_os = "linux")]
const RAMFS: u64 = 0x8584_58f6;

#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_one_of_the_file_systems_is_told_what_to_set() {
    let (tmpfs, disk) = (Tmpfs::directory(), Disk::directory());
    let wrong_way_round = choose("SOME_VARIABLE", Kind::Tmpfs, vec![disk.to_owned()]);
    let sentence = wrong_way_round.expect_err("a disk is not a tmpfs");
    assert!(sentence.contains("SOME_VARIABLE"), "{sentence}");
    assert!(sentence.contains("on a tmpfs"), "{sentence}");
    assert!(choose("SOME_VARIABLE", Kind::Disk, vec![tmpfs.to_owned()]).is_err());
    let both = vec![tmpfs.to_owned(), disk.to_owned()];
    assert_eq!(choose("", Kind::Disk, both).as_deref(), Ok(disk));
}
