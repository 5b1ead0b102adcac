//! What was selected and is not searched in every way that was asked for.

use super::{Selection, catalogue, is_chosen, stores};
use crate::command::plan::{Engine, Setting};
use hookstate_model::catalogue::Named;
use hookstate_model::stores::Subject;

/// A scenario that is not searched as it was asked for.
pub(in crate::command) struct PassedOver {
    pub(in crate::command) name: &'static str,
    pub(in crate::command) why: &'static str,
}

/// The scenarios about the selected strategies of which something is left out.
pub(in crate::command) fn passed_over(selection: &Selection) -> Vec<PassedOver> {
    let scenarios = hookstate_model::catalogue::ALL.into_iter();
    let scenarios = scenarios.filter(|scenario| selection.has(*scenario));
    let scenarios = scenarios.filter_map(|scenario| {
        let why = selection.first(|setting| catalogue::impossible(scenario, setting));
        let name = scenario.name;
        Some(PassedOver { name, why: why? })
    });
    let subjects = hookstate_model::stores::ALL.into_iter();
    let subjects = subjects.filter(|subject| selection.has_store(*subject));
    let subjects = subjects.filter_map(|subject| {
        let why = selection.first(|setting| stores::impossible(subject, setting));
        let name = subject.name;
        Some(PassedOver { name, why: why? })
    });
    scenarios.chain(subjects).collect()
}

impl Selection {
    fn has(&self, scenario: Named) -> bool {
        let mut strategies = self.strategies();
        is_chosen(&self.scenarios, scenario.name)
            && strategies.any(|strategy| scenario.is_about(strategy))
    }

    fn has_store(&self, subject: Subject) -> bool {
        let mut grounds = subject.grounds();
        is_chosen(&self.scenarios, subject.name) && grounds.any(|ground| self.is_on(ground))
    }

    /// The first reason against one of the settings that were asked for. The proof has settings for each
    /// scenario that suit it, but for loom.
    fn first(&self, why: impl Fn(Setting) -> Option<&'static str>) -> Option<&'static str> {
        let asked = self.settings.iter();
        let mut asked = asked.filter(|setting| !self.is_proof || setting.engine == Engine::Loom);
        asked.find_map(|setting| why(*setting))
    }
}
