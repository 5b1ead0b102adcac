//! A histogram whose buckets grow with the values, so that every quantile is right to within 3 %.
//!
//! It is the sketch of Masson, Rim and Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch
//! with Relative-Error Guarantees" (PVLDB 12(12), 2019). Bucket `k` has the values of more than
//! `S * GAMMA^(k-1)` and at most `S * GAMMA^k`, where `S` is the smallest that is told from zero;
//! what stands for the bucket is within [`RELATIVE_ERROR`] of each of them. Negative values have
//! the buckets below zero. The numbers of the buckets are in the order of their values, and so few
//! that no two have to be merged: there is nothing to collapse, as the paper does, and the bound on
//! the error holds for every quantile.

use super::json::List;
use serde::{Deserialize, Serialize};

/// How far a quantile may be from the value that it stands for, relative to it. Below the 3 % that
/// are promised, so that the rounding of a logarithm at the bounds of a bucket does no harm.
const RELATIVE_ERROR: f64 = 0.029;

/// What the bound of a bucket is to that of the one before.
const GAMMA: f64 = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR);

/// A picosecond, in milliseconds. What is less counts as zero: no clock tells it.
pub(crate) const SMALLEST: f64 = 1e-9;

/// Thirty thousand years, in milliseconds. What is more counts as this.
pub(crate) const LARGEST: f64 = 1e15;

/// The number of the bucket with the [`LARGEST`] value: 953 and 953 below zero and zero itself are
/// all the buckets that there can be.
const BUCKET_MAX: i16 = 953;

/// How many values there are of each size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(i16, u64)>", into = "Vec<(i16, u64)>")]
pub(crate) struct Histogram {
    // Invariant: in ascending order, each bucket once.
    buckets: Vec<(i16, u64)>,
}

impl Histogram {
    /// Adds a finite value.
    pub(crate) fn add(&mut self, value: f64) {
        self.add_many(bucket_of(value), 1);
    }

    /// Adds all values of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        for &(bucket, count) in &other.buckets {
            self.add_many(bucket, count);
        }
    }

    /// The value of this rank, counted from 0, to within 3 %. Zero if there are not as many.
    pub(crate) fn value_at(&self, rank: u64) -> f64 {
        let mut before = 0_u64;
        for &(bucket, count) in &self.buckets {
            before = before.saturating_add(count);
            if rank < before {
                return value_of(bucket);
            }
        }
        0.0
    }

    /// What stands for each value, in ascending order.
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        let buckets = self.buckets.iter();
        buckets.flat_map(|&(bucket, count)| (0..count).map(move |_| value_of(bucket)))
    }

    /// As a list: the number of each bucket that is not empty, and behind it how many values it has.
    pub(crate) fn to_list(&self) -> List {
        let mut list = List::default();
        for &(bucket, count) in &self.buckets {
            list.push_integer(bucket);
            list.push_integer(count);
        }
        list
    }

    /// What [`to_list`](Self::to_list) has made. Numbers that no bucket has are left out, and a list
    /// that has something else than numbers is none.
    pub(crate) fn from_list(list: &List) -> Self {
        let mut histogram = Self::default();
        let mut numbers = list.numbers().into_iter().flatten();
        while let (Some(bucket), Some(count)) = (numbers.next(), numbers.next()) {
            if let (Some(bucket), Ok(count)) = (bucket_in(bucket), count.parse()) {
                histogram.add_many(bucket, count);
            }
        }
        histogram
    }

    fn add_many(&mut self, bucket: i16, more: u64) {
        if more == 0 {
            return;
        }
        // What comes in order, as from a file, goes to the end.
        let place = match self.buckets.last() {
            Some((last, _)) if *last < bucket => Err(self.buckets.len()),
            _ => self
                .buckets
                .binary_search_by_key(&bucket, |&(other, _)| other),
        };
        match place {
            Ok(place) => {
                let count = &mut self.buckets[place].1;
                *count = count.saturating_add(more);
            }
            Err(place) => self.buckets.insert(place, (bucket, more)),
        }
    }
}

impl From<Vec<(i16, u64)>> for Histogram {
    fn from(buckets: Vec<(i16, u64)>) -> Self {
        let mut histogram = Self::default();
        for (bucket, count) in buckets {
            histogram.add_many(bucket, count);
        }
        histogram
    }
}

