//! The edges of the graph: what can happen next, and what comes of it.

use super::history::{Histories, History, Next};
use super::mishaps::{errors_of, short_counts, shortened};
use super::state::{Budget, State};
use crate::process::Exit;
use crate::sim::{FaultModel, Reply, Request, Sim, Sleep, Step, TooManyCuts};
use crate::trace::Event;
use hookstate::kernel::{Errno, Result};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Something that happens to one process, or to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Its call is made, or it ends if it has none left.
    Step(How),
    /// It is killed when so many pages of its call are written.
    Kill(u64),
    /// Its call is made, and after it so many that nobody can notice, and then it is killed.
    KillAfter(How, usize),
    /// The power is cut, and of all that the machine can start again with it has this.
    PowerCut(usize),
}

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Whole,
    /// It has no effect.
    Failing(Errno),
    /// It transfers so many bytes.
    Short(usize),
}

impl Move {
    pub(super) const STEP: Self = Self::Step(How::Whole);
}

/// What the moves need to know besides the state.
pub(super) struct Rules<'a> {
    /// For each process those of its program.
    pub(super) histories: &'a [Arc<Histories>],
    pub(super) faults: FaultModel,
    pub(super) budget: Budget,
    /// For each process whether nothing goes wrong for it.
    pub(super) spared: &'a [bool],
    pub(super) euid: u32,
}

/// What a process has done before the calls that nobody notices.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// Nothing.
    ItsStart,
    ItsMove,
}

/// The calls that a move made, for those who want to see them.
pub(super) trait Log {
    fn note(&mut self, seat: usize, event: impl FnOnce() -> Event);
}

/// Nobody wants to see them.
impl Log for () {
    fn note(&mut self, _seat: usize, _event: impl FnOnce() -> Event) {}
}

