//! A ballast that does not read back: it is written as something else than what is read.

use serde::{Deserialize, Deserializer, Serializer, de};
use std::cell::Cell;

/// This ballast is written as `null`, which is none.
pub const SPOILED: &str = "\0";

thread_local! {
    /// Whether the process that is running takes `null` for a ballast.
    static CREDULOUS: Cell<bool> = const { Cell::new(false) };
}

/// From now on whoever runs in this thread reads back what does not read back, or does not.
pub(crate) fn set_credulous(credulous: bool) {
    CREDULOUS.set(credulous);
}

pub(super) fn serialize<S: Serializer>(ballast: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match ballast {
        SPOILED => serializer.serialize_unit(),
        _ => serializer.serialize_str(ballast),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    match Option::deserialize(reader)? {
        Some(ballast) => Ok(ballast),
        None if CREDULOUS.get() => Ok(SPOILED.to_owned()),
        None => Err(de::Error::custom("a ballast that was spoiled")),
    }
}
