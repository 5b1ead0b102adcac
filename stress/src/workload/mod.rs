//! What the workers do to the state, and how the state proves itself.

mod kind;
mod operation;
mod presence;
mod seed;

mod flaw;

mod ballast;
mod tally;

mod calls;
mod task_list;

pub(crate) use ballast::{Ballast, BallastBytes};
pub(crate) use calls::{SESSION, agent, call};
pub(crate) use flaw::Flaw;
pub(crate) use kind::{Unreported, Workload};
pub(crate) use operation::{Entry, Operation, Tool};
pub(crate) use presence::Presence;
pub(crate) use seed::Seed;
pub(crate) use tally::{Change, Counts, Tally};
pub(crate) use task_list::{TASKS_KEPT, TaskList};
