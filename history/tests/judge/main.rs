//! The judges on trial: histories whose verdicts are known, and every order of small ones.
#![expect(
    clippy::disallowed_methods,
    reason = "the rule is for core; these tests read and write files"
)]

mod common;

mod corpus;

mod brute_counters;
mod brute_registers;

mod controls;
mod large;
mod several;
mod shapes;

mod files;
