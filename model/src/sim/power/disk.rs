//! The disk under the page cache: what it has, what it has yet to get, and what a sync does.

use super::super::inode::{Inode, InodeNumber, Node};
use super::super::shared::Shared;
use super::super::sorted::SortedMap;
use super::history::History;
use super::{Change, PowerModel};
use std::collections::BTreeSet;

/// Inodes by number.
pub(in crate::sim) type Durable = Shared<SortedMap<InodeNumber, Shared<Inode>>>;

/// What a power loss starts from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::sim) struct Disk {
    pub(super) model: PowerModel,
    /// What is there in any case, and new files without content and without a name.
    pub(super) durable: Durable,
    /// What has been changed since, in the order of the calls.
    pub(super) pending: Vec<Pending>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pending {
    pub(super) change: Shared<Change>,
    /// The journal has it. It waits only because the model asks for what was before it (ext4).
    pub(super) committed: bool,
}

impl Disk {
    /// A disk that has everything. There is none where nothing can be lost.
    pub(in crate::sim) fn with(model: Option<PowerModel>, inodes: &Durable) -> Option<Self> {
        let model = model.filter(|model| *model != PowerModel::Kill)?;
        let mut disk = Self {
            model,
            durable: inodes.clone(),
            pending: Vec::new(),
        };
        disk.prune();
        Some(disk)
    }

    pub(in crate::sim) fn remembers(&self, number: InodeNumber) -> bool {
        self.durable.contains_key(&number)
    }

    /// A file that has no name there yet.
    pub(in crate::sim) fn born(&mut self, number: InodeNumber, inode: Shared<Inode>) {
        self.durable.to_mut().insert(number, inode);
    }

    pub(in crate::sim) fn record(&mut self, change: Change) {
        if matches!(change, Change::Allocate { .. }) && self.model != PowerModel::Ext4Ordered {
            return;
        }
        self.pending.push(Pending {
            change: Shared::new(change),
            committed: false,
        });
    }

    /// fsync(2), or fdatasync(2) if `data_only`, of what looks like `live` to the processes.
    pub(in crate::sim) fn sync(&mut self, number: InodeNumber, live: &Inode, data_only: bool) {
        match self.model {
            PowerModel::Kill => unreachable!("nothing can be lost, so there is no disk"),
            PowerModel::Prefix => self.sync_in_order(number, data_only),
            PowerModel::Ext4Ordered => {
                self.commit(number, data_only);
                self.settle_content(number, live);
                self.fold();
            }
            PowerModel::Posix => {
                self.settle_content(number, live);
                if !data_only {
                    self.settle_names(number, live);
                }
            }
        }
        self.prune();
    }

    /// Forgets the files to which no name leads and none can lead after a power loss.
    pub(in crate::sim) fn prune(&mut self) {
        let named = self.named();
        if self.durable.keys().any(|number| !named.contains(number)) {
            let durable = self.durable.to_mut();
            durable.retain(|number, _| named.contains(number));
        }
        self.pending.retain(|pending| {
            let file = pending.change.file();
            file.is_none_or(|file| named.contains(&file))
        });
    }

    fn named(&self) -> BTreeSet<InodeNumber> {
        let changes = self.pending.iter().map(|pending| &*pending.change);
        let entries = changes.flat_map(Change::entries);
        let mut left: Vec<InodeNumber> = entries.filter_map(|entry| entry.file).collect();
        left.push(InodeNumber::ROOT);
        let mut named = BTreeSet::new();
        while let Some(number) = left.pop() {
            if named.insert(number)
                && let Some(inode) = self.durable.get(&number)
                && let Node::Directory(entries) = &inode.node
            {
                left.extend(entries.values());
            }
        }
        named
    }

    fn sync_in_order(&mut self, number: InodeNumber, data_only: bool) {
        let concerns = |pending: &Pending| pending.change.concerns(number, data_only);
        if let Some(last) = self.pending.iter().rposition(concerns) {
            for pending in self.pending.drain(..=last) {
                pending.change.apply(&mut self.durable);
            }
        }
    }

    /// Rule E7. An overwrite in place changes no metadata, except the time, which may not differ.
    fn commit(&mut self, number: InodeNumber, data_only: bool) {
        let journaled = self.changes_of_metadata(number, data_only);
        if let Some(&last) = journaled.last() {
            for pending in &mut self.pending[..=last] {
                pending.committed |= pending.change.is_metadata();
            }
        }
    }

    fn changes_of_metadata(&self, number: InodeNumber, data_only: bool) -> Vec<usize> {
        let lengthening = self.lengthening(number);
        let changes = self.pending.iter().enumerate();
        changes
            .filter(|(index, pending)| {
                let concerns = pending.change.concerns(number, data_only);
                concerns && (pending.change.is_metadata() || lengthening.contains(index))
            })
            .map(|(index, _)| index)
            .collect()
    }

    /// The writes to the file that made it longer.
    fn lengthening(&self, number: InodeNumber) -> BTreeSet<usize> {
        match self.durable.get(&number).map(|inode| &inode.node) {
            Some(Node::Regular(durable)) => History::of(self, number, durable).lengthening(),
            _ => BTreeSet::new(),
        }
    }

    /// What the processes see of the file is there. A directory has no content.
    fn settle_content(&mut self, number: InodeNumber, live: &Inode) {
        if matches!(live.node, Node::Directory(_)) || !self.remembers(number) {
            return;
        }
        self.pending
            .retain(|pending| pending.change.file() != Some(number));
        self.settle(number, live);
    }

    fn settle_names(&mut self, number: InodeNumber, live: &Inode) {
        if !matches!(live.node, Node::Directory(_)) || !self.remembers(number) {
            return;
        }
        self.pending.retain_mut(|pending| match &*pending.change {
            Change::Names { entries, creates } => {
                let (creates, mut left) = (*creates, entries.clone());
                left.retain(|entry| entry.directory != number);
                let stays = !left.is_empty();
                if left.len() < entries.len() && stays {
                    let entries = left;
                    pending.change = Shared::new(Change::Names { entries, creates });
                }
                stays
            }
            _ => true,
        });
        self.settle(number, live);
    }

    fn settle(&mut self, number: InodeNumber, live: &Inode) {
        if let Some(inode) = self.durable.to_mut().get_mut(&number) {
            inode.to_mut().node = live.node.clone();
        }
    }

    /// Takes over what the journal has, unless a write to the same file was before it that can
    /// still be lost.
    fn fold(&mut self) {
        let mut left: Vec<Pending> = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            let file = pending.change.file();
            let waits = file.is_some() && left.iter().any(|before| before.change.file() == file);
            if pending.committed && !waits {
                pending.change.apply(&mut self.durable);
            } else {
                left.push(pending);
            }
        }
        self.pending = left;
    }
}
