//! What is to be searched: lines of a report, each with the searches that make it up.

use hookstate::strategy::AnyStrategy;
use hookstate_model::oracle::{Violation, ViolationKind};
use hookstate_model::search::{Budget, Search};
use hookstate_model::stores::{AnySearch, Kind};
use hookstate_model::trace::Trace;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// Everything that is to be searched, and how to tell of it.
pub(super) struct Plan {
    pub(super) lines: Vec<Line>,
    pub(super) states_max: Option<usize>,
    /// How many threads search; as many as there are processors, if nobody says.
    pub(super) threads: Option<usize>,
    pub(super) format: Format,
    pub(super) trace: Option<TraceStyle>,
    /// Whether each control is told of with what it leaves out and how it was caught.
    pub(super) in_full: bool,
    /// What else there is to say.
    pub(super) notes: Vec<String>,
}

/// What to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// A line for each scenario on each strategy
    Human,
    /// A line with a JSON object for each search
    Json,
}

/// How much of a counterexample's calls to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum TraceStyle {
    /// Those that other processes can notice, in 100 columns
    Short,
    /// All of them, with everything that was asked for
    Full,
}

/// A scenario or a control, with its searches.
pub(super) struct Line {
    pub(super) subject: Subject,
    /// How it is called on the command line.
    pub(super) name: &'static str,
    pub(super) trials: Vec<Trial>,
    /// Why there are none, if there are none.
    pub(super) left_out: Option<&'static str>,
}

/// What a line is about.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// The shipping code, which must keep every update.
    Scenario {
        /// Nothing for what stands on none.
        strategy: Option<AnyStrategy>,
        /// What stands on the strategy, if it is not about the strategy itself.
        kind: Option<Kind>,
        about: &'static str,
    },
    /// Code with something missing, which must be rejected for one of these reasons.
    Control {
        group: &'static str,
        /// What it leaves out, or loses.
        missing: String,
        /// What it is a twin of.
        strategy: Option<AnyStrategy>,
        /// Where it runs, if not among the processes that it was made for.
        scenario: Option<&'static str>,
        expected: Vec<ViolationKind>,
    },
}

impl Subject {
    /// Where a control runs, if not among the processes that it was made for.
    pub(super) const fn scenario(&self) -> Option<&'static str> {
        match self {
            Self::Control { scenario, .. } => *scenario,
            Self::Scenario { .. } => None,
        }
    }
}

/// One search.
#[derive(Clone)]
pub(super) struct Trial {
    pub(super) setting: Setting,
    pub(super) hunt: Hunt,
}

/// Runs it.
pub(super) type Hunt = Arc<dyn Fn(&Terms) -> Outcome + Send + Sync>;

/// Under which terms a search runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    pub(super) states_max: Option<usize>,
    /// Where it says how many states it has found.
    pub(super) states: Arc<AtomicUsize>,
}

impl Terms {
    /// The search under these terms.
    pub(super) fn set<A, V>(&self, search: Search<A, V>) -> Search<A, V>
    where
        A: Clone + Default + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let search = search.progress(Arc::clone(&self.states));
        match self.states_max {
            Some(most) => search.states_max(most),
            None => search,
        }
    }

    /// As [`set`](Self::set), whatever its processes have to say.
    pub(super) fn set_any(&self, search: Box<dyn AnySearch>) -> Box<dyn AnySearch> {
        let search = search.progress(Arc::clone(&self.states));
        match self.states_max {
            Some(most) => search.states_max(most),
            None => search,
        }
    }
}

/// Who searches, among how many processes, and how much goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) engine: Engine,
    pub(super) processes: usize,
    pub(super) budget: Budget,
}

/// Who searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Engine {
    /// The breadth-first search of this project.
    Search,
    /// loom, the second opinion.
    Loom,
}

/// What a search came to, whoever made it.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) extent: Extent,
    pub(super) endings: usize,
    pub(super) elapsed: Duration,
    pub(super) bounded_by: Option<String>,
    /// What was to come about and did not.
    pub(super) unreached: Vec<String>,
    pub(super) found: Option<Found>,
}

/// How much was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Search {
        states: usize,
        moves: usize,
        runs: usize,
        depth: usize,
        /// How many moves killed a process or made something else go wrong.
        faults: usize,
    },
    Loom {
        executions: usize,
    },
}

/// What is wrong, and how it came about.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) violation: Violation,
    pub(super) trace: Trace,
}

impl Outcome {
    /// Of a search that was interrupted after it had found so many states.
    pub(super) fn of_half(engine: Engine, states: usize, elapsed: Duration) -> Self {
        let extent = match engine {
            Engine::Search => Extent::Search {
                states,
                moves: 0,
                runs: 0,
                depth: 0,
                faults: 0,
            },
            Engine::Loom => Extent::Loom { executions: 0 },
        };
        Self {
            extent,
            endings: 0,
            elapsed,
            bounded_by: Some("an interruption".to_owned()),
            unreached: Vec::new(),
            found: None,
        }
    }

    pub(super) fn of_search(report: hookstate_model::search::Report<Violation>) -> Self {
        let seen = report.sightings;
        Self {
            extent: Extent::Search {
                states: report.states,
                moves: report.moves,
                runs: report.runs,
                depth: report.depth,
                faults: seen.killed + seen.failed + seen.shortened + seen.power_cuts,
            },
            endings: report.endings,
            elapsed: report.elapsed,
            unreached: report.missed().map(str::to_owned).collect(),
            bounded_by: report.bounded_by,
            found: report.counterexamples.into_iter().next().map(|it| Found {
                violation: it.violation,
                trace: it.trace,
            }),
        }
    }

    pub(super) fn of_loom(
        report: hookstate_model::explore::Report<Violation>,
        elapsed: Duration,
    ) -> Self {
        Self {
            extent: Extent::Loom {
                executions: report.executions,
            },
            endings: report.endings,
            elapsed,
            bounded_by: report.bounded_by,
            unreached: Vec::new(),
            found: report.counterexample.map(|it| Found {
                violation: it.violation,
                trace: it.trace,
            }),
        }
    }
}

/// What goes wrong, as a phrase.
pub(super) fn mishaps(budget: Budget) -> String {
    let kinds = [
        (budget.kills, "kill", "kills"),
        (budget.failures, "failing call", "failing calls"),
        (budget.shorts, "short transfer", "short transfers"),
        (budget.power_cuts, "power cut", "power cuts"),
    ];
    let phrases: Vec<String> = kinds
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, more)| format!("{count} {}", if count == 1 { one } else { more }))
        .collect();
    match phrases.is_empty() {
        true => "no mishap".to_owned(),
        false => phrases.join(" and "),
    }
}

impl Setting {
    /// The processes, in words.
    pub(super) fn crowd(&self) -> String {
        match self.processes {
            1 => "1 process".to_owned(),
            more => format!("{more} processes"),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.crowd(), mishaps(self.budget))?;
        match self.engine {
            Engine::Search => Ok(()),
            Engine::Loom => write!(f, ", by loom"),
        }
    }
}
