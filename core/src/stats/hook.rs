//! The timings of one hook: the newest in a list that others read and append to, and of all of them
//! what stays of a bounded size.

use super::fingerprint::Fingerprint;
use super::histogram::Histogram;
use super::json::{List, Object, Text, Value};
use crate::checksum;
use serde::{Deserialize, Serialize};

/// How many timings of a hook stay in its list.
pub(crate) const LISTED_MAX: usize = 256;

/// What is kept of all timings of one hook, beside its list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HookTotals {
    count: u64,
    // Invariant: finite.
    sum: f64,
    /// No value if there was none.
    max: Option<f64>,
    histogram: Histogram,
    accounted: Accounted,
}

/// Which of the list's values are in the totals.
///
/// Another program appends to the list and knows nothing of the totals. So it is noted that its
/// first `listed` values are in them, if they still are the same ones. If they are not, somebody has
/// emptied or replaced the list, and none of its values are.
///
/// Whether they are the same is told by their characters, of which a checksum costs next to nothing.
/// Only if those have changed are they looked at as numbers, since a program that reads `1E1` writes
/// `10.0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accounted {
    listed: u64,
    characters: u32,
    fingerprint: Fingerprint,
}

impl Accounted {
    /// All values of this list, which has this fingerprint.
    fn all_of(list: &List, fingerprint: Fingerprint) -> Self {
        Self {
            listed: list.len() as u64,
            characters: checksum::of(&list.characters(list.len())),
            fingerprint,
        }
    }

    /// How many of the list's values are in the totals, from the first on.
    fn of(self, list: &List) -> usize {
        match usize::try_from(self.listed) {
            Ok(listed) if listed <= list.len() && self.is_beginning_of(list, listed) => listed,
            _ => 0,
        }
    }

    fn is_beginning_of(self, list: &List, listed: usize) -> bool {
        let numbers = || list.iter().take(listed);
        self.characters == checksum::of(&list.characters(listed))
            || self.fingerprint == Fingerprint::of(numbers())
    }

    /// Whether all are.
    pub(crate) fn has_all_of(self, list: &List) -> bool {
        // The lengths first: they cost nothing.
        self.listed == list.len() as u64 && self.of(list) == list.len()
    }

    /// What the object of the totals says.
    pub(crate) fn from_object(object: &Object) -> Self {
        let count = |key| object.get(key).map_or(0, Value::count);
        Self {
            listed: count("listed"),
            // What does not fit is nothing that this program has written.
            characters: u32::try_from(count("characters")).unwrap_or(0),
            fingerprint: count("fingerprint").into(),
        }
    }
}

impl HookTotals {
    /// Counts a finite value.
    pub(crate) fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        self.sum = bounded(self.sum + value);
        self.raise_max(value);
        self.histogram.add(value);
    }

    /// Counts all that another has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = bounded(self.sum + other.sum);
        if let Some(max) = other.max {
            self.raise_max(max);
        }
        self.histogram.merge(&other.histogram);
    }

    /// Counts those values of the list that are not counted yet, and gives the fingerprint of the
    /// list. What is no finite number is not counted at all.
    pub(crate) fn account_for(&mut self, list: &List) -> Fingerprint {
        let accounted = self.accounted.of(list);
        let mut fingerprint = match accounted {
            0 => Fingerprint::default(),
            _ => self.accounted.fingerprint,
        };
        for value in list.behind(accounted) {
            if let Some(value) = value.finite() {
                self.add(value);
            }
            fingerprint.push(&value);
        }
        fingerprint
    }

    /// As [`account_for`](Self::account_for), and leaves the newest in the list.
    pub(crate) fn take_in(&mut self, list: &mut List) {
        let mut fingerprint = self.account_for(list);
        let older = list.len().saturating_sub(LISTED_MAX);
        for (value, count) in list.iter().take(older).zip((1..=list.len()).rev()) {
            fingerprint.drop_first(&value, count);
        }
        list.drop_first(older);
        self.accounted = Accounted::all_of(list, fingerprint);
    }

    fn raise_max(&mut self, value: f64) {
        self.max = Some(self.max.map_or(value, |max| max.max(value)));
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub(crate) fn sum(&self) -> f64 {
        self.sum
    }

    /// The largest; zero if there was none.
    pub(crate) fn max(&self) -> f64 {
        self.max.unwrap_or(0.0)
    }

    /// The value of this rank, counted from 0, to within 3 %, and never more than the largest.
    pub(crate) fn value_at(&self, rank: u64) -> f64 {
        self.histogram.value_at(rank).min(self.max())
    }

    /// All of them, each to within 3 %, and none more than the largest.
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        self.histogram.values().map(|value| value.min(self.max()))
    }

    /// As the file has it.
    pub(crate) fn to_object(&self) -> Object {
        let mut object = Object::default();
        object.set(Text::new("count"), self.count);
        object.set(Text::new("sum"), self.sum);
        if let Some(max) = self.max {
            object.set(Text::new("max"), max);
        }
        object.set(Text::new("listed"), self.accounted.listed);
        object.set(
            Text::new("characters"),
            u64::from(self.accounted.characters),
        );
        object.set(
            Text::new("fingerprint"),
            self.accounted.fingerprint.to_count(),
        );
        object.set(Text::new("buckets"), self.histogram.to_list());
        object
    }

    /// What [`to_object`](Self::to_object) has made; what is missing or of another kind is nothing.
    pub(crate) fn from_object(object: &Object) -> Self {
        let float = |key| object.get(key).and_then(Value::finite);
        let buckets = match object.get("buckets") {
            Some(Value::List(list)) => Histogram::from_list(list),
            _ => Histogram::default(),
        };
        Self {
            count: object.get("count").map_or(0, Value::count),
            sum: object.get("sum").map_or(0.0, sum_in),
            max: float("max"),
            histogram: buckets,
            accounted: Accounted::from_object(object),
        }
    }
}

