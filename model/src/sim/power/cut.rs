//! The power goes: every file system with which the machine can start again.

use super::super::content::Content;
use super::super::inode::{Inode, InodeNumber, Node};
use super::super::machine::Sim;
use super::super::shared::Shared;
use super::super::sorted::SortedMap;
use super::choices::{Budget, each_choice};
use super::disk::{Disk, Durable};
use super::history::History;
use super::{Change, PowerModel, TooManyCuts};
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

impl Sim {
    /// Every state in which the machine can be after the power went now and came back: all
    /// processes ended, nothing open, and of the files what the model says. None comes twice.
    ///
    /// # Errors
    ///
    /// [`TooManyCuts`] if so much is unsynced that the outcomes cannot all be looked at.
    ///
    /// # Panics
    ///
    /// If the fault model has no [`power`](super::super::FaultModel::power).
    pub fn power_cuts(&self) -> Result<Vec<Self>, TooManyCuts> {
        let model = self.faults.power;
        assert!(
            model.is_some(),
            "the fault model says nothing of power loss"
        );
        let mut cuts = Cuts::new(self);
        match &self.disk {
            None => cuts.add(&self.inodes),
            Some(disk) => disk.each_image(&mut Budget::default(), &mut cuts)?,
        }
        Ok(cuts.sims)
    }

    /// The machine has started with these files. They are numbered in the order of their names,
    /// since there is no process that could know them by their numbers.
    fn booted_with(&self, files: &Durable) -> Self {
        let mut booted = self.clone();
        booted.halt();
        booted.inodes = Shared::new(renumbered(files));
        booted.disk = Disk::with(self.faults.power, &booted.inodes);
        booted
    }
}

/// The outcomes so far.
struct Cuts<'a> {
    before: &'a Sim,
    seen: BTreeSet<u128>,
    sims: Vec<Sim>,
}

impl<'a> Cuts<'a> {
    fn new(before: &'a Sim) -> Self {
        Self {
            before,
            seen: BTreeSet::new(),
            sims: Vec::new(),
        }
    }

    fn add(&mut self, files: &Durable) {
        let booted = self.before.booted_with(files);
        if self.seen.insert(booted.fingerprint()) {
            self.sims.push(booted);
        }
    }
}

impl Disk {
    fn each_image(&self, budget: &mut Budget, cuts: &mut Cuts<'_>) -> Result<(), TooManyCuts> {
        match self.model {
            PowerModel::Kill => unreachable!("nothing can be lost, so there is no disk"),
            PowerModel::Prefix => self.each_in_order(budget, cuts),
            PowerModel::Ext4Ordered => self.each_of_ext4(budget, cuts),
            PowerModel::Posix => self.each_of_posix(budget, cuts),
        }
    }

    fn each_in_order(&self, budget: &mut Budget, cuts: &mut Cuts<'_>) -> Result<(), TooManyCuts> {
        let mut files = self.durable.clone();
        for pending in &self.pending {
            let last = Self {
                model: PowerModel::Ext4Ordered,
                durable: files.clone(),
                pending: vec![pending.clone()],
            };
            last.each_of_ext4(budget, cuts)?;
            pending.change.apply(&mut files);
        }
        cuts.add(&files);
        Ok(())
    }

    fn each_of_ext4(&self, budget: &mut Budget, cuts: &mut Cuts<'_>) -> Result<(), TooManyCuts> {
        for end in self.journal_ends() {
            let mut named = self.durable.clone();
            for pending in &self.pending[..end] {
                if matches!(*pending.change, Change::Names { .. }) {
                    pending.change.apply(&mut named);
                }
            }
            let mut contents = BTreeMap::new();
            for (file, history) in self.histories() {
                if renumbering(&named).contains_key(&file) {
                    contents.insert(file, history.ext4(end, budget)?);
                }
            }
            each_with_contents(&named, &contents, budget, cuts)?;
        }
        Ok(())
    }

