//! The simulated kernel for processes that loom interleaves.
//!
//! loom sees one object, the mutex [`Run::turn`], which a process takes once for each call: that is
//! the scheduling point. The state lies beside it in a std mutex, which is never contended since
//! loom's threads are coroutines that give way at loom's operations only. A call that commutes with
//! all that the others do ([`Sim::commutes`]) touches the state without taking its turn.
//!
//! What loom must not be asked to do, and how it is avoided here:
//!
//! * Nothing of loom is used while a thread unwinds, since switching threads then would abort: a
//!   killed process makes no more calls, and one that panics closes its files without a turn.
//! * loom's atomics, `try_lock`, `RwLock`, `Notify` and `Arc` have open soundness bugs or cost
//!   executions; there is one loom mutex, and std's `Arc`.
//! * Sleeping is parking. A condition variable would be a second object, whose operations loom
//!   would have to put in every order with those on the first.

use super::call::{Reply, Request};
use super::front::Door;
use super::machine::{ProcessId, Sim, Step};
use crate::process::{CALLS_MAX, Runaway, Stuck};
use crate::trace::{Event, Trace};
use hookstate::kernel::{CallKind, Ceased, Errno, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A door to the kernel of one execution.
#[derive(Clone, Debug)]
pub struct Interleaved {
    run: Arc<Run>,
    seat: usize,
}

/// Where a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// Which of the processes, counted from 0.
    pub process: usize,
    /// At which of its calls, counted from 0 among those that do not commute. A kill at one that
    /// commutes leaves the same files behind as a kill at the next that does not, but perhaps another
    /// account: a removal can be over without anybody having been told of it. Such a kill is made by
    /// the [search](crate::search) alone.
    pub call: usize,
    /// How many pages of that call's write are written before. With 0 the call does not happen.
    pub pages: u64,
}

/// What the processes do in one go, so that only the orders of these are explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// A call, with those after it that commute.
    Calls,
    /// As well, with the call that took an exclusive lock, all until it is dropped. For what
    /// happens around the windows, where that nobody else is inside has been explored before.
    Windows,
}

/// One execution: the kernel, and the processes that share it.
#[derive(Debug)]
pub(crate) struct Run {
    turn: loom::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    sim: Sim,
    seats: Vec<Seat>,
    steps: Steps,
    kill: Option<Kill>,
    trace: Trace,
    /// Every process that is left waits for another.
    stuck: bool,
    seen: Sightings,
}

/// A process and the thread that plays it.
#[derive(Debug)]
struct Seat {
    process: ProcessId,
    thread: Option<loom::thread::Thread>,
    asleep: bool,
    calls: usize,
}

/// What happened in an execution, for those who must know that it did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sightings {
    /// A lock was refused to somebody.
    pub(crate) refused: bool,
    /// The kill took place.
    pub(crate) killed: bool,
    /// How many pages the call writes at which the process is to be killed.
    pub(crate) pages: u64,
    /// The most calls that one process made.
    pub(crate) calls: usize,
}

enum Attempt {
    Returned(Result<Reply>),
    /// The process must sleep before it makes the call again.
    Waits,
    /// The process slept for nothing in particular.
    Yielded,
    Killed,
    Runaway,
}

impl Run {
    /// Must be called inside of loom.
    pub(crate) fn new(
        sim: &Sim,
        processes: usize,
        euid: u32,
        steps: Steps,
        kill: Option<Kill>,
    ) -> Arc<Self> {
        let mut sim = sim.clone();
        let seats = (0..processes)
            .map(|_| Seat {
                process: sim.spawn(euid),
                thread: None,
                asleep: false,
                calls: 0,
            })
            .collect();
        let state = State {
            sim,
            seats,
            steps,
            kill,
            trace: Trace::new(processes),
            stuck: false,
            seen: Sightings::default(),
        };
        Arc::new(Self {
            turn: loom::sync::Mutex::new(()),
            state: Mutex::new(state),
        })
    }

    /// Gives the current thread the process at `seat`.
    pub(crate) fn sit(self: &Arc<Self>, seat: usize) -> Interleaved {
        self.state().seats[seat].thread = Some(loom::thread::current());
        let run = Arc::clone(self);
        Interleaved { run, seat }
    }

