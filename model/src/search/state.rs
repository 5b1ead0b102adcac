//! A state of the whole system.

use super::history::History;
use crate::process::Exit;
use crate::sim::{ProcessId, Sim};
use smallvec::SmallVec;
use std::hash::Hash;
use std::ops::AddAssign;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3Default;

/// How much may go wrong, in all processes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// How many processes may be killed.
    pub kills: u8,
    /// How many calls may fail.
    pub failures: u8,
    /// How many calls may transfer less than they could.
    pub shorts: u8,
    /// How often the power may be cut.
    pub power_cuts: u8,
}

impl Budget {
    /// Nothing goes wrong.
    pub const NOTHING: Self = Self::kills(0);

    /// At most so many processes are killed.
    #[must_use]
    pub const fn kills(kills: u8) -> Self {
        Self {
            kills,
            failures: 0,
            shorts: 0,
            power_cuts: 0,
        }
    }
}

impl AddAssign for Budget {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.failures += other.failures;
        self.shorts += other.shorts;
        self.power_cuts += other.power_cuts;
    }
}

/// The kernel and every process on it.
#[derive(Clone)]
pub(super) struct State {
    pub(super) sim: Sim,
    pub(super) seats: Vec<Seat>,
    pub(super) spent: Budget,
}

/// One process.
#[derive(Clone)]
pub(super) struct Seat {
    pub(super) process: ProcessId,
    pub(super) history: Arc<History>,
    /// Whether it has started: some do so only when the power is back.
    pub(super) started: bool,
    /// How it has come to its end, if it has.
    pub(super) exit: Option<Exit>,
    /// Whether one of its calls was made to fail, other than by a signal.
    pub(super) hurt: bool,
}

/// All that distinguishes one process from another with the same program.
pub(super) type Role = (u128, bool, bool, Option<Exit>, u128);

/// As many processes as nearly every search has, or more.
const FEW: usize = 6;

/// Of the processes that are in the same situation, the first.
pub(super) fn is_first_of_its_kind(roles: &[Role], seat: usize, parts: &[usize]) -> bool {
    (0..seat).all(|earlier| parts[earlier] != parts[seat] || roles[earlier] != roles[seat])
}

impl State {
    /// Whether nobody is left who could do anything.
    pub(super) fn is_over(&self) -> bool {
        let over = |seat: &Seat| !seat.started || seat.exit.is_some();
        self.seats.iter().all(over)
    }

    /// Which state it is, up to changing the parts of processes that have the same program, which
    /// are those with the same number in `parts`.
    pub(super) fn fingerprint(&self, parts: &[usize]) -> u128 {
        self.fingerprint_with(&self.roles(), parts)
    }

    /// The same, if the roles are known already.
    pub(super) fn fingerprint_with(&self, roles: &[Role], parts: &[usize]) -> u128 {
        let mut order: SmallVec<[usize; FEW]> = (0..roles.len()).collect();
        order.sort_unstable_by_key(|&seat| (parts[seat], &roles[seat]));
        let mut hasher = Xxh3Default::new();
        self.sim.hash_files(&mut hasher);
        self.spent.hash(&mut hasher);
        for seat in order {
            roles[seat].hash(&mut hasher);
        }
        hasher.digest128()
    }

    /// The role of each process.
    pub(super) fn roles(&self) -> SmallVec<[Role; FEW]> {
        self.seats.iter().map(|seat| self.role(seat)).collect()
    }

    fn role(&self, seat: &Seat) -> Role {
        match &seat.exit {
            // What it did before counts no more, only what came of it.
            Some(exit) => (seat.history.fate, seat.hurt, true, Some(exit.clone()), 0),
            None => {
                let history = u128::from(seat.history.number);
                let view = self.sim.view(seat.process);
                (history, seat.hurt, seat.started, None, view)
            }
        }
    }
}