impl From<Histogram> for Vec<(i16, u64)> {
    fn from(histogram: Histogram) -> Self {
        histogram.buckets
    }
}

fn bucket_of(value: f64) -> i16 {
    let size = value.abs();
    if size < SMALLEST {
        return 0;
    }
    let steps = (size.min(LARGEST) / SMALLEST).ln() / GAMMA.ln();
    // From 0 to 952, so it fits; the smallest has the first bucket, since zero has none of its own.
    let bucket = steps.ceil().max(1.0) as i16;
    if value < 0.0 { -bucket } else { bucket }
}

fn bucket_in(number: &str) -> Option<i16> {
    let bucket = number.parse().ok()?;
    (-BUCKET_MAX..=BUCKET_MAX)
        .contains(&bucket)
        .then_some(bucket)
}

/// The value that is as far from the one bound of the bucket as from the other, relative to them.
fn value_of(bucket: i16) -> f64 {
    if bucket == 0 {
        return 0.0;
    }
    let size = SMALLEST * GAMMA.powi(i32::from(bucket.abs())) * (1.0 - RELATIVE_ERROR);
    if bucket < 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::json::Value;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::default();
        for &value in values {
            histogram.add(value);
        }
        histogram
    }

    fn within_3_percent(estimate: f64, value: f64) -> bool {
        (estimate - value).abs() <= 0.03 * value.abs()
    }

    fn value() -> impl Strategy<Value = f64> {
        let size = (-9.0..15.0_f64).prop_map(|exponent| 10_f64.powf(exponent));
        prop_oneof![
            8 => size.clone(),
            1 => size.prop_map(|size| -size),
            1 => Just(0.0),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_quantile_is_within_3_percent(
            mut values in prop::collection::vec(value(), 1..300),
            rank in any::<prop::sample::Index>(),
        ) {
            let histogram = of(&values);
            values.sort_by(f64::total_cmp);
            let rank = rank.index(values.len());
            let estimate = histogram.value_at(rank as u64);
            prop_assert!(within_3_percent(estimate, values[rank]), "{estimate} {}", values[rank]);
        }

        #[test]
        fn merging_is_adding_all(
            one in prop::collection::vec(value(), 0..50),
            other in prop::collection::vec(value(), 0..50),
        ) {
            let mut merged = of(&one);
            merged.merge(&of(&other));
            prop_assert_eq!(merged, of(&[one, other].concat()));
        }

        #[test]
        fn it_reads_what_it_writes(values in prop::collection::vec(value(), 0..50)) {
            let histogram = of(&values);
            prop_assert_eq!(Histogram::from_list(&histogram.to_list()), histogram);
        }
    }

    #[test]
    fn a_bucket_that_is_twice_as_wide_is_found_out() {
        let wide = GAMMA * GAMMA;
        let (low, high) = (100.0, 100.0 * wide);
        let middle = 2.0 * low * high / (low + high);
        assert!(!within_3_percent(middle, low * 1.000_1));
    }

    #[test]
    fn there_are_no_more_buckets_than_were_counted() {
        assert_eq!(bucket_of(LARGEST), BUCKET_MAX);
        for value in [f64::MAX, f64::INFINITY] {
            assert_eq!(bucket_of(value), BUCKET_MAX);
            assert_eq!(bucket_of(-value), -BUCKET_MAX);
        }
        assert_eq!(bucket_of(SMALLEST), 1);
        assert_eq!(bucket_of(SMALLEST / 2.0), 0);
        assert_eq!(bucket_of(-0.0), 0);
    }

    #[test]
    fn numbers_that_no_bucket_has_are_left_out() {
        let mut list = of(&[1.0]).to_list();
        for bucket in [954.0, -954.0, 99_999.0, 1.5, f64::NAN] {
            list.push(bucket);
            list.push_integer(5);
        }
        list.push_integer(7);
        list.push(1.5);
        list.push_integer(7);
        assert_eq!(Histogram::from_list(&list), of(&[1.0]));
        list.push(Value::Null);
        assert_eq!(Histogram::from_list(&list), Histogram::default());
    }
}
