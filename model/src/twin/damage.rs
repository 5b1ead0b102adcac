//! Twins that do not keep what they found damaged.

use super::control::Control;
use crate::oracle::ViolationKind;
use crate::sim::{AnyDoor, Door, Fd, Reply, Request};
use hookstate::kernel::Result;
use std::cell::Cell;
use std::path::Path;

/// `base` with [`KeepsNoCopy`]. The data file must be damaged.
pub(super) const fn keeps_no_copy(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Replaces damaged content without having copied it aside.",
        twin: |door| AnyDoor::new(KeepsNoCopy::new(door)),
        verdicts: &[ViolationKind::DamageForgotten],
        ..base
    }
}

/// Makes the file for damaged content and writes nothing into it.
#[derive(Debug)]
pub struct KeepsNoCopy<D> {
    door: D,
    copy: Cell<Option<Fd>>,
}

impl<D> KeepsNoCopy<D> {
    /// Keeps what is meant for the copy from `door`.
    pub const fn new(door: D) -> Self {
        let copy = Cell::new(None);
        Self { door, copy }
    }
}

impl<D: Door> Door for KeepsNoCopy<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match &request {
            Request::Pwrite { fd, bytes, .. } if self.copy.get() == Some(*fd) => {
                return Ok(Reply::Count(bytes.len()));
            }
            Request::Close { fd } if self.copy.get() == Some(*fd) => self.copy.set(None),
            _ => {}
        }
        let opens = matches!(&request, Request::Open { path, .. } if is_copy(path));
        let reply = self.door.call(request);
        if let (true, Ok(Reply::Fd(fd))) = (opens, &reply) {
            self.copy.set(Some(*fd));
        }
        reply
    }
}

fn is_copy(path: &Path) -> bool {
    path.to_string_lossy().contains(".corrupt-")
}
