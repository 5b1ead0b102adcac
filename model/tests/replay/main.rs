//! The kernel of this machine agrees with the simulated one: real processes make the calls of an
//! execution of the model, in its order, with the results that the model foretold, and come to the
//! same end. For each strategy there are executions that pass, with processes that take turns and
//! are killed, and counterexamples of the same strategy without one of its steps. And a replay in
//! which anything is altered is refused.

mod orders;
mod stage;

mod counterexamples;
mod endings;
mod passing;

mod altered;
mod saved;
