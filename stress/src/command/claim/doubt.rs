//! What a claim still allows where commands have failed or were killed.
//!
//! Each of these has made its update or has not, and nobody but itself knows. So a number only breaks
//! a claim if it does so whichever of them have: `=procs*iters` stands for every number from all
//! updates down to those that were acknowledged, and `=acked` for every number from these up to all.
//! A loss that is greater than the doubt is still seen.

use super::{Name, Numbers, Relation, Sum};
use std::ops::RangeInclusive;

impl Relation {
    /// Whether it may be true of a number, for all that is known.
    pub(super) fn allows(&self, number: i128, numbers: &Numbers) -> bool {
        match self {
            Self::Equal(sum) => sum.range(numbers).contains(&number),
            Self::AtLeast(sum) => number >= *sum.range(numbers).start(),
            Self::AtMost(sum) => number <= *sum.range(numbers).end(),
            Self::Between(least, most) => {
                let (least, most) = (least.range(numbers), most.range(numbers));
                (*least.start()..=*most.end()).contains(&number)
            }
        }
    }
}

impl Sum {
    /// From the least to the greatest that it may be meant to be.
    fn range(&self, numbers: &Numbers) -> RangeInclusive<i128> {
        let all_made = Numbers {
            acked: numbers.started,
            failed: 0,
            ..*numbers
        };
        let doubt = i128::from(numbers.in_doubt());
        let missing = self.weight(numbers).saturating_mul(doubt);
        let value = self.value(numbers);
        let ends = [value, self.value(&all_made), value.saturating_sub(missing)];
        let least = ends.into_iter().fold(value, i128::min);
        let greatest = ends.into_iter().fold(value, i128::max);
        least..=greatest
    }

    /// How much of it is one update, if it counts the updates of all commands. If it names those that
    /// were acknowledged or have failed it makes the difference itself.
    fn weight(&self, numbers: &Numbers) -> i128 {
        if self.mentions(&[Name::Acked, Name::Failed]) {
            return 0;
        }
        let (procs, iters) = (i128::from(numbers.procs), i128::from(numbers.iters));
        if !self.has_names() {
            let value = self.value(numbers);
            let all = procs.saturating_mul(iters);
            return if value % all.max(1) == 0 {
                value / all.max(1)
            } else {
                0
            };
        }
        let slopes = [
            share(self.slope(numbers, |more| more.iters += 1), procs),
            share(self.slope(numbers, |more| more.procs += 1), iters),
            self.slope(numbers, |more| more.started += 1),
        ];
        let steepest = slopes.into_iter().max_by_key(|slope| slope.unsigned_abs());
        steepest.unwrap_or_default()
    }

    /// By how much it grows with one of the numbers.
    fn slope(&self, numbers: &Numbers, grow: impl Fn(&mut Numbers)) -> i128 {
        let mut more = *numbers;
        grow(&mut more);
        self.value(&more).saturating_sub(self.value(numbers))
    }

    fn mentions(&self, names: &[Name]) -> bool {
        match self {
            Self::Number(_) => false,
            Self::Name(name) => names.contains(name),
            Self::Negated(sum) => sum.mentions(names),
            Self::Of(_, sides) => sides.iter().any(|side| side.mentions(names)),
        }
    }

    pub(super) fn has_names(&self) -> bool {
        self.mentions(&Name::ALL)
    }
}

/// The slope for one command, where a number stands for that many of them.
const fn share(slope: i128, commands: i128) -> i128 {
    if commands > 0 && slope % commands == 0 {
        slope / commands
    } else {
        slope
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Claim, Numbers};

    /// Ten of 800 are in doubt, of which three have failed and seven were killed.
    const NUMBERS: Numbers = Numbers {
        procs: 8,
        iters: 100,
        acked: 790,
        started: 800,
        failed: 3,
    };

    /// The bounds of what a claim allows.
    fn allowed(claim: &str) -> [Option<i128>; 2] {
        let claim = Claim::parse(claim).unwrap();
        let mut numbers = (-2000..=2000).filter(|number| claim.may_hold(*number, &NUMBERS));
        let least = numbers.next();
        [least, numbers.next_back().or(least)]
    }

    #[test]
    fn a_command_in_doubt_excuses_its_own_update_and_no_other() {
        for (claim, least, greatest) in [
            ("=procs*iters", 790, 800),
            ("=started", 790, 800),
            ("=800", 790, 800),
            ("=1600", 1580, 1600),
            ("=2*procs*iters+1", 1581, 1601),
            ("=1000-procs*iters", 200, 210),
            ("=acked", 790, 800),
            ("=acked+failed", 793, 800),
            ("=procs*iters-failed", 797, 800),
            ("=acked..started", 790, 800),
            (">=procs*iters", 790, 2000),
            (">=acked", 790, 2000),
            ("<=acked", -2000, 800),
            ("<=procs*iters", -2000, 800),
            ("=iters", 90, 100),
            ("=7", 7, 7),
        ] {
            assert_eq!(allowed(claim), [Some(least), Some(greatest)], "{claim}");
        }
    }

    #[test]
    fn without_a_doubt_a_claim_allows_what_it_is_true_of() {
        let numbers = Numbers {
            acked: 800,
            failed: 0,
            ..NUMBERS
        };
        for claim in ["=procs*iters", "=acked", ">=started", "<=acked", "=800"] {
            let claim = Claim::parse(claim).unwrap();
            for number in 780..820 {
                let holds = claim.holds(number, &numbers);
                assert_eq!(claim.may_hold(number, &numbers), holds, "{claim} {number}");
            }
        }
    }
}
