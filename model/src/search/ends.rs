//! Whether everything can come to an end.

use rayon::slice::ParallelSliceMut;
use std::collections::{BTreeMap, BTreeSet};

/// The first of the states from which no way leads to an ending and that are on a circle or behind one,
/// if there is one: whoever is left there goes on for ever, though there is always something that can be
/// done. Of the states that only lead to circles the first comes earlier, perhaps as the very first of
/// all, and shows nothing of what goes wrong. `steps` are pairs of where a step leads and where it begins.
pub(super) fn first_without_end(
    states: usize,
    steps: &mut [(u32, u32)],
    endings: &[u32],
) -> Option<u32> {
    steps.par_sort_unstable();
    let mut has_end = vec![false; states];
    let mut left = endings.to_vec();
    while let Some(state) = left.pop() {
        if !std::mem::replace(&mut has_end[state as usize], true) {
            let leads_here = beginning_with(state, steps);
            left.extend(leads_here.iter().map(|&(_, from)| from));
        }
    }
    let endless: Vec<u32> = (0..)
        .zip(&has_end)
        .filter(|(_, has_end)| !**has_end)
        .map(|(state, _)| state)
        .collect();
    let leads_on = lead_to_circles(&endless, steps);
    let mut circling = endless.into_iter();
    circling.find(|state| !leads_on.contains(state))
}

/// Those of the endless states to which no way leads from a circle.
fn lead_to_circles(endless: &[u32], steps: &[(u32, u32)]) -> BTreeSet<u32> {
    let is_endless = |state: &u32| endless.binary_search(state).is_ok();
    let inner = steps
        .iter()
        .filter(|(to, from)| is_endless(to) && is_endless(from));
    let mut onwards: Vec<(u32, u32)> = inner.map(|&(to, from)| (from, to)).collect();
    onwards.sort_unstable();
    let mut ways_here: BTreeMap<u32, usize> = endless.iter().map(|&state| (state, 0)).collect();
    for (_, to) in &onwards {
        *ways_here.entry(*to).or_default() += 1;
    }
    let mut left: Vec<u32> = endless
        .iter()
        .copied()
        .filter(|state| ways_here[state] == 0)
        .collect();
    let mut leads_on = BTreeSet::new();
    while let Some(state) = left.pop() {
        leads_on.insert(state);
        for (_, to) in beginning_with(state, &onwards) {
            let ways = ways_here.entry(*to).or_default();
            *ways -= 1;
            if *ways == 0 {
                left.push(*to);
            }
        }
    }
    leads_on
}

/// Of sorted pairs.
fn beginning_with(state: u32, pairs: &[(u32, u32)]) -> &[(u32, u32)] {
    let begin = pairs.partition_point(|&(first, _)| first < state);
    let count = pairs[begin..].partition_point(|&(first, _)| first == state);
    &pairs[begin..begin + count]
}

#[cfg(test)]
mod tests {
    use super::first_without_end;

    #[test]
    fn a_circle_without_a_way_out_is_found() {
        // 0 to 1 and 2; 1 to the ending 3; 2 and 4 to each other.
        let mut steps = [(1, 0), (2, 0), (3, 1), (4, 2), (2, 4)];
        assert_eq!(first_without_end(5, &mut steps, &[3]), Some(2));
        let mut steps = [(1, 0), (2, 0), (3, 1), (4, 2), (2, 4), (3, 4)];
        assert_eq!(first_without_end(5, &mut steps, &[3]), None);
    }

    /// 0 to 1, 1 to 2, 2 and 3 to each other, and from 3 to itself.
    #[test]
    fn what_only_leads_to_a_circle_is_not_taken_for_it() {
        let mut steps = [(1, 0), (2, 1), (3, 2), (2, 3), (3, 3)];
        assert_eq!(first_without_end(4, &mut steps, &[]), Some(2));
        let mut alone = [(1, 0), (1, 1)];
        assert_eq!(first_without_end(2, &mut alone, &[]), Some(1));
    }
}
