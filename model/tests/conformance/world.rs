//! A kernel under test with an empty directory.

use hookstate::kernel::{
    Access, Create, Errno, FileSystem, FlockOperation, Kernel, OpenHow, Result,
};
use hookstate_model::sim::{FaultModel, Request, Sequential, Sim, SimProcess};
use std::path::{Path, PathBuf};

/// The unit in which a kill tears a write.
pub(crate) const PAGE_BYTES: u64 = 4096;

/// A kernel with an empty directory, where processes can be started, forked and killed.
pub(crate) trait World {
    type Process: Kernel + Sync;

    /// A process that has nothing open.
    fn process(&self) -> Self::Process;

    /// fork(2), in a process that has `open` open: a child, and its descriptors in the same order.
    fn fork(
        &self,
        parent: &Self::Process,
        open: &[&FdOf<Self>],
    ) -> (Self::Process, Vec<FdOf<Self>>);

    /// The process, which has `open` open, is killed between two calls.
    fn kill(&self, process: Self::Process, open: Vec<FdOf<Self>>);

    /// The process, which has `open` open, is killed inside a write.
    fn tear(&self, process: Self::Process, open: Vec<FdOf<Self>>, write: TornWrite);

    /// dup(2), which the seam does not have.
    fn dup(&self, process: &Self::Process, fd: &FdOf<Self>) -> FdOf<Self>;

    /// What the seam can meet and cannot make.
    fn plant(&self, what: Planted, path: &Path) -> Result<()>;

    fn directory(&self) -> &Path;

    /// The path of a name in the directory; without a name, of the directory. A slash at its end
    /// would be another matter.
    fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.directory().to_owned(),
            name => self.directory().join(name),
        }
    }
}

pub(crate) type FdOf<W> = <<W as World>::Process as Kernel>::Fd;

/// A file that no call of the seam makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    /// A symbolic link that leads nowhere.
    Symlink,
    // rustix has no mkfifo for macOS.
    #[cfg(target_os = "linux")]
    Fifo,
}

/// A write that ends with its process after some of its pages.
#[derive(Clone, Debug)]
pub(crate) struct TornWrite {
    /// Which of the open descriptors.
    pub(crate) index: usize,
    pub(crate) bytes: Vec<u8>,
    pub(crate) offset: u64,
    /// Where the bytes go, which is the end of the file if it is open for appending.
    pub(crate) at: u64,
    /// How many pages get theirs.
    pub(crate) pages: u64,
}

impl TornWrite {
    /// What arrives.
    pub(crate) fn prefix(&self) -> &[u8] {
        let boundary = (self.at / PAGE_BYTES + self.pages) * PAGE_BYTES;
        let count = usize::try_from(boundary.saturating_sub(self.at)).expect("a few pages");
        &self.bytes[..count]
    }
}

/// The simulated kernel.
pub(crate) struct Simulated {
    first: SimProcess<Sequential>,
    directory: PathBuf,
}

impl Simulated {
    pub(crate) fn new() -> Self {
        Self::under(FaultModel::default())
    }

    pub(crate) fn under(faults: FaultModel) -> Self {
        let first = Sequential::boot(&Sim::new(faults), 1000);
        let directory = PathBuf::from("/state");
        first.mkdir(&directory, 0o700).expect("the root is empty");
        Self { first, directory }
    }
}

impl World for Simulated {
    type Process = SimProcess<Sequential>;

    fn process(&self) -> Self::Process {
        self.first.another()
    }

    fn fork(
        &self,
        parent: &Self::Process,
        open: &[&FdOf<Self>],
    ) -> (Self::Process, Vec<FdOf<Self>>) {
        let same_numbers = open.iter().map(|fd| **fd).collect();
        (parent.fork(), same_numbers)
    }

    fn kill(&self, process: Self::Process, _open: Vec<FdOf<Self>>) {
        process.end();
    }

    fn tear(&self, process: Self::Process, open: Vec<FdOf<Self>>, write: TornWrite) {
        let request = Request::Pwrite {
            fd: open[write.index],
            bytes: write.bytes,
            offset: write.offset,
        };
        process.tear(&request, write.pages);
    }

    fn dup(&self, process: &Self::Process, fd: &FdOf<Self>) -> FdOf<Self> {
        process.dup(*fd)
    }

    fn plant(&self, what: Planted, path: &Path) -> Result<()> {
        match what {
            Planted::Symlink => self.first.plant_symlink(path),
            #[cfg(target_os = "linux")]
            Planted::Fifo => self.first.plant_fifo(path),
        }
    }

    fn directory(&self) -> &Path {
        &self.directory
    }
}

/// The knobs of a simulated kernel that is to behave like the file system of `world`. What can be
/// had there is a property of the file system; all else has to be the same everywhere.
pub(crate) fn faults_as_on(world: &impl World) -> FaultModel {
    let process = world.process();
    let (one, other) = (world.path("one"), world.path("other"));
    let (first, second) = (process.create(&one), process.create(&other));
    let faults = FaultModel {
        exchange_error: process.exchange(&one, &other).err(),
        fallocate: process.fallocate(&first, 0, 1) != Err(Errno::OPNOTSUPP),
        file_system: file_system_of(&process, &first),
        ..FaultModel::default()
    };
    process.close(first);
    process.close(second);
    for path in [one, other] {
        process.unlink(&path).expect("it was just made");
    }
    faults
}

fn file_system_of<K: Kernel>(process: &K, fd: &K::Fd) -> FileSystem {
    let asked = process.fstatfs(fd);
    asked.expect("every file system says what it is")
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
