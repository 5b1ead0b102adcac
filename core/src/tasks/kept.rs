//! A record together with the keys that it does not know.
//!
//! A later version adds keys. While both versions are in use, the earlier one changes records too,
//! and must hand on what it does not understand.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::ops::{Deref, DerefMut};

/// A JSON object whose keys are known to this version.
pub(super) trait Record: Serialize + DeserializeOwned {
    /// Every key that it has when it is written.
    const KEYS: &'static [&'static str];
}

/// A record and, unchanged, what else stood in the object that it was read from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept<T> {
    known: T,
    // Invariant: has none of the keys of `T`.
    unknown: Map<String, Value>,
}

impl<T> From<T> for Kept<T> {
    fn from(known: T) -> Self {
        let unknown = Map::new();
        Self { known, unknown }
    }
}

impl<T> Kept<T> {
    /// The record alone.
    pub(super) fn into_known(self) -> T {
        self.known
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.known
    }
}

impl<T> DerefMut for Kept<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.known
    }
}

impl<'de, T: Record> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut unknown = Map::deserialize(deserializer)?;
        let known: Map<String, Value> = T::KEYS
            .iter()
            .filter_map(|key| unknown.remove_entry(*key))
            .collect();
        let known = T::deserialize(Value::Object(known)).map_err(D::Error::custom)?;
        Ok(Self { known, unknown })
    }
}

impl<T: Record> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.unknown.is_empty() {
            return self.known.serialize(serializer);
        }
        match serde_json::to_value(&self.known).map_err(S::Error::custom)? {
            Value::Object(mut object) => {
                object.extend(self.unknown.clone());
                object.serialize(serializer)
            }
            other => other.serialize(serializer),
        }
    }
}

/// The keys with which a record is written.
#[cfg(test)]
pub(super) fn keys_of<T: Record + Default>() -> Vec<String> {
    let Ok(Value::Object(object)) = serde_json::to_value(T::default()) else {
        return Vec::new();
    };
    object.into_iter().map(|(key, _)| key).collect()
}
