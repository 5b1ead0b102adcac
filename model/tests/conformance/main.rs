//! The simulated kernel is a claim about the real one. Here every fact that the protocols rely on
//! is one function that must hold on both, and random calls must get the same answers from both.

mod facts;
mod random;
mod world;
