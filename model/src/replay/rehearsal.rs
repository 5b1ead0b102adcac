//! A scenario on the simulated kernel in one order of its calls, whoever chose it.
//!
//! Each process is a thread that does nothing but wait for the answers to its calls, so that the
//! thread which gives them decides what happens when. A process whose answers no longer come is dead.

use super::schedule::{is_pause, is_private};
use crate::oracle::{Account, USER};
use crate::process::{Ending, Exit, Program};
use crate::scenario::Scenario;
use crate::sim::{AnyDoor, Door, ProcessId, Reply, Request, Sim, SimProcess, Step};
use crate::trace::{Event, Trace};
use hookstate::kernel::{Ceased, Errno, Result};
use hookstate::strategy::Strategy;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// The kernel and the processes on it.
pub(super) struct Rehearsal {
    sim: Sim,
    seats: Vec<Seat>,
    trace: Trace,
}

struct Seat {
    process: ProcessId,
    stands: Stands,
}

/// How a process stands.
pub(super) enum Stands {
    /// It is alive and waits before a call.
    Before(Request, Actor),
    /// It has come to its end.
    Ended(Exit, Account),
}

/// The thread that plays a process.
pub(super) struct Actor {
    asks: Receiver<Request>,
    answers: Sender<Result<Reply>>,
    thread: JoinHandle<(Exit, Account)>,
}

impl Rehearsal {
    /// All processes, each before its first call that others can notice.
    pub(super) fn of<S>(scenario: &Scenario<S>) -> Self
    where
        S: Strategy + Clone + Send + Sync + 'static,
    {
        let mut sim = scenario.start();
        let seats: Vec<Seat> = scenario
            .programs()
            .into_iter()
            .map(|program| Seat {
                process: sim.spawn(USER),
                stands: Actor::start(program).heard(),
            })
            .collect();
        let trace = Trace::new(seats.len());
        let mut rehearsal = Self { sim, seats, trace };
        rehearsal.make_unnoticed_calls();
        rehearsal
    }

    /// How the process stands; `None` if there is none.
    pub(super) fn stands(&self, seat: usize) -> Option<&Stands> {
        self.seats.get(seat).map(|seat| &seat.stands)
    }

    /// The processes that can go on.
    pub(super) fn able(&self) -> Vec<usize> {
        let seats = self.seats.iter().enumerate();
        seats
            .filter(|(_, seat)| seat.is_alive() && !self.sim.is_waiting(seat.process))
            .map(|(number, _)| number)
            .collect()
    }

    /// Whether the process can be killed when so many pages of its call have been written: within a
    /// write something must be left of it.
    pub(super) fn can_be_killed(&self, seat: usize, pages: u64) -> bool {
        let Seat { process, stands } = &self.seats[seat];
        match stands {
            Stands::Before(request, _) => pages == 0 || pages < self.sim.pages(*process, request),
            Stands::Ended(..) => false,
        }
    }

    /// The process makes its call, and those behind it that nobody notices.
    pub(super) fn step(&mut self, seat: usize) {
        let request = self.request(seat);
        let event = match self.sim.step(self.seats[seat].process, &request) {
            Step::Blocked => Event::Waits(request),
            Step::Done(result) => {
                self.answer(seat, result.clone());
                Event::Returned(request, result)
            }
        };
        self.trace.push(seat, event);
        self.make_unnoticed_calls();
    }

    /// The process is killed when so many pages of its call have been written.
    pub(super) fn kill(&mut self, seat: usize, pages: u64) {
        let request = self.request(seat);
        let process = self.seats[seat].process;
        match pages {
            0 => self.sim.end(process),
            pages => self.sim.tear(process, &request, pages),
        }
        self.seats[seat].dies();
        self.trace.push(seat, Event::Killed(request, pages));
        self.make_unnoticed_calls();
    }

