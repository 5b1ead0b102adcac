//! Time that passes while a process waits for a lock.

use crate::sim::{Door, Reply, Request};
use hookstate::kernel::{FlockOperation, Result};
use std::cell::Cell;
use std::time::Duration;

/// The kernel as somebody sees it who has waited so long for its first window. Whoever comes
/// [`Later`](crate::stores::Later) by as much has the same time from then on.
#[derive(Debug)]
pub(super) struct Waiting<D> {
    door: D,
    time: Duration,
    has_waited: Cell<bool>,
}

impl<D> Waiting<D> {
    pub(super) fn of(time: Duration, door: D) -> Self {
        let has_waited = Cell::new(false);
        Self {
            door,
            time,
            has_waited,
        }
    }
}

impl<D: Door> Door for Waiting<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let locks = matches!(
            request,
            Request::Flock {
                operation: FlockOperation::TryExclusive | FlockOperation::Exclusive,
                ..
            }
        );
        let is_time = matches!(request, Request::ClockRealtime);
        let reply = self.door.call(request)?;
        if locks {
            self.has_waited.set(true);
        }
        match reply {
            Reply::Time(time) if is_time && self.has_waited.get() => {
                Ok(Reply::Time(time + self.time))
            }
            reply => Ok(reply),
        }
    }
}

/// A clock that is read once, before any window.
#[derive(Debug)]
pub(super) struct ReadBefore<D> {
    door: D,
    time: Cell<Option<Duration>>,
}

impl<D> ReadBefore<D> {
    pub(super) fn of(door: D) -> Self {
        let time = Cell::new(None);
        Self { door, time }
    }
}

impl<D: Door> Door for ReadBefore<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let is_time = matches!(request, Request::ClockRealtime);
        match (self.time.get(), self.door.call(request)?) {
            (Some(read), Reply::Time(_)) if is_time => Ok(Reply::Time(read)),
            (None, Reply::Time(time)) if is_time => {
                self.time.set(Some(time));
                Ok(Reply::Time(time))
            }
            (_, reply) => Ok(reply),
        }
    }
}
