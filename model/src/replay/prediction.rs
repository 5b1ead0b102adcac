//! What the model says of one order of the calls: what it comes to, and whether that may be.

use super::divergence::{Divergence, Otherwise, When};
use super::readable::{Invocation, Response};
use super::rehearsal::{Rehearsal, Stands};
use super::schedule::{Schedule, Step};
use crate::oracle::{Account, Violation};
use crate::process::Ending;
use crate::scenario::Scenario;
use crate::sim::Kill;
use hookstate::strategy::Strategy;
use std::collections::BTreeMap;

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

impl Prediction {
    /// Lets the scenario run on the simulated kernel as the schedule says.
    ///
    /// # Errors
    ///
    /// The first step that comes out otherwise than the schedule says.
    pub fn following<S>(scenario: &Scenario<S>, schedule: &Schedule) -> Result<Self, Divergence>
    where
        S: Strategy + Clone + Send + Sync + 'static,
    {
        let mut rehearsal = Rehearsal::of(scenario);
        for (index, step) in schedule.steps.iter().enumerate() {
            take(&mut rehearsal, step).map_err(|otherwise| Divergence {
                when: When::AtStep(index + 1),
                process: Some(step.process),
                otherwise,
            })?;
        }
        Ok(Self::of(scenario, rehearsal))
    }

    /// Lets the scenario run on the simulated kernel in the order that `choose` makes up: it is given
    /// the processes that can go on, in ascending order, and says which of them does. With this
    /// kill, if it comes to that.
    ///
    /// # Panics
    ///
    /// If a process is chosen that cannot go on.
    pub fn choosing<S>(
        scenario: &Scenario<S>,
        kill: Option<Kill>,
        mut choose: impl FnMut(&[usize]) -> usize,
    ) -> Self
    where
        S: Strategy + Clone + Send + Sync + 'static,
    {
        let mut rehearsal = Rehearsal::of(scenario);
        let mut calls: BTreeMap<usize, usize> = BTreeMap::new();
        loop {
            let able = rehearsal.able();
            if able.is_empty() {
                return Self::of(scenario, rehearsal);
            }
            let seat = choose(&able);
            assert!(able.contains(&seat), "process {seat} cannot go on");
            let call = calls.entry(seat).or_default();
            match kill.filter(|kill| kill.process == seat && kill.call == *call) {
                Some(Kill { pages, .. }) if rehearsal.can_be_killed(seat, pages) => {
                    rehearsal.kill(seat, pages);
                }
                _ => rehearsal.step(seat),
            }
            *call += 1;
        }
    }

    fn of<S>(scenario: &Scenario<S>, rehearsal: Rehearsal) -> Self
    where
        S: Strategy + Clone + Send + Sync + 'static,
    {
        let schedule = Schedule::from(rehearsal.trace());
        let ending = rehearsal.ending();
        let verdict = scenario.oracle().judge(&ending);
        Self {
            schedule,
            ending,
            verdict,
        }
    }
}

fn take(rehearsal: &mut Rehearsal, step: &Step) -> Result<(), Otherwise> {
    check_next_call(rehearsal, step)?;
    match step.result {
        Response::Killed { pages } => rehearsal.kill(step.process, pages),
        _ => rehearsal.step(step.process),
    }
    let made = Step::last_of(rehearsal.trace()).expect("it was just made");
    match made.result == step.result {
        true => Ok(()),
        false => Err(Otherwise::Answered {
            invocation: made.invocation,
            expected: step.result.clone(),
            got: made.result,
        }),
    }
}

fn check_next_call(rehearsal: &Rehearsal, step: &Step) -> Result<(), Otherwise> {
    let expected = step.invocation.clone();
    match rehearsal.stands(step.process) {
        None => return Err(Otherwise::Missing),
        Some(Stands::Ended(exit, _)) => {
            let exit = exit.clone();
            return Err(Otherwise::Ended { expected, exit });
        }
        Some(Stands::Before(request, _)) if Invocation::from(request) != expected => {
            let got = Invocation::from(request);
            return Err(Otherwise::Asked { expected, got });
        }
        Some(Stands::Before(..)) => {}
    }
    match step.result {
        Response::Killed { pages } if !rehearsal.can_be_killed(step.process, pages) => {
            Err(Otherwise::Shorter { expected })
        }
        _ => Ok(()),
    }
}
