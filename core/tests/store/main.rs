//! The store from outside: what holds through its public interface, on the real kernel.
//!
//! First what the tests share, then the tests. Every checker is on trial itself: `controls` hands
//! it strategies that are wrong on purpose, and fails if it passes them.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the files from outside, as any other program would"
)]
#![expect(unreachable_pub, reason = "a test program has no users")]

mod directory;
mod ledger;
mod machine;
mod watchers;

mod history;
mod log_format;
mod sweep;

mod cadence;
mod calls;
mod completing;
mod controls;
mod damage;
mod failed_sync;
mod fault_sweep;
mod frames;
mod lock;
mod names;
mod overtaken;
mod properties;
mod raw_values;
mod readers;
mod refusals;
mod remove;
mod sizes;
mod staged;
mod versions;
