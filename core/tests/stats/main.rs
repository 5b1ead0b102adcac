//! The statistics of a session from outside: its files to the byte, and many processes at once, of
//! this program and of another that is written in Python.
//!
//! First what the tests share, then the tests. `python3` has to be there.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the files from outside, as any other program would"
)]
#![expect(unreachable_pub, reason = "a test program has no users")]

mod account;
mod child;
#[path = "../common/example.rs"]
mod example_program;
mod peer;
mod scratch;
mod worker;

mod format;
mod ids;
mod json;
mod lenient;
mod many_hooks;
mod timings;

mod cleanup;
mod deaths;
mod example;
mod faults;
mod finalize;
mod first_use;
mod interoperation;
