//! What a kernel answered, as far as two kernels can be compared.

use hookstate::kernel::{Errno, FileSystem, FileType, Stat};
use std::ffi::OsString;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// There was no call to make: nothing is open there.
    Nothing,
    /// The process waits for a lock.
    Waits,
    Done,
    Failed(Errno),
    Stat(Seen),
    FileSystem(FileSystem),
    Count(usize),
    Bytes(Data),
    Names(Vec<OsString>),
}

/// Of `struct stat` what does not depend on the kernel. Which files are the same is compared apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) file_type: FileType,
    /// Of regular files only: that of directories and links differs between file systems.
    pub(crate) size: Option<u64>,
    /// Whether its owner is whoever made it here.
    pub(crate) ours: bool,
}

impl Seen {
    pub(crate) fn new(stat: &Stat, euid: u32) -> Self {
        Self {
            file_type: stat.file_type,
            size: (stat.file_type == FileType::Regular).then_some(stat.size),
            ours: stat.uid == euid,
        }
    }
}

/// Bytes that are shown as runs.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Data(pub(crate) Vec<u8>);

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.0.chunk_by(|one, next| one == next);
        f.debug_list()
            .entries(runs.map(|run| format_args!("{} x {:#04x}", run.len(), run[0]).to_string()))
            .finish()
    }
}

pub(crate) fn done(_: ()) -> Answer {
    Answer::Done
}

pub(crate) fn names(mut names: Vec<OsString>) -> Answer {
    names.sort();
    Answer::Names(names)
}
