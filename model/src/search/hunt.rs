//! The search itself, level by level.

use super::ends::first_without_end;
use super::expand::{Expansion, Finding};
use super::history::Next;
use super::moves::{Log, Move, Rules};
use super::plan::{Demands, Scope};
use super::report::{Counterexample, Report, Sightings};
use super::seen::Seen;
use super::state::{Budget, Seat, State};
use crate::erased::AnyViolation;
use crate::process::Exit;
use crate::sim::Request;
use crate::trace::{Event, Trace};
use rayon::prelude::*;
use std::sync::atomic::Ordering;

/// A search that is under way.
pub(super) struct Hunt<'a> {
    pub(super) scope: &'a Scope,
    pub(super) demands: &'a Demands<'a>,
    pub(super) rules: &'a Rules<'a>,
    pub(super) parts: &'a [usize],
    /// Whether some processes are interchangeable.
    pub(super) some_alike: bool,
    /// The number of each state.
    pub(super) seen: Seen,
    /// The number of the first state with this ending.
    pub(super) endings: Seen,
    /// The numbers of all states in which everybody has come to an end, or is stuck.
    ended: Vec<u32>,
    /// Where each step leads and where it begins.
    steps: Vec<(u32, u32)>,
    /// How each state was reached first.
    links: Vec<Link>,
    frontier: Vec<(u32, State)>,
    report: Report<Box<dyn AnyViolation>>,
}

#[derive(Clone, Copy)]
pub(super) struct Link {
    pub(super) from: u32,
    pub(super) seat: u8,
    pub(super) movement: Move,
}

/// Why a search says nothing about processes that never end, if the judge accepts them.
const ENDLESS: &str = "processes that go on for ever";

/// How many states are looked at before what was found is sorted out.
const BLOCK: usize = 1 << 15;

impl<'a> Hunt<'a> {
    pub(super) fn new(
        scope: &'a Scope,
        demands: &'a Demands<'a>,
        rules: &'a Rules<'a>,
        parts: &'a [usize],
    ) -> Self {
        let goals = demands.goals.iter();
        Self {
            scope,
            demands,
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
                goals: goals.map(|goal| (goal.clone(), false)).collect(),
                counterexamples: Vec::new(),
            },
        }
    }

    /// Until everything is found or something is wrong.
    pub(super) fn run(mut self) -> Report<Box<dyn AnyViolation>> {
        self.begin();
        self.go_on();
        self.look_for_circles();
        self.report
    }

    /// Every process before the first call that is a move of its own.
    fn begin(&mut self) {
        let first = self.first(&mut ());
        let fingerprint = first.fingerprint(self.parts);
        let link = Link {
            from: 0,
            seat: 0,
            movement: Move::STEP,
        };
        self.take(link, fingerprint, first);
    }

    fn first(&self, log: &mut impl Log) -> State {
        let mut sim = self.scope.sim.clone();
        let late = self.scope.late.iter();
        let seats = self
            .rules
            .histories
            .iter()
            .zip(late)
            .map(|(histories, late)| Seat {
                process: sim.spawn(self.scope.euid),
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
            let mut level = level.into_iter();
            while !self.is_over() && level.len() > 0 {
                self.look_at(level.by_ref().take(BLOCK).collect());
            }
        }
    }

    fn is_over(&self) -> bool {
        let enough = !self.scope.all_violations && !self.report.counterexamples.is_empty();
        enough || self.report.bounded_by.is_some()
    }

    /// In parallel what comes of each state, then one after the other what is new in that; so that
    /// the same search finds the same states, and the same counterexample, every time.
    fn look_at(&mut self, block: Vec<(u32, State)>) {
        let this = &*self;
        let expansions: Vec<(u32, Expansion)> = block
            .into_par_iter()
            .map(|(number, state)| (number, this.expand(number, &state)))
            .collect();
        for (number, expansion) in expansions {
            self.sort_out(number, expansion);
            if self.is_over() {
                return;
            }
        }
        let states = self.links.len();
        self.scope.progress.store(states, Ordering::Relaxed);
    }

    fn sort_out(&mut self, number: u32, expansion: Expansion) {
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
            if link.movement == Move::STEP
                && let Some(&to) = self.seen.get(&fingerprint)
            {
                self.steps.push((to, number));
            }
        }
    }

    fn take(&mut self, link: Link, fingerprint: u128, state: State) {
        if self.seen.contains_key(&fingerprint) {
            return;
        }
        if self.links.len() == self.scope.states_max {
            let why = format!("{} states", self.scope.states_max);
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
            match self.judge(&state, Some(Exit::Runaway)) {
                Finding::Ending {
                    violation: Some(violation),
                    ..
                } => self.object(number, violation),
                // The judge has seen how far they came, and not what they do from there on.
                _ => self.report.bounded_by = Some(ENDLESS.to_owned()),
            }
        }
    }

    fn object(&mut self, number: u32, violation: Box<dyn AnyViolation>) {
        let mut found = self.report.counterexamples.iter();
        if !found.any(|found| found.violation.is_like(&*violation)) {
            let trace = self.trace(number);
            let found = Counterexample { violation, trace };
            self.report.counterexamples.push(found);
        }
    }

    /// The way to the state, made once more, and what is waited for there.
    fn trace(&self, number: u32) -> Trace {
        let mut log = Table(Trace::new(self.parts.len()));
        let state = self.state(number, &mut log);
        for (seat, request) in self.waits(&state) {
            log.note(seat, || Event::Waits(request));
        }
        log.0
    }

    /// Who cannot go on, and with which call: it blocks, or is refused again and again.
    fn waits(&self, state: &State) -> Vec<(usize, Request)> {
        let own = state.fingerprint(self.parts);
        let waits = |seat| match self.rules.after(state, seat, Move::STEP, &mut ()) {
            None => true,
            Some(next) => next.fingerprint(self.parts) == own,
        };
        let left = state.seats.iter().enumerate();
        left.filter(|(_, it)| it.started && it.exit.is_none())
            .filter_map(|(seat, it)| match &it.history.next {
                Next::Calls(request) if waits(seat) => Some((seat, request.clone())),
                _ => None,
            })
            .collect()
    }

    fn state(&self, number: u32, log: &mut impl Log) -> State {
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
}

/// A trace that is being written.
struct Table(Trace);

impl Log for Table {
    fn note(&mut self, seat: usize, event: impl FnOnce() -> Event) {
        self.0.push(seat, event());
    }
}
