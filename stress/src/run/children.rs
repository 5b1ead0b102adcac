//! The processes that this one has started: each can be killed until it is reaped, none after.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::collections::HashSet;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// All processes that are alive, or dead and not yet reaped.
#[derive(Debug, Default)]
pub(super) struct Children {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    // Invariant: none of these has been reaped, so each number is still that of our process.
    alive: HashSet<Pid>,
    ended: bool,
}

impl Children {
    /// Starts a process. After [`kill_all`](Self::kill_all) it is killed at once.
    pub(super) fn start(&self, command: &mut Command) -> io::Result<Child> {
        let child = command.spawn()?;
        let mut inner = self.lock();
        inner.alive.insert(Pid::from_child(&child));
        if inner.ended {
            kill(Pid::from_child(&child));
        }
        Ok(child)
    }

    /// Waits until a process has ended, and reaps it.
    pub(super) fn reap(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(child);
        // Waits without reaping, so that whoever wants to kill it meanwhile kills the right one.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options))?;
        self.lock().alive.remove(&pid);
        child.wait()
    }

    /// Kills all that are alive and all that will be started.
    pub(super) fn kill_all(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        inner.alive.iter().copied().for_each(kill);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(pid: Pid) {
    // It may have ended by itself.
    let _ = kill_process(pid, Signal::KILL);
}
