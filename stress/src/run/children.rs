//! The processes that this one has started: each can be killed until it is reaped, none after.

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use std::collections::HashSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// All processes that are alive, or dead and not yet reaped.
#[derive(Debug, Default)]
pub(crate) struct Children {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    // Invariant: none of these has been reaped, so each number is still that of our process, and
    // of the group that it leads.
    alive: HashSet<Pid>,
    ended: bool,
    /// The most bytes of a file that any of them may write, if there is a limit.
    file_bytes_max: Option<u64>,
}

impl Children {
    /// Starts a process, as the leader of a group of its own: Ctrl-C is for this process, which
    /// ends the lanes first and then looks once more, and a signal to the group is for all that the
    /// process has started. After [`kill_all`](Self::kill_all) it is
    /// killed at once.
    pub(crate) fn start(&self, command: &mut Command) -> io::Result<Child> {
        let child = command.process_group(0).spawn()?;
        let mut inner = self.lock();
        let pid = Pid::from_child(&child);
        inner.alive.insert(pid);
        if inner.file_bytes_max.is_some() {
            limit_files(pid, inner.file_bytes_max);
        }
        if inner.ended {
            kill(pid);
        }
        Ok(child)
    }

    /// Whether a process has ended. It can still be reaped.
    pub(crate) fn has_ended(&self, child: &Child) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let pid = WaitId::Pid(Pid::from_child(child));
        Ok(rustix::io::retry_on_intr(|| waitid(pid.clone(), options))?.is_some())
    }

    /// Waits until a process has ended, and reaps it.
    pub(crate) fn reap(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(child);
        // Waits without reaping, so that whoever wants to kill it meanwhile kills the right one.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options))?;
        self.lock().alive.remove(&pid);
        child.wait()
    }

    /// Kills all that are alive and all that will be started.
    pub(crate) fn kill_all(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        inner.alive.iter().copied().for_each(kill);
    }

    /// Sends a signal to a process and all that it has started, and tells whether it was alive.
    pub(crate) fn signal(&self, child: &Child, signal: Signal) -> bool {
        let inner = self.lock();
        let pid = Pid::from_child(child);
        let is_alive = inner.alive.contains(&pid) && matches!(self.has_ended(child), Ok(false));
        is_alive && send(pid, signal)
    }

    /// Limits the size to which they may write a file, of all that are alive and that will be started.
    /// Tells how many are alive.
    pub(crate) fn limit_files(&self, bytes_max: Option<u64>) -> usize {
        let mut inner = self.lock();
        inner.file_bytes_max = bytes_max;
        let alive = inner.alive.iter().copied();
        alive.for_each(|pid| limit_files(pid, bytes_max));
        inner.alive.len()
    }

    /// Whether all are killed that will be started.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().ended
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(target_os = "linux")]
fn limit_files(pid: Pid, bytes_max: Option<u64>) {
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
    let maximum = getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit {
        current: bytes_max.or(maximum),
        maximum,
    };
    // It may have ended by itself.
    let _ = prlimit(Some(pid), Resource::Fsize, limit);
}

/// Only Linux lets a process limit others.
#[cfg(not(target_os = "linux"))]
fn limit_files(_pid: Pid, _bytes_max: Option<u64>) {}

fn kill(leader: Pid) {
    // It may have ended by itself.
    send(leader, Signal::KILL);
}

/// Sends a signal to a process, and to the group that it was started as the leader of. It may have
/// gone into another group itself (setpgid(2)).
fn send(leader: Pid, signal: Signal) -> bool {
    let to_group = kill_process_group(leader, signal).is_ok();
    kill_process(leader, signal).is_ok() || to_group
}
