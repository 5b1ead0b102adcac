//! What of a state matters, for telling whether two states are the same.

use super::machine::{DescriptionNumber, ProcessId, Sim};
use super::shared::digest_of;
use std::hash::{Hash, Hasher};

impl Sim {
    /// Hashes what is in the files and directories, and what of it is on the disk.
    pub(crate) fn hash_files(&self, hasher: &mut impl Hasher) {
        self.inodes.hash(hasher);
        self.disk.hash(hasher);
        self.hash_left_open(hasher);
    }

    /// What a child has open whose parent is gone: no process that is left leads there.
    fn hash_left_open(&self, hasher: &mut impl Hasher) {
        let kept = |number: &&DescriptionNumber| {
            let mut processes = self.processes.iter();
            !processes.any(|process| process.descriptors.values().any(|kept| kept == *number))
        };
        let mut left: Vec<u128> = self
            .descriptions
            .keys()
            .filter(kept)
            .map(|number| digest_of(&self.descriptions[number]))
            .collect();
        left.sort_unstable();
        left.hash(hasher);
    }

    /// A digest of all that the kernel keeps for this process: what it has open, which locks it
    /// has, what it waits for, its time and its chance.
    pub(crate) fn view(&self, process: ProcessId) -> u128 {
        digest_of(&View { sim: self, process })
    }
}

struct View<'a> {
    sim: &'a Sim,
    process: ProcessId,
}

impl Hash for View<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let kept = self.sim.process(self.process);
        for (fd, number) in kept.descriptors.iter() {
            fd.hash(hasher);
            number.hash_as_seen_by(self.process, hasher);
            self.sim.descriptions[number].hash(hasher);
        }
        kept.hash_own(self.process, hasher);
    }
}
