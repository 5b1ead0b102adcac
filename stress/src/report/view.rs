//! What the reports that go to files show, of strategies and of commands alike.
//!
//! Both turn into a [`View`], and the files know nothing else. It is made of what is shown, words and
//! numbers, so that nothing has to be asked about where they come from.

use crate::args::Shape;
use crate::hunt::Bounds;
use crate::pace::Pace;
use crate::subject::Role;
use crate::verdict::{Conclusion, Status};
use crate::workload::{Operation, Seed};
use std::time::Duration;

/// Everything that was run.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) conclusion: Conclusion,
    /// What was asked for and what came of it, in lines.
    pub(crate) lines: Vec<String>,
    /// What all runs have in common, in a word.
    pub(crate) suite: String,
    pub(crate) procs: u32,
    pub(crate) iters: u32,
    pub(crate) bounds: Bounds,
    pub(crate) seed: Seed,
    /// What was asked for, of which not everything may have been run.
    pub(crate) asked: Vec<Title>,
    pub(crate) runs: Vec<Row>,
    pub(crate) words: Words,
    pub(crate) elapsed: Duration,
}

/// What something is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Title {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    /// The class and the name of the test case that it is to a CI system.
    pub(crate) class: String,
    pub(crate) case: String,
}

/// One run, and what it came to.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) title: Title,
    pub(crate) role: Role,
    pub(crate) status: Status,
    /// How many rounds there were, and how many there were to be at most, if that was known.
    pub(crate) rounds_done: u32,
    pub(crate) rounds: Option<u32>,
    pub(crate) expected: Option<i128>,
    pub(crate) got: Option<i128>,
    pub(crate) pace: Pace,
    pub(crate) fairness: Option<f64>,
    pub(crate) elapsed: Duration,
    /// The numbers in words.
    pub(crate) outcome: String,
    /// What shows it, the smallest first.
    pub(crate) details: Vec<String>,
    pub(crate) diagram: Option<Diagram>,
    /// The command line that shows it again.
    pub(crate) again: String,
}

/// What is said where strategies and commands differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// What took some time, and from when to when.
    pub(crate) pace_title: &'static str,
    pub(crate) pace: &'static str,
    pub(crate) seed: &'static str,
}

/// What was going on around two that are at fault.
#[derive(Clone, Debug)]
pub(crate) struct Diagram {
    pub(crate) culprits: [Operation; 2],
    /// What these two have done.
    pub(crate) label: String,
    /// What there is a column for, and which come first.
    pub(crate) columns: &'static str,
    /// What a box says.
    pub(crate) boxes: &'static str,
    pub(crate) moments: Vec<Moment>,
}

/// A box of the diagram.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) operation: Operation,
    pub(crate) began_ns: u64,
    pub(crate) ended_ns: u64,
    /// What stands in it, which is short, and what is told of it besides.
    pub(crate) label: String,
    pub(crate) words: String,
}

impl View {
    /// The run of what was asked for, unless it was never begun.
    pub(crate) fn run_of(&self, asked: &Title) -> Option<&Row> {
        self.runs.iter().find(|run| run.title == *asked)
    }
}

impl Diagram {
    pub(crate) fn is_culprit(&self, operation: Operation) -> bool {
        self.culprits.contains(&operation)
    }
}
