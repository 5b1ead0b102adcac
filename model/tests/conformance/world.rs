//! The two kernels under test, each with an empty directory.

use hookstate::kernel::{Access, Create, FlockOperation, Host, Kernel, OpenHow, Result};
use hookstate_model::sim::{FaultModel, Sequential, Sim, SimProcess};
use std::path::{Path, PathBuf};

/// A kernel with an empty directory, where processes can be started.
pub(crate) trait World {
    type Process: Kernel + Sync;

    fn new() -> Self;

    /// A process of the same user. On the host it is always this one: what matters is the open
    /// file description, and each open makes its own.
    fn process(&self) -> Self::Process;

    fn directory(&self) -> &Path;

    fn path(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    /// dup(2), which the seam does not have.
    fn dup(&self, process: &Self::Process, fd: &FdOf<Self>) -> FdOf<Self>;

    /// symlink(2) to nowhere, which the seam does not have either.
    fn plant_symlink(&self, path: &Path);
}

pub(crate) type FdOf<W> = <<W as World>::Process as Kernel>::Fd;

pub(crate) struct Simulated {
    first: SimProcess<Sequential>,
    directory: PathBuf,
}

impl Simulated {
    pub(crate) fn under(faults: FaultModel) -> Self {
        let first = Sequential::boot(&Sim::new(faults), 1000);
        let directory = PathBuf::from("/state");
        first.mkdir(&directory, 0o700).expect("the root is empty");
        Self { first, directory }
    }
}

impl World for Simulated {
    type Process = SimProcess<Sequential>;

    fn new() -> Self {
        Self::under(FaultModel::default())
    }

    fn process(&self) -> Self::Process {
        self.first.another()
    }

    fn directory(&self) -> &Path {
        &self.directory
    }

    fn dup(&self, process: &Self::Process, fd: &FdOf<Self>) -> FdOf<Self> {
        process.dup(*fd)
    }

    fn plant_symlink(&self, path: &Path) {
        self.first.plant_symlink(path).expect("the name is free");
    }
}

pub(crate) struct Real {
    directory: tempfile::TempDir,
}

impl World for Real {
    type Process = Host;

    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        Self { directory }
    }

    fn process(&self) -> Host {
        Host
    }

    fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn dup(&self, _process: &Host, fd: &FdOf<Self>) -> FdOf<Self> {
        fd.try_clone().expect("there are descriptors left")
    }

    fn plant_symlink(&self, path: &Path) {
        std::os::unix::fs::symlink("/nowhere/at/all", path).expect("the name is free");
    }
}

/// Shorter spellings for the facts.
pub(crate) trait Calls: Kernel {
    fn create(&self, path: &Path) -> Self::Fd {
        self.open(path, OpenHow::or_create(Access::ReadWrite))
            .expect("the file can be made or opened")
    }

    fn create_new(&self, path: &Path) -> Result<Self::Fd> {
        let how = OpenHow {
            access: Access::ReadWrite,
            create: Create::New,
            truncate: false,
        };
        self.open(path, how)
    }

    fn open_for(&self, access: Access, path: &Path) -> Result<Self::Fd> {
        self.open(path, OpenHow::existing(access))
    }

    fn create_with(&self, path: &Path, bytes: &[u8]) -> Self::Fd {
        let fd = self.create(path);
        assert_eq!(self.pwrite(&fd, bytes, 0), Ok(bytes.len()));
        fd
    }

    fn content(&self, fd: &Self::Fd) -> Vec<u8> {
        let mut bytes = vec![0; 10_000];
        let count = self.pread(fd, &mut bytes, 0).expect("the file can be read");
        bytes.truncate(count);
        bytes
    }

    fn size(&self, fd: &Self::Fd) -> u64 {
        self.fstat(fd).expect("an open file has a size").size
    }

    fn content_at(&self, path: &Path) -> Vec<u8> {
        let fd = self.open_for(Access::Read, path).expect("the file exists");
        let bytes = self.content(&fd);
        self.close(fd);
        bytes
    }

    fn try_exclusive(&self, fd: &Self::Fd) -> Result<()> {
        self.flock(fd, FlockOperation::TryExclusive)
    }

    fn try_shared(&self, fd: &Self::Fd) -> Result<()> {
        self.flock(fd, FlockOperation::TryShared)
    }

    fn unlock(&self, fd: &Self::Fd) -> Result<()> {
        self.flock(fd, FlockOperation::Unlock)
    }
}

impl<K: Kernel> Calls for K {}
