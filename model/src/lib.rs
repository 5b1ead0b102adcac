//! The proof that [`hookstate`] keeps its promise: its own code, not a copy, on a simulated kernel.

pub mod sim;

pub mod explore;
pub mod trace;

pub mod oracle;
pub mod scenario;
pub mod twin;

pub mod control;
