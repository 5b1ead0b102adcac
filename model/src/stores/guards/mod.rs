//! The guards of `hookstate::guard`.

pub(super) mod once;
pub(super) mod slots;

/// Under which all guards of the models stand.
const NAME: &str = "guard";