    fn each_of_posix(&self, budget: &mut Budget, cuts: &mut Cuts<'_>) -> Result<(), TooManyCuts> {
        let mut contents = BTreeMap::new();
        for (file, history) in self.histories() {
            contents.insert(file, history.posix(budget)?);
        }
        for named in self.posix_names(budget)? {
            let numbers = renumbering(&named);
            let mut there = contents.clone();
            there.retain(|file, _| numbers.contains_key(file));
            each_with_contents(&named, &there, budget, cuts)?;
        }
        Ok(())
    }

    /// Of the files whose content has changed.
    fn histories(&self) -> Vec<(InodeNumber, History<'_>)> {
        let changed = self
            .pending
            .iter()
            .filter_map(|pending| pending.change.file());
        let changed: BTreeSet<InodeNumber> = changed.collect();
        let inodes = changed.into_iter().filter_map(|file| {
            let inode = self.durable.get(&file)?;
            Some((file, inode))
        });
        inodes
            .filter_map(|(file, inode)| match &inode.node {
                Node::Regular(durable) => Some((file, History::of(self, file, durable))),
                _ => None,
            })
            .collect()
    }
}

fn each_with_contents(
    named: &Durable,
    contents: &BTreeMap<InodeNumber, Vec<Content>>,
    budget: &mut Budget,
    cuts: &mut Cuts<'_>,
) -> Result<(), TooManyCuts> {
    let counts: Vec<usize> = contents.values().map(Vec::len).collect();
    each_choice(&counts, budget, |choice, _| {
        let mut files = named.clone();
        for ((file, contents), &chosen) in contents.iter().zip(choice) {
            if let Some(inode) = files.to_mut().get_mut(file) {
                inode.to_mut().node = Node::Regular(contents[chosen].clone());
            }
        }
        cuts.add(&files);
        Ok(())
    })
}

/// The files that have a name, with their numbers in the order in which a walk through the names
/// meets them.
fn renumbering(files: &Durable) -> BTreeMap<InodeNumber, InodeNumber> {
    let mut numbers = BTreeMap::from([(InodeNumber::ROOT, InodeNumber::ROOT)]);
    let mut left = vec![InodeNumber::ROOT];
    while let Some(number) = left.pop() {
        if let Some(Node::Directory(entries)) = files.get(&number).map(|inode| &inode.node) {
            for &file in entries.values() {
                let next = InodeNumber(InodeNumber::ROOT.0 + numbers.len() as u64);
                if let Entry::Vacant(unmet) = numbers.entry(file) {
                    unmet.insert(next);
                    left.push(file);
                }
            }
        }
    }
    numbers
}

fn renumbered(files: &Durable) -> SortedMap<InodeNumber, Shared<Inode>> {
    let numbers = renumbering(files);
    let mut directories_named = BTreeSet::from([InodeNumber::ROOT]);
    let mut links = BTreeMap::from([(InodeNumber::ROOT, 1)]);
    let mut renumbered = SortedMap::default();
    for (old, new) in by_new_number(&numbers) {
        let mut inode = files[&old].clone();
        if let Node::Directory(entries) = &mut inode.to_mut().node {
            entries.retain(|_, file| {
                let is_directory = matches!(files[file].node, Node::Directory(_));
                let kept = !is_directory || directories_named.insert(*file);
                *file = numbers[file];
                if kept {
                    *links.entry(*file).or_insert(0) += 1;
                }
                kept
            });
        }
        renumbered.insert(new, inode);
    }
    for (number, links) in links {
        if let Some(inode) = renumbered.get_mut(&number) {
            inode.to_mut().links = links;
        }
    }
    renumbered
}

fn by_new_number(
    numbers: &BTreeMap<InodeNumber, InodeNumber>,
) -> impl Iterator<Item = (InodeNumber, InodeNumber)> {
    let by_new: BTreeMap<_, _> = numbers.iter().map(|(&old, &new)| (new, old)).collect();
    by_new.into_iter().map(|(new, old)| (old, new))
}
