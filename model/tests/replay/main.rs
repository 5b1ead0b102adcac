//! The kernel of this machine agrees with the simulated one: real processes make the calls of an
//! execution that the model found, in its order, with the results that the model foretold, and come
//! to the same end. For each strategy that is an execution that passes, with two processes that
//! take turns and a kill, and a counterexample of one without a step.

mod cases;
mod stage;

mod altered;
