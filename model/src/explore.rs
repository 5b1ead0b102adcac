//! Runs processes in every order of their calls that loom can find and that can matter, and judges each
//! ending.

use crate::erased::{AnyAccount, AnyEnding, AnyProgram, AnyViolation, violation};
use crate::process::{CALLS_MAX, Ending, Exit, Program};
pub use crate::sim::interleaved::Steps;
use crate::sim::interleaved::{Kill, Run, Sightings};
use crate::sim::sleep_sets::SleepSets;
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
    /// Which orders are told apart.
    pub steps: Steps,
}

/// What an exploration came to.
#[derive(Clone, Debug)]
pub struct Report<V> {
    /// How many executions there were, without those that were cut off.
    pub executions: usize,
    /// How many others were cut off where they began to repeat one of them in another order of independent
    /// calls.
    pub repetitions: usize,
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
    /// Far enough for all orders of dependent calls in most scenarios.
    pub const ALL: Self = Self {
        executions_max: 500_000,
        preemptions_max: None,
        steps: Steps::Dependent,
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
    A: Clone + Default + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let programs = move || programs.clone();
    let plan = Plan::new(sim, euid, programs, judge);
    Plan { kill, ..plan }.run(bounds).map(violation)
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
/// As [`explore`], and if `bounds` leave out orders of calls because they touch different files: they
/// can be next to accesses that touch the same memory ([`Steps::Dependent`]).
pub fn explore_sharing<A, V>(
    sim: &Sim,
    euid: u32,
    programs: impl Fn() -> Vec<Program<A>> + Send + Sync + 'static,
    bounds: Bounds,
    judge: impl Fn(&Ending<A>) -> Result<(), V> + Send + Sync + 'static,
) -> Report<V>
where
    A: Clone + Default + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    assert_ne!(bounds.steps, Steps::Dependent, "they share memory too");
    let plan = Plan::new(sim, euid, programs, judge);
    plan.run(bounds).map(violation)
}

/// What is explored, whatever the processes have to say and the judge says it with.
struct Plan {
    sim: Sim,
    euid: u32,
    programs: Box<dyn Fn() -> Vec<Box<dyn AnyProgram>> + Send + Sync>,
    kill: Option<Kill>,
    judge: Box<Judge>,
}

type Judge = dyn Fn(AnyEnding) -> Result<(), Box<dyn AnyViolation>> + Send + Sync;

impl Plan {
    fn new<A, V>(
        sim: &Sim,
        euid: u32,
        programs: impl Fn() -> Vec<Program<A>> + Send + Sync + 'static,
        judge: impl Fn(&Ending<A>) -> Result<(), V> + Send + Sync + 'static,
    ) -> Self
    where
        A: Clone + Default + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let erased = |program| Box::new(program) as Box<dyn AnyProgram>;
        let judged = move |ending: AnyEnding| judge(&ending.restored());
        Self {
            sim: sim.clone(),
            euid,
            programs: Box::new(move || programs().into_iter().map(erased).collect()),
            kill: None,
            judge: Box::new(move |ending| judged(ending).map_err(|found| Box::new(found) as _)),
        }
    }

    fn run(self, bounds: Bounds) -> Report<Box<dyn AnyViolation>> {
        let processes = (self.programs)().len();
        let builder = loom_without_bounds_of_its_own(processes, bounds);
        // Where orders are left out for another reason, the one that is repeated can be one of them. For
        // the number of processes see `SleepSets`.
        let cuts =
            bounds.steps == Steps::Dependent && bounds.preemptions_max.is_none() && processes <= 2;
        let exploration = Arc::new(Exploration {
            plan: self,
            bounds,
            explored: cuts.then(Arc::default),
            found: Mutex::default(),
        });
        let explored = Arc::clone(&exploration);
        let search = || builder.check(move || explored.execute());
        if let Err(payload) = catch_unwind(AssertUnwindSafe(search))
            && !payload.is::<Enough>()
        {
            resume_unwind(payload);
        }
        let mut report = std::mem::take(&mut exploration.found().report);
        if let Some(limit) = bounds.preemptions_max {
            let noun = if limit == 1 {
                "preemption"
            } else {
                "preemptions"
            };
            let why = format!("at most {limit} {noun}");
            report.bounded_by.get_or_insert(why);
        }
        report
    }
}

