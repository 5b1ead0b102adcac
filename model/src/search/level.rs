//! The search itself, level by level.

use super::ends::first_without_end;
use super::history::Histories;
use super::moves::{Log, Move, Rules};
use super::report::{Counterexample, Report, Sightings};
use super::state::{Budget, Seat, State};
use crate::process::{Ending, Exit, Program};
use crate::sim::Sim;
use crate::trace::{Event, Trace};
use rayon::prelude::*;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A system of processes and what is to be found out about it.
pub struct Search<A, V> {
    sim: Sim,
    euid: u32,
    programs: Vec<Program<A>>,
    budget: Budget,
    judge: Judge<A, V>,
    alone: Option<(IsInside<A>, V)>,
    goals: Vec<Goal<A>>,
    spared: Vec<bool>,
    late: Vec<bool>,
    states_max: usize,
    all_violations: bool,
    progress: Arc<AtomicUsize>,
}

/// Whether the account says that the process is inside of a window.
pub type IsInside<A> = fn(&A) -> bool;
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

impl<A> Clone for Goal<A> {
    fn clone(&self) -> Self {
        let is_reached = Arc::clone(&self.is_reached);
        let name = self.name.clone();
        Self { name, is_reached }
    }
}

/// After so many states a search is cut unless told otherwise.
const STATES_MAX: usize = 50_000_000;

/// How many states are looked at before what was found is sorted out.
const BLOCK: usize = 1 << 15;

impl<A, V> Search<A, V>
where
    A: Clone + Default + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// One process for each program, all of the user `euid` and on a kernel as in `sim`. Programs
    /// that are one and the same `Arc` make processes that are interchangeable.
    pub fn new(
        sim: Sim,
        euid: u32,
        programs: Vec<Program<A>>,
        judge: impl Fn(&Ending<A>) -> Result<(), V> + Send + Sync + 'static,
    ) -> Self {
        Self {
            sim,
            euid,
            budget: Budget::NOTHING,
            judge: Arc::new(judge),
            alone: None,
            goals: Vec::new(),
            spared: vec![false; programs.len()],
            late: vec![false; programs.len()],
            states_max: STATES_MAX,
            all_violations: false,
            progress: Arc::default(),
            programs,
        }
    }

    /// The same with so much going wrong.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// The same, with `violation` where two processes are inside of a window at the same time. A
    /// process is inside from when its account says so until it unlocks.
    #[must_use]
    pub fn alone(mut self, is_inside: IsInside<A>, violation: V) -> Self {
        self.alone = Some((is_inside, violation));
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
        self.spared = spared;
        self
    }

    /// The same, with some of the processes starting only when the power is back after a cut.
    #[must_use]
    pub fn starting_late(mut self, late: Vec<bool>) -> Self {
        self.late = late;
        self
    }

    /// The same, cut after so many states.
    #[must_use]
    pub fn states_max(mut self, most: usize) -> Self {
        self.states_max = most;
        self
    }

    /// The same without stopping at the first violation: the shortest way to each sort is found.
    #[must_use]
    pub fn all_violations(mut self) -> Self {
        self.all_violations = true;
        self
    }

    /// The same with the number of states so far where others can see it.
    #[must_use]
    pub fn progress(mut self, states: Arc<AtomicUsize>) -> Self {
        self.progress = states;
        self
    }

    /// Searches until everything is found or something is wrong, on all processors.
    #[must_use]
    pub fn run(&self) -> Report<V> {
        let started = now();
        let parts = self.parts();
        let histories = self.histories(&parts);
        let rules = Rules {
            histories: &histories,
            faults: self.sim.faults(),
            budget: self.budget,
            spared: &self.spared,
            euid: self.euid,
        };
        let mut hunt = Hunt::new(self, &rules, &parts);
        hunt.begin();
        hunt.go_on();
        hunt.look_for_circles();
        let mut report = hunt.report;
        let mut distinct: Vec<&Arc<Histories<A>>> = histories.iter().collect();
        distinct.dedup_by(|one, other| Arc::ptr_eq(one, other));
        report.runs = distinct.iter().map(|histories| histories.runs()).sum();
        report.elapsed = started.elapsed();
        report
    }

    /// For each process the first that has the same program.
    fn parts(&self) -> Vec<usize> {
        let same = |one: &Program<A>| {
            let mut programs = self.programs.iter();
            programs.position(|other| Arc::ptr_eq(one, other))
        };
        self.programs
            .iter()
            .map(|program| same(program).expect("it is one of them"))
            .collect()
    }

    fn is_inside(&self) -> IsInside<A> {
        self.alone.as_ref().map_or(never, |alone| alone.0)
    }

    fn histories(&self, parts: &[usize]) -> Vec<Arc<Histories<A>>> {
        let mut all: Vec<Arc<Histories<A>>> = Vec::new();
        for (seat, &part) in parts.iter().enumerate() {
            all.push(match all.get(part) {
                Some(known) => Arc::clone(known),
                None => Arc::new(Histories::new(
                    Arc::clone(&self.programs[seat]),
                    self.is_inside(),
                )),
            });
        }
        all
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

/// A search that is under way.
struct Hunt<'a, A, V> {
    search: &'a Search<A, V>,
    rules: &'a Rules<'a, A>,
    parts: &'a [usize],
    /// Whether some processes are interchangeable.
    some_alike: bool,
    /// The number of each state.
    seen: Seen,
    /// The number of the first state with this ending.
    endings: Seen,
    /// The numbers of all states in which everybody has come to an end, or is stuck.
    ended: Vec<u32>,
    /// Where each step leads and where it begins.
    steps: Vec<(u32, u32)>,
    /// How each state was reached first.
    links: Vec<Link>,
    frontier: Vec<(u32, State<A>)>,
    report: Report<V>,
}

