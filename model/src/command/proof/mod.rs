//! What there is to be searched: the scenarios on every strategy, and the controls.

mod catalogue;
mod controls;
mod passed_over;
mod patterns;
mod settings;
mod stores;
mod twins;

pub(super) use catalogue::{scenario_names, scenarios, strategy_names};
pub(super) use controls::{controls, controls_in_scenarios, names as control_names};
pub(super) use passed_over::{PassedOver, passed_over};
pub(super) use settings::settings;

use super::plan::Setting;
use hookstate::strategy::{ALL, AnyStrategy, Strategy};

/// Why a scenario is not searched among fewer processes than it is about.
const TOO_FEW: &str = "its processes do different things, so it takes two or more";

/// What was selected of it. Nothing selected is all.
pub(super) struct Selection {
    pub(super) strategies: Vec<String>,
    pub(super) scenarios: Vec<String>,
    pub(super) settings: Vec<Setting>,
    /// Whether the settings are those of the proof, and not one that was asked for.
    pub(super) is_proof: bool,
    pub(super) engines: &'static [super::plan::Engine],
}

impl Selection {
    /// All that there is, without its settings.
    pub(super) const fn of_everything() -> Self {
        Self {
            strategies: Vec::new(),
            scenarios: Vec::new(),
            settings: Vec::new(),
            is_proof: true,
            engines: &[super::plan::Engine::Search],
        }
    }

    /// The strategies, each once, in the order of their list.
    fn strategies(&self) -> impl Iterator<Item = AnyStrategy> {
        ALL.into_iter()
            .filter(|strategy| is_chosen(&self.strategies, strategy.name()))
    }
}

/// Whether the name is among the chosen ones.
fn is_chosen(chosen: &[String], name: &str) -> bool {
    chosen.is_empty()
        || chosen
            .iter()
            .any(|choice| choice == "all" || choice == name)
}
