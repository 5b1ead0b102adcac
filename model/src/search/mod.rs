//! The breadth-first search: every state that some processes can bring the simulated kernel into.
//!
//! A process is a function of what its calls have answered, so the state of a system of processes is
//! the state of the kernel and, for each process, the answers that it has had: its history. The
//! shipping code is run once for each history that occurs, against the
//! recorded answers, and stopped by unwinding at the first call that has none. Everything else is
//! a search in a graph, whose edges are:
//!
//! * **step**: a process makes its next call;
//! * **kill**: it ceases before that call, inside of it when some pages are written, or after it
//!   before anything that changes what it has to say;
//! * **fail**: its call returns an error and has no effect;
//! * **short**: its call transfers fewer bytes than it could;
//! * **power cut**: everything stops, and what the disk keeps is one of what [`FaultModel::power`]
//!   allows.
//!
//! A call that is cut short transfers one byte, half of what it could, all but one byte, or what goes
//! up to a bound of a sector or page.
//!
//! All but the first have a [`Budget`]. A state from which no steps lead to an ending is one in which
//! somebody is stuck.
//!
//! The search goes level by level, so the first ending that is objected to is one with the fewest
//! moves. What it leaves out, and why nothing is missed by that:
//!
//! * Calls that no other process can notice ([`Sim::commutes`]) are made together with the one
//!   before, except where they may be made to fail. Before one after which the process has something
//!   else to say it can be killed; and if others can notice that it lives, or it has done nothing yet,
//!   the call is a step of its own, so that it can also die after what they do meanwhile.
//! * A process that asks for something, is refused, pauses and asks for the same again is where it
//!   was. So the number of its tries is no part of its history, and no timeout ends its waiting,
//!   unless the fault model says that sleeping takes time.
//! * Processes with the same program are interchangeable: of the states that differ only in which of
//!   them is which, one is looked at.
//! * A file is gone as soon as nobody has it open under any name, and a new one gets the lowest
//!   number that is free. That is one of the ways in which a kernel can give out inode numbers, and
//!   the one in which a number comes back the soonest, which is what can deceive whoever compares
//!   numbers to tell files apart.
//! * Two states are taken to be the same if their 128-bit fingerprints are. With a hundred million
//!   states the chance that any two differ all the same is about one in 10^22.
//!
//! [`FaultModel::power`]: crate::sim::FaultModel
//! [`Sim::commutes`]: crate::sim::Sim::commutes

mod plan;

mod history;
mod state;

mod mishaps;
mod moves;

mod hunt;

mod expand;
mod seen;

mod ends;

mod report;

pub use plan::{Goal, IsInside, IsReached, Search};
pub use report::{Counterexample, Report, Sightings};
pub use state::Budget;