    /// What has happened so far.
    pub(super) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What the processes have come to. Whoever has not ended waits for ever.
    pub(super) fn ending(mut self) -> Ending<Account> {
        let mut exits = Vec::new();
        let mut accounts = Vec::new();
        for mut seat in self.seats {
            let stuck = seat.is_alive();
            if stuck {
                self.sim.end(seat.process);
                seat.dies();
            }
            if let Stands::Ended(exit, account) = seat.stands {
                exits.push(if stuck { Exit::Stuck } else { exit });
                accounts.push(account);
            }
        }
        Ending {
            sim: self.sim,
            hurt: vec![false; exits.len()],
            exits,
            accounts,
        }
    }

    /// By all processes: what one does can be what makes the next call of another unnoticed.
    fn make_unnoticed_calls(&mut self) {
        for seat in 0..self.seats.len() {
            while let Some(result) = self.unnoticed_call(seat) {
                self.answer(seat, result);
            }
        }
    }

    /// The result of the next call of the process, if nobody can notice it.
    fn unnoticed_call(&mut self, seat: usize) -> Option<Result<Reply>> {
        let Seat { process, stands } = &self.seats[seat];
        let Stands::Before(request, _) = stands else {
            return None;
        };
        if is_pause(request) {
            return Some(Ok(Reply::Unit));
        }
        let private = is_private(request.as_call().kind());
        if !private && !self.sim.commutes(*process, request) {
            return None;
        }
        match self.sim.step(*process, request) {
            Step::Done(result) => Some(result),
            Step::Blocked => None,
        }
    }

    fn answer(&mut self, seat: usize, result: Result<Reply>) {
        let seat = &mut self.seats[seat];
        seat.goes_on(|actor| {
            actor.answers.send(result).expect("it waits for the answer");
            actor.heard()
        });
        if !seat.is_alive() {
            self.sim.end(seat.process);
        }
    }

    fn request(&self, seat: usize) -> Request {
        match &self.seats[seat].stands {
            Stands::Before(request, _) => request.clone(),
            Stands::Ended(exit, _) => unreachable!("process {seat} has ended: {exit:?}"),
        }
    }
}

impl Seat {
    fn is_alive(&self) -> bool {
        matches!(self.stands, Stands::Before(..))
    }

    fn dies(&mut self) {
        self.goes_on(Actor::dies);
    }

    fn goes_on(&mut self, on: impl FnOnce(Actor) -> Stands) {
        let gone = Stands::Ended(Exit::Killed, Account::default());
        if let Stands::Before(_, actor) = std::mem::replace(&mut self.stands, gone) {
            self.stands = on(actor);
        }
    }
}

impl Actor {
    fn start(program: Program<Account>) -> Self {
        let (to_us, asks) = channel();
        let (answers, from_us) = channel();
        let thread = std::thread::spawn(move || live(&program, to_us, from_us));
        Self {
            asks,
            answers,
            thread,
        }
    }

    /// Waits for its next call, or its end.
    fn heard(self) -> Stands {
        match self.asks.recv() {
            Ok(request) => Stands::Before(request, self),
            Err(_) => self.dies(),
        }
    }

    /// Gives no more answers, if it still waits for one.
    fn dies(self) -> Stands {
        drop(self.answers);
        let lived = self.thread.join();
        let (exit, account) = lived.expect("what a process panics with is caught");
        Stands::Ended(exit, account)
    }
}

fn live(
    program: &Program<Account>,
    asks: Sender<Request>,
    answers: Receiver<Result<Reply>>,
) -> (Exit, Account) {
    let mut account = Account::default();
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let dead = Cell::new(false);
        let door = AnyDoor::new(Prompted {
            asks,
            answers,
            dead,
        });
        program(SimProcess(door), &mut account);
    }));
    (Exit::of(lived), account)
}

/// A door behind which somebody else makes the calls.
struct Prompted {
    asks: Sender<Request>,
    answers: Receiver<Result<Reply>>,
    dead: Cell<bool>,
}

impl Door for Prompted {
    fn call(&self, request: Request) -> Result<Reply> {
        let asked = self.asks.send(request).ok();
        if let Some(result) = asked.and_then(|()| self.answers.recv().ok()) {
            return result;
        }
        if self.dead.replace(true) || std::thread::panicking() {
            // What destructors do in a process that is dead never happens.
            return Err(Errno::SRCH);
        }
        resume_unwind(Box::new(Ceased))
    }
}
