//! A scenario on the simulated kernel in one order of its calls, whoever chose it.
//!
//! Each process is a thread that does nothing but wait for the answers to its calls, so that the
//! thread which gives them decides what happens when. A process whose answers no longer come is dead.

use super::readable::Response;
use super::schedule::{Step, is_pause, is_private};
use crate::oracle::{Account, USER};
use crate::process::{Ending, Exit, Program};
use crate::scenario::Scenario;
use crate::sim::{self, AnyDoor, Door, ProcessId, Reply, Request, Sim, SimProcess};
use crate::trace::{Event, Trace};
use hookstate::kernel::{Ceased, Errno, Result};
use hookstate::strategy::Strategy;
use std::cell::Cell;
use std::collections::VecDeque;
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
    /// The calls that nobody noticed since the last one that others could.
    unnoticed: VecDeque<Step>,
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
                unnoticed: VecDeque::new(),
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
        let Seat {
            process, stands, ..
        } = &self.seats[seat];
        match stands {
            Stands::Before(request, _) => pages == 0 || pages < self.sim.pages(*process, request),
            Stands::Ended(..) => false,
        }
    }

    /// The calls of the process that nobody noticed since the last one that others could.
    pub(super) fn unnoticed(&self, seat: usize) -> Option<&VecDeque<Step>> {
        self.seats.get(seat).map(|seat| &seat.unnoticed)
    }

    /// The same, to be crossed off where somebody has them on a list.
    pub(super) fn unnoticed_mut(&mut self, seat: usize) -> Option<&mut VecDeque<Step>> {
        self.seats.get_mut(seat).map(|seat| &mut seat.unnoticed)
    }

    /// The process makes its call, and those behind it that nobody notices. What became of the call.
    pub(super) fn step(&mut self, seat: usize) -> Response {
        let request = self.request(seat);
        let event = match self.sim.step(self.seats[seat].process, &request) {
            sim::Step::Blocked => Event::Waits(request),
            sim::Step::Done(result) => {
                self.answer(seat, result.clone());
                Event::Returned(request, result)
            }
        };
        self.noticed(seat, event)
    }

    /// The process is killed when so many pages of its call have been written.
    pub(super) fn kill(&mut self, seat: usize, pages: u64) -> Response {
        let request = self.request(seat);
        let process = self.seats[seat].process;
        match pages {
            0 => self.sim.end(process),
            pages => self.sim.tear(process, &request, pages),
        }
        self.seats[seat].dies();
        self.noticed(seat, Event::Killed(request, pages))
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
            mishaps: 0,
            power_cuts: 0,
            exits,
            accounts,
        }
    }

    fn noticed(&mut self, seat: usize, event: Event) -> Response {
        let step = Step::of(seat, &event).expect("a call that others can notice is a step");
        self.trace.push(seat, event);
        self.seats[seat].unnoticed.clear();
        self.make_unnoticed_calls();
        step.result
    }

    /// By all processes: what one does can be what makes the next call of another unnoticed.
    fn make_unnoticed_calls(&mut self) {
        for seat in 0..self.seats.len() {
            while let Some((request, result)) = self.unnoticed_call(seat) {
                self.answer(seat, result.clone());
                let event = Event::Unnoticed(request, result);
                self.seats[seat].unnoticed.extend(Step::of(seat, &event));
                self.trace.push(seat, event);
            }
        }
    }

    /// The next call of the process and its result, if nobody can notice it.
    fn unnoticed_call(&mut self, seat: usize) -> Option<(Request, Result<Reply>)> {
        let Seat {
            process, stands, ..
        } = &self.seats[seat];
        let Stands::Before(request, _) = stands else {
            return None;
        };
        if is_pause(request) {
            return Some((request.clone(), Ok(Reply::Unit)));
        }
        let private = is_private(request.as_call().kind());
        if !private && !self.sim.commutes(*process, request) {
            return None;
        }
        match self.sim.step(*process, request) {
            sim::Step::Done(result) => Some((request.clone(), result)),
            sim::Step::Blocked => None,
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

    /// The call before which the process stands.
    pub(super) fn request(&self, seat: usize) -> Request {
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
