//! Every part for itself: what POSIX leaves open.

use super::super::content::Content;
use super::super::inode::{Entries, InodeNumber, Node};
use super::choices::{Budget, each_choice};
use super::disk::{Disk, Durable};
use super::history::{Contents, History, Unit};
use super::{Change, TooManyCuts};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::sync::Arc;

/// What a name may lead to.
type Versions = BTreeMap<Arc<OsStr>, Vec<Option<InodeNumber>>>;

impl History<'_> {
    /// Every sector and the size for itself.
    pub(super) fn posix(&self, budget: &mut Budget) -> Result<Vec<Content>, TooManyCuts> {
        let options: Vec<Vec<&[u8]>> = self.units.iter().map(Unit::all).collect();
        let mut sizes: BTreeSet<u64> = self.sizes.iter().map(|event| event.size).collect();
        sizes.insert(self.durable.size());
        let mut contents = Contents::default();
        self.compose(&options, &sizes, budget, &mut contents)?;
        Ok(contents.into_vec())
    }
}

impl Unit {
    /// Everything that it has been.
    fn all(&self) -> Vec<&[u8]> {
        let versions = self.versions.iter().map(|version| &*version.bytes);
        distinct(std::iter::once(&*self.durable).chain(versions))
    }
}

impl Disk {
    /// The disk with every choice of what its names lead to, each for itself.
    pub(super) fn posix_names(&self, budget: &mut Budget) -> Result<Vec<Durable>, TooManyCuts> {
        let mut named = vec![self.durable.clone()];
        for directory in self.changed_directories() {
            named = self.with_names_of(directory, &named, budget)?;
        }
        Ok(named)
    }

    fn changed_directories(&self) -> BTreeSet<InodeNumber> {
        let changes = self.pending.iter().map(|pending| &*pending.change);
        let entries = changes.flat_map(Change::entries);
        entries.map(|entry| entry.directory).collect()
    }

    fn with_names_of(
        &self,
        directory: InodeNumber,
        disks: &[Durable],
        budget: &mut Budget,
    ) -> Result<Vec<Durable>, TooManyCuts> {
        let versions = self.versions_of(directory);
        let counts: Vec<usize> = versions.values().map(Vec::len).collect();
        let mut named = Vec::new();
        for disk in disks {
            each_choice(&counts, budget, |choice, _| {
                let mut disk = disk.clone();
                if let Some(inode) = disk.to_mut().get_mut(&directory)
                    && let Node::Directory(entries) = &mut inode.to_mut().node
                {
                    choose(entries, &versions, choice);
                }
                named.push(disk);
                Ok(())
            })?;
        }
        Ok(named)
    }

    /// For each name that has changed, what it leads to on the disk and led to since.
    fn versions_of(&self, directory: InodeNumber) -> Versions {
        let durable = match self.durable.get(&directory).map(|inode| &inode.node) {
            Some(Node::Directory(entries)) => entries.clone(),
            _ => Entries::default(),
        };
        let mut versions = Versions::new();
        let changes = self.pending.iter().map(|pending| &*pending.change);
        for entry in changes.flat_map(Change::entries) {
            if entry.directory == directory {
                let led_to = versions
                    .entry(Arc::clone(&entry.name))
                    .or_insert_with(|| vec![durable.get(&*entry.name).copied()]);
                if !led_to.contains(&entry.file) {
                    led_to.push(entry.file);
                }
            }
        }
        versions
    }
}

fn choose(entries: &mut Entries, versions: &Versions, choice: &[usize]) {
    for ((name, led_to), &chosen) in versions.iter().zip(choice) {
        match led_to[chosen] {
            Some(file) => entries.insert(Arc::clone(name), file),
            None => entries.remove(&**name),
        }
    }
}

/// Without repetition, in the order of the first.
pub(super) fn distinct<'a>(all: impl Iterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let mut distinct = Vec::new();
    for bytes in all {
        if !distinct.contains(&bytes) {
            distinct.push(bytes);
        }
    }
    distinct
}