/// By fingerprints, which are as good as hashes can be, so they are not hashed again.
type Seen = HashMap<u128, u32, BuildHasherDefault<Low>>;

#[derive(Default)]
struct Low(u64);

impl Hasher for Low {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let low = bytes.first_chunk().expect("a fingerprint has 16 bytes");
        self.0 = u64::from_ne_bytes(*low);
    }

    fn write_u128(&mut self, fingerprint: u128) {
        self.write(&fingerprint.to_ne_bytes());
    }
}

#[derive(Clone, Copy)]
struct Link {
    from: u32,
    seat: u8,
    movement: Move,
}

/// What comes of one state.
struct Expansion<A, V> {
    states: Vec<(Link, u128, State<A>)>,
    /// The fingerprints of states that were known and to which a step leads.
    steps_back: Vec<u128>,
    moves: usize,
    sightings: Sightings,
    finding: Finding<V>,
    bounded_by: Option<String>,
}

/// What there is to say about a state itself.
enum Finding<V> {
    Nothing,
    /// Everybody has come to an end, and what may be wrong with it.
    Ending {
        fingerprint: u128,
        reached: Vec<bool>,
        violation: Option<V>,
    },
    /// The processes are where they must not be.
    Wrong(V),
}

impl<'a, A, V> Hunt<'a, A, V>
where
    A: Clone + Default + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn new(search: &'a Search<A, V>, rules: &'a Rules<'a, A>, parts: &'a [usize]) -> Self {
        let goals = search.goals.iter();
        Self {
            search,
            rules,
            parts,
            some_alike: parts.iter().enumerate().any(|(seat, &part)| seat != part),
            seen: Seen::default(),
            endings: Seen::default(),
            ended: Vec::new(),
            steps: Vec::new(),
            links: Vec::new(),
            frontier: Vec::new(),
            report: Report {
                states: 0,
                moves: 0,
                runs: 0,
                endings: 0,
                depth: 0,
                elapsed: std::time::Duration::ZERO,
                bounded_by: None,
                sightings: Sightings::default(),
                goals: goals.map(|goal| (goal.name.clone(), false)).collect(),
                counterexamples: Vec::new(),
            },
        }
    }

    /// Every process before its first call that others can notice.
    fn begin(&mut self) {
        let first = self.first(&mut ());
        let fingerprint = first.fingerprint(self.parts);
        let link = Link {
            from: 0,
            seat: 0,
            movement: Move::Step,
        };
        self.take(link, fingerprint, first);
    }

    fn first(&self, log: &mut impl Log) -> State<A> {
        let mut sim = self.search.sim.clone();
        let late = self.search.late.iter();
        let seats = self
            .rules
            .histories
            .iter()
            .zip(late)
            .map(|(histories, late)| Seat {
                process: sim.spawn(self.search.euid),
                history: histories.first(),
                started: !late,
                exit: None,
                hurt: false,
            });
        let seats = seats.collect();
        let spent = Budget::default();
        let mut state = State { sim, seats, spent };
        self.rules.begin(&mut state, log);
        state
    }

    fn go_on(&mut self) {
        while !self.frontier.is_empty() && !self.is_over() {
            self.report.depth += 1;
            let level = std::mem::take(&mut self.frontier);
            for block in level.chunks(BLOCK) {
                if !self.is_over() {
                    self.look_at(block);
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        let enough = !self.search.all_violations && !self.report.counterexamples.is_empty();
        enough || self.report.bounded_by.is_some()
    }

    /// In parallel what comes of each state, then one after the other what is new in that; so that
    /// the same search finds the same states, and the same counterexample, every time.
    fn look_at(&mut self, block: &[(u32, State<A>)]) {
        let this = &*self;
        let expansions: Vec<Expansion<A, V>> = block
            .par_iter()
            .map(|(number, state)| this.expand(*number, state))
            .collect();
        for ((number, _), expansion) in block.iter().zip(expansions) {
            self.sort_out(*number, expansion);
            if self.is_over() {
                return;
            }
        }
        let states = self.links.len();
        self.search.progress.store(states, Ordering::Relaxed);
    }

    fn sort_out(&mut self, number: u32, expansion: Expansion<A, V>) {
        self.report.moves += expansion.moves;
        self.report.sightings += expansion.sightings;
        if let Some(why) = expansion.bounded_by {
            self.report.bounded_by.get_or_insert(why);
        }
        match expansion.finding {
            Finding::Nothing => {}
            Finding::Wrong(violation) => self.object(number, violation),
            Finding::Ending {
                fingerprint,
                reached,
                violation,
            } => {
                self.ended.push(number);
                self.endings.entry(fingerprint).or_insert(number);
                self.report.endings = self.endings.len();
                for (goal, reached) in self.report.goals.iter_mut().zip(reached) {
                    goal.1 |= reached;
                }
                if let Some(violation) = violation {
                    self.object(number, violation);
                }
            }
        }
        for fingerprint in expansion.steps_back {
            self.steps.push((self.seen[&fingerprint], number));
        }
        for (link, fingerprint, state) in expansion.states {
            self.take(link, fingerprint, state);
            if link.movement == Move::Step
                && let Some(&to) = self.seen.get(&fingerprint)
            {
                self.steps.push((to, number));
            }
        }
    }

    fn take(&mut self, link: Link, fingerprint: u128, state: State<A>) {
        if self.seen.contains_key(&fingerprint) {
            return;
        }
        if self.links.len() == self.search.states_max {
            let why = format!("{} states", self.search.states_max);
            self.report.bounded_by.get_or_insert(why);
            return;
        }
        let number = u32::try_from(self.links.len()).expect("states_max fits");
        self.seen.insert(fingerprint, number);
        self.links.push(link);
        self.frontier.push((number, state));
        self.report.states = self.links.len();
    }

    /// Looks for processes that can always do something and never come to an end.
    fn look_for_circles(&mut self) {
        if self.is_over() {
            return;
        }
        let states = self.links.len();
        if let Some(number) = first_without_end(states, &mut self.steps, &self.ended) {
            let state = self.state(number, &mut ());
            if let Finding::Ending {
                violation: Some(violation),
                ..
            } = self.judge(&state, Some(Exit::Runaway))
            {
                self.object(number, violation);
            }
        }
    }

    fn object(&mut self, number: u32, violation: V) {
        let sort = discriminant(&violation);
        let known = |found: &Counterexample<V>| discriminant(&found.violation) == sort;
        if !self.report.counterexamples.iter().any(known) {
            let trace = self.trace(number);
            let found = Counterexample { violation, trace };
            self.report.counterexamples.push(found);
        }
    }

    /// The way to the state, made once more.
    fn trace(&self, number: u32) -> Trace {
        let mut log = Table(Trace::new(self.parts.len()));
        self.state(number, &mut log);
        log.0
    }

    fn state(&self, number: u32, log: &mut impl Log) -> State<A> {
        let mut way = Vec::new();
        let mut at = number;
        while at != 0 {
            let link = self.links[at as usize];
            way.push(link);
            at = link.from;
        }
        let mut state = self.first(log);
        for link in way.into_iter().rev() {
            let seat = usize::from(link.seat);
            let moved = self.rules.after(&state, seat, link.movement, log);
            state = moved.expect("it was possible before");
        }
        state
    }

    fn expand(&self, number: u32, state: &State<A>) -> Expansion<A, V> {
        let mut expansion = Expansion {
            states: Vec::new(),
            steps_back: Vec::new(),
            moves: 0,
            sightings: Sightings::default(),
            finding: self.look_for_wrong(state),
            bounded_by: None,
        };
        self.cut_power(number, state, &mut expansion);
        if state.is_over() {
            expansion.finding = self.judge(state, None);
            return expansion;
        }
        let own = state.fingerprint(self.parts);
        let mut goes_on = false;
        for seat in 0..state.seats.len() {
            if self.some_alike && !state.is_first_of_its_kind(seat, self.parts) {
                continue;
            }
            goes_on |= self.move_one(number, state, seat, own, &mut expansion);
        }
        if !goes_on {
            expansion.finding = self.judge(state, Some(Exit::Stuck));
        }
        expansion
    }

    fn cut_power(&self, number: u32, state: &State<A>, expansion: &mut Expansion<A, V>) {
        let outcomes = match self.rules.after_power_cuts(state) {
            Ok(outcomes) => outcomes,
            Err(too_many) => {
                expansion.bounded_by = Some(too_many.to_string());
                return;
            }
        };
        for (outcome, next) in outcomes.into_iter().enumerate() {
            let movement = Move::PowerCut(outcome);
            expansion.moves += 1;
            expansion.sightings.count(movement);
            let fingerprint = next.fingerprint(self.parts);
            if !self.seen.contains_key(&fingerprint) {
                let link = Link {
                    from: number,
                    seat: 0,
                    movement,
                };
                expansion.states.push((link, fingerprint, next));
            }
        }
    }

    /// Whether the process can go on.
    fn move_one(
        &self,
        number: u32,
        state: &State<A>,
        seat: usize,
        own: u128,
        expansion: &mut Expansion<A, V>,
    ) -> bool {
        let mut goes_on = false;
        for movement in self.rules.moves(state, seat) {
            let Some(next) = self.rules.after(state, seat, movement, &mut ()) else {
                expansion.sightings.refused += usize::from(movement == Move::Step);
                continue;
            };
            let fingerprint = next.fingerprint(self.parts);
            if fingerprint == own {
                // It has asked in vain and will ask for the same again.
                expansion.sightings.refused += 1;
                continue;
            }
            goes_on |= movement == Move::Step;
            expansion.moves += 1;
            expansion.sightings.count(movement);
            if self.seen.contains_key(&fingerprint) {
                if movement == Move::Step {
                    expansion.steps_back.push(fingerprint);
                }
            } else {
                let link = Link {
                    from: number,
                    seat: u8::try_from(seat).expect("few processes"),
                    movement,
                };
                expansion.states.push((link, fingerprint, next));
            }
        }
        goes_on
    }

    fn look_for_wrong(&self, state: &State<A>) -> Finding<V> {
        let Some((_, violation)) = &self.search.alone else {
            return Finding::Nothing;
        };
        let inside = |seat: &&Seat<A>| seat.exit.is_none() && seat.history.inside;
        match state.seats.iter().filter(inside).count() {
            0 | 1 => Finding::Nothing,
            _ => Finding::Wrong(violation.clone()),
        }
    }

    /// What the search has to say about an ending; `others` is how those ended that have not.
    fn judge(&self, state: &State<A>, others: Option<Exit>) -> Finding<V> {
        let ending = ending(state, others);
        let fingerprint = State {
            spent: Budget::default(),
            ..state.clone()
        }
        .fingerprint(self.parts);
        let goals = self.search.goals.iter();
        Finding::Ending {
            reached: goals.map(|goal| (goal.is_reached)(&ending)).collect(),
            violation: match self.endings.contains_key(&fingerprint) {
                true => None,
                false => (self.search.judge)(&ending).err(),
            },
            fingerprint,
        }
    }
}

fn ending<A: Clone>(state: &State<A>, others: Option<Exit>) -> Ending<A> {
    let seats = state.seats.iter();
    let exits = seats.clone().map(|seat| {
        let exit = seat.exit.clone().or_else(|| others.clone());
        // Whoever was to start when the power is back, and it was never cut.
        exit.unwrap_or(Exit::Killed)
    });
    let mut sim = state.sim.clone();
    for seat in &state.seats {
        if seat.exit.is_none() {
            sim.end(seat.process);
        }
    }
    Ending {
        exits: exits.collect(),
        accounts: seats
            .clone()
            .map(|seat| seat.history.account.clone())
            .collect(),
        hurt: seats.map(|seat| seat.hurt).collect(),
        power_cuts: state.spent.power_cuts,
        sim,
    }
}

impl Sightings {
    fn count(&mut self, movement: Move) {
        match movement {
            Move::Step => {}
            Move::KillAfter => self.killed += 1,
            Move::Kill(pages) => {
                self.killed += 1;
                self.torn += usize::from(pages > 0);
            }
            Move::Fail(_) => self.failed += 1,
            Move::Short(_) => self.shortened += 1,
            Move::PowerCut(_) => self.power_cuts += 1,
        }
    }
}

/// A trace that is being written.
struct Table(Trace);

impl Log for Table {
    fn note(&mut self, seat: usize, event: impl FnOnce() -> Event) {
        self.0.push(seat, event());
    }
}
