//! One of several for each of several, in every way, as long as there are not too many.

use std::fmt;

/// How many outcomes, and parts of outcomes, are looked at.
pub const CUTS_MAX: usize = 100_000;

/// So much is unsynced that more than [`CUTS_MAX`] outcomes would have to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyCuts;

impl fmt::Display for TooManyCuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a power loss has more than {CUTS_MAX} outcomes")
    }
}

impl std::error::Error for TooManyCuts {}

/// How many may still be looked at.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(CUTS_MAX)
    }
}

impl Budget {
    pub(super) fn spend(&mut self, count: usize) -> Result<(), TooManyCuts> {
        self.0 = self.0.checked_sub(count).ok_or(TooManyCuts)?;
        Ok(())
    }
}

/// Calls `take` with an index below each of `counts`, in every combination.
pub(super) fn each_choice(
    counts: &[usize],
    budget: &mut Budget,
    mut take: impl FnMut(&[usize], &mut Budget) -> Result<(), TooManyCuts>,
) -> Result<(), TooManyCuts> {
    let product = counts
        .iter()
        .try_fold(1_usize, |product, &count| product.checked_mul(count))
        .ok_or(TooManyCuts)?;
    budget.spend(product)?;
    let mut choice = vec![0; counts.len()];
    for _ in 0..product {
        take(&choice, budget)?;
        advance(&mut choice, counts);
    }
    Ok(())
}

/// As an odometer does.
fn advance(choice: &mut [usize], counts: &[usize]) {
    for (digit, &count) in choice.iter_mut().zip(counts).rev() {
        *digit += 1;
        if *digit < count {
            return;
        }
        *digit = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, each_choice};

    fn choices(counts: &[usize], budget: usize) -> Option<Vec<Vec<usize>>> {
        let mut seen = Vec::new();
        let all = each_choice(counts, &mut Budget(budget), |choice, _| {
            seen.push(choice.to_vec());
            Ok(())
        });
        all.ok().map(|()| seen)
    }

    #[test]
    fn every_combination_comes_once() {
        let seen = choices(&[2, 1, 2], 4).unwrap();
        assert_eq!(seen, [[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]]);
        assert_eq!(choices(&[], 1), Some(vec![vec![]]));
        assert_eq!(choices(&[3, 0], 1), Some(vec![]));
    }

    #[test]
    fn more_than_the_budget_are_refused() {
        assert_eq!(choices(&[2, 2], 3), None);
        assert_eq!(choices(&[usize::MAX, 2], usize::MAX), None);
    }
}
