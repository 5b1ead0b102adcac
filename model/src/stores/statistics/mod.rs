//! The statistics of a session among processes that count, end the session and clean up: the shipping
//! `SessionStats` and `cleanup_stale_on`.
//!
//! Each call that is counted has a token, which is in the name of its tool and is its timing in
//! milliseconds, so that a file shows whose calls it has. What must hold is the affair of `judge.rs`.
//! There is one strategy, since other programs share the file.

mod counted;
mod said;

mod peer;

mod judge;

mod cast;

mod control;

pub(super) mod cleanup;
pub(super) mod failing;
pub(super) mod finalize;
pub(super) mod removal;

use super::Setting;
use super::footing::FLOCK;

/// What all but the failing ones are searched in.
const SETTINGS: &[Setting] = &[
    Setting::kills(3, 2),
    Setting::kills(2, 2),
    Setting::failing(2),
];
