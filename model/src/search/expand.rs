//! What comes of one state: the states after it, and what there is to say about itself.

use super::hunt::{Hunt, Link};
use super::moves::{How, Move};
use super::report::Sightings;
use super::state::{Budget, Seat, State, is_first_of_its_kind};
use crate::erased::{AnyEnding, AnyViolation};
use crate::process::{Ending, Exit};
use std::sync::Arc;

/// What comes of one state.
pub(super) struct Expansion {
    pub(super) states: Vec<(Link, u128, State)>,
    /// The fingerprints of states that were known and to which a step leads.
    pub(super) steps_back: Vec<u128>,
    pub(super) moves: usize,
    pub(super) sightings: Sightings,
    pub(super) finding: Finding,
    pub(super) bounded_by: Option<String>,
}

/// What there is to say about a state itself.
pub(super) enum Finding {
    Nothing,
    /// Everybody has come to an end, and what may be wrong with it.
    Ending {
        fingerprint: u128,
        reached: Vec<bool>,
        violation: Option<Box<dyn AnyViolation>>,
    },
    /// The processes are where they must not be.
    Wrong(Box<dyn AnyViolation>),
}

impl Hunt<'_> {
    pub(super) fn expand(&self, number: u32, state: &State) -> Expansion {
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
        let roles = state.roles();
        let own = state.fingerprint_with(&roles, self.parts);
        let mut goes_on = false;
        for seat in 0..state.seats.len() {
            if self.some_alike && !is_first_of_its_kind(&roles, seat, self.parts) {
                continue;
            }
            goes_on |= self.move_one(number, state, seat, own, &mut expansion);
        }
        if !goes_on {
            expansion.finding = self.judge(state, Some(Exit::Stuck));
        }
        expansion
    }

    fn cut_power(&self, number: u32, state: &State, expansion: &mut Expansion) {
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
        state: &State,
        seat: usize,
        own: u128,
        expansion: &mut Expansion,
    ) -> bool {
        let mut goes_on = false;
        for (movement, next) in self.rules.successors(state, seat) {
            let Some(next) = next else {
                expansion.sightings.refused += usize::from(movement == Move::STEP);
                continue;
            };
            let fingerprint = next.fingerprint(self.parts);
            if fingerprint == own {
                // It has asked in vain and will ask for the same again.
                expansion.sightings.refused += 1;
                continue;
            }
            goes_on |= movement == Move::STEP;
            expansion.moves += 1;
            expansion.sightings.count(movement);
            if self.seen.contains_key(&fingerprint) {
                if movement == Move::STEP {
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

    fn look_for_wrong(&self, state: &State) -> Finding {
        let Some(crowd) = &self.demands.crowd else {
            return Finding::Nothing;
        };
        let inside = |seat: &&Seat| seat.exit.is_none() && seat.history.inside;
        match state.seats.iter().filter(inside).count() > crowd.most {
            true => Finding::Wrong((crowd.violation)()),
            false => Finding::Nothing,
        }
    }

    /// What the search has to say about an ending; `others` is how those ended that have not.
    pub(super) fn judge(&self, state: &State, others: Option<Exit>) -> Finding {
        let ending = ending(state, others);
        // Who was killed is told by how they ended; all else that went wrong counts when it is judged.
        let spent = Budget {
            kills: 0,
            ..state.spent
        };
        let fingerprint = State {
            spent,
            ..state.clone()
        }
        .fingerprint(self.parts);
        let is_new = !self.endings.contains_key(&fingerprint);
        let (reached, violation) = (self.demands.look)(ending, is_new);
        Finding::Ending {
            fingerprint,
            reached,
            violation,
        }
    }
}

fn ending(state: &State, others: Option<Exit>) -> AnyEnding {
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
            .map(|seat| Arc::clone(&seat.history.account))
            .collect(),
        hurt: seats.map(|seat| seat.hurt).collect(),
        mishaps: state.spent.failures + state.spent.shorts,
        power_cuts: state.spent.power_cuts,
        sim,
    }
}

impl Sightings {
    fn count(&mut self, movement: Move) {
        match movement {
            Move::Step(How::Whole) => {}
            Move::Step(How::Failing(_)) => self.failed += 1,
            Move::Step(How::Short(_)) => self.shortened += 1,
            // Whatever became of its call before.
            Move::KillAfter(..) => self.killed += 1,
            Move::Kill(pages) => {
                self.killed += 1;
                self.torn += usize::from(pages > 0);
            }
            Move::PowerCut(_) => self.power_cuts += 1,
        }
    }
}
