//! Guards: small typed stores for what a hook has to decide together with its copies.
//!
//! | guard | question | promise |
//! |---|---|---|
//! | [`Debounce`] | have the events stopped? | the last event of a burst is acted on, by one process |
//! | [`CircuitBreaker`] | is it worth trying? | refuses after failures in a row; then one probe at a time |
//! | [`RateLimit`] | is it too often? | at most `n` in any window |
//! | [`Once`] | has anybody done it? | one process wins a key until it expires |
//! | [`Slots`] | are too many at it? | at most `n` at a time; the kernel frees those of the dead |
//! | [`Pending`] | what is still to be done? | each path is in exactly one batch |
//!
//! Each decision is one exclusive window of the [`Store`](crate::Store) below: what was read to
//! decide is still so when the decision is written. So the promises hold for any number of processes
//! and a kill at any instruction. What a kill leaves stands with each guard.
//!
//! `new` makes a guard on the kernel of this machine; `over` takes a store with terms of its own,
//! such as another strategy or a longer wait for the lock. The kind of the guard becomes a part of
//! its file names, so guards of different kinds and plain states may have the same name. All
//! processes must give the same numbers and times to the guards that they share.
//!
//! # Time
//!
//! The guards go by the wall clock, the only one that counts on while a machine sleeps and is the same
//! after a boot. It can be set, too.
//!
//! * **Back:** a moment that is still to come counts as now, from the first look at it on. So a time
//!   that is running begins anew, once for each step.
//! * **Forward:** that looks like a machine that slept, and counts as time that has passed. A window,
//!   a cool-down or an expiry ends early; that only one is let in, or wins, does not depend on it.
//!
//! Times are kept and compared in whole microseconds.

mod any_path;
mod breaker;
mod debounce;
mod decide;
mod moment;
mod once;
mod pending;
mod rate_limit;
mod slots;
mod waiter;

pub use any_path::AnyPath;
pub use breaker::{Admission, BreakerState, CircuitBreaker, Condition, Permit, Report};
pub use debounce::{Arrival, Debounce, DebounceState};
pub use once::{Once, OnceState, Win};
pub use pending::{Added, Batch, Pending, PendingState};
pub use rate_limit::{RateLimit, RateLimitState, Turn};
pub use slots::{Slot, Slots};
pub use waiter::{Step, Waiter};
