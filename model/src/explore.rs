//! Runs processes in every order of their calls that loom can find, and judges each ending.

use crate::process::{CALLS_MAX, Ending, Exit, Program};
pub use crate::sim::interleaved::Steps;
use crate::sim::interleaved::{Kill, Run, Sightings};
use crate::sim::{AnyDoor, Sim, SimProcess};
use crate::trace::Trace;
use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// After so many executions the exploration is cut.
    pub executions_max: usize,
    /// No more than so many times is a process made to wait that could go on; `None`: no limit.
    pub preemptions_max: Option<usize>,
}

/// What an exploration came to.
#[derive(Clone, Debug)]
pub struct Report<V> {
    /// How many executions there were.
    pub executions: usize,
    /// How many different endings they had.
    pub endings: usize,
    /// Why they were not all, if they were not.
    pub bounded_by: Option<String>,
    /// In how many of them a lock was refused.
    pub refused: usize,
    /// In how many of them the kill took place.
    pub killed: usize,
    /// The most calls that one process made, apart from those that commute.
    pub calls: usize,
    /// How many pages the call writes at which the process was to be killed.
    pub pages: u64,
    /// The first ending that must not be.
    pub counterexample: Option<Counterexample<V>>,
}

/// An ending that must not be, and how it came about.
#[derive(Clone, Debug)]
pub struct Counterexample<V> {
    /// What is wrong with it.
    pub violation: V,
    /// The calls that led there.
    pub trace: Trace,
}

impl Bounds {
    /// Far enough for all orders of most scenarios.
    pub const ALL: Self = Self {
        executions_max: 500_000,
        preemptions_max: None,
    };
}

impl Default for Bounds {
    /// [`ALL`](Self::ALL).
    fn default() -> Self {
        Self::ALL
    }
}

/// Starts one process for each program, all of the user `euid` and on a kernel as in `sim`; lets
/// them run in every order of their calls; and gives every ending that is new to `judge`. Stops at
/// the first that it objects to.
///
/// # Panics
///
/// If there are more programs than loom has threads for, which is one fewer than five, or if loom
/// itself fails.
pub fn explore<A, V>(
    sim: &Sim,
    euid: u32,
    programs: Vec<Program<A>>,
    kill: Option<Kill>,
    bounds: Bounds,
    judge: impl Fn(&Ending<A>) -> Result<(), V> + Send + Sync + 'static,
) -> Report<V>
where
    A: Clone + Default + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    let programs = move || programs.clone();
    explore_with(sim, euid, programs, Steps::Calls, kill, bounds, judge)
}

/// As [`explore`], without kills, and with programs that share something, as threads of one process
/// do: `programs` makes them for each execution, and with them what they share.
///
/// loom sees calls only. What a program does with what it shares happens in one go with the last
/// step before it, and all orders of the steps are explored. So an access is explored in every order
/// if it comes right behind a step, and no other access comes between the two.
///
/// # Panics
///
/// As [`explore`].
pub fn explore_sharing<A, V>(
    sim: &Sim,
    euid: u32,
    programs: impl Fn() -> Vec<Program<A>> + Send + Sync + 'static,
    steps: Steps,
    bounds: Bounds,
    judge: impl Fn(&Ending<A>) -> Result<(), V> + Send + Sync + 'static,
) -> Report<V>
where
    A: Clone + Default + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    explore_with(sim, euid, programs, steps, None, bounds, judge)
}

