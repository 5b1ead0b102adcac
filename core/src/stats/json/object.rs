//! Objects, in the order in which they were written.

use super::{Text, Value};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// An object: keys in order, each of them once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object {
    // Invariant: no two keys are equal.
    entries: Vec<(Text, Value)>,
}

/// How many keys are compared with each other one by one.
const FEW: usize = 8;

impl Object {
    /// The object of these entries. Of a key that is there more than once the last value counts, at
    /// the first place, as in Python.
    pub(crate) fn from_entries(entries: Vec<(Text, Value)>) -> Self {
        if are_distinct(&entries) {
            return Self { entries };
        }
        let mut object = Self::default();
        let mut places: HashMap<Text, usize> = HashMap::with_capacity(entries.len());
        for (key, value) in entries {
            match places.entry(key.clone()) {
                Entry::Occupied(place) => object.entries[*place.get()].1 = value,
                Entry::Vacant(place) => {
                    place.insert(object.entries.len());
                    object.entries.push((key, value));
                }
            }
        }
        object
    }

    /// The value of this key, in the form that [`Text`] has.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.place(key).map(|place| &self.entries[place].1)
    }

    /// As [`get`](Self::get), to change it.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let place = self.place(key)?;
        Some(&mut self.entries[place].1)
    }

    /// Gives the key this value: at its place, or at the end if it is new.
    pub(crate) fn set(&mut self, key: Text, value: impl Into<Value>) {
        let value = value.into();
        match self.get_mut(key.escaped()) {
            Some(place) => *place = value,
            None => self.entries.push((key, value)),
        }
    }

    /// As [`set`](Self::set) for each of the entries. Of many, each key that is there is looked at once,
    /// not once for each entry.
    pub(crate) fn set_all(&mut self, entries: Vec<(Text, Value)>) {
        if entries.len() <= FEW {
            return entries
                .into_iter()
                .for_each(|(key, value)| self.set(key, value));
        }
        let mut all = std::mem::take(&mut self.entries);
        all.extend(entries);
        *self = Self::from_entries(all);
    }

    /// Adds a key that is not there at the end.
    pub(crate) fn push_new(&mut self, key: Text, value: impl Into<Value>) {
        debug_assert!(self.place(key.escaped()).is_none());
        self.entries.push((key, value.into()));
    }

    /// Puts a new key behind that of `others` which stands last, or in front if there is none.
    pub(crate) fn insert_behind(&mut self, others: &[&str], key: &str, value: Value) {
        let last = others.iter().filter_map(|other| self.place(other)).max();
        let place = last.map_or(0, |place| place + 1);
        self.entries.insert(place, (Text::new(key), value));
    }

    /// The object under this key, which becomes an empty one if it is anything else.
    pub(crate) fn object_at(&mut self, key: &Text) -> &mut Self {
        if self.get(key.escaped()).and_then(Value::as_object).is_none() {
            self.set(key.clone(), Self::default());
        }
        match self.get_mut(key.escaped()) {
            Some(Value::Object(object)) => object,
            _ => unreachable!("the object was put there"),
        }
    }

    /// Takes the key out.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Value> {
        let place = self.place(key)?;
        Some(self.entries.remove(place).1)
    }

    /// Takes the entry out that stands first.
    pub(crate) fn remove_first(&mut self) -> Option<(Text, Value)> {
        (!self.entries.is_empty()).then(|| self.entries.remove(0))
    }

    /// The entries in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Text, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The entries in order, with values to change.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Text, &mut Value)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn place(&self, key: &str) -> Option<usize> {
        self.entries
            .iter()
            .position(|(other, _)| other.as_bytes() == key.as_bytes())
    }
}

fn are_distinct(entries: &[(Text, Value)]) -> bool {
    if entries.len() <= FEW {
        let mut earlier = (0..).zip(entries);
        return earlier.all(|(place, (key, _))| entries[..place].iter().all(|(one, _)| one != key));
    }
    let mut seen = HashSet::with_capacity(entries.len());
    entries.iter().all(|(key, _)| seen.insert(key))
}

#[cfg(test)]
mod tests {
    use super::{FEW, Object};
    use crate::stats::json::{Text, Value};
    use proptest::prelude::*;

    fn entries() -> impl Strategy<Value = Vec<(Text, Value)>> {
        let entries = prop::collection::btree_map("[a-e]{1,2}", 0_u64..4, 0..4 * FEW);
        let entries = entries.prop_map(Vec::from_iter).prop_shuffle();
        entries.prop_map(|entries| {
            let entries = entries.into_iter();
            entries
                .map(|(key, value)| (Text::new(&key), value.into()))
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn many_are_set_as_one_by_one(before in entries(), new in entries()) {
            let mut one_by_one = Object::from_entries(before);
            let mut at_once = one_by_one.clone();
            for (key, value) in new.clone() {
                one_by_one.set(key, value);
            }
            at_once.set_all(new);
            prop_assert_eq!(at_once, one_by_one);
        }
    }
}
