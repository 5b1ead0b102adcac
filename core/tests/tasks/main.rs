//! The task store from outside: what holds through its public interface, on the real kernel.
//!
//! First what the tests share, then the tests. Every checker is on trial itself: it is handed a store
//! that is wrong on purpose, and the test fails if it passes that.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the files from outside, as any other program would"
)]
#![expect(unreachable_pub, reason = "a test program has no users")]

mod careless;
mod child;
mod clock;
mod operation;
mod place;

mod additions;
mod announcements;
mod bounds;
mod claims;
mod clock_steps;
mod foreign;
mod handed_on;
mod identity;
mod import;
mod killed;
mod meetings;
mod removal;
mod unused;
