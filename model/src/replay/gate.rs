//! Where a process asks before each of its calls, and waits until it may make it.
//!
//! What it asks about itself, and the time, is answered here as the simulated kernel would, without
//! asking anybody: a name that is made of a process number or of the time is then the same on both
//! kernels, and a process that stands here for long does not find that its time is up. So a poll for
//! a lock is a call like any other. A call that would block does not: it is tried, and if it would,
//! the process asks again.

use super::host_door::HostDoor;
use super::readable::{Invocation, Response};
use super::schedule::{is_pause, is_private};
use super::wire::{Leave, Wire, Word};
use crate::oracle::USER;
use crate::sim::{Door, ProcessId, Reply, Request, Sim, Step};
use hookstate::kernel::{Errno, FlockOperation, Result};
use std::cell::RefCell;
use std::rc::Rc;

/// A door to the host that opens when the driver says so.
#[derive(Debug)]
pub(super) struct Gate {
    host: HostDoor,
    wire: Rc<RefCell<Wire>>,
    itself: RefCell<Itself>,
}

/// A simulated kernel on which the process makes only calls about itself.
#[derive(Debug)]
struct Itself {
    sim: Sim,
    process: ProcessId,
}

impl Gate {
    /// For the process at `seat` of those that start together on `sim`.
    pub(super) fn new(host: HostDoor, wire: Rc<RefCell<Wire>>, mut sim: Sim, seat: usize) -> Self {
        let first = sim.spawn(USER);
        let process = (0..seat).fold(first, |_, _| sim.spawn(USER));
        Self {
            host,
            wire,
            itself: RefCell::new(Itself { sim, process }),
        }
    }

    /// The owner of the files is the real user, and their file system the real one.
    fn answer_privately(&self, request: Request) -> Result<Reply> {
        if matches!(request, Request::Fstatfs { .. } | Request::Geteuid) {
            return self.host.call(request);
        }
        if is_pause(&request) {
            return Ok(Reply::Unit);
        }
        let Itself { sim, process } = &mut *self.itself.borrow_mut();
        match sim.step(*process, &request) {
            Step::Done(result) => result,
            Step::Blocked => unreachable!("it waits for nobody on a kernel of its own"),
        }
    }

    fn ask(&self, request: &Request) -> Leave {
        self.tell(&Word::Asks(Invocation::from(request)));
        self.hear()
    }

    /// The kill comes then: nobody is going to answer.
    fn write_and_stay(&self, request: &Request, pages: u64) -> ! {
        match self.host.first_pages(request, pages) {
            Some(part) => {
                let result = self.host.call(part);
                self.tell(&Word::Met(Response::from(&result)));
            }
            None => self.tell(&Word::Shorter),
        }
        self.hear();
        unreachable!("a process that is to be killed was told to go on")
    }

    fn tell(&self, word: &Word) {
        let sent = self.wire.borrow_mut().send(word);
        sent.unwrap_or_else(|_| without_driver());
    }

    fn hear(&self) -> Leave {
        let heard = self.wire.borrow_mut().receive();
        heard.unwrap_or_else(|_| without_driver())
    }
}

impl Door for Gate {
    fn call(&self, request: Request) -> Result<Reply> {
        if is_private(request.as_call().kind()) {
            return self.answer_privately(request);
        }
        loop {
            match self.ask(&request) {
                Leave::Go => {}
                Leave::Write { pages } => self.write_and_stay(&request, pages),
            }
            let result = self.host.call(without_blocking(request.clone()));
            if blocks(&request) && result == Err(Errno::WOULDBLOCK) {
                self.tell(&Word::Met(Response::Waits));
                continue;
            }
            self.tell(&Word::Met(Response::from(&result)));
            return result;
        }
    }
}

fn blocks(request: &Request) -> bool {
    let Request::Flock { operation, .. } = request else {
        return false;
    };
    matches!(
        operation,
        FlockOperation::Shared | FlockOperation::Exclusive
    )
}

fn without_blocking(request: Request) -> Request {
    match request {
        Request::Flock { fd, operation } => {
            let operation = match operation {
                FlockOperation::Shared => FlockOperation::TryShared,
                FlockOperation::Exclusive => FlockOperation::TryExclusive,
                other => other,
            };
            Request::Flock { fd, operation }
        }
        other => other,
    }
}

/// A process whose driver is gone has nothing more to do. That the driver has given up tells it
/// why, so this one says nothing.
pub(super) fn without_driver() -> ! {
    std::process::exit(1)
}
