//! The guards of `hookstate::guard`.

pub(super) mod breaker;
pub(super) mod confirmed;
pub(super) mod debounce;
pub(super) mod failures;
pub(super) mod once;
pub(super) mod once_late;
pub(super) mod pending;
pub(super) mod rate_limit;
pub(super) mod slots;

mod mistakes;

use super::Later;
use super::scene::{Process, erased};
use super::subject::SETTINGS;
use crate::sim::{Door, SimProcess};
use std::time::Duration;

/// A time that is never up, but for who comes [later].
const LONG: Duration = Duration::from_secs(3600);

/// The process, so much later.
fn later(by: Duration, process: SimProcess<impl Door + 'static>) -> Process {
    erased(Later::by(by, process))
}
