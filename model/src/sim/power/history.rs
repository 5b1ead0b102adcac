//! What has happened to the content of one file since it was on the disk, in the pieces in which it
//! goes there.

use super::super::content::Content;
use super::super::inode::InodeNumber;
use super::super::shared::digest_of;
use super::choices::{Budget, each_choice};
use super::disk::Disk;
use super::{Change, TooManyCuts};
use std::collections::{BTreeMap, BTreeSet};

const SECTOR: u64 = 512;
pub(super) const BLOCK: u64 = 4096;

/// The file as it is on the disk, and what happened to it since. A step is the place of a change
/// among all that is pending, whatever file it is about.
pub(super) struct History<'a> {
    pub(super) durable: &'a Content,
    pub(super) changes: Vec<(usize, &'a Change)>,
    /// What has changed. Invariant: each is within a block, or it is a run of whole blocks, of which
    /// all are behind the end that the file had before a write, or none.
    pub(super) units: Vec<Unit>,
    pub(super) sizes: Vec<SizeEvent>,
}

/// Sectors that go to the disk together, and what they have been.
pub(super) struct Unit {
    pub(super) start: u64,
    end: u64,
    pub(super) durable: Vec<u8>,
    /// Zeros.
    pub(super) hole: Vec<u8>,
    /// After each step that concerned them, in order.
    pub(super) versions: Vec<Version>,
}

pub(super) struct Version {
    pub(super) step: usize,
    pub(super) bytes: Vec<u8>,
    pub(super) by_write: bool,
}

/// The file came to have this size.
pub(super) struct SizeEvent {
    pub(super) step: usize,
    pub(super) size: u64,
    /// By a write that made it longer, rather than by a call that sets the size.
    pub(super) by_write: bool,
}

/// Contents without repetition.
#[derive(Default)]
pub(super) struct Contents(BTreeMap<u128, Content>);

impl<'a> History<'a> {
    pub(super) fn of(disk: &'a Disk, file: InodeNumber, durable: &'a Content) -> Self {
        let pending = disk.pending.iter().enumerate();
        let changes: Vec<_> = pending
            .map(|(step, pending)| (step, &*pending.change))
            .filter(|(_, change)| change.file() == Some(file))
            .collect();
        let cuts = Vec::from_iter(cuts(durable.size(), &changes));
        let pieces = cuts.windows(2);
        let mut history = Self {
            durable,
            changes,
            units: pieces
                .map(|cut| Unit::of(durable, cut[0], cut[1]))
                .collect(),
            sizes: Vec::new(),
        };
        history.replay();
        history.units.retain(|unit| !unit.versions.is_empty());
        history
    }

    /// The steps at which a write made the file longer.
    pub(super) fn lengthening(&self) -> BTreeSet<usize> {
        let by_write = self.sizes.iter().filter(|event| event.by_write);
        by_write.map(|event| event.step).collect()
    }

    /// Every content that has one of its options in each unit, and one of the sizes.
    pub(super) fn compose(
        &self,
        options: &[Vec<&[u8]>],
        sizes: &BTreeSet<u64>,
        budget: &mut Budget,
        into: &mut Contents,
    ) -> Result<(), TooManyCuts> {
        let counts: Vec<usize> = options.iter().map(Vec::len).collect();
        each_choice(&counts, budget, |choice, budget| {
            let mut content = self.durable.clone();
            for ((unit, options), &chosen) in self.units.iter().zip(options).zip(choice) {
                content.write(unit.start, options[chosen]);
            }
            budget.spend(sizes.len())?;
            for &size in sizes {
                let mut content = content.clone();
                content.set_size(size);
                into.0.insert(digest_of(&content), content);
            }
            Ok(())
        })
    }

    fn replay(&mut self) {
        let mut content = self.durable.clone();
        for &(step, change) in &self.changes {
            let before = content.size();
            change.apply_to_content(&mut content);
            self.sizes.extend(size_events(step, change, before));
            for unit in &mut self.units {
                unit.note(step, change, before, &content);
            }
        }
    }
}

