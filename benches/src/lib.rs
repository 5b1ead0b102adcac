//! What the benchmarks share.
//!
//! `cargo bench` runs three. `strategies` shows the shape: what a change and a read cost, by one
//! process and by eight. `floor` holds a change against the same system calls made bare, `statistics`
//! a call after a million others against the tenth; both fail if the ratio is larger than promised.
//!
//! The state lies below the directory that `HOOKSTATE_BENCH_DIR` names, by default that for
//! temporary files, because the file system decides most of the cost.

#![expect(
    clippy::disallowed_methods,
    reason = "the rule is for core; this measures time and looks at files"
)]

pub mod crowd;
pub mod floor;
pub mod journaled;
pub mod paired;
pub mod place;
pub mod python;
pub mod session;
pub mod statistics;
