//! Whether everything can come to an end.

/// The first of the states from which no way leads to an ending, if there is one: whoever is left
/// there goes on for ever, though there is always something that can be done. `steps` are pairs of
/// where a step leads and where it begins.
pub(super) fn first_without_end(
    states: usize,
    steps: &mut [(u32, u32)],
    endings: &[u32],
) -> Option<u32> {
    steps.sort_unstable();
    let mut has_end = vec![false; states];
    let mut left = endings.to_vec();
    while let Some(state) = left.pop() {
        if !std::mem::replace(&mut has_end[state as usize], true) {
            let leads_here = leading_to(state, steps);
            left.extend(leads_here.iter().map(|&(_, from)| from));
        }
    }
    let first = has_end.iter().position(|&has_end| !has_end)?;
    Some(u32::try_from(first).expect("states are numbered with 32 bits"))
}

fn leading_to(state: u32, steps: &[(u32, u32)]) -> &[(u32, u32)] {
    let begin = steps.partition_point(|&(to, _)| to < state);
    let count = steps[begin..].partition_point(|&(to, _)| to == state);
    &steps[begin..begin + count]
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
}
