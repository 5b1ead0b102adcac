//! What is searched, and how far.

use super::history::Histories;
use super::hunt::Hunt;
use super::moves::Rules;
use super::report::Report;
use super::state::Budget;
use crate::erased::{AnyEnding, AnyViolation, account, violation};
use crate::process::{Ending, Program};
use crate::sim::Sim;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

/// A system of processes and what is to be found out about it.
pub struct Search<A, V> {
    programs: Vec<Program<A>>,
    judge: Judge<A, V>,
    window: Option<Window<A, V>>,
    goals: Vec<Goal<A>>,
    scope: Scope,
}

/// Where the search begins, and how far it goes.
pub(super) struct Scope {
    pub(super) sim: Sim,
    pub(super) euid: u32,
    pub(super) budget: Budget,
    pub(super) spared: Vec<bool>,
    pub(super) late: Vec<bool>,
    pub(super) states_max: usize,
    pub(super) all_violations: bool,
    pub(super) progress: Arc<AtomicUsize>,
}

/// Whether the account says that the process is inside of a window.
pub type IsInside<A> = fn(&A) -> bool;

/// How many may be inside of a window at the same time, and what more of them are.
struct Window<A, V> {
    most: usize,
    is_inside: IsInside<A>,
    violation: V,
}

/// Whether something has come about in an ending.
pub type IsReached<A> = Arc<dyn Fn(&Ending<A>) -> bool + Send + Sync>;
type Judge<A, V> = Arc<dyn Fn(&Ending<A>) -> Result<(), V> + Send + Sync>;

/// Something that has to come about in one ending at least, or the search has shown nothing.
pub struct Goal<A> {
    /// What it is, as a sentence.
    pub name: String,
    /// Whether it has come about in this ending.
    pub is_reached: IsReached<A>,
}

/// What must hold, whatever the processes have to say and the judge says it with.
pub(super) struct Demands<'a> {
    pub(super) crowd: Option<Crowd<'a>>,
    /// What has to come about.
    pub(super) goals: Vec<String>,
    pub(super) look: Box<Look<'a>>,
}

/// How many may be inside of a window at the same time, and what more of them are.
pub(super) struct Crowd<'a> {
    pub(super) most: usize,
    pub(super) violation: Box<dyn Fn() -> Box<dyn AnyViolation> + Send + Sync + 'a>,
}

/// Which goals are reached in an ending and, if it is new, what is wrong with it.
type Look<'a> =
    dyn Fn(AnyEnding, bool) -> (Vec<bool>, Option<Box<dyn AnyViolation>>) + Send + Sync + 'a;

impl<A> Clone for Goal<A> {
    fn clone(&self) -> Self {
        let is_reached = Arc::clone(&self.is_reached);
        let name = self.name.clone();
        Self { name, is_reached }
    }
}

/// After so many states a search is cut unless told otherwise.
const STATES_MAX: usize = 50_000_000;

