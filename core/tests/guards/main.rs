//! The guards from outside, on the real kernel: with a clock that the tests set, with real processes
//! that race and are killed, and with one process between any two calls of another.
//!
//! First what the tests share, then the tests. Every checker is on trial itself: next to each test
//! stands a control, such as a guard that decides in one window and acts on that in another, which
//! the checker must catch.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the files from outside, as any other program would"
)]
#![expect(unreachable_pub, reason = "a test program has no users")]

mod clock;
#[path = "../common/example.rs"]
mod example_program;
mod meeting;
mod mortal;
mod parts;
mod twins;
mod workers;

mod begun_anew;
mod breaker;
mod burst;
mod debounce;
mod debounce_anywhere;
mod example;
mod largest;
mod once;
mod pending;
mod rate_limit;
mod slots;
