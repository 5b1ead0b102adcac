//! Two ways to do the same, measured in turns: what the machine does to one in the meantime, such
//! as another clock rate or a busy neighbour, it does to the other too.

use std::fmt;
use std::time::{Duration, Instant};

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Pairs of samples. One of each pair is of the one way, one of the other.
    pub pairs: u32,
    /// How often a sample repeats its way.
    pub repeats: u32,
}

/// What came out, per repetition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The median time of the way in question.
    pub ours: Duration,
    /// The median time of the way to compare with.
    pub bare: Duration,
    /// The quartiles of the ratio within a pair; the middle one is the median.
    pub ratio: [f64; 3],
    /// How many pairs there were.
    pub pairs: usize,
}

impl Plan {
    /// Measures `ours` against `bare`. Whichever goes first in one pair goes second in the next.
    /// `before` comes before each pair and is not measured.
    pub fn compare(
        self,
        mut before: impl FnMut(),
        mut ours: impl FnMut(),
        mut bare: impl FnMut(),
    ) -> Comparison {
        let mut pair = |ours_first: bool| {
            before();
            if ours_first {
                let ours = self.sample(&mut ours);
                (ours, self.sample(&mut bare))
            } else {
                let bare = self.sample(&mut bare);
                (self.sample(&mut ours), bare)
            }
        };
        // The first pair is measured cold, and not counted.
        pair(true);
        let pairs: Vec<_> = (0..self.pairs).map(|n| pair(n % 2 == 0)).collect();
        Comparison::of(&pairs)
    }

    fn sample(self, way: &mut impl FnMut()) -> Duration {
        let since = Instant::now();
        for _ in 0..self.repeats {
            way();
        }
        since.elapsed() / self.repeats
    }
}

impl Comparison {
    /// Sums up pairs of times, ours first.
    fn of(pairs: &[(Duration, Duration)]) -> Self {
        let mut ours: Vec<Duration> = pairs.iter().map(|pair| pair.0).collect();
        let mut bare: Vec<Duration> = pairs.iter().map(|pair| pair.1).collect();
        let mut ratios: Vec<f64> = pairs
            .iter()
            .map(|(ours, bare)| ours.as_secs_f64() / bare.as_secs_f64())
            .collect();
        ours.sort();
        bare.sort();
        ratios.sort_by(f64::total_cmp);
        let quarter = |n| ratios[(ratios.len() - 1) * n / 4];
        Self {
            ours: ours[(ours.len() - 1) / 2],
            bare: bare[(bare.len() - 1) / 2],
            ratio: [quarter(1), quarter(2), quarter(3)],
            pairs: pairs.len(),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, median, high] = self.ratio;
        write!(
            f,
            "{:.1} us, the same calls bare {:.1} us, ratio {median:.2} (median of {} pairs, \
             quartiles {low:.2} and {high:.2})",
            microseconds(self.ours),
            microseconds(self.bare),
            self.pairs,
        )
    }
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Plan};
    use std::cell::RefCell;
    use std::time::Duration;

    #[test]
    fn the_ratio_is_the_median_of_the_pairs_and_not_the_ratio_of_the_medians() {
        let pairs = [(20, 10), (40, 20), (30, 30), (90, 30), (10, 40)];
        let of = |micros| Duration::from_micros(micros);
        let comparison = Comparison::of(&pairs.map(|(ours, bare)| (of(ours), of(bare))));
        assert_eq!(comparison.ratio, [1.0, 2.0, 2.0]);
        assert_eq!((comparison.ours, comparison.bare), (of(30), of(30)));
        assert_eq!(
            comparison.to_string(),
            "30.0 us, the same calls bare 30.0 us, ratio 2.00 (median of 5 pairs, quartiles 1.00 \
             and 2.00)"
        );
    }

    #[test]
    fn each_way_goes_first_in_every_other_pair() {
        let order = RefCell::new(String::new());
        let plan = Plan {
            pairs: 4,
            repeats: 2,
        };
        plan.compare(
            || order.borrow_mut().push('.'),
            || order.borrow_mut().push('o'),
            || order.borrow_mut().push('b'),
        );
        assert_eq!(*order.borrow(), ".oobb.oobb.bboo.oobb.bboo");
    }
}
