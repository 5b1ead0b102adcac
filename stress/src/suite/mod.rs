//! Many programs, each with its repaired twin: `stress suite DIRECTORY` tells how long it takes to
//! catch the first, and that nothing is said against the second.
//!
//! [`case`] is what is read, [`run`] runs it, [`row`] is what it comes to, [`report`] prints it.

mod case;
mod report;
mod row;
mod run;

pub(crate) use run::{Plan, main};