fn explore_with<A, V>(
    sim: &Sim,
    euid: u32,
    programs: impl Fn() -> Vec<Program<A>> + Send + Sync + 'static,
    steps: Steps,
    kill: Option<Kill>,
    bounds: Bounds,
    judge: impl Fn(&Ending<A>) -> Result<(), V> + Send + Sync + 'static,
) -> Report<V>
where
    A: Clone + Default + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    let builder = loom_without_bounds_of_its_own(programs().len(), bounds);
    let exploration = Arc::new(Exploration {
        sim: sim.clone(),
        euid,
        programs,
        steps,
        kill,
        executions_max: bounds.executions_max,
        judge,
        found: Mutex::new(Found {
            report: Report::default(),
            endings: HashSet::new(),
        }),
    });
    let explored = Arc::clone(&exploration);
    let search = || builder.check(move || explored.execute());
    if let Err(payload) = catch_unwind(AssertUnwindSafe(search))
        && !payload.is::<Enough>()
    {
        resume_unwind(payload);
    }
    let mut report = exploration.found().report.clone();
    if let Some(limit) = bounds.preemptions_max {
        let why = format!("at most {limit} preemptions");
        report.bounded_by.get_or_insert(why);
    }
    report
}

/// Explores once for each call of the process `victim`, with a kill there, and, where such a call
/// writes several pages, once more for each of them. Stops at the first violation.
pub(crate) fn explore_killing<V>(victim: usize, explore: impl Fn(Kill) -> Report<V>) -> Report<V> {
    let mut sum = Report::default();
    for call in 0.. {
        let at_call = explore_killing_at(victim, call, &explore);
        // The last round is one in which nobody got as far as to be killed.
        let last = at_call.killed == 0 || at_call.counterexample.is_some();
        sum = sum.and(at_call);
        if last {
            break;
        }
    }
    sum
}

fn explore_killing_at<V>(
    process: usize,
    call: usize,
    explore: impl Fn(Kill) -> Report<V>,
) -> Report<V> {
    let kill = Kill {
        process,
        call,
        pages: 0,
    };
    let mut report = explore(kill);
    for pages in 1..report.pages {
        if report.counterexample.is_some() {
            break;
        }
        report = report.and(explore(Kill { pages, ..kill }));
    }
    report
}

/// loom's own bounds, and the environment variables that set them, end a search early and return
/// as if it had been completed. Without them `check` returns only when nothing is left to explore.
/// (`loom::model::Builder::check`, version 0.7.2: both early returns need `max_permutations` or
/// `max_duration`.)
fn loom_without_bounds_of_its_own(processes: usize, bounds: Bounds) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_file = None;
    builder.expect_explicit_explore = false;
    builder.preemption_bound = bounds.preemptions_max;
    builder.max_threads = processes + 1;
    // A turn and at most one sleep for each call; a process is stopped before it can have more.
    builder.max_branches = 4 * CALLS_MAX * processes;
    builder
}

struct Exploration<A, V, P, J> {
    sim: Sim,
    euid: u32,
    programs: P,
    steps: Steps,
    kill: Option<Kill>,
    executions_max: usize,
    judge: J,
    found: Mutex<Found<A, V>>,
}

struct Found<A, V> {
    report: Report<V>,
    endings: HashSet<Ending<A>>,
}

/// The payload of unwinding that ends the search.
struct Enough;

/// Of a thread of loom, in machine words: 256 KiB. The 32 KiB that loom gives by default are few
/// for a JSON parser.
const STACK_WORDS: usize = 32 << 10;

type Lives<A> = Arc<Mutex<Vec<Option<(Exit, A)>>>>;

