//! flock(2).

use super::call::{Fd, Reply};
use super::machine::{
    Description, DescriptionNumber, LockMode, ProcessId, Refused, Sim, Step, wanted,
};
use hookstate::kernel::{Errno, FlockOperation};

impl Sim {
    pub(super) fn flock(&mut self, process: ProcessId, fd: Fd, operation: FlockOperation) -> Step {
        let number = self.description_of(process, fd);
        let Some((mode, waits)) = wanted(operation) else {
            self.description_mut(number).lock = None;
            return Step::Done(Ok(Reply::Unit));
        };
        if self.description_mut(number).lock == Some(mode) {
            return Step::Done(Ok(Reply::Unit));
        }
        // Changing the mode is not atomic: the old lock is dropped first, and whoever is refused
        // the new one has none (flock(2), "NOTES").
        self.description_mut(number).lock = None;
        if self.is_excluded(number, mode) {
            return self.refuse(process, number, mode, waits);
        }
        self.description_mut(number).lock = Some(mode);
        self.process_mut(process).refused = None;
        Step::Done(Ok(Reply::Unit))
    }

    fn refuse(
        &mut self,
        process: ProcessId,
        description: DescriptionNumber,
        mode: LockMode,
        waits: bool,
    ) -> Step {
        self.process_mut(process).refused = Some(Refused { description, mode });
        if waits {
            Step::Blocked
        } else {
            Step::Done(Err(Errno::WOULDBLOCK))
        }
    }

    /// Whether the process holds any file alone.
    pub(super) fn has_exclusive_lock(&self, process: ProcessId) -> bool {
        let mut held = self.process(process).descriptors.iter();
        held.any(|(_, number)| self.descriptions[number].lock == Some(LockMode::Exclusive))
    }

    /// Lets those go on who could have their lock now.
    pub(super) fn wake(&mut self) {
        for index in 0..self.processes.len() {
            if let Some(refused) = self.processes[index].refused
                && !self.is_excluded(refused.description, refused.mode)
            {
                self.processes[index].to_mut().refused = None;
            }
        }
    }

    /// Whether a lock of another description on the same file stands in the way. Nothing stands in
    /// the way of a description that is closed.
    fn is_excluded(&self, number: DescriptionNumber, mode: LockMode) -> bool {
        let Some(own) = self.descriptions.get(&number) else {
            return false;
        };
        if !self.faults.flock_excludes {
            return false;
        }
        self.descriptions
            .iter()
            .any(|(&other, held)| other != number && conflicts(held, own, mode))
    }
}

fn conflicts(held: &Description, own: &Description, mode: LockMode) -> bool {
    held.inode == own.inode
        && match held.lock {
            None => false,
            Some(LockMode::Shared) => mode == LockMode::Exclusive,
            Some(LockMode::Exclusive) => true,
        }
}
