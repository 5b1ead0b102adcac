//! The simulated kernel for processes that loom interleaves.
//!
//! loom sees one mutex for each part of the state that processes can meet at ([`Part`]). For a call a
//! process takes the turns of all that the call touches: those are the scheduling points. The state lies
//! beside them in a std mutex, which is never contended since loom's threads are coroutines that give way
//! at loom's operations only. A call that commutes with all that the others do ([`Sim::commutes`])
//! touches the state without taking a turn. Where every order of the calls is wanted
//! ([`Steps::Calls`]), they all take one and the same.
//!
//! What loom must not be asked to do, and how it is avoided here:
//!
//! * Nothing of loom is used while a thread unwinds, since switching threads then would abort: a
//!   killed process makes no more calls, and one that panics closes its files when it ends. Whatever else
//!   its destructors do is in one go with what it did before.
//! * loom's atomics, `try_lock`, `RwLock`, `Notify` and `Arc` have open soundness bugs or cost
//!   executions; there are loom's mutexes, and std's `Arc`.
//! * Sleeping is parking. A condition variable would be one more object, whose operations loom
//!   would have to put in every order with each other.

use super::call::{Reply, Request};
use super::footprint::{Footprint, Part, Touch};
use super::front::Door;
use super::machine::{ProcessId, Sim, Step};
use super::sleep_sets::SleepSets;
use super::turns::{Turn, Turns};
use crate::process::{CALLS_MAX, Runaway, Stuck};
use crate::trace::{Event, Trace};
use hookstate::kernel::{CallKind, Ceased, Errno, FlockOperation, Result};
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
    /// At which of its calls, counted from 0.
    pub call: usize,
    /// How many pages of that call's write are written before. With 0 the call does not happen.
    pub pages: u64,
}

/// What the processes do in one go, and which orders of that are explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// A call, with those after it that commute; all orders of those that touch names, the content of the
    /// same file or its lock. The others can change places without anybody noticing, so that every ending
    /// is reached in this way too. Of two processes, and where preemptions are not limited, executions that
    /// begin to repeat another are cut off.
    Dependent,
    /// A call, with those after it that commute; all orders.
    Calls,
    /// As well, with the call that took an exclusive lock, all until it is dropped. For what
    /// happens around the windows, where that nobody else is inside has been explored before.
    Windows,
}

/// One execution: the kernel, and the processes that share it.
#[derive(Debug)]
pub(crate) struct Run {
    turns: Turns,
    state: Mutex<State>,
    /// What was explored before, where repetitions are to be cut off.
    explored: Option<Arc<Mutex<SleepSets>>>,
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
    /// It repeats another execution from here on: nothing happens any more.
    repeats: bool,
    seen: Sightings,
}

