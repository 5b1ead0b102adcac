//! What is known of a pattern.

use crate::explore::Report;
use crate::oracle::{Violation, ViolationKind};
use crate::scenario::Scenario;
use crate::search::{self, Budget};
use hookstate::strategy::Strategy;
use std::fmt;

/// A way in which state that short-lived processes share gets lost, seen in real programs.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Its number in the list, counted from 1.
    pub number: u8,
    /// Its one name.
    pub name: &'static str,
    /// What is lost.
    pub lost: &'static str,
    /// How it is checked.
    pub form: Form,
}

/// How a pattern is checked.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// As a program, and its repaired twin.
    Protocol(Protocol),
    /// Not at all, for this reason.
    Excluded(&'static str),
}

/// A pattern that is a protocol over the calls of the seam.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// How many processes it takes at least.
    pub processes: usize,
    /// What it takes besides.
    pub needs: Circumstance,
    /// What the model must find.
    pub rejected_as: ViolationKind,
    /// So many processes and what is asked of them.
    pub model: fn(Variant, usize) -> Box<dyn Model>,
}

/// Without what a pattern loses nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circumstance {
    /// That they meet is enough.
    Meeting,
    /// There is no file yet.
    FirstUse,
    /// The process at this seat is killed.
    Kill {
        /// Counted from 0.
        victim: usize,
    },
    /// One of them reads.
    Reader,
    /// One of them is slow while it has the lock.
    SlowHolder,
    /// One of them works slowly between reading and writing.
    SlowWork,
    /// A call of one of them fails.
    Error,
    /// Somebody waits for the lock longer than it is willing to.
    Contention,
    /// Somebody changes the state while another ends the session.
    LateUpdate,
    /// The changes come in quick succession.
    Burst,
    /// One of them had started a child before it was killed.
    Child,
}

/// Which of the two programs of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// With the step missing.
    AsSeen,
    /// With the step put back.
    Repaired,
}

/// Processes on the simulated kernel, and what must hold in the end.
pub trait Model {
    /// Every order of the calls, and nobody killed.
    fn check(&self) -> Report<Violation>;

    /// Every order of the calls, with the process `victim` killed at each of its calls in turn.
    fn check_killing(&self, victim: usize) -> Report<Violation>;

    /// Every state that can come about with so much going wrong.
    fn search(&self, budget: Budget) -> search::Report<Violation>;
}

impl Pattern {
    /// The protocol, if the pattern is not excluded.
    #[must_use]
    pub const fn protocol(&self) -> Option<&Protocol> {
        match &self.form {
            Form::Protocol(protocol) => Some(protocol),
            Form::Excluded(_) => None,
        }
    }
}

impl Protocol {
    /// Explores one of the two programs with loom, under the circumstance that the pattern needs.
    #[must_use]
    pub fn check(&self, variant: Variant) -> Report<Violation> {
        let model = (self.model)(variant, self.processes);
        match self.needs {
            Circumstance::Kill { victim } => model.check_killing(victim),
            _ => model.check(),
        }
    }

    /// What goes wrong in a search.
    #[must_use]
    pub const fn budget(&self) -> Budget {
        Budget::kills(match self.needs {
            Circumstance::Kill { .. } => 1,
            _ => 0,
        })
    }

    /// Searches every state of one of the two programs, under the circumstance that the pattern
    /// needs; where that is a kill, with any one of the processes killed.
    #[must_use]
    pub fn search(&self, variant: Variant) -> search::Report<Violation> {
        (self.model)(variant, self.processes).search(self.budget())
    }
}

impl Variant {
    /// Takes the step that the program as it was seen lacks.
    pub(crate) fn put_back<T, E>(
        self,
        step: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        match self {
            Self::AsSeen => Ok(None),
            Self::Repaired => step().map(Some),
        }
    }
}

impl<S> Model for Scenario<S>
where
    S: Strategy + Clone + Send + Sync + 'static,
{
    fn check(&self) -> Report<Violation> {
        Self::check(self)
    }

    fn check_killing(&self, victim: usize) -> Report<Violation> {
        Self::check_killing(self, victim)
    }

    fn search(&self, budget: Budget) -> search::Report<Violation> {
        Self::search(self, budget)
    }
}

impl fmt::Display for Circumstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Meeting => "that they meet",
            Self::FirstUse => "no file yet",
            Self::Kill { .. } => "a kill",
            Self::Reader => "a reader",
            Self::SlowHolder => "a slow holder",
            Self::SlowWork => "slow work",
            Self::Error => "an error",
            Self::Contention => "contention",
            Self::LateUpdate => "a late update",
            Self::Burst => "a burst",
            Self::Child => "a child",
        })
    }
}