impl Unit {
    fn of(durable: &Content, start: u64, end: u64) -> Self {
        let mut unit = Self {
            start,
            end,
            durable: Vec::new(),
            hole: Vec::new(),
            versions: Vec::new(),
        };
        unit.durable = unit.within(durable);
        unit.hole = unit.within(&Content::default());
        unit
    }

    /// The block in which it begins, which stands for all the blocks of a run.
    pub(super) fn block(&self) -> u64 {
        self.start - self.start % BLOCK
    }

    pub(super) fn contains(&self, byte: u64) -> bool {
        (self.start..self.end).contains(&byte)
    }

    fn note(&mut self, step: usize, change: &Change, size_before: u64, after: &Content) {
        let (from, to, by_write) = match change {
            Change::Write { offset, bytes, .. } => (*offset, offset + bytes.len() as u64, true),
            Change::Resize { size, .. } => (*size, size_before, false),
            Change::Allocate { .. } | Change::Names { .. } => return,
        };
        if from < self.end && self.start < to {
            let bytes = self.within(after);
            self.versions.push(Version {
                step,
                bytes,
                by_write,
            });
        }
    }

    /// Its part of the content, with zeros behind the end.
    fn within(&self, content: &Content) -> Vec<u8> {
        let length = usize::try_from(self.end - self.start).expect("a write fits into memory");
        let mut bytes = content.read(self.start, length);
        bytes.resize(length, 0);
        bytes
    }
}

impl Contents {
    pub(super) fn into_vec(self) -> Vec<Content> {
        self.0.into_values().collect()
    }
}

pub(super) fn round_up(offset: u64, to: u64) -> u64 {
    offset.div_ceil(to) * to
}

fn round_down(offset: u64, to: u64) -> u64 {
    offset - offset % to
}

/// Where writes and truncations are torn, and the blocks around those places.
fn cuts(durable_size: u64, changes: &[(usize, &Change)]) -> BTreeSet<u64> {
    let mut cuts = BTreeSet::new();
    let mut size = durable_size;
    for (_, change) in changes {
        match change {
            Change::Write { offset, bytes, .. } => {
                let end = offset + bytes.len() as u64;
                cuts.extend(cuts_of_write(*offset, end));
                cuts.extend(Some(round_up(size, BLOCK)).filter(|cut| (*offset..end).contains(cut)));
                size = size.max(end);
            }
            Change::Resize { size: new, .. } => {
                cuts.extend([round_down(*new, SECTOR), round_up(*new, SECTOR)]);
                cuts.insert(round_up(size, SECTOR));
                size = *new;
            }
            Change::Allocate { .. } | Change::Names { .. } => {}
        }
    }
    let blocks = cuts
        .iter()
        .flat_map(|&cut| [round_down(cut, BLOCK), round_up(cut, BLOCK)]);
    let blocks: Vec<u64> = blocks.collect();
    cuts.extend(blocks);
    cuts
}

/// Around the first sector and around the last, which parts up to three.
fn cuts_of_write(start: u64, end: u64) -> [u64; 4] {
    let (first, last) = (start / SECTOR, end.div_ceil(SECTOR));
    [first, first + 1, last - 1, last].map(|sector| sector * SECTOR)
}

fn size_events(step: usize, change: &Change, before: u64) -> Vec<SizeEvent> {
    let (sizes, by_write) = match change {
        Change::Write { offset, bytes, .. } => (
            sizes_of_write(*offset, offset + bytes.len() as u64, before),
            true,
        ),
        Change::Resize { size, .. } => (vec![*size], false),
        Change::Allocate { .. } | Change::Names { .. } => (Vec::new(), false),
    };
    let events = sizes.into_iter();
    events
        .map(|size| SizeEvent {
            step,
            size,
            by_write,
        })
        .collect()
}

/// The sizes that the file goes through if the write makes it longer.
fn sizes_of_write(start: u64, end: u64, before: u64) -> Vec<u64> {
    let longer = start.max(before) + 1;
    let first_block_end = round_up(longer, BLOCK);
    let last_block_start = round_down(end.saturating_sub(1), BLOCK);
    let within = longer..end;
    let mut sizes: Vec<u64> = [first_block_end, last_block_start]
        .into_iter()
        .filter(|size| within.contains(size))
        .collect();
    if end > before {
        sizes.push(end);
    }
    sizes
}