/// Explores once for each call of the process `victim`, with a kill there, and, where such a call
/// writes several pages, once more for each of them. Stops at the first violation.
pub(crate) fn explore_killing<V>(victim: usize, explore: &dyn Fn(Kill) -> Report<V>) -> Report<V> {
    let mut sum = Report::default();
    for call in 0.. {
        let at_call = explore_killing_at(victim, call, explore);
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
    explore: &dyn Fn(Kill) -> Report<V>,
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
    // For each call the turn of the names, those of all for a file, and at most one sleep; a process is
    // stopped before it can have more. Its end takes those of each lock once.
    builder.max_branches = (processes + 2) * CALLS_MAX * processes;
    builder
}

struct Exploration {
    plan: Plan,
    bounds: Bounds,
    explored: Option<Arc<Mutex<SleepSets>>>,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    report: Report<Box<dyn AnyViolation>>,
    endings: HashSet<AnyEnding>,
}

/// The payload of unwinding that ends the search.
struct Enough;

/// Of a thread of loom, in machine words: 256 KiB. The 32 KiB that loom gives by default are few
/// for a JSON parser.
const STACK_WORDS: usize = 32 << 10;

type Life = (Exit, Arc<dyn AnyAccount>);
type Lives = Arc<Mutex<Vec<Option<Life>>>>;

impl Exploration {
    /// One execution. The main thread only starts the processes and waits for none of them, since
    /// joining would be one more operation to interleave.
    fn execute(self: &Arc<Self>) {
        self.begin();
        let programs = (self.plan.programs)();
        let processes = programs.len();
        let plan = &self.plan;
        let run = Run::new(
            &plan.sim,
            processes,
            plan.euid,
            self.bounds.steps,
            plan.kill,
            self.explored.clone(),
        );
        let lives: Lives = Arc::new(Mutex::new((0..processes).map(|_| None).collect()));
        for (seat, program) in programs.into_iter().enumerate() {
            let (this, run, lives) = (Arc::clone(self), Arc::clone(&run), Arc::clone(&lives));
            loom::thread::Builder::new()
                .stack_size(STACK_WORDS)
                .spawn(move || this.live(&run, seat, &*program, &lives))
                .expect("loom always spawns");
        }
    }

    fn begin(&self) {
        if let Some(explored) = &self.explored {
            let mut explored = explored.lock().unwrap_or_else(PoisonError::into_inner);
            explored.begin();
        }
        let mut found = self.found();
        let begun = found.report.executions + found.report.repetitions;
        if begun == self.bounds.executions_max {
            let why = format!("{} executions", self.bounds.executions_max);
            found.report.bounded_by = Some(why);
            drop(found);
            resume_unwind(Box::new(Enough));
        }
    }

    /// One process. The last to end judges what all have come to.
    fn live(&self, run: &Arc<Run>, seat: usize, program: &dyn AnyProgram, lives: &Lives) {
        let process = run.sit(seat);
        let door = AnyDoor::new(process.clone());
        let (lived, account) = program.play(SimProcess(door));
        process.end();
        if let Some(lives) = all_lives(lives, seat, (Exit::of(lived), account)) {
            self.judge(run, lives);
        }
    }

    fn judge(&self, run: &Run, lives: Vec<Life>) {
        if run.repeats() {
            self.found().report.repetitions += 1;
            return;
        }
        let (sim, trace, seen) = run.outcome();
        let hurt = vec![false; lives.len()];
        let (exits, accounts) = lives.into_iter().unzip();
        let mut found = self.found();
        found.report.executions += 1;
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
        if let Err(violation) = (self.plan.judge)(ending) {
            found.report.counterexample = Some(Counterexample { violation, trace });
            drop(found);
            // Nobody else is left who could be in the middle of something.
            resume_unwind(Box::new(Enough));
        }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Default for Report<V> {
    /// Of a search that has not begun.
    fn default() -> Self {
        Self {
            executions: 0,
            repetitions: 0,
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
fn all_lives(lives: &Lives, seat: usize, life: Life) -> Option<Vec<Life>> {
    let mut lives = lives.lock().unwrap_or_else(PoisonError::into_inner);
    lives[seat] = Some(life);
    lives.iter().cloned().collect()
}

impl<V> Report<V> {
    /// The same with its violation as this.
    fn map<W>(self, violation: impl FnOnce(V) -> W) -> Report<W> {
        let found = self.counterexample.map(|found| Counterexample {
            violation: violation(found.violation),
            trace: found.trace,
        });
        Report {
            counterexample: found,
            executions: self.executions,
            repetitions: self.repetitions,
            endings: self.endings,
            bounded_by: self.bounded_by,
            refused: self.refused,
            killed: self.killed,
            calls: self.calls,
            pages: self.pages,
        }
    }

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
            repetitions: self.repetitions + other.repetitions,
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
            "{} executions ({} more cut off), {} endings, a lock refused in {}, a kill in {}: ",
            self.executions, self.repetitions, self.endings, self.refused, self.killed
        )?;
        match (&self.counterexample, &self.bounded_by) {
            (Some(found), _) => write!(f, "rejected, {}\n{}", found.violation, found.trace),
            (None, Some(bound)) => write!(f, "bounded by {bound}"),
            (None, None) => write!(f, "complete"),
        }
    }
}
