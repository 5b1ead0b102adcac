//! One subject in one shape: rounds until it is settled.

use super::Scene;
use super::round::{self, Round};
use crate::args::Trial;
use crate::oracle::{Counters, Judgement};
use crate::pace::Pace;
use crate::report::Run;
use crate::subject::Role;
use crate::verdict::Verdict;
use anyhow::Context;
use hookstate::strategy::Strategy;
use std::path::PathBuf;
use std::time::Instant;

/// Runs a trial: as many rounds as planned, or up to the first that is not exact. For a strategy
/// that is the worst that could happen, for a control it is what the trial is for.
pub(super) fn run(scene: &Scene<'_>, trial: &Trial) -> anyhow::Result<Run> {
    let started = Instant::now();
    let round = u64::from(scene.plan.procs) * u64::from(trial.iterations);
    scene.progress.begin(round * u64::from(trial.rounds));
    let (name, shape) = (trial.subject.name(), trial.shape);
    let mut sum = Sum::default();
    for number in 1..=trial.rounds {
        let of = trial.rounds;
        scene
            .progress
            .message(format!("{name} {shape}, round {number} of {of}"));
        sum.add_round(scene, trial, number, started)?;
        if sum.verdict != Verdict::Exact || scene.interrupt.is_asked() {
            break;
        }
    }
    scene.progress.end();
    sum.expect_rounds(trial.rounds);
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
        pace: sum.pace,
        elapsed: started.elapsed(),
        kept: sum.kept,
        again: scene.plan.command_for(trial),
    })
}

/// What the rounds of a trial come to together.
struct Sum {
    rounds: u32,
    expected: u64,
    got: Option<u64>,
    counters: Counters,
    pace: Pace,
    /// Of the latest round.
    verdict: Verdict,
    kept: Option<PathBuf>,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            rounds: 0,
            expected: 0,
            got: Some(0),
            counters: Counters::default(),
            pace: Pace::default(),
            verdict: Verdict::Exact,
            kept: None,
        }
    }
}

impl Sum {
    /// Runs a round and adds what it comes to.
    fn add_round(
        &mut self,
        scene: &Scene<'_>,
        trial: &Trial,
        number: u32,
        started: Instant,
    ) -> anyhow::Result<()> {
        let name = format!("{}-{}", trial.subject.name(), trial.shape);
        let directory = scene.place.round(&name, number);
        let round = Round {
            plan: scene.plan,
            trial,
            number,
            directory: directory.clone(),
            deadline: started + scene.plan.timeout,
        };
        self.add(round::run(scene, round)?);
        self.kept = keep_or_remove(scene, trial, &self.verdict, directory)?;
        Ok(())
    }

    /// A trial that was left between two rounds has found nothing, and has not looked everywhere.
    fn expect_rounds(&mut self, rounds: u32) {
        if self.verdict == Verdict::Exact && self.rounds < rounds {
            let why = format!("interrupted after {} of {rounds} rounds", self.rounds);
            self.verdict = Verdict::Inconclusive { why };
        }
    }

    fn add(&mut self, round: Judgement) {
        self.rounds += 1;
        self.expected += round.expected;
        self.got = self.got.zip(round.got).map(|(all, more)| all + more);
        self.counters.add(round.counters);
        self.pace.add(round.pace);
        self.verdict = round.verdict;
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

#[cfg(test)]
mod tests {
    use super::{Sum, Verdict};

    #[test]
    fn a_trial_that_was_left_between_two_rounds_is_not_exact() {
        let mut sum = Sum {
            rounds: 3,
            ..Sum::default()
        };
        sum.expect_rounds(3);
        assert_eq!(sum.verdict, Verdict::Exact);
        sum.expect_rounds(4);
        let why = "interrupted after 3 of 4 rounds".to_owned();
        assert_eq!(sum.verdict, Verdict::Inconclusive { why });
    }
}
