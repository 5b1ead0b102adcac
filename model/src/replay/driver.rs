//! Leads the processes through a schedule. From their first calls on, at most one of them runs at
//! any instant.

use super::divergence::{Divergence, Otherwise, When};
use super::player::{End, Player};
use super::readable::Response;
use super::schedule::Schedule;
use crate::oracle::Account;
use crate::process::Exit;

/// How a process ended, with its account unless it was killed.
pub(super) type Fate = (Exit, Option<Account>);

/// Starts a process for each seat and lets them make the calls of the schedule.
pub(super) fn drive(
    schedule: &Schedule,
    start: impl Fn(usize) -> Result<Player, Otherwise>,
) -> Result<Vec<Fate>, Divergence> {
    let mut players = started(schedule, start)?;
    for (index, step) in schedule.steps.iter().enumerate() {
        let diverged = at(When::AtStep(index + 1), step.process);
        let player = players.get_mut(step.process);
        let player = player.ok_or(Otherwise::Missing).map_err(diverged)?;
        player.take(step).map_err(diverged)?;
        let next = schedule.next_of(step.process, index + 1);
        player.advance(next).map_err(diverged)?;
    }
    let seats = players.into_iter().enumerate();
    seats
        .map(|(seat, player)| {
            let end = player.finish();
            let diverged = at(When::InTheEnd, seat);
            end.and_then(|end| fate(schedule, seat, end))
                .map_err(diverged)
        })
        .collect()
}

/// The processes, each before its first call.
fn started(
    schedule: &Schedule,
    start: impl Fn(usize) -> Result<Player, Otherwise>,
) -> Result<Vec<Player>, Divergence> {
    let mut players = (0..schedule.processes)
        .map(|seat| start(seat).map_err(at(When::AtTheStart, seat)))
        .collect::<Result<Vec<Player>, Divergence>>()?;
    for (seat, player) in players.iter_mut().enumerate() {
        let first = schedule.next_of(seat, 0);
        player.advance(first).map_err(at(When::AtTheStart, seat))?;
    }
    Ok(players)
}

fn fate(schedule: &Schedule, seat: usize, end: End) -> Result<Fate, Otherwise> {
    match end {
        End::Ended(exit, account) => Ok((exit, Some(account))),
        End::Killed => Ok((Exit::Killed, None)),
        End::Before(_) if waits_in_the_end(schedule, seat) => Ok((Exit::Stuck, None)),
        End::Before(got) => Err(Otherwise::Unfinished { got }),
    }
}

/// Whether the last that happened to the process is that it was refused a lock.
fn waits_in_the_end(schedule: &Schedule, seat: usize) -> bool {
    let mut steps = schedule.steps.iter().rev();
    let last = steps.find(|step| step.process == seat);
    last.is_some_and(|step| match &step.result {
        Response::Waits => true,
        Response::Failed(errno) => step.invocation.call == "flock" && errno == "EWOULDBLOCK",
        Response::Returned(_) | Response::Killed { .. } => false,
    })
}

fn at(when: When, process: usize) -> impl Fn(Otherwise) -> Divergence + Copy {
    move |otherwise| Divergence {
        when,
        process: Some(process),
        otherwise: Box::new(otherwise),
    }
}
