//! The controls as lines of a plan: whatever has a name, a sentence, the verdicts that are expected
//! and a search can be one.

use super::{Selection, is_chosen, patterns};
use crate::command::plan::{Engine, Line};

/// The controls by name, and the word for all of them.
pub(in crate::command) fn names() -> Vec<&'static str> {
    let all = all(&[Engine::Search]).into_iter().map(|line| line.name);
    ["all"].into_iter().chain(all).collect()
}

/// A line for each of the chosen controls.
pub(in crate::command) fn controls(selection: &Selection, chosen: &[String]) -> Vec<Line> {
    all(selection.engines)
        .into_iter()
        .filter(|line| is_chosen(chosen, line.name))
        .collect()
}

fn all(engines: &[Engine]) -> Vec<Line> {
    patterns::lines(engines)
}
