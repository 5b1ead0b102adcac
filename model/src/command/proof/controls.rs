//! The controls as lines of a plan: whatever has a name, a sentence, the verdicts that are expected
//! and a search can be one.

use super::{Selection, is_chosen, patterns, stores, twins};
use crate::command::plan::Line;

/// The controls by name, and the word for all of them.
pub(in crate::command) fn names() -> Vec<&'static str> {
    let all = controls(&Selection::of_everything(), &[]).into_iter();
    ["all"]
        .into_iter()
        .chain(all.map(|line| line.name))
        .collect()
}

/// A line for each of the chosen controls. Where strategies are chosen, only for their twins.
pub(in crate::command) fn controls(selection: &Selection, chosen: &[String]) -> Vec<Line> {
    let mut all = twins::lines(selection);
    if selection.strategies.is_empty() {
        all.extend(patterns::lines(selection.engines));
        all.extend(stores::controls(selection.engines));
    }
    all.retain(|line| is_chosen(chosen, line.name));
    all
}

/// A line for each of the chosen twins in each of the chosen scenarios.
pub(in crate::command) fn controls_in_scenarios(
    selection: &Selection,
    chosen: &[String],
) -> Vec<Line> {
    let mut all = twins::lines_in_scenarios(selection);
    all.retain(|line| is_chosen(chosen, line.name));
    all
}
