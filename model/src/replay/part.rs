//! The process that plays one seat of a scenario on the host.

use super::gate::{Gate, without_driver};
use super::host_door::HostDoor;
use super::wire::{Wire, Word};
use crate::oracle::Account;
use crate::process::Exit;
use crate::scenario::Scenario;
use crate::sim::{AnyDoor, SimProcess};
use hookstate::strategy::Strategy;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

/// The environment variable that tells a program which part it has.
const PART: &str = "HOOKSTATE_REPLAY_PART";

/// Which seat, and where.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) seat: usize,
    /// What is the root directory to the process.
    pub(super) root: PathBuf,
    /// How long it waits for the driver.
    pub(super) patience: Duration,
}

impl Part {
    pub(super) fn give_to(&self, command: &mut Command) {
        let part = serde_json::to_string(self).expect("the path is a string");
        command.env(PART, part);
    }
}

/// Plays a part of the scenario if a [`Replay`](super::Replay) has started this program for that,
/// and does not return then. A program that has itself started again calls this before it does
/// anything else with the scenario.
///
/// # Panics
///
/// If the part or the driver at the other end of the standard input is not what it should be.
pub fn play_part<S>(scenario: &Scenario<S>)
where
    S: Strategy + Clone + Send + Sync + 'static,
{
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let part: Part = serde_json::from_str(&part).expect("the driver gives out whole parts");
    let wire =
        driver_at_stdin(part.patience).expect("the standard input is a socket to the driver");
    perform(scenario, &part, &Rc::new(RefCell::new(wire)));
    std::process::exit(0)
}

fn driver_at_stdin(patience: Duration) -> io::Result<Wire> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    Wire::new(UnixStream::from(socket), patience)
}

fn perform<S>(scenario: &Scenario<S>, part: &Part, wire: &Rc<RefCell<Wire>>)
where
    S: Strategy + Clone + Send + Sync + 'static,
{
    let host = HostDoor::below(&part.root, scenario.faults());
    let gate = Gate::new(host, Rc::clone(wire), scenario.start(), part.seat);
    let program = &scenario.programs()[part.seat];
    let mut account = Account::default();
    let lived = catch_unwind(AssertUnwindSafe(|| {
        program(SimProcess(AnyDoor::new(gate)), &mut account);
    }));
    let exit = Exit::of(lived);
    let sent = wire.borrow_mut().send(&Word::Ended { account, exit });
    sent.unwrap_or_else(|_| without_driver());
}
