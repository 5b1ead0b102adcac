//! What both reports say in words.

use super::{Judged, Tried};
use crate::command::plan::{Engine, Extent, Setting, Subject};
use crate::command::verdict::Status;
use hookstate::strategy::Strategy;
use hookstate_model::oracle::ViolationKind;
use indicatif::HumanCount;

/// With commas.
pub(super) fn count(number: usize) -> String {
    HumanCount(number as u64).to_string()
}

pub(super) fn plural(number: usize, one: &str, more: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { more })
}

/// As the identifier is written, with this between the words.
pub(super) fn kind(kind: ViolationKind, between: char) -> String {
    let mut text = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push(between);
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// How much was searched, in a phrase.
pub(super) fn extent(extent: Extent) -> String {
    match extent {
        Extent::Search { states, .. } => plural(states, "state", "states"),
        Extent::Loom { executions } => plural(executions, "execution", "executions"),
    }
}

/// The command line that makes this search again, and nothing else.
pub(super) fn again(program: &str, judged: &Judged, tried: &Tried) -> String {
    let engine = match tried.setting.engine {
        Engine::Search => "",
        Engine::Loom => " --engine loom",
    };
    match judged.subject {
        Subject::Scenario { strategy, .. } => {
            let strategy = strategy.map(|it| format!(" --strategy {}", it.name()));
            format!(
                "{program}{} --scenario {} {}{engine} --trace",
                strategy.unwrap_or_default(),
                judged.name,
                setting(tried.setting),
            )
        }
        Subject::Control {
            scenario: Some(scenario),
            ..
        } => format!(
            "{program} --control {} --scenario {scenario} {}{engine} --trace",
            judged.name,
            setting(tried.setting),
        ),
        Subject::Control { .. } => {
            format!("{program} --control {}{engine} --trace", judged.name)
        }
    }
}

fn setting(setting: Setting) -> String {
    let budget = setting.budget;
    let mut words = format!("--procs {} --kills {}", setting.processes, budget.kills);
    if budget.failures > 0 {
        words.push_str(&format!(" --failures {}", budget.failures));
    }
    if budget.shorts > 0 {
        words.push_str(&format!(" --shorts {}", budget.shorts));
    }
    if budget.power_cuts > 0 {
        words.push_str(&format!(" --power-cuts {}", budget.power_cuts));
    }
    words
}

/// Why the status is what it is, if the word does not say it all.
pub(super) fn why(judged: &Judged, tried: &Tried) -> Option<String> {
    let (setting, outcome) = (tried.setting, &tried.outcome);
    match tried.status {
        Status::Complete | Status::Caught | Status::Violated | Status::LeftOut => None,
        Status::Bounded => {
            let bound = outcome.bounded_by.as_deref().unwrap_or_default();
            Some(format!("BOUNDED by {bound}: {setting}"))
        }
        Status::Missed => Some(format!(
            "it passed, so this search proves nothing: {setting}, {}",
            extent(outcome.extent)
        )),
        Status::Inconclusive => Some(match &outcome.found {
            Some(found) => format!(
                "rejected for another reason than was expected, as {}: {setting}",
                kind(found.violation.kind(), ' ')
            ),
            None => format!(
                "never came about: {}: {setting}",
                outcome.unreached.join("; ")
            ),
        })
        .filter(|_| !judged.tried.is_empty()),
    }
}
