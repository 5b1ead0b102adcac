//! What the model says, done again by real processes on the kernel of this machine.
//!
//! A [`Schedule`] is the order of the calls of one execution with the result of each, in a form
//! that can be read, kept in a file and shared. [`Prediction`] is what it comes to on the simulated
//! kernel. A [`Replay`] starts a process for each seat of the scenario and lets them make their
//! calls one at a time, in that order: each process stands at a gate before a call until the
//! schedule comes to it, and what the kernel answers is compared with what the model said. What the
//! processes say in the end, what is in the directory and what the oracle makes of it are compared
//! as well.
//!
//! A process that is to be killed gets SIGKILL where it stands. In the middle of a write that is
//! when the kernel has taken the pages before: no signal can be timed to hit between two pages, so
//! the write is cut off there first. The power cannot be cut, and a call cannot yet be made to fail:
//! an execution in which that happens is refused.
//!
//! In reading order: `schedule` and `readable` are the data. `host_door` makes the calls; `gate` asks
//! before each of them and `part` is the process around it. `player` is that process as the `driver`
//! sees it, `wire` what the two say to each other and `divergence` what can come out otherwise than
//! foretold. `rehearsal` is the same on the simulated kernel, and `prediction` what comes of it.
//! `tree` is the directory as a value, and `on_host` puts all of it together.

mod readable;
mod schedule;

mod host_door;

mod wire;

mod gate;
mod part;

mod divergence;
mod driver;
mod player;

mod prediction;
mod rehearsal;

mod on_host;
mod tree;

pub use divergence::{Divergence, Otherwise, When};
pub use host_door::HostDoor;
pub use on_host::{Replay, Replayed};
pub use part::play_part;
pub use prediction::Prediction;
pub use readable::{Invocation, Response};
pub use schedule::{Schedule, Step};
pub use tree::Tree;
