//! How long changes take, and whether all processes get on alike.

use crate::event::Span;
use hdrhistogram::Histogram;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The latencies of all rounds of a run, and how fair the least fair round was. Its size does not
/// depend on the number of changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pace {
    latencies: Histogram<u64>,
    fairness: Option<f64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            latencies: Histogram::new_with_max(LATENCY_NS_MAX, SIGNIFICANT_DIGITS)
                .expect("both constants are permitted"),
            fairness: None,
        }
    }
}

/// As long as a run may take at most, which is 1,000,000 s.
const LATENCY_NS_MAX: u64 = 1_000_000_000_000_000;

/// An error of 1 % at most, for 45 KiB.
const SIGNIFICANT_DIGITS: u8 = 2;

/// What is said of a distribution of latencies, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Quantiles {
    pub(crate) changes: u64,
    pub(crate) min: u64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p99_9: u64,
    pub(crate) max: u64,
}

impl Pace {
    /// What is to be said of the latencies, if there were changes.
    pub(crate) fn quantiles(&self) -> Option<Quantiles> {
        let all = &self.latencies;
        (!all.is_empty()).then(|| Quantiles {
            changes: all.len(),
            min: all.min(),
            p50: all.value_at_quantile(0.5),
            p99: all.value_at_quantile(0.99),
            p99_9: all.value_at_quantile(0.999),
            max: all.max(),
        })
    }

    /// The speed of the slowest process as a share of that of the fastest, in the least fair round.
    pub(crate) const fn fairness(&self) -> Option<f64> {
        self.fairness
    }

    /// How many changes took about how long: the nanoseconds and the number, in ascending order.
    pub(crate) fn distribution(&self) -> impl Iterator<Item = (u64, u64)> {
        let recorded = self.latencies.iter_recorded();
        recorded.map(|step| (step.value_iterated_to(), step.count_at_value()))
    }

    /// Adds what another round had.
    pub(crate) fn add(&mut self, other: Self) {
        self.latencies += other.latencies;
        self.fairness = match (self.fairness, other.fairness) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// The pace of one round, while it runs.
#[derive(Debug, Default)]
pub(crate) struct RoundPace {
    pace: Pace,
    lanes: BTreeMap<u32, Lane>,
}

/// What a lane has done, from the beginning of its first change to the end of its last.
#[derive(Clone, Copy, Debug)]
struct Lane {
    changes: u64,
    began_ns: u64,
    ended_ns: u64,
}

impl Lane {
    fn time_ns(&self) -> u64 {
        self.ended_ns.saturating_sub(self.began_ns).max(1)
    }

    /// Both speeds, times the product of both times, so that they are integers.
    fn against(&self, other: &Self) -> (u128, u128) {
        let product =
            |one: &Self, other: &Self| u128::from(one.changes) * u128::from(other.time_ns());
        (product(self, other), product(other, self))
    }

    fn compare_speed(&self, other: &Self) -> Ordering {
        let (own, theirs) = self.against(other);
        own.cmp(&theirs)
    }

    fn share_of(&self, other: &Self) -> f64 {
        let (own, theirs) = self.against(other);
        own as f64 / theirs as f64
    }
}

impl RoundPace {
    /// Takes note of a change that was acknowledged.
    pub(crate) fn take(&mut self, lane: u32, span: Span) {
        self.pace.latencies.saturating_record(span.took_ns);
        let lane = self.lanes.entry(lane).or_insert(Lane {
            changes: 0,
            began_ns: span.began_ns,
            ended_ns: span.ended_ns(),
        });
        lane.changes += 1;
        lane.began_ns = lane.began_ns.min(span.began_ns);
        lane.ended_ns = lane.ended_ns.max(span.ended_ns());
    }

    /// The pace of the round, in which there were so many lanes.
    pub(crate) fn of(self, lanes: u32) -> Pace {
        let fairness = self.fairness(lanes);
        Pace {
            fairness,
            ..self.pace
        }
    }

    /// One lane has nobody to be fair to; a lane without a change has stood still.
    fn fairness(&self, lanes: u32) -> Option<f64> {
        if lanes < 2 || self.lanes.is_empty() {
            return None;
        }
        if self.lanes.len() < lanes as usize {
            return Some(0.0);
        }
        let slowest = self.lanes.values().min_by(|a, b| a.compare_speed(b))?;
        let fastest = self.lanes.values().max_by(|a, b| a.compare_speed(b))?;
        Some(slowest.share_of(fastest))
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, RoundPace, Span};

    fn pace(lanes: u32, changes: &[(u32, u64, u64)]) -> Pace {
        let mut round = RoundPace::default();
        for &(lane, began_ns, took_ns) in changes {
            round.take(lane, Span { began_ns, took_ns });
        }
        round.of(lanes)
    }

    #[test]
    fn quantiles_are_within_one_percent() {
        let changes: Vec<(u32, u64, u64)> = (1..=1000).map(|n| (1, 0, n * 1000)).collect();
        let all = pace(1, &changes).quantiles().unwrap();
        assert_eq!(all.changes, 1000);
        for (got, right) in [
            (all.min, 1_000),
            (all.p50, 500_000),
            (all.p99, 990_000),
            (all.p99_9, 999_000),
            (all.max, 1_000_000),
        ] {
            assert!(got.abs_diff(right) * 100 <= right, "{got} for {right}");
        }
    }

    #[test]
    fn nothing_done_is_nothing_said() {
        assert_eq!(pace(2, &[]).quantiles(), None);
        assert_eq!(pace(2, &[]).fairness(), None);
    }

    #[test]
    fn a_process_that_takes_four_times_as_long_has_a_quarter_of_the_speed() {
        let fair = pace(2, &[(1, 0, 10), (1, 10, 10), (2, 100, 10), (2, 110, 10)]);
        assert_eq!(fair.fairness(), Some(1.0));
        let unfair = pace(2, &[(1, 0, 10), (1, 10, 10), (2, 0, 10), (2, 70, 10)]);
        assert_eq!(unfair.fairness(), Some(0.25));
    }

    #[test]
    fn a_process_that_has_done_nothing_is_not_left_out() {
        assert_eq!(pace(3, &[(1, 0, 10), (2, 0, 10)]).fairness(), Some(0.0));
        assert_eq!(pace(1, &[(1, 0, 10)]).fairness(), None);
    }

    #[test]
    fn of_all_rounds_the_least_fair_counts_and_all_latencies() {
        let mut all = pace(2, &[(1, 0, 10), (2, 0, 20)]);
        all.add(pace(2, &[(1, 0, 10), (2, 0, 10)]));
        assert_eq!(all.fairness(), Some(0.5));
        assert_eq!(all.quantiles().unwrap().changes, 4);
        let steps: Vec<(u64, u64)> = all.distribution().collect();
        assert_eq!(steps, [(10, 3), (20, 1)]);
    }
}
