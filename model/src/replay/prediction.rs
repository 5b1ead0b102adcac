//! What the model says of a scenario: one execution, what it comes to, and whether that may be.

use super::schedule::Schedule;
use crate::explore::explore;
use crate::oracle::{Account, USER, Violation};
use crate::process::Ending;
use crate::scenario::Scenario;
use crate::sim::Kill;
use hookstate::strategy::Strategy;

/// An execution in the model.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The calls.
    pub schedule: Schedule,
    /// What they come to.
    pub ending: Ending<Account>,
    /// Whether that may be.
    pub verdict: Result<(), Violation>,
}

/// The first execution that loom finds, with this kill, whose ending is `wanted`.
pub fn predict<S>(
    scenario: &Scenario<S>,
    kill: Option<Kill>,
    wanted: impl Fn(&Ending<Account>, &Result<(), Violation>) -> bool + Send + Sync + 'static,
) -> Option<Prediction>
where
    S: Strategy + Clone + Send + Sync + 'static,
{
    let oracle = scenario.oracle();
    let report = explore(
        &scenario.start(),
        USER,
        scenario.programs(),
        kill,
        scenario.bounds(),
        move |ending| {
            let verdict = oracle.judge(ending);
            match wanted(ending, &verdict) {
                true => Err((ending.clone(), verdict)),
                false => Ok(()),
            }
        },
    );
    report.counterexample.map(|found| {
        let (ending, verdict) = found.violation;
        Prediction {
            schedule: Schedule::from(&found.trace),
            ending,
            verdict,
        }
    })
}
