//! The shipping strategies without one of their steps, as controls.

use super::Selection;
use crate::command::plan::{Engine, Hunt, Line, Outcome, Setting, Subject, Terms, Trial};
use hookstate::strategy::{AnyStrategy, Strategy};
use hookstate_model::catalogue::Named;
use hookstate_model::oracle::{Violation, ViolationKind};
use hookstate_model::sim::SimProcess;
use hookstate_model::twin::{self, Control, Loom};
use std::sync::Arc;
use std::time::Instant;

/// Each twin of the selected strategies, among the processes that it was made for.
pub(super) fn lines(selection: &Selection) -> Vec<Line> {
    of_strategies(selection)
        .map(|control| {
            let engines = selection.engines.iter();
            let trials = engines.filter_map(|&engine| own_trial(control, engine));
            Line {
                trials: trials.collect(),
                left_out: left_out(control, selection.engines),
                ..untried(control, None)
            }
        })
        .collect()
}

/// Each of them in each of the selected scenarios.
pub(super) fn lines_in_scenarios(selection: &Selection) -> Vec<Line> {
    of_strategies(selection)
        .flat_map(|control| {
            let scenarios = selection.scenarios_about(control.strategy);
            scenarios.map(move |scenario| Line {
                trials: trials_in(control, scenario, selection),
                ..untried(control, Some(scenario.name))
            })
        })
        .filter(|line| !line.trials.is_empty())
        .collect()
}

fn of_strategies(selection: &Selection) -> impl Iterator<Item = &'static Control> {
    selection.strategies().flat_map(|strategy| {
        let all = twin::all().into_iter();
        all.filter(move |control| control.strategy.name() == strategy.name())
    })
}

fn untried(control: &Control, scenario: Option<&'static str>) -> Line {
    let mut expected = control.verdicts.to_vec();
    if scenario.is_some() {
        // What is only seen in the end where it is at home is seen there while it comes about.
        expected.push(ViolationKind::ExclusionBroken);
    }
    Line {
        subject: Subject::Control {
            group: group(control.strategy),
            missing: control.leaves_out.to_owned(),
            strategy: Some(control.strategy),
            scenario,
            expected,
        },
        name: control.name,
        trials: Vec::new(),
        left_out: None,
    }
}

const fn group(strategy: AnyStrategy) -> &'static str {
    match strategy {
        AnyStrategy::Flock(_) => "flock without a step",
        AnyStrategy::AppendLog(_) => "append-log without a step",
        AnyStrategy::Rename(_) => "rename without a step",
    }
}

fn left_out(control: &Control, engines: &[Engine]) -> Option<&'static str> {
    match (engines, control.loom) {
        ([Engine::Loom], Loom::Cannot(why)) => Some(why),
        _ => None,
    }
}

fn own_trial(control: &'static Control, engine: Engine) -> Option<Trial> {
    let hunt: Hunt = match (engine, control.loom) {
        (Engine::Search, _) => Arc::new(|terms: &Terms| {
            let search = control.scenario().searcher().budget(control.budget());
            Outcome::of_search(terms.set(search).run())
        }),
        (Engine::Loom, Loom::Rejects(_)) => Arc::new(|_: &Terms| {
            let started = Instant::now();
            let report = control.check(&control.scenario());
            Outcome::of_loom(report, started.elapsed())
        }),
        (Engine::Loom, Loom::Cannot(_)) => return None,
    };
    let setting = Setting {
        engine,
        processes: control.programs.len(),
        budget: control.budget(),
    };
    Some(Trial { setting, hunt })
}

fn trials_in(control: &'static Control, scenario: Named, selection: &Selection) -> Vec<Trial> {
    let settings = selection.settings_of(scenario);
    settings
        .filter(|setting| setting.engine == Engine::Search)
        .map(|setting| Trial {
            setting,
            hunt: Arc::new(move |terms| searched_in(control, scenario, setting, terms)),
        })
        .collect()
}

fn searched_in(control: &Control, scenario: Named, setting: Setting, terms: &Terms) -> Outcome {
    let twin = control.twin;
    let search = scenario
        .where_so_much_goes_wrong(control.strategy, setting.processes, setting.budget)
        .around(move |process| SimProcess(twin(process.0)))
        .searcher()
        .budget(setting.budget)
        .alone(|account| account.inside, Violation::ExclusionBroken);
    Outcome::of_search(terms.set(search).run())
}
