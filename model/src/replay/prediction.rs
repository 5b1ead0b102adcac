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
use std::collections::{BTreeMap, VecDeque};

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
                otherwise: Box::new(otherwise),
            })?;
        }
        match rehearsal.able().first() {
            None => Ok(Self::of(scenario, rehearsal)),
            Some(&seat) => Err(Divergence {
                when: When::InTheEnd,
                process: Some(seat),
                otherwise: Box::new(unfinished(&rehearsal, seat)),
            }),
        }
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
            let _ = match kill.filter(|kill| kill.process == seat && kill.call == *call) {
                Some(Kill { pages, .. }) if rehearsal.can_be_killed(seat, pages) => {
                    rehearsal.kill(seat, pages)
                }
                _ => rehearsal.step(seat),
            };
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
    let got = match unnoticed(rehearsal, step) {
        Some(made) => made.result,
        None => {
            check_next_call(rehearsal, step)?;
            match step.result {
                Response::Killed { pages } => rehearsal.kill(step.process, pages),
                _ => rehearsal.step(step.process),
            }
        }
    };
    match got == step.result {
        true => Ok(()),
        false => Err(Otherwise::Answered {
            invocation: step.invocation.clone(),
            expected: step.result.clone(),
            got,
        }),
    }
}

/// The call of the step, if the process has made it already since nobody can notice it.
fn unnoticed(rehearsal: &mut Rehearsal, step: &Step) -> Option<Step> {
    let made = rehearsal.unnoticed_mut(step.process)?;
    let next = made.front()?;
    (next.invocation == step.invocation).then(|| made.pop_front())?
}

fn unfinished(rehearsal: &Rehearsal, seat: usize) -> Otherwise {
    let got = Invocation::from(&rehearsal.request(seat));
    Otherwise::Unfinished { got }
}

fn check_next_call(rehearsal: &Rehearsal, step: &Step) -> Result<(), Otherwise> {
    let (seat, expected) = (step.process, step.invocation.clone());
    let Some(stands) = rehearsal.stands(seat) else {
        return Err(Otherwise::Missing);
    };
    let earlier = rehearsal.unnoticed(seat).and_then(VecDeque::front);
    match stands {
        Stands::Before(request, _) if Invocation::from(request) == expected => {}
        Stands::Before(request, _) => {
            let next = earlier.map(|made| made.invocation.clone());
            let got = next.unwrap_or_else(|| Invocation::from(request));
            return Err(Otherwise::Asked { expected, got });
        }
        Stands::Ended(exit, _) => {
            return Err(match earlier.map(|made| made.invocation.clone()) {
                Some(got) => Otherwise::Asked { expected, got },
                None => Otherwise::Ended {
                    expected,
                    exit: exit.clone(),
                },
            });
        }
    }
    match step.result {
        Response::Killed { pages } if !rehearsal.can_be_killed(seat, pages) => {
            Err(Otherwise::Shorter { expected })
        }
        _ => Ok(()),
    }
}
