//! Hunting for what shows only now and then: rounds go on until a bound is reached or something is
//! found, and what was found can be shown again.
//!
//! [`bounds`] say how long, [`rounds`] are counted, and a [`relic`] is the directory of a round that is
//! kept, with what it takes to go back to it: `stress --repro DIR`.

mod bounds;
mod relic;
mod rounds;

pub(crate) use bounds::{Bounds, positive_duration};
pub(crate) use relic::{Origin, Relic, Said, Story};
pub(crate) use rounds::Rounds;
