//! What of a state matters, for telling whether two states are the same.

use super::machine::{ProcessId, Sim};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::{Hash, Hasher};

impl Sim {
    /// Hashes what is in the files and directories.
    pub(crate) fn hash_files(&self, hasher: &mut impl Hasher) {
        self.inodes.hash(hasher);
    }

    /// A hash of all that the kernel keeps for this process: what it has open, which locks it has,
    /// what it waits for, its time and its chance.
    pub(crate) fn view(&self, process: ProcessId) -> u128 {
        let mut hasher = SipHasher13::new();
        let kept = self.process(process);
        for (fd, number) in &kept.descriptors {
            fd.hash(&mut hasher);
            number.hash_as_seen_by(process, &mut hasher);
            self.descriptions[number].hash(&mut hasher);
        }
        kept.hash_own(process, &mut hasher);
        hasher.finish128().as_u128()
    }
}
