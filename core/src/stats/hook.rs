//! The timings of one hook: the newest in a list that others read and append to, and of all of them
//! what stays of a bounded size.

use super::histogram::Histogram;
use super::json::{Object, Text, Value, write};
use crate::checksum;
use serde::{Deserialize, Serialize};

/// How many timings of a hook stay in its list.
pub(crate) const LISTED_MAX: usize = 256;

/// What is kept of all timings of one hook, beside its list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HookTotals {
    count: u64,
    sum: f64,
    /// No value if there was none.
    max: Option<f64>,
    histogram: Histogram,
    accounted: Accounted,
}

/// Which of the list's values are in the totals.
///
/// Another program appends to the list and knows nothing of the totals. So it is noted that its
/// first `listed` values are in them, if their checksum is still this one. If it is not, somebody has
/// emptied or replaced the list, and none of its values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accounted {
    listed: u64,
    checksum: u64,
}

impl Accounted {
    /// All values of this list.
    fn all_of(list: &[Value]) -> Self {
        Self {
            listed: list.len() as u64,
            checksum: checksum_of(list),
        }
    }

    /// How many of the list's values are in the totals, from the first on.
    fn of(self, list: &[Value]) -> usize {
        let listed = usize::try_from(self.listed).unwrap_or(usize::MAX);
        match list.get(..listed) {
            Some(beginning) if checksum_of(beginning) == self.checksum => listed,
            _ => 0,
        }
    }

    /// Whether all are.
    pub(crate) fn has_all_of(self, list: &[Value]) -> bool {
        // The lengths first: they cost nothing.
        self.listed == list.len() as u64 && self.of(list) == list.len()
    }

    /// What the object of the totals says.
    pub(crate) fn from_object(object: &Object) -> Self {
        let count = |key| object.get(key).map_or(0, Value::count);
        Self {
            listed: count("listed"),
            checksum: count("checksum"),
        }
    }
}

impl HookTotals {
    /// Counts a finite value.
    pub(crate) fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        self.sum += value;
        self.raise_max(value);
        self.histogram.add(value);
    }

    /// Counts all that another has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum += other.sum;
        if let Some(max) = other.max {
            self.raise_max(max);
        }
        self.histogram.merge(&other.histogram);
    }

    /// Counts those values of the list that are not counted yet. What is no finite number is not
    /// counted at all.
    pub(crate) fn account_for(&mut self, list: &[Value]) {
        let accounted = self.accounted.of(list);
        for value in list[accounted..].iter().filter_map(Value::finite) {
            self.add(value);
        }
        self.note(list);
    }

    /// Notes that all values of the list are counted.
    pub(crate) fn note(&mut self, list: &[Value]) {
        self.accounted = Accounted::all_of(list);
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

    /// As the file has it.
    pub(crate) fn to_object(&self) -> Object {
        let mut object = Object::default();
        object.set(Text::new("count"), self.count);
        object.set(Text::new("sum"), self.sum);
        if let Some(max) = self.max {
            object.set(Text::new("max"), max);
        }
        object.set(Text::new("listed"), self.accounted.listed);
        object.set(Text::new("checksum"), self.accounted.checksum);
        object.set(Text::new("buckets"), Value::List(self.histogram.to_list()));
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
            sum: float("sum").unwrap_or(0.0),
            max: float("max"),
            histogram: buckets,
            accounted: Accounted::from_object(object),
        }
    }
}

/// Leaves the newest in a list.
pub(crate) fn keep_the_newest(list: &mut Vec<Value>) {
    let older = list.len().saturating_sub(LISTED_MAX);
    list.drain(..older);
}

/// Of the numbers and not of their characters, since a program that reads `1E1` writes `10.0`.
fn checksum_of(list: &[Value]) -> u64 {
    let mut bytes = Vec::with_capacity(list.len() * 8);
    for value in list {
        match value {
            Value::Number(number) => {
                bytes.extend_from_slice(&number.value().to_bits().to_le_bytes());
            }
            other => bytes.extend_from_slice(&write(other)),
        }
    }
    u64::from(checksum::of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::{HookTotals, LISTED_MAX, keep_the_newest};
    use crate::stats::json::{Object, Value, parse};

    fn list(text: &str) -> Vec<Value> {
        match parse(text.as_bytes()) {
            Ok(Value::List(values)) => values,
            other => panic!("{other:?}"),
        }
    }

    fn after(lists: &[&str]) -> HookTotals {
        let mut totals = HookTotals::default();
        for text in lists {
            totals.account_for(&list(text));
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
        let mut values: Vec<Value> = (0..300_u64).map(Value::from).collect();
        keep_the_newest(&mut values);
        assert_eq!(values.len(), LISTED_MAX);
        assert_eq!(values.first(), Some(&Value::from(44_u64)));
        keep_the_newest(&mut values);
        assert_eq!(values.len(), LISTED_MAX);
    }
}
