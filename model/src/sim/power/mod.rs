//! What a power loss leaves on the disk, as named models.
//!
//! Each model says which file systems the machine can boot with, and each allows all that the one
//! before it allows:
//!
//! * [`Kill`](PowerModel::Kill): the one that every process sees now. The page cache survives, as
//!   it does when all the processes are killed.
//! * [`Prefix`](PowerModel::Prefix): the changes reach the disk in the order of the calls. The call
//!   that was on its way is there as far as `ext4-ordered` lets a single call be there.
//! * [`Ext4Ordered`](PowerModel::Ext4Ordered): ext4 with its defaults, which are `data=ordered`,
//!   delayed allocation and `auto_da_alloc`.
//! * [`Posix`](PowerModel::Posix): what was not synced may be there or not, each part for itself.
//!
//! # What the models have in common
//!
//! A disk writes sectors of 512 bytes whole; PostgreSQL, SQLite and LMDB assume the same. What a
//! sector holds on the disk is what it held in the page cache at some instant since it was synced:
//! a later write is not there without an earlier one to the same sector. A sector that was never
//! written reads as zeros, not as what somebody else had there.
//!
//! So that there is an end of outcomes, a write is torn at these places only: around its first
//! sector and its last, between all its sectors if there are no more than three, and where the first
//! of its blocks of 4096 bytes ends and the last one begins, and where the block ends in which the file
//! ended before. What lies between two such places of all the
//! unsynced writes to a file goes together. The size that a lengthening write gives is the old one,
//! the new one, or one of those block boundaries.
//!
//! An inode (its type, its owner) is there as soon as a name on the disk leads to it. The number
//! of a file that the disk remembers is not given to another; without processes nobody could tell.
//! Who wants to see numbers used again at once explores without a power model.
//!
//! A sync that is made to fail has synced nothing, and a later one syncs all of it; but under `posix` what
//! [`FailedSync`](super::FailedSync) says, which is the one thing in which the others are not kinder: there
//! nobody else is told.
//!
//! # posix
//!
//! * fsync(2) and fdatasync(2) of a file make its content and its size last, and not its name:
//!   "Calling fsync() does not necessarily ensure that the entry in the directory containing the
//!   file has also reached disk" (fsync(2)). fsync of a directory makes its names last, fdatasync
//!   of a directory nothing.
//! * All else is on the disk or not, independently: every sector, every size, every name. A rename
//!   is two names, so that after a loss both can be there, or neither. POSIX has no word on it, and
//!   file systems differ (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014).
//! * If two names lead to one directory, fsck(8) keeps the first.
//! * After a sync that failed ([`FailedSync`](super::FailedSync)): only the content of files is dropped.
//!   Where names cannot be synced, Linux shuts the file system down.
//!
//! # ext4-ordered
//!
//! * E1. Changes of metadata (names, truncation) are journaled: a prefix of them is there, and each
//!   of them whole. A rename or an exchange is one. (Pillai et al.: directory operations are atomic
//!   and in order on ext4-ordered.)
//! * E2. Data of a block that is newly allocated is there before the metadata that refers to it:
//!   "all data are forced directly out to the main file system prior to its metadata being
//!   committed to the journal" (Documentation/admin-guide/ext4.rst, `data=ordered`; Linux commit
//!   06bd3c36a733 for delayed allocation). So a new block is a hole, or has at least what its
//!   first write put there. The size does not end in a new block that is a hole.
//! * E3. Allocation is delayed (`delalloc`, same document): a block is allocated at any time after
//!   its first write, so later changes of metadata can be there without it. Earlier ones are there
//!   if it is: the journal is one sequence.
//! * E4. Data that goes into a block which is allocated is not ordered with anything. A write that
//!   lengthens the file within its last block can therefore leave the new size and zeros. Pillai
//!   et al.: overwrites are neither atomic nor ordered on ext4-ordered. A hole that is filled counts
//!   as allocated, which is weaker than ext4.
//! * E5. A truncation frees the blocks behind the new end. Blocks that are written there later are
//!   new. In the block that it cuts through, E4 holds.
//! * E6. A rename over an existing file first allocates the blocks of the file that is renamed
//!   (`auto_da_alloc`, same document). So if the rename is there, they are. An exchange does not do
//!   this. (The other half of `auto_da_alloc`, for files that are truncated and closed, does not
//!   hold for every instant and is left out.)
//! * E7. fsync of a file makes its content and size last and commits the journal up to the last
//!   change of its metadata: that it was made, renamed, truncated, lengthened. fdatasync does not
//!   wait for a rename. fsync of a directory commits up to its last change of a name. (fs/ext4/
//!   fsync.c, `i_sync_tid` and `i_datasync_tid`.)
//!
//! Where ext4 is stronger than that, the model is weaker on purpose. It says nothing of
//! `data=writeback`, of `noauto_da_alloc`, nor of disks that lie about what they have written.
//!
//! # prefix
//!
//! * fsync of a file makes the calls last up to the last one that changed it or gave it a name,
//!   fdatasync up to the last that changed it or made it, fsync of a directory up to the last that
//!   changed it.

mod change;
mod choices;
mod cut;
mod disk;
mod ext4;
mod history;
mod losses;
mod posix;

pub(super) use change::{Change, Entry};
pub use choices::{CUTS_MAX, TooManyCuts};
pub(super) use disk::{Disk, Durable};

/// What a power loss may do to what has not been synced. See the source file for what
/// each of them rests on; each allows all that the one before it allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PowerModel {
    /// Nothing: all the processes end, and the page cache survives.
    Kill,
    /// The calls reach the disk in order, the last of them perhaps in part.
    Prefix,
    /// As ext4 does with `data=ordered`, delayed allocation and `auto_da_alloc`.
    Ext4Ordered,
    /// What was not synced may be missing or torn. Names need a sync of their directory.
    Posix,
}

impl PowerModel {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Kill, Self::Prefix, Self::Ext4Ordered, Self::Posix];

    /// Its one name, as in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Prefix => "prefix",
            Self::Ext4Ordered => "ext4-ordered",
            Self::Posix => "posix",
        }
    }
}
