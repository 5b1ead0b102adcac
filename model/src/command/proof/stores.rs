//! What stands on the strategies, and its controls, as lines of a plan.

use super::{Selection, is_chosen};
use crate::command::plan::{Engine, Hunt, Line, Outcome, Setting, Subject, Terms, Trial};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate_model::stores;
use std::sync::Arc;

/// A line for each of the chosen subjects on each of the chosen strategies; those of a kind that are on
/// the same strategy together.
pub(super) fn lines(selection: &Selection) -> impl Iterator<Item = Line> {
    let chosen = stores::ALL.into_iter();
    let mut all: Vec<(Option<AnyStrategy>, stores::Subject)> = chosen
        .filter(|subject| is_chosen(&selection.scenarios, subject.name))
        .flat_map(|subject| {
            let grounds = subject.grounds();
            grounds.map(move |strategy| (strategy, subject))
        })
        .filter(|(strategy, _)| selection.is_on(*strategy))
        .collect();
    all.sort_by_key(|(strategy, subject)| (place_of(subject.kind), strategy.map(rank)));
    all.into_iter()
        .map(|(strategy, subject)| line(selection, strategy, subject))
}

/// Where those of this kind begin in the list.
fn place_of(kind: stores::Kind) -> Option<usize> {
    stores::ALL.iter().position(|subject| subject.kind == kind)
}

fn rank(strategy: AnyStrategy) -> Option<usize> {
    ALL.iter().position(|known| *known == strategy)
}

/// A line for each control.
pub(super) fn controls(engines: &[Engine]) -> Vec<Line> {
    stores::controls()
        .map(|(subject, control)| control_line(subject, control, engines))
        .collect()
}

impl Selection {
    /// Whether it is on one of the chosen strategies, or on none where all are.
    pub(super) fn is_on(&self, strategy: Option<AnyStrategy>) -> bool {
        is_chosen(
            &self.strategies,
            strategy.as_ref().map_or("all", Strategy::name),
        )
    }

    /// Those of its own, or the one that was asked for.
    fn settings_of_store(&self, subject: stores::Subject) -> Vec<stores::Setting> {
        if self.is_proof && self.engines.contains(&Engine::Search) {
            return subject.settings.to_vec();
        }
        let asked = self.settings.iter();
        asked
            .filter(|setting| impossible(subject, **setting).is_none())
            .map(|setting| stores::Setting {
                processes: setting.processes,
                budget: setting.budget,
            })
            .collect()
    }
}

/// Why the subject cannot be searched so.
pub(super) fn impossible(subject: stores::Subject, setting: Setting) -> Option<&'static str> {
    let own = subject.settings.iter().map(|own| own.processes);
    let fewest = own.min().unwrap_or(1);
    let mut budgets = subject.settings.iter().map(|own| own.budget);
    let is_about_failures = budgets.all(|own| own.failures > 0);
    match (setting.engine, setting.budget.power_cuts) {
        (Engine::Loom, _) => Some(NOT_BY_LOOM),
        (Engine::Search, 0) if setting.processes < fewest => Some(super::TOO_FEW),
        (Engine::Search, 0) if is_about_failures && setting.budget.failures == 0 => {
            Some(NO_FAILURE)
        }
        (Engine::Search, 0) => None,
        (Engine::Search, _) => Some("what stands on the strategies is searched without power cuts"),
    }
}

const NO_FAILURE: &str = "without a failing call nothing of it comes about";

const NOT_BY_LOOM: &str = "loom explores the strategies, and not what stands on them";

fn line(selection: &Selection, strategy: Option<AnyStrategy>, subject: stores::Subject) -> Line {
    let settings = selection.settings_of_store(subject).into_iter();
    let trials = settings.map(|setting| Trial {
        setting: searched(setting),
        hunt: hunt(move || subject.search(strategy, setting)),
    });
    Line {
        subject: Subject::Scenario {
            strategy,
            kind: Some(subject.kind),
            about: subject.holds,
        },
        name: subject.name,
        trials: trials.collect(),
        left_out: None,
    }
}

fn control_line(
    subject: stores::Subject,
    control: &'static stores::Control,
    engines: &[Engine],
) -> Line {
    let engines = engines.iter().filter(|engine| **engine == Engine::Search);
    let trials = engines.map(|_| Trial {
        setting: searched(control.setting),
        hunt: hunt(|| control.search()),
    });
    let trials: Vec<Trial> = trials.collect();
    Line {
        subject: Subject::Control {
            group: subject.kind.controls(),
            missing: control.leaves_out.to_owned(),
            strategy: None,
            scenario: None,
            expected: control.verdicts.to_vec(),
        },
        name: control.name,
        left_out: trials.is_empty().then_some(NOT_BY_LOOM),
        trials,
    }
}

fn hunt(search: impl Fn() -> Box<dyn stores::AnySearch> + Send + Sync + 'static) -> Hunt {
    Arc::new(move |terms: &Terms| Outcome::of_search(terms.set_any(search()).run()))
}

const fn searched(setting: stores::Setting) -> Setting {
    Setting {
        engine: Engine::Search,
        processes: setting.processes,
        budget: setting.budget,
    }
}
