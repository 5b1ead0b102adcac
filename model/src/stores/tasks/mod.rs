//! Tasks among processes that add, remove, import and announce them: the shipping `TaskStore`.
//!
//! Each start of a task has a token, which is in the name of its directory, so that a claim and a
//! listing show which start they are about. To send an announcement is to note it. What must hold is
//! the affair of `judge.rs`.
//!
//! Clocks stand still while the processes run. So announcements are due at once (`announce_after`
//! zero), checks leave no task alone (`check_interval` zero), and the time of a retry has come either
//! not before the end (the 60 s of `retry_after`) or at once (zero, which stands for a notifier that
//! is slower than that). The later checks are made by the judge, each three minutes after what was
//! before it.

mod said;
mod waiting;
mod windows;

mod afterwards;
mod order;

mod judge;

mod cast;

mod control;

pub(super) mod additions;
pub(super) mod at_once;
pub(super) mod claims;
pub(super) mod clock;
pub(super) mod import;
pub(super) mod removal;

use super::Setting;
use super::footing::FLOCK;
use super::subject::SETTINGS;

/// In what they are searched where a failing call costs much.
const KILLS: &[Setting] = &[Setting::kills(3, 1), Setting::kills(2, 2)];