impl<A, V, P, J> Exploration<A, V, P, J>
where
    A: Clone + Default + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
    P: Fn() -> Vec<Program<A>> + Send + Sync + 'static,
    J: Fn(&Ending<A>) -> Result<(), V> + Send + Sync + 'static,
{
    /// One execution. The main thread only starts the processes and waits for none of them, since
    /// joining would be one more operation to interleave.
    fn execute(self: &Arc<Self>) {
        self.count_execution();
        let programs = (self.programs)();
        let processes = programs.len();
        let run = Run::new(&self.sim, processes, self.euid, self.steps, self.kill);
        let lives: Lives<A> = Arc::new(Mutex::new((0..processes).map(|_| None).collect()));
        for (seat, program) in programs.into_iter().enumerate() {
            let (this, run, lives) = (Arc::clone(self), Arc::clone(&run), Arc::clone(&lives));
            loom::thread::Builder::new()
                .stack_size(STACK_WORDS)
                .spawn(move || this.live(&run, seat, &program, &lives))
                .expect("loom always spawns");
        }
    }

    fn count_execution(&self) {
        let mut found = self.found();
        if found.report.executions == self.executions_max {
            let why = format!("{} executions", self.executions_max);
            found.report.bounded_by = Some(why);
            drop(found);
            resume_unwind(Box::new(Enough));
        }
        found.report.executions += 1;
    }

    /// One process. The last to end judges what all have come to.
    fn live(&self, run: &Arc<Run>, seat: usize, program: &Program<A>, lives: &Lives<A>) {
        let process = run.sit(seat);
        let mut account = A::default();
        let lived = catch_unwind(AssertUnwindSafe(|| {
            let door = AnyDoor::new(process.clone());
            program(SimProcess(door), &mut account);
        }));
        process.end();
        if let Some(lives) = all_lives(lives, seat, (Exit::of(lived), account)) {
            self.judge(run, lives);
        }
    }

    fn judge(&self, run: &Run, lives: Vec<(Exit, A)>) {
        let (sim, trace, seen) = run.outcome();
        let hurt = vec![false; lives.len()];
        let (exits, accounts) = lives.into_iter().unzip();
        let mut found = self.found();
        found.report.count(&seen);
        let ending = Ending {
            sim,
            exits,
            accounts,
            hurt,
            mishaps: 0,
            power_cuts: 0,
        };
        if !found.endings.insert(ending.clone()) {
            return;
        }
        found.report.endings += 1;
        if let Err(violation) = (self.judge)(&ending) {
            found.report.counterexample = Some(Counterexample { violation, trace });
            drop(found);
            // Nobody else is left who could be in the middle of something.
            resume_unwind(Box::new(Enough));
        }
    }

    fn found(&self) -> MutexGuard<'_, Found<A, V>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Default for Report<V> {
    /// Of a search that has not begun.
    fn default() -> Self {
        Self {
            executions: 0,
            endings: 0,
            bounded_by: None,
            refused: 0,
            killed: 0,
            calls: 0,
            pages: 0,
            counterexample: None,
        }
    }
}

/// Notes the life at `seat`; gives all of them if it was the last.
fn all_lives<A: Clone>(lives: &Lives<A>, seat: usize, life: (Exit, A)) -> Option<Vec<(Exit, A)>> {
    let mut lives = lives.lock().unwrap_or_else(PoisonError::into_inner);
    lives[seat] = Some(life);
    lives.iter().cloned().collect()
}

impl<V> Report<V> {
    /// Whether every order was explored.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.bounded_by.is_none() && self.counterexample.is_none()
    }

    fn count(&mut self, seen: &Sightings) {
        self.refused += usize::from(seen.refused);
        self.killed += usize::from(seen.killed);
        self.calls = self.calls.max(seen.calls);
        self.pages = self.pages.max(seen.pages);
    }

    /// Adds what another exploration of the same scenario came to.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            executions: self.executions + other.executions,
            endings: self.endings + other.endings,
            bounded_by: self.bounded_by.or(other.bounded_by),
            refused: self.refused + other.refused,
            killed: self.killed + other.killed,
            calls: self.calls.max(other.calls),
            pages: self.pages.max(other.pages),
            counterexample: self.counterexample.or(other.counterexample),
        }
    }
}

impl<V: fmt::Display> fmt::Display for Report<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} executions, {} endings, a lock refused in {}, a kill in {}: ",
            self.executions, self.endings, self.refused, self.killed
        )?;
        match (&self.counterexample, &self.bounded_by) {
            (Some(found), _) => write!(f, "rejected, {}\n{}", found.violation, found.trace),
            (None, Some(bound)) => write!(f, "bounded by {bound}"),
            (None, None) => write!(f, "complete"),
        }
    }
}
