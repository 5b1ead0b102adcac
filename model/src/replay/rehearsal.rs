//! A scenario on the simulated kernel in one order of its calls, whoever chose it.
//!
//! Each process is a thread that does nothing but wait for the answer to its call, so that this
//! one decides what happens when. A process whose answers no longer come is dead.

use super::schedule::is_private;
use crate::oracle::{Account, USER};
use crate::process::{Ending, Exit, Program};
use crate::scenario::Scenario;
use crate::sim::{AnyDoor, Door, ProcessId, Reply, Request, Sim, SimProcess, Step};
use crate::trace::{Event, Trace};
use hookstate::kernel::{Ceased, Errno, Result};
use hookstate::strategy::Strategy;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// The kernel and the processes on it.
pub(super) struct Rehearsal {
    sim: Sim,
    actors: Vec<Actor>,
    trace: Trace,
}

struct Actor {
    process: ProcessId,
    asks: Receiver<Request>,
    /// `None` once it is dead.
    answers: Option<Sender<Result<Reply>>>,
    /// The call before which it stands; `None` once it has ended.
    request: Option<Request>,
    thread: JoinHandle<(Exit, Account)>,
}

impl Rehearsal {
    /// All processes, each before its first call that others can notice.
    pub(super) fn of<S>(scenario: &Scenario<S>) -> Self
    where
        S: Strategy + Clone + Send + Sync + 'static,
    {
        let mut sim = scenario.start();
        let programs = scenario.programs();
        let actors: Vec<Actor> = programs
            .into_iter()
            .map(|program| Actor::start(program, sim.spawn(USER)))
            .collect();
        let trace = Trace::new(actors.len());
        let mut rehearsal = Self { sim, actors, trace };
        for seat in 0..rehearsal.actors.len() {
            rehearsal.hear(seat);
            rehearsal.make_unnoticed_calls(seat);
        }
        rehearsal
    }

    /// The call before which the process stands, unless it has ended.
    pub(super) fn request(&self, seat: usize) -> Option<&Request> {
        self.actors[seat].request.as_ref()
    }

    /// The processes that can go on.
    pub(super) fn able(&self) -> Vec<usize> {
        let actors = self.actors.iter().enumerate();
        actors
            .filter(|(_, actor)| actor.request.is_some() && !self.sim.is_waiting(actor.process))
            .map(|(seat, _)| seat)
            .collect()
    }

    /// How many processes there are.
    pub(super) fn processes(&self) -> usize {
        self.actors.len()
    }

    /// How many pages the next call of the process writes; 0 if it does not write.
    pub(super) fn pages(&self, seat: usize) -> u64 {
        let request = self.request(seat).expect("it has not ended");
        self.sim.pages(self.actors[seat].process, request)
    }

    /// The process makes its call, and those behind it that nobody notices.
    pub(super) fn step(&mut self, seat: usize) {
        let actor = &mut self.actors[seat];
        let request = actor.request.clone().expect("it has not ended");
        match self.sim.step(actor.process, &request) {
            Step::Blocked => self.trace.push(seat, Event::Waits(request)),
            Step::Done(result) => {
                actor.answer(result.clone());
                self.trace.push(seat, Event::Returned(request, result));
                self.hear(seat);
            }
        }
        self.make_all_unnoticed_calls();
    }

    /// The process is killed when so many pages of its call have been written.
    pub(super) fn kill(&mut self, seat: usize, pages: u64) {
        let actor = &mut self.actors[seat];
        let request = actor.request.take().expect("it has not ended");
        match pages {
            0 => self.sim.end(actor.process),
            pages => self.sim.tear(actor.process, &request, pages),
        }
        actor.answers = None;
        self.trace.push(seat, Event::Killed(request, pages));
        self.make_all_unnoticed_calls();
    }

    /// What has happened so far.
    pub(super) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What the processes have come to. Whoever has not ended waits for ever.
    pub(super) fn ending(self) -> Ending<Account> {
        let mut sim = self.sim;
        let actors = self.actors.into_iter();
        let (exits, accounts): (Vec<Exit>, Vec<Account>) = actors
            .map(|mut actor| {
                let stuck = actor.request.is_some();
                if stuck {
                    sim.end(actor.process);
                }
                actor.answers = None;
                let lived = actor.thread.join();
                let (exit, account) = lived.expect("what a process panics with is caught");
                (if stuck { Exit::Stuck } else { exit }, account)
            })
            .unzip();
        Ending {
            sim,
            hurt: vec![false; exits.len()],
            exits,
            accounts,
        }
    }

    /// Others too can have been waiting in a call that nobody notices.
    fn make_all_unnoticed_calls(&mut self) {
        for seat in 0..self.actors.len() {
            self.make_unnoticed_calls(seat);
        }
    }

    fn make_unnoticed_calls(&mut self, seat: usize) {
        while let Some(request) = self.request(seat).cloned()
            && self.is_unnoticed(seat, &request)
        {
            let actor = &mut self.actors[seat];
            let Step::Done(result) = self.sim.step(actor.process, &request) else {
                return;
            };
            actor.answer(result);
            self.hear(seat);
        }
    }

    fn is_unnoticed(&self, seat: usize, request: &Request) -> bool {
        is_private(request.as_call().kind())
            || self.sim.commutes(self.actors[seat].process, request)
    }

    /// Waits for the next call of the process, or its end.
    fn hear(&mut self, seat: usize) {
        let actor = &mut self.actors[seat];
        actor.request = actor.asks.recv().ok();
        if actor.request.is_none() {
            self.sim.end(actor.process);
        }
    }
}

impl Actor {
    fn start(program: Program<Account>, process: ProcessId) -> Self {
        let (to_us, asks) = channel();
        let (answers, from_us) = channel();
        let thread = std::thread::spawn(move || live(&program, to_us, from_us));
        Self {
            process,
            asks,
            answers: Some(answers),
            request: None,
            thread,
        }
    }

    fn answer(&mut self, result: Result<Reply>) {
        let answers = self.answers.as_ref().expect("the dead ask nothing");
        answers.send(result).expect("it waits for the answer");
    }
}

fn live(
    program: &Program<Account>,
    asks: Sender<Request>,
    answers: Receiver<Result<Reply>>,
) -> (Exit, Account) {
    let mut account = Account::default();
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let door = AnyDoor::new(Prompted { asks, answers });
        program(SimProcess(door), &mut account);
    }));
    (Exit::of(lived), account)
}

/// A door behind which somebody else makes the calls.
struct Prompted {
    asks: Sender<Request>,
    answers: Receiver<Result<Reply>>,
}

impl Door for Prompted {
    fn call(&self, request: Request) -> Result<Reply> {
        if std::thread::panicking() {
            // What destructors do in a process that is dead never happens.
            return Err(Errno::SRCH);
        }
        let asked = self.asks.send(request).ok();
        match asked.and_then(|()| self.answers.recv().ok()) {
            Some(result) => result,
            None => resume_unwind(Box::new(Ceased)),
        }
    }
}
