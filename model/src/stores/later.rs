//! A process that comes later.

use crate::sim::{Door, Reply, Request, SimProcess};
use hookstate::kernel::Result;
use std::time::Duration;

/// The kernel as somebody sees it who comes so much later. The others may come after that all the
/// same, and then find moments in the state that are still to come, as when the clock is set back.
#[derive(Clone, Debug)]
pub struct Later<D> {
    door: D,
    by: Duration,
}

impl<D> Later<D> {
    /// The process, so much later.
    pub fn by(by: Duration, process: SimProcess<D>) -> SimProcess<Self> {
        let door = process.0;
        SimProcess(Self { door, by })
    }
}

impl<D: Door> Door for Later<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let is_time = matches!(request, Request::ClockRealtime);
        match self.door.call(request)? {
            Reply::Time(time) if is_time => Ok(Reply::Time(time + self.by)),
            reply => Ok(reply),
        }
    }
}
