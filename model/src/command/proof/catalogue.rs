//! The scenarios as lines of a plan.

use super::{Selection, is_chosen};
use crate::command::plan::{Engine, Hunt, Line, Outcome, Setting, Subject, Terms, Trial};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate_model::catalogue::{self, Named};
use hookstate_model::explore::Bounds;
use hookstate_model::stores;
use std::sync::Arc;
use std::time::Instant;

/// With one place of a kill, loom is cut after so many executions unless told otherwise: a scenario
/// has up to a hundred of them, and a second goes by with ten thousand.
const EXECUTIONS_MAX: usize = 20_000;

/// The strategies by name, and the word for all of them.
pub(in crate::command) fn strategy_names() -> Vec<&'static str> {
    let names = ALL.iter().map(Strategy::name);
    ["all"].into_iter().chain(names).collect()
}

/// The scenarios by name, and the word for all of them.
pub(in crate::command) fn scenario_names() -> Vec<&'static str> {
    let names = catalogue::ALL.iter().map(|scenario| scenario.name);
    let stores = stores::ALL.iter().map(|subject| subject.name);
    ["all"].into_iter().chain(names).chain(stores).collect()
}

/// A line for each scenario on each strategy that it is about, and then for what stands on them.
pub(in crate::command) fn scenarios(selection: &Selection) -> Vec<Line> {
    selection
        .strategies()
        .flat_map(|strategy| {
            selection
                .scenarios_about(strategy)
                .map(move |scenario| line(selection, strategy, scenario))
        })
        .chain(super::stores::lines(selection))
        .filter(|line| !line.trials.is_empty())
        .collect()
}

impl Selection {
    pub(super) fn scenarios_about(&self, strategy: AnyStrategy) -> impl Iterator<Item = Named> {
        catalogue::ALL.into_iter().filter(move |scenario| {
            scenario.is_about(strategy) && is_chosen(&self.scenarios, scenario.name)
        })
    }

    pub(super) fn settings_of(&self, scenario: Named) -> impl Iterator<Item = Setting> {
        let is_proof = self.is_proof;
        let settings = self.settings.iter().copied();
        settings.filter(move |setting| {
            let is_too_much = is_proof && setting.is_for_alike_only();
            let is_possible = impossible(scenario, *setting).is_none();
            is_possible && (scenario.name == "alike" || !is_too_much)
        })
    }
}

/// Why the scenario cannot be searched so.
pub(super) fn impossible(scenario: Named, setting: Setting) -> Option<&'static str> {
    if !scenario.is_of(setting.processes) {
        return Some(super::TOO_FEW);
    }
    let is_cut = setting.budget.power_cuts > 0 && !scenario.stands_a_power_cut();
    is_cut.then_some("the changes of its peer do not survive a power cut")
}

fn line(selection: &Selection, strategy: AnyStrategy, scenario: Named) -> Line {
    let trials = selection.settings_of(scenario).map(|setting| Trial {
        setting,
        hunt: hunt(strategy, scenario, setting),
    });
    Line {
        subject: Subject::Scenario {
            strategy: Some(strategy),
            kind: None,
            about: scenario.about,
        },
        name: scenario.name,
        trials: trials.collect(),
        left_out: None,
    }
}

fn hunt(strategy: AnyStrategy, scenario: Named, setting: Setting) -> Hunt {
    match setting.engine {
        Engine::Search => Arc::new(move |terms| {
            let search = scenario.search(strategy, setting.processes, setting.budget);
            Outcome::of_search(terms.set(search).run())
        }),
        Engine::Loom => Arc::new(move |terms| explored(strategy, scenario, setting, terms)),
    }
}

/// With each of the processes killed at each of its calls in turn, if one may be.
fn explored(strategy: AnyStrategy, scenario: Named, setting: Setting, terms: &Terms) -> Outcome {
    let started = Instant::now();
    let processes = scenario.with(strategy, setting.processes).within(Bounds {
        executions_max: terms.states_max.unwrap_or(EXECUTIONS_MAX),
        ..Bounds::default()
    });
    let report = match setting.budget.kills {
        0 => processes.check(),
        _ => (0..setting.processes)
            .filter(|process| !processes.is_spared(*process))
            .map(|victim| processes.check_killing(victim))
            .reduce(|all, report| match all.counterexample {
                Some(_) => all,
                None => all.and(report),
            })
            .expect("somebody is killed"),
    };
    let outcome = Outcome::of_loom(report, started.elapsed());
    let at_one_place = |bound| format!("{bound} with one place of the kill");
    match setting.budget.kills {
        0 => outcome,
        _ => Outcome {
            bounded_by: outcome.bounded_by.map(at_one_place),
            ..outcome
        },
    }
}
