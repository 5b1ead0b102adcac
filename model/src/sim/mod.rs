//! The simulated kernel.
//!
//! [`Sim`] is plain data: a value that is the state of a kernel and of what its processes have
//! open, and a function from (state, process, call) to (state, answer). It knows neither threads
//! nor loom, so whoever decides the order of the calls decides everything. [`Sequential`] makes
//! the calls as they come and [`Interleaved`] in every order
//! that loom can find.
//!
//! # The fault model
//!
//! What may go wrong on this kernel is written here and nowhere else. What can be varied is a knob
//! of [`FaultModel`]; the rest is fixed:
//!
//! * Calls are atomic: between the beginning and the end of one no other process does anything.
//!   That is kinder than Linux, where a reader without a lock can see a part of a write, even
//!   within one page: on ext4 a reader of 4096 bytes beside a writer of them saw a mixture in
//!   126,501 of 2,598,400 reads. What must stand up to that is explored with transfers cut short
//!   ([`FaultModel::transfer_bytes_max`]), so that others come between their parts.
//! * A killed process stops between two calls or inside one that writes, in the latter case with
//!   some of the pages written, the first ones first ([`Sim::tear`]). Its descriptors are closed
//!   and with them its locks are released.
//! * A kill loses nothing of what was written. Power loss does, and [`FaultModel::power`] says what:
//!   [`PowerModel`] has the models, each with its rules and where they are from.
//!   [`Sim::power_cuts`] gives every file system with which the machine can start again. Without
//!   such a model the sync calls do nothing but answer that all is well.
//! * A call fails for reasons that the state explains (no such name, not a directory, bad mode, the
//!   lock is held) and for no other. Failures out of the blue (ENOSPC, EIO, EINTR) are put in front
//!   of the kernel with [`hookstate::kernel::FailNth`].
//! * Everybody may do everything: modes are not checked. Owners are recorded, since the stores look
//!   at them.
//! * The number of a file that is gone is given to the next one at once, as ext4 does: the lowest
//!   that is free. Two states that differ only in the numbers of their files stay two states, since
//!   fstat(2) has told the processes numbers, and which one is free next is a part of the future. It
//!   is rare: both need files that nobody has removed, made in different orders.
//! * Clocks stand still except for a process's own sleeps, so a timeout is not caused by what the
//!   others do. What was there before can be as long ago as is wanted ([`Sim::later`]).

mod call;
mod canonical;
mod content;
mod files;
mod flock;
mod footprint;
mod front;
mod inode;
pub(crate) mod interleaved;
mod machine;
mod names;
mod power;
mod sequential;
mod shared;
pub(crate) mod sleep_sets;
mod sorted;
mod turns;

pub use call::{Fd, Reply, Request};
pub use front::{AnyDoor, Door, SimProcess};
pub use interleaved::{Interleaved, Kill};
pub use machine::{ProcessId, Sim, Step};
pub use power::{CUTS_MAX, PowerModel, TooManyCuts};
pub use sequential::Sequential;
pub(crate) use shared::digest_of;

use hookstate::kernel::{Errno, FileSystem};

/// What the kernel can and what it may do to its processes: one knob for each assumption that can
/// be varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FaultModel {
    /// A write is not torn by a kill within a page of this many bytes.
    pub page_bytes: u64,
    /// No call transfers more than this many bytes.
    pub transfer_bytes_max: usize,
    /// What `exchange` answers where it does not work, such as `ENOSYS` or `EINVAL`.
    pub exchange_error: Option<Errno>,
    /// Whether the file system can reserve blocks with `fallocate`.
    pub fallocate: bool,
    /// What kind of file system it says that it is.
    pub file_system: FileSystem,
    /// What happens while a process sleeps because a lock was refused to it.
    pub sleep: Sleep,
    /// Whether flock keeps processes apart. Where it does not, every lock is granted.
    pub flock_excludes: bool,
    /// Whether each process has forked a child just when it had a file open, and the child lives on:
    /// it has the description too, so that no close is the last one and none releases a lock.
    pub children_live_on: bool,
    /// What a power loss leaves of what was not synced. `None`: there is none, and nobody keeps
    /// track of what the disk has.
    pub power: Option<PowerModel>,
    /// What becomes of the content of a file when a sync of it fails, under [`PowerModel::Posix`].
    pub failed_sync: FailedSync,
}

/// What becomes of the written but unsynced pages of a file when a sync of it fails. In any case each of
/// them is on the disk or not. (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailedSync {
    /// The next sync writes them.
    Retried,
    /// They count as written, so that a later sync reports success without having written those that
    /// nobody has written to since. Every description of the file that was open is told: its next sync
    /// fails too (fsync(2), "since Linux 4.13").
    Dropped,
    /// The same, and only the one whose sync it was is told, as before Linux 4.13.
    DroppedInSilence,
}

/// What happens while a process sleeps because a lock was refused to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sleep {
    /// The sleep lasts until the lock could be had and takes no time on the clock. All the polls
    /// that would have been refused are left out, and a timeout never ends the wait.
    UntilReleased,
    /// The sleep lasts as long as was asked for and nobody else does anything meanwhile, so that
    /// a lock which is held now stays held until the timeout.
    AsAsked,
}

impl FaultModel {
    /// A local Linux file system that can do everything, with waits that end when the lock is free.
    pub const LOCAL: Self = Self {
        page_bytes: 4096,
        transfer_bytes_max: usize::MAX,
        exchange_error: None,
        fallocate: true,
        file_system: FileSystem::Local(0xef53),
        sleep: Sleep::UntilReleased,
        flock_excludes: true,
        children_live_on: false,
        power: None,
        failed_sync: FailedSync::Dropped,
    };
}

impl Default for FaultModel {
    /// [`LOCAL`](Self::LOCAL).
    fn default() -> Self {
        Self::LOCAL
    }
}
