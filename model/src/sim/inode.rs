//! What is on the simulated disk: inodes, and directories that name them.

use super::content::Content;
use super::sorted::SortedMap;
use hookstate::kernel::FileType;
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

/// The number of an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct InodeNumber(pub(super) u64);

impl InodeNumber {
    /// As on ext4.
    pub(super) const ROOT: Self = Self(2);
}

/// A file, apart from its names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Inode {
    pub(super) node: Node,
    pub(super) owner: u32,
    /// In how many directories it has a name. Without one it lives as long as it is open.
    pub(super) links: u32,
    /// When its content was last changed, counted like the time of a process. Of a directory it is
    /// when it was made, and a power loss brings back when the file was.
    pub(super) modified: Duration,
}

/// What sort of file it is, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Regular(Content),
    Directory(Entries),
    /// Leads nowhere: no call of the seam follows one.
    Symlink,
    /// Can be opened and locked. Its bytes are not modelled, since every store refuses it.
    Fifo,
}

/// The names in a directory.
pub(super) type Entries = SortedMap<Arc<OsStr>, InodeNumber>;

impl Node {
    pub(super) fn file_type(&self) -> FileType {
        match self {
            Self::Regular(_) => FileType::Regular,
            Self::Directory(_) => FileType::Directory,
            Self::Symlink => FileType::Symlink,
            Self::Fifo => FileType::Other,
        }
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Regular(content) => content.size(),
            // Differs between file systems; nothing may depend on it.
            Self::Directory(_) | Self::Symlink | Self::Fifo => 0,
        }
    }
}
