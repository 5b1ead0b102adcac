//! The known ways to lose state, as controls.

use crate::command::plan::{Engine, Hunt, Line, Outcome, Setting, Subject, Trial};
use hookstate_model::control::patterns::{Form, PATTERNS, Pattern, Protocol, Variant};
use std::sync::Arc;
use std::time::Instant;

/// What they are called together.
const GROUP: &str = "programs that lose updates";

pub(super) fn lines(engines: &[Engine]) -> Vec<Line> {
    PATTERNS
        .iter()
        .map(|pattern| line(pattern, engines))
        .collect()
}

fn line(pattern: &Pattern, engines: &[Engine]) -> Line {
    let (expected, trials, left_out) = match pattern.form {
        Form::Protocol(protocol) => {
            let trials = engines.iter().map(|&engine| trial(protocol, engine));
            (vec![protocol.rejected_as], trials.collect(), None)
        }
        Form::Excluded(reason) => (Vec::new(), Vec::new(), Some(reason)),
    };
    Line {
        subject: Subject::Control {
            group: GROUP,
            missing: format!("loses {}", pattern.lost),
            strategy: None,
            scenario: None,
            expected,
        },
        name: pattern.name,
        trials,
        left_out,
    }
}

fn trial(protocol: Protocol, engine: Engine) -> Trial {
    let setting = Setting {
        engine,
        processes: protocol.processes,
        budget: protocol.budget(),
    };
    let hunt: Hunt = match engine {
        Engine::Search => Arc::new(move |_| Outcome::of_search(protocol.search(Variant::AsSeen))),
        Engine::Loom => Arc::new(move |_| {
            let started = Instant::now();
            Outcome::of_loom(protocol.check(Variant::AsSeen), started.elapsed())
        }),
    };
    Trial { setting, hunt }
}
