//! The ways in which state that short-lived processes share gets lost, as they were seen in real
//! programs: each as the smallest program that has it, and as the same program with the missing step
//! put back.
//!
//! A check must reject the first and accept the second. A program that is a store of a state is a
//! [`Strategy`] and is judged like the three that keep their promise; a guard, a counter or a mailbox
//! has a judge of its own, in its file. The programs do what they do in the fewest calls, and under
//! the circumstance that the pattern needs they do all but the one thing right, so that nothing else
//! can be what the check has found.
//!
//! ```
//! use hookstate_model::control::patterns::{self, Variant};
//!
//! let no_lock = patterns::named("no-lock").and_then(|pattern| pattern.protocol()).unwrap();
//! assert!(no_lock.check(Variant::AsSeen).counterexample.is_some());
//! assert!(no_lock.check(Variant::Repaired).is_complete());
//! ```

mod pattern;
mod trial;

mod breaker_uncounted;
mod counted_then_added;
mod debounce_leading_edge;
mod debounce_unlocked;
mod defaults_on_damage;
mod error_path_unlocked;
mod finalize_in_steps;
mod fixed_temporary;
mod inherited_lock;
mod lock_file_removed;
mod lock_left_behind;
mod lock_stolen;
mod no_lock;
mod reader_unlocked;
mod single_slot;
mod snapshot_held;
mod timeout_ignored;
mod torn_append;
mod truncate_then_write;
mod truncating_open;

pub use truncate_then_write::TruncateThenWrite;

pub use pattern::{Circumstance, Form, Model, Pattern, Protocol, Variant};

use super::{create_race, rename_stale_lock, unlocked};
use crate::explore::Bounds;
use crate::scenario::{Act, Before, Scenario};
use crate::sim::{FaultModel, Sleep};
use hookstate::strategy::Strategy;

/// The patterns, in the order of their numbers.
pub const PATTERNS: [Pattern; 24] = [
    no_lock::PATTERN,
    unlocked::PATTERN,
    truncating_open::PATTERN,
    create_race::PATTERN,
    truncate_then_write::PATTERN,
    defaults_on_damage::PATTERN,
    error_path_unlocked::PATTERN,
    rename_stale_lock::PATTERN,
    lock_file_removed::PATTERN,
    lock_stolen::PATTERN,
    lock_left_behind::PATTERN,
    timeout_ignored::PATTERN,
    fixed_temporary::PATTERN,
    finalize_in_steps::PATTERN,
    snapshot_held::PATTERN,
    counted_then_added::PATTERN,
    debounce_unlocked::PATTERN,
    debounce_leading_edge::PATTERN,
    RECORD_LOCK_CLOSED,
    inherited_lock::PATTERN,
    torn_append::PATTERN,
    reader_unlocked::PATTERN,
    breaker_uncounted::PATTERN,
    single_slot::PATTERN,
];

const RECORD_LOCK_CLOSED: Pattern = Pattern {
    number: 19,
    name: "record-lock-closed",
    lost: "the lock, when another part of the process closes the same file",
    form: Form::Excluded(
        "a POSIX record lock needs fcntl(2) with F_SETLK, a call that the seam does not have \
         because no strategy makes it",
    ),
};

/// The pattern with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Pattern> {
    PATTERNS.iter().find(|pattern| pattern.name == name)
}

/// One change.
pub(super) const MODIFY: &[Act] = &[Act::Modify];
/// One read.
pub(super) const READ: &[Act] = &[Act::Read];
/// A local file system, on which a sleep takes time, so that a process can lose its patience.
pub(super) const TIME_PASSES: FaultModel = FaultModel {
    sleep: Sleep::AsAsked,
    ..FaultModel::LOCAL
};
/// As far as loom gets in a second with three processes.
pub(super) const TWO_PREEMPTIONS: Bounds = Bounds {
    preemptions_max: Some(2),
    ..Bounds::ALL
};
/// A state that others have changed before.
pub(super) const EXISTING: Before = Before::Changes(2);

/// So many processes, each of which changes once a state that others have changed before.
pub(super) fn each_changes<S>(strategy: S, processes: usize) -> Scenario<S>
where
    S: Strategy + Clone + Send + Sync + 'static,
{
    Scenario::new(strategy, EXISTING, &vec![MODIFY; processes])
}
