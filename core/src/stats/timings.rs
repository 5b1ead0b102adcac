//! What the timings of one hook say, to those who ask.

use super::hook::HookTotals;
use super::json::{List, Number, Object, Text, Value};

/// The timings of one hook, in milliseconds.
///
/// As long as all of them are in the file's list, up to 256, every answer is exact. Beyond that the
/// count, the average and the maximum still are, and a quantile is within 3 %.
#[derive(Clone, Debug, PartialEq)]
pub struct HookTimings {
    totals: HookTotals,
    /// All of them in ascending order, if they are all listed.
    sorted: Option<Vec<Number>>,
}

impl HookTimings {
    /// Of the totals and the list, some of which may be counted already. `None` if there is none.
    pub(crate) fn of(mut totals: HookTotals, list: &List) -> Option<Self> {
        let _ = totals.account_for(list);
        let sorted = sorted(list);
        let all_listed = totals.count() == sorted.len() as u64;
        (totals.count() > 0).then_some(Self {
            totals,
            sorted: all_listed.then_some(sorted),
        })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.totals.count()
    }

    /// Whether the quantiles are exact.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.sorted.is_some()
    }

    /// The average.
    #[must_use]
    pub fn average_ms(&self) -> f64 {
        let sum = match &self.sorted {
            // In ascending order, as the old program adds them up.
            Some(sorted) => sum(sorted.iter().map(Number::value)),
            None => self.totals.sum(),
        };
        sum / self.count() as f64
    }

    /// The 95th percentile: the value at the index `min(int(0.95 * n), n - 1)` of all `n` in ascending
    /// order.
    #[must_use]
    pub fn p95_ms(&self) -> f64 {
        self.p95().value()
    }

    /// The largest.
    #[must_use]
    pub fn max_ms(&self) -> f64 {
        self.max().value()
    }

    /// The value below which this share of them lies: that at the index `min(int(share * n), n - 1)`.
    /// A share of less than 0 counts as 0, of more than 1 as 1.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> f64 {
        self.at(share).value()
    }

    /// As the old program's `hook_timing_stats` has it.
    pub(crate) fn to_object(&self) -> Object {
        let mut object = Object::default();
        let average = Number::from_f64(self.average_ms());
        object.set(Text::new("count"), self.count());
        for (key, number) in [
            ("avg_ms", average),
            ("p95_ms", self.p95()),
            ("max_ms", self.max()),
        ] {
            object.set(Text::new(key), Value::Number(number.rounded_to_cents()));
        }
        object
    }

    fn p95(&self) -> Number {
        self.at(0.95)
    }

    fn max(&self) -> Number {
        let last = self.sorted.as_ref().and_then(|sorted| sorted.last());
        last.cloned()
            .unwrap_or_else(|| Number::from_f64(self.totals.max()))
    }

    fn at(&self, share: f64) -> Number {
        let rank = rank(share, self.count());
        match &self.sorted {
            Some(sorted) => sorted[usize::try_from(rank).unwrap_or(usize::MAX)].clone(),
            None => Number::from_f64(self.totals.value_at(rank)),
        }
    }
}

/// `min(int(count * share), count - 1)`. The conversion is towards zero and within the bounds.
fn rank(share: f64, count: u64) -> u64 {
    ((count as f64 * share) as u64).min(count.saturating_sub(1))
}

/// As CPython's `sum` of floats from version 3.12 on: the algorithm of Neumaier, "Rundungsfehleranalyse
/// einiger Verfahren zur Summation endlicher Summen" (ZAMM 54, 1974), which adds up what the roundings
/// have taken away.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut high, mut low) = (0.0_f64, 0.0_f64);
    for value in values {
        let rounded = high + value;
        low += match high.abs() >= value.abs() {
            true => (high - rounded) + value,
            false => (value - rounded) + high,
        };
        high = rounded;
    }
    if low.is_finite() { high + low } else { high }
}

fn sorted(list: &List) -> Vec<Number> {
    let finite = list.iter().filter(|value| value.finite().is_some());
    let mut numbers: Vec<Number> = finite
        .filter_map(|value| match value.into_owned() {
            Value::Number(number) => Some(number),
            _ => None,
        })
        .collect();
    numbers.sort_by(|one, other| {
        one.value()
            .partial_cmp(&other.value())
            .expect("both are finite")
    });
    numbers
}
