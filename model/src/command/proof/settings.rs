//! Among how many processes the proof searches, and how much goes wrong there.

use crate::command::plan::{Engine, Setting};
use hookstate_model::search::Budget;

/// Every scenario.
const SEARCHED: [(usize, Budget); 5] = [
    (3, Budget::kills(1)),
    (2, Budget::kills(2)),
    (2, FAILURE),
    (2, SHORT),
    (2, POWER_CUT),
];

/// Processes that cannot be told apart, which makes more of them possible.
const ALIKE: (usize, Budget) = (5, Budget::kills(2));

/// As far as the second engine gets in every scenario.
const EXPLORED: [(usize, Budget); 1] = [(2, Budget::kills(1))];

const FAILURE: Budget = Budget {
    failures: 1,
    ..Budget::NOTHING
};
const SHORT: Budget = Budget {
    shorts: 1,
    ..Budget::NOTHING
};

const POWER_CUT: Budget = Budget {
    power_cuts: 1,
    ..Budget::NOTHING
};

/// The settings of the proof, for this engine.
pub(in crate::command) fn settings(engine: Engine) -> Vec<Setting> {
    let searched = SEARCHED.iter().chain([&ALIKE]);
    let chosen: Vec<&(usize, Budget)> = match engine {
        Engine::Search => searched.collect(),
        Engine::Loom => EXPLORED.iter().collect(),
    };
    chosen
        .into_iter()
        .map(|&(processes, budget)| Setting {
            engine,
            processes,
            budget,
        })
        .collect()
}

impl Setting {
    /// Whether it is more than anything but the scenario of processes that are alike is searched in.
    pub(super) fn is_for_alike_only(&self) -> bool {
        (self.processes, self.budget) == ALIKE
    }
}
