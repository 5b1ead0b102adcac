//! Twins that end a state in the wrong way, and controls of them that the strategies make their own.

use super::control::{Control, watched};
use super::lock;
use crate::oracle::{DIRECTORY, ViolationKind};
use crate::sim::{AnyDoor, Door, Reply, Request};
use hookstate::kernel::{Access, Call, OpenHow, Result, Watcher, Way};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

/// `base` with [`lock::WithoutLock`]. Somebody must remove the state beside a change.
pub(super) const fn unlocked(name: &'static str, base: Control) -> Control {
    Control {
        leaves_out: "Removes the state without the lock.",
        ..lock::without_lock(name, base)
    }
}

/// `base` with `twin`, which is a [`RemovesBeforeHandingOut`], and whoever removes killed.
pub(super) const fn before_handing_out(
    name: &'static str,
    base: Control,
    twin: fn(AnyDoor) -> AnyDoor,
) -> Control {
    Control {
        name,
        leaves_out: "Removes the state before it has handed it out.",
        twin,
        victim: Some(0),
        verdicts: &[ViolationKind::Lost, ViolationKind::RolledBack],
        ..base
    }
}

/// `base` with `twin`, which is a [`RemovesTheLockFirst`].
pub(super) const fn lock_first(
    name: &'static str,
    base: Control,
    twin: fn(AnyDoor) -> AnyDoor,
) -> Control {
    Control {
        name,
        leaves_out: "Removes the file that has the lock before the others of the same state.",
        twin,
        verdicts: &[
            ViolationKind::Lost,
            ViolationKind::Failed,
            ViolationKind::Torn,
        ],
        ..base
    }
}

/// `base` with [`LeavesFiles`]. Somebody must remove the state.
pub(super) const fn leaves_files(
    name: &'static str,
    base: Control,
    twin: fn(AnyDoor) -> AnyDoor,
) -> Control {
    Control {
        name,
        leaves_out: "Hands the state out and leaves a file of it behind.",
        twin,
        verdicts: &[ViolationKind::Litter, ViolationKind::Doubled],
        ..base
    }
}

/// [`LeavesFiles`] in front of the kernel.
pub(super) fn leaving(door: AnyDoor, ending: &'static str) -> AnyDoor {
    watched(door, LeavesFiles(ending))
}

/// Removes a state before it has handed it out: as soon as it has been read.
#[derive(Debug)]
pub struct RemovesBeforeHandingOut<D> {
    door: D,
    locked: &'static str,
    data: &'static str,
    removing: Cell<bool>,
}

impl<D> RemovesBeforeHandingOut<D> {
    /// Only a removal opens the file `locked` without creating it and to write; the state is in
    /// `data`.
    pub const fn new(door: D, locked: &'static str, data: &'static str) -> Self {
        Self {
            door,
            locked,
            data,
            removing: Cell::new(false),
        }
    }
}

impl<D: Door> Door for RemovesBeforeHandingOut<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Open { ref path, how } if path.ends_with(self.locked) => {
                self.removing.set(is_removal(how));
                self.door.call(request)
            }
            Request::Pread { .. } if self.removing.take() => {
                let state = self.door.call(request)?;
                self.remove()?;
                Ok(state)
            }
            request => self.door.call(request),
        }
    }
}

impl<D: Door> RemovesBeforeHandingOut<D> {
    /// With one more call, which others could notice, so that the process can be killed at it with
    /// the state in its hands. There is nothing to be found.
    fn remove(&self) -> Result<()> {
        let path = Path::new(DIRECTORY).join(self.data);
        let unlink = Request::Unlink { path: path.clone() };
        self.door.call(unlink)?;
        let _ = self.door.call(Request::Stat { path });
        Ok(())
    }
}

/// Removes the file that has the lock before the others of the same state.
#[derive(Debug)]
pub struct RemovesTheLockFirst<D> {
    door: D,
    locked: &'static str,
    removing: Cell<bool>,
    held_back: RefCell<Vec<PathBuf>>,
}

impl<D> RemovesTheLockFirst<D> {
    /// Holds back from `door` what else is to be removed, until the file `locked` has been. Only a
    /// removal opens that without creating it and to write.
    pub const fn new(door: D, locked: &'static str) -> Self {
        Self {
            door,
            locked,
            removing: Cell::new(false),
            held_back: RefCell::new(Vec::new()),
        }
    }
}

impl<D: Door> Door for RemovesTheLockFirst<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match &request {
            Request::Open { path, how } if path.ends_with(self.locked) => {
                self.removing.set(is_removal(*how));
                self.door.call(request)
            }
            Request::Unlink { path } if self.removing.get() && !path.ends_with(self.locked) => {
                self.held_back.borrow_mut().push(path.clone());
                Ok(Reply::Unit)
            }
            Request::Unlink { path } if path.ends_with(self.locked) => {
                let reply = self.door.call(request);
                for path in self.held_back.take() {
                    // It may be missing, which the shipping code does not mind either.
                    let _ = self.door.call(Request::Unlink { path });
                }
                reply
            }
            _ => self.door.call(request),
        }
    }
}

fn is_removal(how: OpenHow) -> bool {
    how == OpenHow::existing(Access::ReadWrite)
}

/// Removes no file whose name ends like this.
#[derive(Clone, Copy, Debug)]
pub struct LeavesFiles(pub &'static str);

impl Watcher for LeavesFiles {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Unlink { path } if path.to_string_lossy().ends_with(self.0) => Way::Skip,
            _ => Way::Through,
        }
    }
}