/// A process and the thread that plays it.
#[derive(Debug)]
struct Seat {
    process: ProcessId,
    thread: Option<loom::thread::Thread>,
    asleep: bool,
    calls: usize,
    /// How many calls it has made, those among them that commute.
    all_calls: usize,
    /// How many that do not, its end and a call at which it was killed among them.
    events: usize,
    /// How many events there had been of the others when it last paused for nothing in particular.
    paused_at: Option<usize>,
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
    /// The process slept for nothing in particular, and must not go on alone.
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
        explored: Option<Arc<Mutex<SleepSets>>>,
    ) -> Arc<Self> {
        let mut sim = sim.clone();
        let seats = (0..processes)
            .map(|_| Seat {
                process: sim.spawn(euid),
                thread: None,
                asleep: false,
                calls: 0,
                all_calls: 0,
                events: 0,
                paused_at: None,
            })
            .collect();
        let state = State {
            sim,
            seats,
            steps,
            kill,
            trace: Trace::new(processes),
            stuck: false,
            repeats: false,
            seen: Sightings::default(),
        };
        Arc::new(Self {
            turns: Turns::new(processes),
            state: Mutex::new(state),
            explored,
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

    /// Whether it was cut off.
    pub(crate) fn repeats(&self) -> bool {
        self.state().repeats
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turns of what the process touches with this call, or with its end.
    fn take_turns(&self, seat: usize, request: Option<&Request>) -> Vec<Turn<'_>> {
        if self.state().all_is_one() {
            return vec![self.turns.take_the_first()];
        }
        let is_new = |turn| self.is_new(seat, turn);
        let mut turns = Vec::new();
        if self.state().touches_names(seat, request) {
            let names = Footprint::from([(Part::Names, Touch::Changes)]);
            turns.extend(self.turns.take(seat, &names, is_new));
        }
        if !self.repeats() {
            // From here on a path leads where it leads now.
            let others = self.state().footprint_beside_names(seat, request);
            turns.extend(self.turns.take(seat, &others, is_new));
        }
        turns
    }

    /// Whether the execution does not repeat another with this turn. If it does, that is its end.
    fn is_new(&self, seat: usize, turn: usize) -> bool {
        let Some(explored) = &self.explored else {
            return true;
        };
        if self.repeats() {
            return false;
        }
        let mut explored = explored.lock().unwrap_or_else(PoisonError::into_inner);
        let repeats = explored.step((seat, turn));
        if repeats {
            self.state().break_off();
            loom::skip_branch();
        }
        !repeats
    }
}

impl Interleaved {
    /// The process ends. Its files are closed, if they are not yet.
    pub(crate) fn end(&self) {
        let unnoticed = self.run.state().end_is_unnoticed(self.seat);
        let _turns = (!unnoticed).then(|| self.run.take_turns(self.seat, None));
        self.run.state().end(self.seat);
    }

    fn attempt(&self, request: &Request) -> Attempt {
        let unnoticed =
            std::thread::panicking() || self.run.state().is_unnoticed(self.seat, request);
        let _turns = (!unnoticed).then(|| self.run.take_turns(self.seat, Some(request)));
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
        let can_be_noticed = self.is_to_die(seat)
            || !self.sim.commutes(process, request) && !self.is_inside_a_step(process, request);
        self.repeats || self.sim.has_ended(process) || !can_be_noticed
    }

    fn is_inside_a_step(&self, process: ProcessId, request: &Request) -> bool {
        self.steps == Steps::Windows
            && !matches!(request, Request::Flock { .. })
            && self.sim.has_exclusive_lock(process)
    }

    fn end_is_unnoticed(&self, seat: usize) -> bool {
        let process = self.seats[seat].process;
        self.repeats || self.sim.has_ended(process) || self.sim.end_commutes(process)
    }

    /// Whether all orders of the calls are explored, whatever they touch.
    fn all_is_one(&self) -> bool {
        self.steps != Steps::Dependent || self.sim.is_one_part()
    }

    /// Whether the process touches the names with this call, or with its end.
    fn touches_names(&self, seat: usize, request: Option<&Request>) -> bool {
        self.is_to_die(seat) || request.is_none_or(Request::touches_names)
    }

    /// What else it touches.
    fn footprint_beside_names(&self, seat: usize, request: Option<&Request>) -> Footprint {
        let process = self.seats[seat].process;
        let mut footprint = Footprint::new();
        if let Some(request) = request {
            footprint.extend(self.sim.footprint(process, request));
        }
        if request.is_none() || self.is_to_die(seat) {
            footprint.extend(self.sim.footprint_of_end(process));
        }
        footprint.remove(&Part::Names);
        footprint
    }

    fn attempt(&mut self, seat: usize, request: &Request, unnoticed: bool) -> Attempt {
        let process = self.seats[seat].process;
        let unwinds = std::thread::panicking();
        if self.repeats && !unwinds {
            return Attempt::Killed;
        }
        if unwinds && gives_back(request) {
            // With a turn, when it ends.
            return Attempt::Returned(Ok(Reply::Unit));
        }
        if self.repeats || self.sim.has_ended(process) {
            // What destructors do on the way out of a killed process never reaches the kernel.
            return Attempt::Returned(Err(Errno::SRCH));
        }
        if !unnoticed {
            self.seats[seat].events += 1;
            if self.kills(seat, request) {
                return Attempt::Killed;
            }
            if self.seats[seat].calls == CALLS_MAX {
                return Attempt::Runaway;
            }
            self.seats[seat].calls += 1;
            self.seen.calls = self.seen.calls.max(self.seats[seat].calls);
        }
        self.seats[seat].all_calls += 1;
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
            Step::Done(Ok(_)) if pauses && self.pauses_again(seat) => Attempt::Yielded,
            Step::Done(result) => {
                if result == Err(Errno::WOULDBLOCK) {
                    self.seen.refused = true;
                }
                let event = match unnoticed {
                    true => Event::Unnoticed,
                    false => Event::Returned,
                };
                self.trace
                    .push(seat, event(request.clone(), result.clone()));
                Attempt::Returned(result)
            }
        }
    }

    /// Whether it has paused before and the others have done nothing since, so that whatever it waits for
    /// cannot have come about.
    fn pauses_again(&mut self, seat: usize) -> bool {
        let others = self.seats.iter().enumerate();
        let others = others.filter(|(other, _)| *other != seat);
        let events = others.map(|(_, other)| other.events).sum();
        self.seats[seat].paused_at.replace(events) == Some(events)
    }

    fn is_to_die(&self, seat: usize) -> bool {
        let here = |kill: Kill| kill.process == seat && kill.call == self.seats[seat].all_calls;
        self.kill.is_some_and(here)
    }

    /// Kills the process if this is where it is to die.
    fn kills(&mut self, seat: usize, request: &Request) -> bool {
        let Some(kill) = self.kill.filter(|_| self.is_to_die(seat)) else {
            return false;
        };
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
        self.seats[seat].events += 1;
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

    /// Lets all processes come to their end.
    fn break_off(&mut self) {
        self.repeats = true;
        self.get_stuck();
    }

    /// Wakes those who sleep, and no others: loom would let one go on that waits for a turn.
    fn get_stuck(&mut self) {
        self.stuck = true;
        let asleep = self.seats.iter().filter(|seat| seat.asleep);
        asleep.for_each(unpark);
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
        self.get_stuck();
    }
}

/// Whether the call is one of those that the end of the process makes needless.
fn gives_back(request: &Request) -> bool {
    let unlock = FlockOperation::Unlock;
    match request {
        Request::Close { .. } => true,
        Request::Flock { operation, .. } => *operation == unlock,
        _ => false,
    }
}

fn unpark(seat: &Seat) {
    if let Some(thread) = &seat.thread {
        thread.unpark();
    }
}
