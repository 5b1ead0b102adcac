//! A process as the engines see it: what it does, what it has to say, and how it comes to its end.

use crate::sim::{AnyDoor, Sim, SimProcess};
use hookstate::kernel::Ceased;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::cell::Cell;
use std::sync::Arc;

/// What a process does. It keeps its account as it goes along, since it can be killed at any call,
/// and what it has had acknowledged by then counts.
///
/// It must be a function of what its calls answer, and must let unwinding through, by which an
/// engine stops it.
pub type Program<A> = Arc<dyn Fn(SimProcess<AnyDoor>, &mut A) + Send + Sync>;

/// How a process came to its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Exit {
    /// By itself.
    Finished,
    /// It was killed, or the power was cut.
    Killed,
    /// It waited for others, all of which waited too.
    Stuck,
    /// It made calls without end.
    Runaway,
    /// It panicked with this message.
    Panicked(String),
}

/// What an execution came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ending<A> {
    /// The kernel after the last process had ended.
    pub sim: Sim,
    /// How each process came to its end.
    pub exits: Vec<Exit>,
    /// What each process had to say by then.
    pub accounts: Vec<A>,
    /// In which processes a call was made to fail, other than by a signal.
    pub hurt: Vec<bool>,
    /// How many calls failed or transferred less than they could, without the kernel's state being
    /// the reason.
    pub mishaps: u8,
    /// How often the power was cut.
    pub power_cuts: u8,
}

/// Whether this thread is playing a process just now. A panic then is how that process ends, and
/// nothing that a program around the model needs to tell of.
#[must_use]
pub fn is_playing() -> bool {
    PLAYING.get()
}

/// Lets the thread play a process.
pub(crate) fn playing<T>(play: impl FnOnce() -> T) -> T {
    let before = PLAYING.replace(true);
    let played = play();
    PLAYING.set(before);
    played
}

thread_local! {
    static PLAYING: Cell<bool> = const { Cell::new(false) };
}

/// The payload of unwinding when every process that is left waits for another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stuck;

/// The payload of unwinding when a process makes more calls than [`CALLS_MAX`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runaway;

/// The most calls of one process in one execution. Far more than any protocol needs, and few enough
/// for loom, which stops with a panic of its own at its `max_branches`.
pub(crate) const CALLS_MAX: usize = 1_000;

impl Exit {
    /// What a thread that played a process came to.
    pub(crate) fn of(lived: std::thread::Result<()>) -> Self {
        let payload = match lived {
            Ok(()) => return Self::Finished,
            Err(payload) => payload,
        };
        if payload.is::<Ceased>() {
            Self::Killed
        } else if payload.is::<Stuck>() {
            Self::Stuck
        } else if payload.is::<Runaway>() {
            Self::Runaway
        } else {
            Self::Panicked(message(payload.as_ref()))
        }
    }
}

pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