/// What a file says for a sum.
fn sum_in(value: &Value) -> f64 {
    match value {
        Value::Number(number) if !number.value().is_nan() => bounded(number.value()),
        _ => 0.0,
    }
}

/// A sum of finite numbers, which stays one: JSON has nothing for what is more.
fn bounded(sum: f64) -> f64 {
    sum.clamp(-f64::MAX, f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{HookTotals, LISTED_MAX};
    use crate::stats::json::{List, Object, Value, parse};
    use proptest::prelude::*;

    fn list(text: &str) -> List {
        match parse(text.as_bytes()) {
            Ok(Value::List(values)) => values,
            other => panic!("{other:?}"),
        }
    }

    fn after(lists: &[&str]) -> HookTotals {
        let mut totals = HookTotals::default();
        for text in lists {
            totals.take_in(&mut list(text));
        }
        totals
    }

    #[test]
    fn what_was_appended_is_counted_once() {
        let totals = after(&[
            "[1.0, 2.0]",
            "[1.0, 2.0]",
            "[1.0, 2.0, 4.5]",
            "[1.0, 2.0, 4.5]",
        ]);
        assert_eq!((totals.count(), totals.sum(), totals.max()), (3, 7.5, 4.5));
    }

    #[test]
    fn a_list_that_was_emptied_or_replaced_is_counted_from_its_beginning() {
        assert_eq!(after(&["[1.0, 2.0]", "[]"]).count(), 2);
        assert_eq!(after(&["[1.0, 2.0]", "[]", "[1.0, 2.0]"]).count(), 4);
        assert_eq!(after(&["[1.0, 2.0]", "[3.0]"]).count(), 3);
        assert_eq!(after(&["[1.0, 2.0]", "[2.0, 1.0, 5.0]"]).count(), 5);
    }

    #[test]
    fn the_same_numbers_in_other_characters_are_the_same() {
        assert_eq!(after(&["[1E1, 5]", "[10.0, 5, 6]"]).count(), 3);
    }

    #[test]
    fn what_is_no_finite_number_is_not_counted_and_hinders_nobody() {
        let odd = r#"[NaN, Infinity, "7", null, [1.0], 2.5]"#;
        let totals = after(&[odd, odd]);
        assert_eq!((totals.count(), totals.sum()), (1, 2.5));
    }

    #[test]
    fn totals_of_nothing_say_zero() {
        let totals = HookTotals::default();
        assert_eq!((totals.max(), totals.value_at(0)), (0.0, 0.0));
        assert_eq!(HookTotals::from_object(&Object::default()), totals);
    }

    #[test]
    fn they_read_what_they_write() {
        let mut totals = after(&["[1.0, -2.0, 0.0, 1e-300, 1e300]"]);
        assert_eq!(HookTotals::from_object(&totals.to_object()), totals);
        totals.merge(&totals.clone());
        assert_eq!(HookTotals::from_object(&totals.to_object()), totals);
        assert_eq!(totals.count(), 10);
    }

    #[test]
    fn the_newest_stay() {
        let mut list: List = (0..300_u64).map(Value::from).collect();
        let mut totals = HookTotals::default();
        for _ in 0..2 {
            totals.take_in(&mut list);
            assert_eq!(list.len(), LISTED_MAX);
            let first = list.iter().next().map(|value| value.into_owned());
            assert_eq!(first, Some(Value::from(44_u64)));
            assert!(totals.accounted.has_all_of(&list));
        }
    }

    /// What somebody does to a list.
    #[derive(Clone, Debug)]
    enum Deed {
        /// Anybody appends.
        Append(Vec<f64>),
        /// A program that writes other characters for the same numbers.
        Rewrite,
        /// A program that knows nothing of the totals.
        Replace(Vec<f64>),
        /// Ours.
        Account,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        let values = || prop::collection::vec(-9.0..9.0_f64, 0..90);
        prop_oneof![
            4 => values().prop_map(Deed::Append),
            1 => Just(Deed::Rewrite),
            1 => values().prop_map(Deed::Replace),
            3 => Just(Deed::Account),
        ]
    }

    fn rewritten(values: &[f64]) -> List {
        let characters: Vec<String> = values.iter().map(|value| format!("{value:e}")).collect();
        list(&format!("[{}]", characters.join(", ")))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The oracle keeps the counted values themselves and compares them one by one.
        #[test]
        fn each_value_is_counted_once_whoever_appends_rewrites_or_replaces(
            deeds in prop::collection::vec(deed(), 0..25),
        ) {
            let (mut list, mut totals) = (List::default(), HookTotals::default());
            let (mut values, mut counted): (Vec<f64>, Vec<f64>) = Default::default();
            let (mut count, mut sum) = (0, 0.0);
            for deed in deeds {
                match deed {
                    Deed::Append(more) => {
                        more.iter().for_each(|&value| list.push(value));
                        values.extend(more);
                    }
                    Deed::Rewrite => list = rewritten(&values),
                    Deed::Replace(others) => {
                        list = others.iter().copied().map(Value::from).collect();
                        values = others;
                    }
                    Deed::Account => {
                        let known = if values.starts_with(&counted) { counted.len() } else { 0 };
                        count += values.len() - known;
                        values[known..].iter().for_each(|value| sum += value);
                        values.drain(..values.len().saturating_sub(LISTED_MAX));
                        counted.clone_from(&values);
                        totals.take_in(&mut list);
                    }
                }
            }
            prop_assert_eq!((totals.count(), totals.sum()), (count as u64, sum));
            prop_assert_eq!(list.len(), values.len());
        }
    }
}
