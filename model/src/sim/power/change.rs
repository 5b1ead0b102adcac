//! A change that the disk has yet to get.

use super::super::content::Content;
use super::super::inode::{InodeNumber, Node};
use super::disk::Durable;
use std::ffi::OsStr;
use std::sync::Arc;

/// What one call changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::sim) enum Change {
    /// A part of a file, which was lengthened if need be.
    Write {
        file: InodeNumber,
        offset: u64,
        bytes: Vec<u8>,
    },
    /// The size of a file.
    Resize { file: InodeNumber, size: u64 },
    /// The file's blocks were allocated, which is in the journal like a change (rule E6).
    Allocate { file: InodeNumber },
    /// Names, in one step.
    Names {
        entries: Vec<Entry>,
        /// The file did not exist before.
        creates: bool,
    },
}

/// What a name leads to from now on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::sim) struct Entry {
    pub(in crate::sim) directory: InodeNumber,
    pub(in crate::sim) name: Arc<OsStr>,
    pub(in crate::sim) file: Option<InodeNumber>,
}

impl Change {
    /// The file whose content or size it is about.
    pub(super) fn file(&self) -> Option<InodeNumber> {
        match self {
            Self::Write { file, .. } | Self::Resize { file, .. } | Self::Allocate { file } => {
                Some(*file)
            }
            Self::Names { .. } => None,
        }
    }

    /// What it is about, if that is names.
    pub(super) fn entries(&self) -> &[Entry] {
        match self {
            Self::Names { entries, .. } => entries,
            Self::Write { .. } | Self::Resize { .. } | Self::Allocate { .. } => &[],
        }
    }

    /// Whether it goes to the journal at once (rule E1).
    pub(super) fn is_metadata(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }

    /// Whether a sync of the file or directory is about it too.
    pub(super) fn concerns(&self, number: InodeNumber, data_only: bool) -> bool {
        match self {
            Self::Names { entries, creates } => entries.iter().any(|entry| {
                let named = entry.file == Some(number) && (*creates || !data_only);
                named || (entry.directory == number && !data_only)
            }),
            Self::Write { file, .. } | Self::Resize { file, .. } => *file == number,
            // The writes whose blocks these are speak for themselves.
            Self::Allocate { .. } => false,
        }
    }

    pub(super) fn apply(&self, durable: &mut Durable) {
        match self {
            Self::Write { file, .. } | Self::Resize { file, .. } => {
                if let Some(inode) = durable.to_mut().get_mut(file)
                    && let Node::Regular(content) = &mut inode.to_mut().node
                {
                    self.apply_to_content(content);
                }
            }
            Self::Allocate { .. } => {}
            Self::Names { entries, .. } => entries.iter().for_each(|entry| entry.apply(durable)),
        }
    }

    pub(super) fn apply_to_content(&self, content: &mut Content) {
        match self {
            Self::Write { offset, bytes, .. } => content.write(*offset, bytes),
            Self::Resize { size, .. } => content.set_size(*size),
            Self::Allocate { .. } | Self::Names { .. } => {}
        }
    }
}

impl Entry {
    pub(super) fn apply(&self, durable: &mut Durable) {
        let Some(inode) = durable.to_mut().get_mut(&self.directory) else {
            return;
        };
        if let Node::Directory(entries) = &mut inode.to_mut().node {
            match self.file {
                Some(file) => entries.insert(Arc::clone(&self.name), file),
                None => entries.remove(&*self.name),
            }
        }
    }
}
