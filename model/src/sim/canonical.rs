//! What of a state matters, for telling whether two states are the same.

use super::machine::{ProcessId, Sim};
use super::shared::digest_of;
use std::hash::{Hash, Hasher};

impl Sim {
    /// Hashes what is in the files and directories.
    pub(crate) fn hash_files(&self, hasher: &mut impl Hasher) {
        self.inodes.hash(hasher);
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
