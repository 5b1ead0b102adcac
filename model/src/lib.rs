//! The proof that [`hookstate`] keeps its promise: its own code, not a copy, on a simulated kernel.

pub mod sim;

pub mod control;
