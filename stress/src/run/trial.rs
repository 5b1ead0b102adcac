//! One subject in one shape: rounds until it is settled.

use super::Scene;
use super::round::{self, Round};
use crate::args::Trial;
use crate::oracle::{Counters, Judgement};
use crate::report::Run;
use crate::subject::Role;
use crate::verdict::Verdict;
use anyhow::Context;
use std::path::PathBuf;
use std::time::Instant;

/// Runs a trial: as many rounds as planned, or up to the first that is not exact. For a strategy
/// that is the worst that could happen, for a control it is what the trial is for.
pub(super) fn run(scene: &Scene<'_>, trial: &Trial) -> anyhow::Result<Run> {
    let plan = scene.plan;
    let started = Instant::now();
    let changes = u64::from(plan.procs) * u64::from(trial.iterations);
    scene.progress.begin(trial, changes);
    let mut sum = Sum::default();
    let mut kept = None;
    for number in 1..=trial.rounds {
        let directory = scene.place.round(trial, number);
        scene.progress.round(trial, number);
        let round = Round {
            plan,
            trial,
            number,
            directory: directory.clone(),
            deadline: started + plan.timeout,
        };
        let settled = sum.add(round::run(scene, round)?);
        kept = keep_or_remove(scene, trial, &sum.verdict, directory)?;
        if settled || scene.interrupt.is_asked() {
            break;
        }
    }
    scene.progress.end();
    Ok(Run {
        subject: trial.subject,
        shape: trial.shape,
        iterations: trial.iterations,
        rounds: trial.rounds,
        rounds_done: sum.rounds,
        verdict: sum.verdict,
        expected: sum.expected,
        got: sum.got,
        counters: sum.counters,
        elapsed: started.elapsed(),
        kept,
        again: plan.command_for(trial),
    })
}

/// What the rounds of a trial come to together.
struct Sum {
    rounds: u32,
    expected: u64,
    got: Option<u64>,
    counters: Counters,
    verdict: Verdict,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            rounds: 0,
            expected: 0,
            got: Some(0),
            counters: Counters::default(),
            verdict: Verdict::Exact,
        }
    }
}

impl Sum {
    /// Adds a round; whether it settles the trial.
    fn add(&mut self, round: Judgement) -> bool {
        self.rounds += 1;
        self.expected += round.expected;
        self.got = self.got.zip(round.got).map(|(all, more)| all + more);
        self.counters.add(round.counters);
        self.verdict = round.verdict;
        self.verdict != Verdict::Exact
    }
}

/// Keeps what a strategy has done wrong, for somebody to look at, and what the user wants kept.
fn keep_or_remove(
    scene: &Scene<'_>,
    trial: &Trial,
    verdict: &Verdict,
    directory: PathBuf,
) -> anyhow::Result<Option<PathBuf>> {
    let telling = matches!(verdict, Verdict::Violated(_)) && trial.subject.role() == Role::Strategy;
    if telling {
        scene.place.keep();
    }
    if telling || scene.plan.keep {
        return Ok(Some(directory));
    }
    let removed = scene.place.remove(&directory);
    removed.with_context(|| format!("cannot remove {}", directory.display()))?;
    Ok(None)
}
