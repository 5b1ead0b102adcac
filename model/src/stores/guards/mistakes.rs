//! Kernels that leave a step of the debounce out: what they do to the lock of the role.

use crate::sim::{AnyDoor, Door, Fd, Reply, Request};
use hookstate::kernel::{FlockOperation, Result};
use std::cell::RefCell;
use std::path::Path;

/// Which descriptor has the role.
#[derive(Debug)]
struct Role {
    door: AnyDoor,
    fd: RefCell<Option<Fd>>,
}

impl Role {
    fn new(door: AnyDoor) -> Self {
        let fd = RefCell::default();
        Self { door, fd }
    }

    fn call(&self, request: Request) -> Result<Reply> {
        let opens = matches!(&request, Request::Open { path, .. } if is_role(path));
        let closed = match &request {
            Request::Close { fd } => Some(*fd),
            _ => None,
        };
        let answer = self.door.call(request);
        if let (true, Ok(Reply::Fd(fd))) = (opens, &answer) {
            self.fd.replace(Some(*fd));
        }
        if closed.is_some() && *self.fd.borrow() == closed {
            self.fd.take();
        }
        answer
    }

    fn is_of(&self, fd: Fd) -> bool {
        *self.fd.borrow() == Some(fd)
    }
}

fn is_role(path: &Path) -> bool {
    path.extension() == Some("waiter".as_ref())
}

/// Lets go of the role when the next lock is released, which is that of the window.
#[derive(Debug)]
pub(super) struct LeavesLate {
    role: Role,
    /// What is still to be done then.
    put_off: RefCell<Vec<Request>>,
}

impl LeavesLate {
    pub(super) fn new(door: AnyDoor) -> Self {
        Self {
            role: Role::new(door),
            put_off: RefCell::default(),
        }
    }
}

impl Door for LeavesLate {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Flock {
                fd,
                operation: FlockOperation::Unlock,
            }
            | Request::Close { fd }
                if self.role.is_of(fd) && self.has_role(&request) =>
            {
                self.put_off.borrow_mut().push(request);
                Ok(Reply::Unit)
            }
            Request::Flock {
                operation: FlockOperation::Unlock,
                ..
            } => {
                let answer = self.role.call(request);
                for late in self.put_off.take() {
                    // Neither of the two calls has an error that anybody could act on.
                    let _ = self.role.call(late);
                }
                answer
            }
            _ => self.role.call(request),
        }
    }
}

impl LeavesLate {
    /// Whether it had the role, so that this is the end of it: who was refused only closes.
    fn has_role(&self, request: &Request) -> bool {
        let unlocks = matches!(request, Request::Flock { .. });
        unlocks || !self.put_off.borrow().is_empty()
    }
}

/// Takes the role without its lock.
#[derive(Debug)]
pub(super) struct RoleUnlocked(Role);

impl RoleUnlocked {
    pub(super) fn new(door: AnyDoor) -> Self {
        Self(Role::new(door))
    }
}

impl Door for RoleUnlocked {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Flock { fd, .. } if self.0.is_of(fd) => Ok(Reply::Unit),
            _ => self.0.call(request),
        }
    }
}
