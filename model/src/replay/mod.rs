//! What the model says, done again by real processes on the kernel of this machine.
//!
//! A [`Schedule`] is the order of the calls of one execution with the result of each, in a form
//! that can be read, kept in a file and shared. [`Prediction`] is what it comes to on the simulated
//! kernel. A [`Replay`] starts a
//! process for each seat of the scenario and lets them make their calls one at a time, in that
//! order: each process stands at a [gate](self::gate) before a call until the schedule comes to it,
//! and what the kernel answers is compared with what the model said. A process that is to be killed
//! gets SIGKILL where it stands, or in the middle of its write. What the processes say in the end
//! and what is in the directory are compared as well.
//!
//! In reading order: [`schedule`] and [`readable`] are the data. [`host_door`] makes the calls;
//! [`gate`] asks before each of them and [`part`] is the process around it. [`player`] is that
//! process as the [`driver`] sees it, [`wire`] what the two say to each other and [`divergence`]
//! what can come out otherwise than foretold. [`tree`] is the directory as a value, [`prediction`]
//! what the model says, and [`on_host`] puts all of it together.

mod readable;
mod schedule;

mod host_door;

mod wire;

mod gate;
mod part;

mod divergence;
mod driver;
mod player;

mod rehearsal;

mod prediction;
mod tree;

mod on_host;

pub use divergence::{Divergence, Otherwise, When};
pub use host_door::HostDoor;
pub use on_host::{Replay, Replayed};
pub use part::play_part;
pub use prediction::Prediction;
pub use readable::{Invocation, Response};
pub use schedule::{Schedule, Step};
pub use tree::Tree;