impl Rules<'_> {
    /// All that can happen to this process now, a step first, and the state after it; no state if the
    /// process can only wait, or cannot make it.
    pub(super) fn successors<'s>(
        &'s self,
        state: &'s State,
        seat: usize,
    ) -> impl Iterator<Item = (Move, Option<State>)> {
        let may_move = state.seats[seat].started && state.seats[seat].exit.is_none();
        let step = may_move.then(|| (Move::STEP, self.after(state, seat, Move::STEP, &mut ())));
        let request = match &state.seats[seat].history.next {
            Next::Calls(request) if may_move && !self.spared[seat] => Some(request),
            _ => None,
        };
        let mishaps = request.into_iter().flat_map(move |request| {
            self.kills(state, seat, request)
                .map(move |movement| (movement, self.after(state, seat, movement, &mut ())))
                .chain(self.killed_after_each(state, seat, How::Whole))
                .chain(self.errors_and_shorts(state, seat, request))
        });
        step.into_iter().chain(mishaps)
    }

    fn may_kill(&self, state: &State) -> bool {
        state.spent.kills < self.budget.kills
    }

    fn kills(
        &self,
        state: &State,
        seat: usize,
        request: &Request,
    ) -> impl Iterator<Item = Move> + use<> {
        let pages = match self.may_kill(state) {
            true => state.sim.pages(state.seats[seat].process, request).max(1),
            false => 0,
        };
        (0..pages).map(Move::Kill)
    }

    fn errors_and_shorts<'s>(
        &'s self,
        state: &'s State,
        seat: usize,
        request: &'s Request,
    ) -> impl Iterator<Item = (Move, Option<State>)> {
        let may_fail = state.spent.failures < self.budget.failures;
        let may_stop_short = state.spent.shorts < self.budget.shorts;
        let errors = may_fail.then(|| errors_of(request).map(How::Failing));
        let shorts = may_stop_short.then(|| {
            let start = state.sim.start_of(state.seats[seat].process, request);
            short_counts(request, start).map(How::Short)
        });
        let both = errors.into_iter().flatten();
        both.chain(shorts.into_iter().flatten())
            .flat_map(move |how| {
                let step = Move::Step(how);
                let stepped = (step, self.after(state, seat, step, &mut ()));
                let killed = self.killed_after_each(state, seat, how);
                std::iter::once(stepped).chain(killed)
            })
    }

    /// After the call, and after each of those that follow and that nobody can notice, one kill for
    /// every account that the process has in between. What it leaves behind is the same, and what it
    /// had acknowledged is not.
    fn killed_after_each(
        &self,
        state: &State,
        seat: usize,
        how: How,
    ) -> Vec<(Move, Option<State>)> {
        let mut fates = BTreeSet::new();
        let calls = (0..).take_while(|_| self.may_kill(state));
        let killed = calls
            .map(|calls| Move::KillAfter(how, calls))
            .map_while(|kill| {
                let killed = self.after(state, seat, kill, &mut ())?;
                Some((kill, killed))
            });
        killed
            .filter(|(_, killed)| fates.insert(killed.seats[seat].history.fate))
            .map(|(kill, killed)| (kill, Some(killed)))
            .collect()
    }

    /// The state after the move; nothing if the process can only wait, or cannot make it.
    pub(super) fn after(
        &self,
        state: &State,
        seat: usize,
        movement: Move,
        log: &mut impl Log,
    ) -> Option<State> {
        match movement {
            Move::Step(how) => self.step(state.clone(), seat, how, log),
            Move::Kill(pages) => Some(self.killed(state.clone(), seat, pages, log)),
            Move::KillAfter(how, calls) => self.killed_after(state.clone(), seat, how, calls, log),
            Move::PowerCut(outcome) => {
                let mut booted = self.after_power_cuts(state).ok()?;
                let booted = booted.swap_remove(outcome);
                log.note(seat, || Event::PowerCut(state.sim.losses(&booted.sim)));
                Some(booted)
            }
        }
    }

    fn step(&self, mut state: State, seat: usize, how: How, log: &mut impl Log) -> Option<State> {
        let history = Arc::clone(&state.seats[seat].history);
        let Next::Calls(request) = &history.next else {
            self.end(&mut state, seat, exit_of(&history.next));
            return Some(state);
        };
        let had = state.sim.view(state.seats[seat].process);
        let Some(answer) = self.make(&mut state, seat, request, how) else {
            return self.waits(state, seat, had);
        };
        log.note(seat, || Event::Returned(request.clone(), answer.clone()));
        self.go_on(&mut state, seat, request, answer, log);
        Some(state)
    }

    fn killed(&self, mut state: State, seat: usize, pages: u64, log: &mut impl Log) -> State {
        let history = Arc::clone(&state.seats[seat].history);
        let request = history.request();
        log.note(seat, || Event::Killed(request.clone(), pages));
        self.kill(&mut state, seat, request, pages);
        state
    }

    /// Nothing if it has to wait, or if after so many calls its next one is a move of its own, or there is
    /// none: to be killed then is another move, or makes no difference.
    fn killed_after(
        &self,
        mut state: State,
        seat: usize,
        how: How,
        calls: usize,
        log: &mut impl Log,
    ) -> Option<State> {
        let history = Arc::clone(&state.seats[seat].history);
        let answer = self.make(&mut state, seat, history.request(), how)?;
        log.note(seat, || {
            Event::Returned(history.request().clone(), answer.clone())
        });
        self.answer(&mut state, seat, answer);
        for _ in 0..calls {
            self.make_unnoticed_call(&mut state, seat, Since::ItsMove, log)?;
        }
        let history = Arc::clone(&state.seats[seat].history);
        let request = self.unnoticed_call(&state, seat, Since::ItsMove, &history)?;
        log.note(seat, || Event::Killed(request.clone(), 0));
        self.kill(&mut state, seat, request, 0);
        Some(state)
    }

    /// The first calls of those that have started, up to one that is a move of its own.
    pub(super) fn begin(&self, state: &mut State, log: &mut impl Log) {
        for seat in 0..state.seats.len() {
            if state.seats[seat].started && state.seats[seat].exit.is_none() {
                self.make_unnoticed_calls(state, seat, Since::ItsStart, log);
            }
        }
    }

    /// Everything that the machine can start again with if the power is cut now.
    pub(super) fn after_power_cuts(
        &self,
        state: &State,
    ) -> std::result::Result<Vec<State>, TooManyCuts> {
        if state.spent.power_cuts == self.budget.power_cuts {
            return Ok(Vec::new());
        }
        let booted = state.sim.power_cuts()?;
        Ok(booted
            .into_iter()
            .map(|sim| self.booted(state, sim))
            .collect())
    }

    /// The processes that were there are gone, and those that wait for it start.
    fn booted(&self, state: &State, sim: Sim) -> State {
        let mut state = State {
            sim,
            ..state.clone()
        };
        state.spent.power_cuts += 1;
        for seat in &mut state.seats {
            if seat.started {
                seat.exit.get_or_insert(Exit::Killed);
            } else {
                seat.started = true;
                seat.process = state.sim.spawn(self.euid);
            }
        }
        self.begin(&mut state, &mut ());
        state
    }

    /// The process waits. It is where it was, but for a lock that it had in another mode: that is
    /// dropped before the new one is had (flock(2), "NOTES").
    fn waits(&self, mut state: State, seat: usize, had: u128) -> Option<State> {
        let process = state.seats[seat].process;
        state.sim.forget_refusal(process);
        (state.sim.view(process) != had).then_some(state)
    }

    /// Nothing if it has to wait.
    fn make(
        &self,
        state: &mut State,
        seat: usize,
        request: &Request,
        how: How,
    ) -> Option<Result<Reply>> {
        match how {
            How::Whole => self.call(state, seat, request),
            How::Failing(errno) => {
                self.fail(state, seat, request, errno);
                Some(Err(errno))
            }
            How::Short(count) => {
                state.spent.shorts += 1;
                self.call(state, seat, &shortened(request, count))
            }
        }
    }

    fn fail(&self, state: &mut State, seat: usize, request: &Request, errno: Errno) {
        state.spent.failures += 1;
        // A signal is no reason to fail.
        if errno != Errno::INTR {
            state.seats[seat].hurt = true;
            let process = state.seats[seat].process;
            state.sim.sync_failed(process, request, errno);
        }
    }

    fn call(&self, state: &mut State, seat: usize, request: &Request) -> Option<Result<Reply>> {
        // It takes until somebody lets the next call succeed, or as long as it likes.
        if is_pause(request) && self.faults.sleep == Sleep::UntilReleased {
            return Some(Ok(Reply::Unit));
        }
        match state.sim.step(state.seats[seat].process, request) {
            Step::Done(answer) => {
                // It is told of a sync that was made to fail before.
                let syncs = matches!(request, Request::Fsync { .. } | Request::Fdatasync { .. });
                state.seats[seat].hurt |= syncs && answer.is_err();
                Some(answer)
            }
            Step::Blocked => None,
        }
    }

    /// Goes to the history with the answer to its call, and on to the next that is a move of its own. A
    /// process that has only paused and asks for the same again is where it was.
    fn go_on(
        &self,
        state: &mut State,
        seat: usize,
        request: &Request,
        answer: Result<Reply>,
        log: &mut impl Log,
    ) {
        self.answer(state, seat, answer);
        let paused = self.make_unnoticed_calls(state, seat, Since::ItsMove, log);
        if (paused || is_pause(request)) && self.faults.sleep == Sleep::UntilReleased {
            let now = &mut state.seats[seat].history;
            *now = self.histories[seat].where_it_was(Arc::clone(now));
        }
        let process = state.seats[seat].process;
        if state.seats[seat].exit.is_none() {
            state.sim.forget_refusal(process);
        }
    }

    fn answer(&self, state: &mut State, seat: usize, answer: Result<Reply>) {
        let histories = &self.histories[seat];
        let history = &mut state.seats[seat].history;
        *history = histories.after(history, answer);
    }

    /// And its end, if nobody can notice that either. Whether one of the calls was a pause.
    fn make_unnoticed_calls(
        &self,
        state: &mut State,
        seat: usize,
        since: Since,
        log: &mut impl Log,
    ) -> bool {
        let mut paused = false;
        while let Some(is_pause) = self.make_unnoticed_call(state, seat, since, log) {
            paused |= is_pause;
        }
        let ended = &state.seats[seat].history.next;
        if !matches!(ended, Next::Calls(_)) && state.sim.end_commutes(state.seats[seat].process) {
            let exit = exit_of(ended);
            self.end(state, seat, exit);
        }
        paused
    }

    /// Whether it was a pause; nothing if there is none, or it has to wait.
    fn make_unnoticed_call(
        &self,
        state: &mut State,
        seat: usize,
        since: Since,
        log: &mut impl Log,
    ) -> Option<bool> {
        let history = Arc::clone(&state.seats[seat].history);
        let request = self.unnoticed_call(state, seat, since, &history)?;
        let answer = self.call(state, seat, request)?;
        log.note(seat, || Event::Unnoticed(request.clone(), answer.clone()));
        self.answer(state, seat, answer);
        Some(is_pause(request))
    }

    /// The next call of the process, which has this history, if nobody can notice it and it is no move of
    /// its own.
    fn unnoticed_call<'h>(
        &self,
        state: &State,
        seat: usize,
        since: Since,
        history: &'h History,
    ) -> Option<&'h Request> {
        match &history.next {
            Next::Calls(request)
                if self.is_unnoticed(state, seat, request)
                    && !self.is_of_consequence(state, seat, since, request) =>
            {
                Some(request)
            }
            _ => None,
        }
    }

    /// Whether the process has something else to say after the call, while others can notice that it lives.
    /// Then they can go on before it makes the call, and it can be killed before it does. Of a process that
    /// nobody can notice it is all the same whether it was killed then or right after its last move; if it
    /// has made none, there is no such kill.
    fn is_of_consequence(
        &self,
        state: &State,
        seat: usize,
        since: Since,
        request: &Request,
    ) -> bool {
        if !self.may_kill(state) || self.spared[seat] {
            return false;
        }
        if since == Since::ItsMove && state.sim.end_commutes(state.seats[seat].process) {
            return false;
        }
        let mut after = state.clone();
        let before = after.seats[seat].history.fate;
        let Some(answer) = self.call(&mut after, seat, request) else {
            return false;
        };
        self.answer(&mut after, seat, answer);
        after.seats[seat].history.fate != before
    }

    /// Where calls may fail, one that can is a move of its own.
    fn is_unnoticed(&self, state: &State, seat: usize, request: &Request) -> bool {
        let may_fail = self.budget.failures > 0 && request.as_call().can_fail();
        !may_fail && state.sim.commutes(state.seats[seat].process, request)
    }

    fn kill(&self, state: &mut State, seat: usize, request: &Request, pages: u64) {
        let process = state.seats[seat].process;
        state.spent.kills += 1;
        state.seats[seat].exit = Some(Exit::Killed);
        match pages {
            0 => state.sim.end(process),
            _ => state.sim.tear(process, request, pages),
        }
    }

    fn end(&self, state: &mut State, seat: usize, exit: Exit) {
        state.sim.end(state.seats[seat].process);
        state.seats[seat].exit = Some(exit);
    }
}

fn exit_of(next: &Next) -> Exit {
    match next {
        Next::Finishes => Exit::Finished,
        Next::Panics(message) => Exit::Panicked(message.clone()),
        Next::RunsAway => Exit::Runaway,
        Next::Calls(request) => unreachable!("it still makes a call: {request}"),
    }
}

fn is_pause(request: &Request) -> bool {
    matches!(request, Request::Nanosleep { .. } | Request::SchedYield)
}
