//! Many operations, each in a bit.

use crate::workload::Operation;
use std::collections::BTreeMap;

/// A set of operations. A lane takes a bit for each of its iterations up to the last that is in the set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Operations(BTreeMap<u32, Vec<u64>>);

/// The word of a lane that has the bit of an iteration, and the bit.
const fn place(iteration: u32) -> (usize, u64) {
    (
        (iteration / u64::BITS) as usize,
        1 << (iteration % u64::BITS),
    )
}

impl Operations {
    /// Adds an operation. Tells whether it was not there before.
    pub(super) fn insert(&mut self, operation: Operation) -> bool {
        let (word, bit) = place(operation.iteration);
        let words = self.0.entry(operation.lane).or_default();
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        let is_new = words[word] & bit == 0;
        words[word] |= bit;
        is_new
    }

    pub(super) fn has(&self, operation: Operation) -> bool {
        let (word, bit) = place(operation.iteration);
        let words = self.0.get(&operation.lane);
        words
            .and_then(|words| words.get(word))
            .is_some_and(|word| word & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, Operations};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_was_added_is_there_and_nothing_else(
            added in proptest::collection::vec((1_u32..4, 1_u32..200), 0..100),
        ) {
            let (mut operations, mut wanted) = (Operations::default(), BTreeSet::new());
            for (lane, iteration) in added {
                let is_new = operations.insert(Operation { lane, iteration });
                prop_assert_eq!(is_new, wanted.insert((lane, iteration)));
            }
            for (lane, iteration) in (0..5).flat_map(|lane| (0..300).map(move |n| (lane, n))) {
                let has = operations.has(Operation { lane, iteration });
                prop_assert_eq!(has, wanted.contains(&(lane, iteration)));
            }
        }
    }
}
