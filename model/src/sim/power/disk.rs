//! The disk under the page cache: what it has, what it has yet to get, and what a sync does.

use super::super::inode::{Inode, InodeNumber, Node};
use super::super::shared::Shared;
use super::super::sorted::SortedMap;
use super::history::{BLOCK, History};
use super::{Change, PowerModel};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

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
    /// A sync of it has failed, and no later one writes it.
    dropped: bool,
}

/// The unit in which the page cache knows what is to be written.
const PAGE: u64 = BLOCK;

impl Pending {
    /// What is left of it after a sync of the file that has not written these pages.
    fn not_settled(self, step: usize, number: InodeNumber, lost: &LostPages) -> Vec<Self> {
        let (offset, bytes) = match &*self.change {
            change if change.file() != Some(number) => return vec![self],
            Change::Write { offset, bytes, .. } if self.dropped => (*offset, bytes),
            _ => return Vec::new(),
        };
        let end = offset + bytes.len() as u64;
        let is_lost = |page: &u64| lost.get(page).is_some_and(|lost| lost.since <= step);
        let pages = pages_of(offset, bytes.len()).filter(is_lost);
        pages
            .map(|page| {
                let (from, to) = (offset.max(page * PAGE), end.min((page + 1) * PAGE));
                let part = (from - offset) as usize..(to - offset) as usize;
                Self {
                    change: Shared::new(Change::Write {
                        file: number,
                        offset: from,
                        bytes: bytes[part].to_vec(),
                    }),
                    ..self.clone()
                }
            })
            .collect()
    }
}

/// Pages that no sync writes, by their number.
type LostPages = BTreeMap<u64, Lost>;

#[derive(Clone, Copy)]
struct Lost {
    /// The first write to it that was dropped, by its place among all that is pending.
    since: usize,
    /// Whether what it had on the disk was cut off before that.
    freed: bool,
}

fn pages_of(offset: u64, length: usize) -> Range<u64> {
    offset / PAGE..(offset + length as u64).div_ceil(PAGE)
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
            dropped: false,
        });
    }

    /// A sync of the file has failed, and what was to be written counts as written from now on. Whether
    /// there are such failures.
    pub(in crate::sim) fn drop_unsynced(&mut self, number: InodeNumber) -> bool {
        if self.model != PowerModel::Posix {
            return false;
        }
        for pending in &mut self.pending {
            pending.dropped |=
                matches!(&*pending.change, Change::Write { file, .. } if *file == number);
        }
        true
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
        let lost = self.lost_pages(number);
        let kept = lost.iter();
        let kept = kept.map(|(&page, lost)| (page, self.kept_page(number, page, *lost)));
        let kept: Vec<_> = kept.collect();
        self.pending = std::mem::take(&mut self.pending)
            .into_iter()
            .enumerate()
            .flat_map(|(step, pending)| pending.not_settled(step, number, &lost))
            .collect();
        self.settle(number, live);
        for (page, bytes) in kept {
            self.put_back(number, page, &bytes);
        }
    }

    /// The pages that no sync writes since one has dropped them and nobody has written to them after that.
    fn lost_pages(&self, number: InodeNumber) -> LostPages {
        let mut lost = LostPages::new();
        let mut freed = BTreeSet::new();
        let mut size = self.durable[&number].node.size();
        for (step, pending) in self.pending.iter().enumerate() {
            match &*pending.change {
                Change::Write {
                    file,
                    offset,
                    bytes,
                } if *file == number => {
                    size = size.max(offset + bytes.len() as u64);
                    let pages = pages_of(*offset, bytes.len());
                    match pending.dropped {
                        true => pages.for_each(|page| {
                            let freed = freed.contains(&page);
                            lost.entry(page).or_insert(Lost { since: step, freed });
                        }),
                        false => lost.retain(|page, _| !pages.contains(page)),
                    }
                }
                Change::Resize { file, size: new } if *file == number => {
                    // What is cut off is freed, and the page through which the cut goes is written to.
                    if *new < size {
                        freed.extend(new.div_ceil(PAGE)..size.div_ceil(PAGE));
                        lost.retain(|page, _| (page + 1) * PAGE <= *new);
                    }
                    size = *new;
                }
                _ => {}
            }
        }
        lost
    }

    /// What a page has on the disk that no sync writes.
    fn kept_page(&self, number: InodeNumber, page: u64, lost: Lost) -> Vec<u8> {
        let mut bytes = match &self.durable[&number].node {
            Node::Regular(content) if !lost.freed => content.read(page * PAGE, PAGE as usize),
            _ => Vec::new(),
        };
        bytes.resize(PAGE as usize, 0);
        bytes
    }

    /// The page is as it was before, but the size of the file stays.
    fn put_back(&mut self, number: InodeNumber, page: u64, bytes: &[u8]) {
        if let Some(inode) = self.durable.to_mut().get_mut(&number)
            && let Node::Regular(content) = &mut inode.to_mut().node
        {
            let size = content.size();
            content.write(page * PAGE, bytes);
            content.set_size(size);
        }
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
