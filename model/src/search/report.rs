//! What a search came to.

use crate::trace::Trace;
use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Report<V> {
    /// How many different states were found.
    pub states: usize,
    /// How many moves led from one to another.
    pub moves: usize,
    /// How often the shipping code was run: once for each history that its processes had, and once for
    /// each that was only compared with one of these. How many of the latter there are depends a little on
    /// which thread was first.
    pub runs: usize,
    /// How many different endings there were.
    pub endings: usize,
    /// How many levels of states were looked at, the beginning included.
    pub depth: usize,
    /// How long it took.
    pub elapsed: Duration,
    /// Why not everything was searched, if it was not.
    pub bounded_by: Option<String>,
    /// What happened on the way.
    pub sightings: Sightings,
    /// What was to be reached, and whether it was.
    pub goals: Vec<(String, bool)>,
    /// The endings that must not be: the shortest way to each sort of them that was found.
    pub counterexamples: Vec<Counterexample<V>>,
}

/// An ending that must not be, and how it came about.
#[derive(Clone, Debug)]
pub struct Counterexample<V> {
    /// What is wrong with it.
    pub violation: V,
    /// The calls that led there.
    pub trace: Trace,
}

/// How many moves there were of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// A lock that was asked for was held by another.
    pub refused: usize,
    /// A process was killed.
    pub killed: usize,
    /// A process was killed in the middle of a write.
    pub torn: usize,
    /// A call was made to fail.
    pub failed: usize,
    /// A call was made to transfer less.
    pub shortened: usize,
    /// The power was cut.
    pub power_cuts: usize,
}

impl AddAssign for Sightings {
    fn add_assign(&mut self, other: Self) {
        self.refused += other.refused;
        self.killed += other.killed;
        self.torn += other.torn;
        self.failed += other.failed;
        self.shortened += other.shortened;
        self.power_cuts += other.power_cuts;
    }
}

impl<V> Report<V> {
    /// The same with its violations as these.
    pub(super) fn map<W>(self, mut violation: impl FnMut(V) -> W) -> Report<W> {
        let found = self.counterexamples.into_iter();
        let counterexamples = found.map(|found| Counterexample {
            violation: violation(found.violation),
            trace: found.trace,
        });
        Report {
            counterexamples: counterexamples.collect(),
            states: self.states,
            moves: self.moves,
            runs: self.runs,
            endings: self.endings,
            depth: self.depth,
            elapsed: self.elapsed,
            bounded_by: self.bounded_by,
            sightings: self.sightings,
            goals: self.goals,
        }
    }

    /// Whether every state was found and nothing was wrong with any.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.bounded_by.is_none() && self.counterexamples.is_empty()
    }

    /// What was to be reached and was not.
    pub fn missed(&self) -> impl Iterator<Item = &str> {
        self.goals
            .iter()
            .filter(|(_, reached)| !reached)
            .map(|(goal, _)| goal.as_str())
    }

    /// The shortest way to something that must not be, if there is one.
    #[must_use]
    pub fn counterexample(&self) -> Option<&Counterexample<V>> {
        self.counterexamples.first()
    }
}

impl<V: fmt::Display> fmt::Display for Report<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} states, {} moves, {} runs, {} endings, {:.2} s: ",
            self.states,
            self.moves,
            self.runs,
            self.endings,
            self.elapsed.as_secs_f64()
        )?;
        match (self.counterexample(), &self.bounded_by) {
            (Some(found), _) => write!(f, "rejected, {}\n{}", found.violation, found.trace),
            (None, Some(bound)) => write!(f, "BOUNDED by {bound}"),
            (None, None) => write!(f, "COMPLETE"),
        }
    }
}
