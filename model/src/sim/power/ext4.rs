//! A journal for the metadata, and data before the metadata that refers to it: rules E1 to E6.

use super::super::content::Content;
use super::choices::{Budget, each_choice};
use super::disk::Disk;
use super::history::{BLOCK, Contents, History, Unit, Version, round_up};
use super::posix::distinct;
use super::{Change, TooManyCuts};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The new blocks that are allocated, each with the step of its first write.
type Allocated = BTreeMap<u64, usize>;

impl Disk {
    /// Where the journal may end: before a change of metadata that is not committed, or behind all.
    pub(super) fn journal_ends(&self) -> Vec<usize> {
        let pending = self.pending.iter().enumerate();
        pending
            .filter(|(_, pending)| pending.change.is_metadata() && !pending.committed)
            .map(|(step, _)| step)
            .chain([self.pending.len()])
            .collect()
    }
}

impl History<'_> {
    /// What can be there when the journal has the changes of metadata before the step
    /// `journal_end` and no others.
    pub(super) fn ext4(
        &self,
        journal_end: usize,
        budget: &mut Budget,
    ) -> Result<Vec<Content>, TooManyCuts> {
        let mut contents = Contents::default();
        let written = self.new_blocks(journal_end);
        let (sure, open): (Allocated, Allocated) = written
            .into_iter()
            .partition(|(_, first)| self.is_allocated_after(*first, journal_end));
        each_choice(&vec![2; open.len()], budget, |choice, budget| {
            let mut allocated = sure.clone();
            let chosen = open.iter().zip(choice).filter(|(_, chosen)| **chosen == 1);
            allocated.extend(chosen.map(|((&block, &first), _)| (block, first)));
            let units = self.units.iter();
            let options: Vec<Vec<&[u8]>> = units
                .map(|unit| self.options(unit, &allocated, journal_end))
                .collect();
            let sizes = self.sizes_with(&allocated, journal_end);
            self.compose(&options, &sizes, budget, &mut contents)
        })?;
        Ok(contents.into_vec())
    }

    /// The blocks that can be allocated, each with its first write. Rule E3: what was in the journal
    /// before that write is there too.
    fn new_blocks(&self, journal_end: usize) -> Allocated {
        let mut first_writes = Allocated::new();
        for unit in &self.units {
            let Some(first) = self.first_write(unit, journal_end) else {
                continue;
            };
            let earliest = first_writes.entry(unit.block()).or_insert(first);
            *earliest = first.min(*earliest);
        }
        first_writes
    }

    fn first_write(&self, unit: &Unit, journal_end: usize) -> Option<usize> {
        if !self.is_new(unit, journal_end) {
            return None;
        }
        let era = self.era(unit, journal_end);
        let mut writes = unit.versions_in(&era).filter(|version| version.by_write);
        let first = writes.next()?.step;
        (first < journal_end).then_some(first)
    }

    /// Rule E6.
    fn is_allocated_after(&self, first_write: usize, journal_end: usize) -> bool {
        self.changes.iter().any(|(step, change)| {
            matches!(change, Change::Allocate { .. }) && (first_write..journal_end).contains(step)
        })
    }

    /// What the unit can be. The versions are those of one era, since blocks that are freed and
    /// blocks that come after them are not the same (rule E5).
    fn options<'u>(
        &self,
        unit: &'u Unit,
        allocated: &Allocated,
        journal_end: usize,
    ) -> Vec<&'u [u8]> {
        let era = self.era(unit, journal_end);
        let versions = unit.versions_in(&era);
        let hole = &*unit.hole;
        if !self.is_new(unit, journal_end) {
            let bytes = versions.map(|version| &*version.bytes);
            let before = if self.is_freed(unit, journal_end) {
                hole
            } else {
                &*unit.durable
            };
            return distinct(std::iter::once(before).chain(bytes)); // E4
        }
        let Some(&first) = allocated.get(&unit.block()) else {
            return vec![hole];
        };
        let versions: Vec<&Version> = versions.collect();
        let by_first = versions.iter().any(|version| version.step == first); // E2
        let without = (!by_first).then_some(hole);
        let bytes = versions.iter().map(|version| &*version.bytes);
        distinct(without.into_iter().chain(bytes))
    }

    fn sizes_with(&self, allocated: &Allocated, journal_end: usize) -> BTreeSet<u64> {
        let set = self
            .sizes
            .iter()
            .rfind(|event| !event.by_write && event.step < journal_end);
        let since = set.map_or(0, |event| event.step);
        let size = set.map_or(self.durable.size(), |event| event.size);
        let lengthened = self.sizes.iter().filter(|event| {
            event.by_write
                && (since..journal_end).contains(&event.step)
                && self.can_end_with(event.size, allocated, journal_end)
        });
        let least = self.least_size(since, journal_end);
        std::iter::once(size)
            .chain(lengthened.map(|event| event.size))
            .filter(|&size| size >= least)
            .collect()
    }

    /// Rule E2: not in a new block that is a hole.
    fn can_end_with(&self, size: u64, allocated: &Allocated, journal_end: usize) -> bool {
        let last = self.units.iter().find(|unit| unit.contains(size - 1));
        let unit = last.expect("a write that made the file longer wrote its last byte");
        !self.is_new(unit, journal_end) || allocated.contains_key(&unit.block())
    }

    /// Rule E6: with the blocks comes the size.
    fn least_size(&self, since: usize, journal_end: usize) -> u64 {
        let last = self.changes.iter().rfind(|(step, change)| {
            matches!(change, Change::Allocate { .. }) && (since..journal_end).contains(step)
        });
        last.map_or(0, |(step, _)| self.size_before(*step))
    }

    /// Whether its block was not yet, or is no longer, one of the file's. A hole that is filled
    /// counts as one of them.
    fn is_new(&self, unit: &Unit, journal_end: usize) -> bool {
        let absent = self.is_freed(unit, journal_end)
            || unit.block() >= round_up(self.durable.size(), BLOCK);
        absent && !self.fills_a_hole(unit, journal_end)
    }

    /// Whether the first write to the block since it was freed came when the file was longer.
    fn fills_a_hole(&self, unit: &Unit, journal_end: usize) -> bool {
        let era = self.era(unit, journal_end);
        let siblings = self
            .units
            .iter()
            .filter(|other| other.block() == unit.block());
        let versions = siblings.flat_map(|sibling| sibling.versions_in(&era));
        let writes = versions.filter(|version| version.by_write);
        let first = writes.map(|version| version.step).min();
        first.is_some_and(|first| self.size_before(first) > unit.block())
    }

    fn size_before(&self, step: usize) -> u64 {
        let before = self.sizes.iter().rfind(|event| event.step < step);
        before.map_or(self.durable.size(), |event| event.size)
    }

    fn is_freed(&self, unit: &Unit, journal_end: usize) -> bool {
        self.freeings(unit).any(|step| step < journal_end)
    }

    /// From the last time that the block was freed to the next.
    fn era(&self, unit: &Unit, journal_end: usize) -> Range<usize> {
        let last = self
            .freeings(unit)
            .filter(|&step| step < journal_end)
            .last();
        let next = self.freeings(unit).find(|&step| step >= journal_end);
        last.map_or(0, |step| step + 1)..next.unwrap_or(usize::MAX)
    }

    /// The truncations behind whose new end the unit lies, with all of its block.
    fn freeings(&self, unit: &Unit) -> impl Iterator<Item = usize> {
        let block = unit.block();
        self.changes
            .iter()
            .filter_map(move |(step, change)| match change {
                Change::Resize { size, .. } if round_up(*size, BLOCK) <= block => Some(*step),
                _ => None,
            })
    }
}

impl Unit {
    fn versions_in(&self, era: &Range<usize>) -> impl Iterator<Item = &Version> {
        let versions = self.versions.iter();
        versions.filter(|version| era.contains(&version.step))
    }
}
