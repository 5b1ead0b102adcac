//! What the model says of one order of the calls: what it comes to, and whether that may be.

use super::divergence::{Divergence, Otherwise, When};
use super::readable::{Invocation, Response};
use super::rehearsal::Rehearsal;
use super::schedule::{Schedule, Step};
use crate::oracle::{Account, Violation};
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
        let mut calls = vec![0; rehearsal.processes()];
        loop {
            let able = rehearsal.able();
            if able.is_empty() {
                return Self::of(scenario, rehearsal);
            }
            let seat = choose(&able);
            assert!(able.contains(&seat), "process {seat} cannot go on");
            match kill.filter(|kill| kill.process == seat && kill.call == calls[seat]) {
                Some(Kill { pages, .. }) if can_be_killed(&rehearsal, seat, pages) => {
                    rehearsal.kill(seat, pages);
                }
                _ => rehearsal.step(seat),
            }
            calls[seat] += 1;
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
    if step.process >= rehearsal.processes() {
        return Err(Otherwise::Missing);
    }
    let expected = step.invocation.clone();
    match rehearsal.request(step.process).map(Invocation::from) {
        None => return Err(Otherwise::Ended { expected }),
        Some(got) if got != expected => return Err(Otherwise::Asked { expected, got }),
        Some(_) => {}
    }
    match step.result {
        Response::Killed { pages } if !can_be_killed(rehearsal, step.process, pages) => {
            return Err(Otherwise::Shorter { expected });
        }
        Response::Killed { pages } => rehearsal.kill(step.process, pages),
        _ => rehearsal.step(step.process),
    }
    let made = Schedule::from(rehearsal.trace());
    let got = made.steps.last().expect("it was just made").result.clone();
    match got == step.result {
        true => Ok(()),
        false => Err(Otherwise::Answered {
            invocation: expected,
            expected: step.result.clone(),
            got,
        }),
    }
}

/// In the middle of a write something is left of it.
fn can_be_killed(rehearsal: &Rehearsal, seat: usize, pages: u64) -> bool {
    pages == 0 || pages < rehearsal.pages(seat)
}