    /// The kernel as it is, the calls so far and what was seen.
    pub(crate) fn outcome(&self) -> (Sim, Trace, Sightings) {
        let state = self.state();
        (state.sim.clone(), state.trace.clone(), state.seen.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turn, unless the others cannot tell when it happens.
    fn turn(&self, unnoticed: bool) -> Option<loom::sync::MutexGuard<'_, ()>> {
        (!unnoticed).then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Interleaved {
    /// The process ends. Its files are closed, if they are not yet.
    pub(crate) fn end(&self) {
        let unnoticed = self.run.state().end_is_unnoticed(self.seat);
        let _turn = self.run.turn(unnoticed);
        self.run.state().end(self.seat);
    }

    fn attempt(&self, request: &Request) -> Attempt {
        let unnoticed =
            std::thread::panicking() || self.run.state().is_unnoticed(self.seat, request);
        let _turn = self.run.turn(unnoticed);
        self.run.state().attempt(self.seat, request, unnoticed)
    }

    /// Until the lock could be had that was refused.
    fn sleep(&self) {
        loop {
            let falls_asleep = self.run.state().fall_asleep(self.seat);
            match falls_asleep {
                Sleeping::NotNeeded => return,
                Sleeping::Stuck => std::panic::resume_unwind(Box::new(Stuck)),
                Sleeping::Asleep => loom::thread::park(),
            }
        }
    }
}

impl Door for Interleaved {
    fn call(&self, request: Request) -> Result<Reply> {
        loop {
            match self.attempt(&request) {
                Attempt::Returned(result) => return result,
                Attempt::Waits => self.sleep(),
                Attempt::Yielded => {
                    // Whoever polls for something else than a lock lets the others go first.
                    loom::thread::yield_now();
                    return Ok(Reply::Unit);
                }
                Attempt::Killed => std::panic::resume_unwind(Box::new(Ceased)),
                Attempt::Runaway => std::panic::resume_unwind(Box::new(Runaway)),
            }
        }
    }
}

enum Sleeping {
    NotNeeded,
    Asleep,
    Stuck,
}

impl State {
    fn is_unnoticed(&self, seat: usize, request: &Request) -> bool {
        let process = self.seats[seat].process;
        self.sim.has_ended(process)
            || self.sim.commutes(process, request)
            || self.is_inside_a_step(process, request)
    }

    fn is_inside_a_step(&self, process: ProcessId, request: &Request) -> bool {
        self.steps == Steps::Windows
            && !matches!(request, Request::Flock { .. })
            && self.sim.has_exclusive_lock(process)
    }

    fn end_is_unnoticed(&self, seat: usize) -> bool {
        let process = self.seats[seat].process;
        self.sim.has_ended(process) || self.sim.end_commutes(process)
    }

    fn attempt(&mut self, seat: usize, request: &Request, unnoticed: bool) -> Attempt {
        let process = self.seats[seat].process;
        if self.sim.has_ended(process) {
            // What destructors do on the way out of a killed process never reaches the kernel.
            return Attempt::Returned(Err(Errno::SRCH));
        }
        if !unnoticed {
            if self.kills(seat, request) {
                return Attempt::Killed;
            }
            if self.seats[seat].calls == CALLS_MAX {
                return Attempt::Runaway;
            }
            self.seats[seat].calls += 1;
            self.seen.calls = self.seen.calls.max(self.seats[seat].calls);
        }
        self.step(seat, process, request, unnoticed)
    }

    fn step(
        &mut self,
        seat: usize,
        process: ProcessId,
        request: &Request,
        unnoticed: bool,
    ) -> Attempt {
        let step = self.sim.step(process, request);
        self.wake();
        let kind = request.as_call().kind();
        let pauses = matches!(kind, CallKind::Nanosleep | CallKind::SchedYield);
        match step {
            Step::Blocked => {
                if !pauses {
                    self.seen.refused = true;
                    self.trace.push(seat, Event::Waits(request.clone()));
                }
                Attempt::Waits
            }
            Step::Done(Ok(_)) if pauses => Attempt::Yielded,
            Step::Done(result) => {
                if result == Err(Errno::WOULDBLOCK) {
                    self.seen.refused = true;
                }
                if !unnoticed {
                    let event = Event::Returned(request.clone(), result.clone());
                    self.trace.push(seat, event);
                }
                Attempt::Returned(result)
            }
        }
    }

    /// Kills the process if this is where it is to die.
    fn kills(&mut self, seat: usize, request: &Request) -> bool {
        let Some(kill) = self.kill else {
            return false;
        };
        if kill.process != seat || kill.call != self.seats[seat].calls {
            return false;
        }
        let process = self.seats[seat].process;
        self.seen.pages = self.seen.pages.max(self.sim.pages(process, request));
        if kill.pages == 0 {
            self.sim.end(process);
        } else if kill.pages < self.sim.pages(process, request) {
            self.sim.tear(process, request, kill.pages);
        } else {
            return false;
        }
        self.seen.killed = true;
        let event = Event::Killed(request.clone(), kill.pages);
        self.trace.push(seat, event);
        self.wake();
        true
    }

    fn end(&mut self, seat: usize) {
        let process = self.seats[seat].process;
        if !self.sim.has_ended(process) {
            self.sim.end(process);
        }
        self.wake();
    }

    /// Lets those go on whose lock could be had now; or all, if none could.
    fn wake(&mut self) {
        for seat in &mut self.seats {
            if seat.asleep && !self.sim.is_waiting(seat.process) {
                seat.asleep = false;
                unpark(seat);
            }
        }
        self.look_for_deadlock();
    }

    fn fall_asleep(&mut self, seat: usize) -> Sleeping {
        if !self.stuck && !self.sim.is_waiting(self.seats[seat].process) {
            self.seats[seat].asleep = false;
            return Sleeping::NotNeeded;
        }
        self.seats[seat].asleep = true;
        self.look_for_deadlock();
        if self.stuck {
            Sleeping::Stuck
        } else {
            Sleeping::Asleep
        }
    }

    /// loom would find the deadlock as well, and panic in the middle of its own work.
    fn look_for_deadlock(&mut self) {
        let mut left = self
            .seats
            .iter()
            .filter(|seat| !self.sim.has_ended(seat.process))
            .peekable();
        if self.stuck || left.peek().is_none() || !left.all(|seat| seat.asleep) {
            return;
        }
        self.stuck = true;
        self.seats.iter().for_each(unpark);
    }
}

fn unpark(seat: &Seat) {
    if let Some(thread) = &seat.thread {
        thread.unpark();
    }
}
