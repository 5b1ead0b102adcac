//! What the workers do to the state, and how the state proves itself.

mod ballast;
mod flaw;
mod operation;
mod presence;
mod seed;
mod tally;

pub(crate) use ballast::{Ballast, BallastBytes};
pub(crate) use flaw::Flaw;
pub(crate) use operation::{Entry, Operation, Tool};
pub(crate) use presence::Presence;
pub(crate) use seed::Seed;
pub(crate) use tally::{Change, Counts, Tally};