impl<A, V> Search<A, V>
where
    A: Clone + Default + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// One process for each program, all of the user `euid` and on a kernel as in `sim`. Programs
    /// that are one and the same `Arc` make processes that are interchangeable, unless one of them is
    /// [spared](Self::sparing) or [late](Self::starting_late) and the other is not.
    pub fn new(
        sim: Sim,
        euid: u32,
        programs: Vec<Program<A>>,
        judge: impl Fn(&Ending<A>) -> Result<(), V> + Send + Sync + 'static,
    ) -> Self {
        let scope = Scope {
            sim,
            euid,
            budget: Budget::NOTHING,
            spared: vec![false; programs.len()],
            late: vec![false; programs.len()],
            states_max: STATES_MAX,
            all_violations: false,
            progress: Arc::default(),
        };
        Self {
            programs,
            judge: Arc::new(judge),
            window: None,
            goals: Vec::new(),
            scope,
        }
    }

    /// The same with so much going wrong.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.scope.budget = budget;
        self
    }

    /// The same, with `violation` where two processes are inside of a window at the same time. A
    /// process is inside from when its account says so until it unlocks.
    #[must_use]
    pub fn alone(self, is_inside: IsInside<A>, violation: V) -> Self {
        self.at_most(1, is_inside, violation)
    }

    /// As [`alone`](Self::alone), where so many may be inside.
    #[must_use]
    pub fn at_most(mut self, most: usize, is_inside: IsInside<A>, violation: V) -> Self {
        self.window = Some(Window {
            most,
            is_inside,
            violation,
        });
        self
    }

    /// The same with something that has to come about.
    #[must_use]
    pub fn reaching(mut self, goals: Vec<Goal<A>>) -> Self {
        self.goals = goals;
        self
    }

    /// The same, with nothing going wrong for some of the processes.
    #[must_use]
    pub fn sparing(mut self, spared: Vec<bool>) -> Self {
        self.scope.spared = spared;
        self
    }

    /// The same, with some of the processes starting only when the power is back after a cut.
    #[must_use]
    pub fn starting_late(mut self, late: Vec<bool>) -> Self {
        self.scope.late = late;
        self
    }

    /// The same, cut after so many states.
    #[must_use]
    pub fn states_max(mut self, most: usize) -> Self {
        self.scope.states_max = most;
        self
    }

    /// The same without stopping at the first violation: the shortest way to each sort is found.
    #[must_use]
    pub fn all_violations(mut self) -> Self {
        self.scope.all_violations = true;
        self
    }

    /// The same with the number of states so far where others can see it.
    #[must_use]
    pub fn progress(mut self, states: Arc<AtomicUsize>) -> Self {
        self.scope.progress = states;
        self
    }

    /// Searches until everything is found or something is wrong, on all processors.
    #[must_use]
    pub fn run(&self) -> Report<V> {
        let parts = self.parts();
        let histories = self.histories(&parts);
        let report = self.scope.run(&parts, &histories, &self.demands());
        report.map(violation)
    }

    /// For each process the first that is like it: that has the same program, may be harmed as
    /// well, and starts at the same time.
    fn parts(&self) -> Vec<usize> {
        let scope = &self.scope;
        let like = |one: usize, other: usize| {
            Arc::ptr_eq(&self.programs[one], &self.programs[other])
                && scope.spared[one] == scope.spared[other]
                && scope.late[one] == scope.late[other]
        };
        (0..self.programs.len())
            .map(|seat| (0..seat).find(|&first| like(first, seat)).unwrap_or(seat))
            .collect()
    }

    fn histories(&self, parts: &[usize]) -> Vec<Arc<Histories>> {
        let mut all: Vec<Arc<Histories>> = Vec::new();
        for (seat, &part) in parts.iter().enumerate() {
            all.push(match all.get(part) {
                Some(known) => Arc::clone(known),
                None => Arc::new(self.histories_of(seat)),
            });
        }
        all
    }

    fn histories_of(&self, seat: usize) -> Histories {
        let program = Arc::clone(&self.programs[seat]);
        let is_inside = self.window.as_ref().map_or(never as _, |it| it.is_inside);
        let is_inside = Box::new(move |any: &_| is_inside(account(any)));
        Histories::new(Box::new(program), is_inside)
    }

    fn demands(&self) -> Demands<'_> {
        Demands {
            crowd: self.window.as_ref().map(Window::crowd),
            goals: self.goals.iter().map(|goal| goal.name.clone()).collect(),
            look: Box::new(|ending, is_new| self.look(&ending.restored(), is_new)),
        }
    }

    fn look(&self, ending: &Ending<A>, is_new: bool) -> (Vec<bool>, Option<Box<dyn AnyViolation>>) {
        let goals = self.goals.iter();
        let reached = goals.map(|goal| (goal.is_reached)(ending)).collect();
        let wrong = match is_new {
            true => (self.judge)(ending).err(),
            false => None,
        };
        (reached, wrong.map(|wrong| Box::new(wrong) as _))
    }
}

impl<A, V: Clone + Send + Sync + 'static> Window<A, V> {
    fn crowd(&self) -> Crowd<'_> {
        let violation = &self.violation;
        Crowd {
            most: self.most,
            violation: Box::new(|| Box::new(violation.clone())),
        }
    }
}

impl Scope {
    fn run(
        &self,
        parts: &[usize],
        histories: &[Arc<Histories>],
        demands: &Demands<'_>,
    ) -> Report<Box<dyn AnyViolation>> {
        let started = now();
        let rules = Rules {
            histories,
            faults: self.sim.faults(),
            budget: self.budget,
            spared: &self.spared,
            euid: self.euid,
        };
        let mut report = Hunt::new(self, demands, &rules, parts).run();
        let own = histories.iter().enumerate();
        report.runs = own
            .filter(|(seat, _)| parts[*seat] == *seat)
            .map(|(_, histories)| histories.runs())
            .sum();
        report.elapsed = started.elapsed();
        report
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the search takes is no part of what is searched"
)]
fn now() -> Instant {
    Instant::now()
}

fn never<A>(_account: &A) -> bool {
    false
}
