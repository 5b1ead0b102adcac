//! The simulated kernel for programs that run as they come: one after the other, or on real
//! threads.

use super::call::{Fd, Reply, Request};
use super::front::{Door, SimProcess};
use super::machine::{ProcessId, Sim, Step};
use super::{FaultModel, Sleep, TooManyCuts};
use hookstate::kernel::Result;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A door to a kernel that several processes share. A call that has to wait blocks the thread.
#[derive(Clone, Debug)]
pub struct Sequential {
    machine: Arc<Machine>,
    process: ProcessId,
}

#[derive(Debug)]
struct Machine {
    sim: Mutex<Sim>,
    moved: Condvar,
}

impl Sequential {
    /// The first process, of the user `euid`, on a copy of `sim`.
    ///
    /// A sleep there lasts as long as was asked for: the others may run in the same thread, and
    /// nobody could release the lock meanwhile.
    #[must_use]
    pub fn boot(sim: &Sim, euid: u32) -> SimProcess<Self> {
        let mut sim = sim.clone();
        sim.faults.sleep = Sleep::AsAsked;
        let process = sim.spawn(euid);
        let machine = Machine {
            sim: Mutex::new(sim),
            moved: Condvar::new(),
        };
        SimProcess(Self {
            machine: Arc::new(machine),
            process,
        })
    }

    fn sim(&self) -> MutexGuard<'_, Sim> {
        let locked = self.machine.sim.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimProcess<Sequential> {
    /// Another process of the same user on the same kernel.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut sim = self.0.sim();
        let euid = sim.euid(self.0.process);
        let process = sim.spawn(euid);
        drop(sim);
        Self(Sequential {
            machine: Arc::clone(&self.0.machine),
            process,
        })
    }

    /// A child with the descriptors of this process.
    #[must_use]
    pub fn fork(&self) -> Self {
        let child = self.another();
        self.0.sim().inherit(self.0.process, child.0.process);
        child
    }

    /// A second descriptor of the same description.
    #[must_use]
    pub fn dup(&self, fd: Fd) -> Fd {
        self.0.sim().dup(self.0.process, fd)
    }

    /// Ends the process.
    pub fn end(self) {
        self.0.sim().end(self.0.process);
        self.0.machine.moved.notify_all();
    }

    /// The process is killed inside `request` when `pages` of its pages have been written.
    pub fn tear(self, request: &Request, pages: u64) {
        self.0.sim().tear(self.0.process, request, pages);
        self.0.machine.moved.notify_all();
    }

    /// Puts a symbolic link that leads nowhere at `path`.
    ///
    /// # Errors
    ///
    /// As symlink(2).
    pub fn plant_symlink(&self, path: &std::path::Path) -> Result<()> {
        self.0.sim().plant_symlink(self.0.process, path)
    }

    /// Puts a FIFO at `path`.
    ///
    /// # Errors
    ///
    /// As mkfifo(3).
    pub fn plant_fifo(&self, path: &std::path::Path) -> Result<()> {
        self.0.sim().plant_fifo(self.0.process, path)
    }

    /// The state of the kernel under other assumptions, for going on from here. See
    /// [`Sim::under`].
    #[must_use]
    pub fn snapshot(&self, faults: FaultModel) -> Sim {
        self.0.sim().clone().under(faults)
    }

    /// A sync of the file fails, and what becomes of its content is what [`FailedSync`] says.
    ///
    /// [`FailedSync`]: super::FailedSync
    pub fn fail_sync(&self, fd: Fd) {
        let request = Request::Fsync { fd };
        let errno = hookstate::kernel::Errno::IO;
        self.0.sim().sync_failed(self.0.process, &request, errno);
    }

    /// See [`Sim::power_cuts`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn power_cuts(&self) -> std::result::Result<Vec<Sim>, TooManyCuts> {
        self.0.sim().power_cuts()
    }
}

impl Door for Sequential {
    fn call(&self, request: Request) -> Result<Reply> {
        let mut sim = self.sim();
        loop {
            match sim.step(self.process, &request) {
                Step::Done(result) => {
                    self.machine.moved.notify_all();
                    return result;
                }
                Step::Blocked => {
                    let woken = self.machine.moved.wait(sim);
                    sim = woken.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}
