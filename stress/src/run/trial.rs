//! Subjects in their shapes: rounds until they are settled.

use super::Scene;
use super::round::{self, Round};
use crate::args::Trial;
use crate::hunt::{Relic, Rounds, Story};
use crate::oracle::{Counters, Judgement};
use crate::pace::Pace;
use crate::report::Run;
use crate::subject::Role;
use crate::verdict::{Status, Verdict};
use hookstate::strategy::Strategy;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Runs trials that take turns, a round each: as many rounds as planned, for as long as planned, or up
/// to the first that is not exact. For a strategy that is the worst that could happen, for a control
/// it is what the trial is for.
pub(super) fn run(scene: &Scene<'_>, trials: &[Trial]) -> anyhow::Result<Vec<Run>> {
    let mut turns: Vec<Turns<'_>> = trials
        .iter()
        .map(|trial| Turns::new(scene, trial))
        .collect();
    begin(scene, trials);
    let began = Instant::now();
    while let Some(next) = next(&mut turns, began) {
        next.take(began)?;
        if next.ends_all() || scene.interrupt.is_asked() {
            break;
        }
    }
    scene.progress.end();
    // Of who was not tried even once, nothing can be told.
    turns.retain(|one| one.sum.count.done > 0);
    Ok(turns.into_iter().map(Turns::end).collect())
}

fn begin(scene: &Scene<'_>, trials: &[Trial]) {
    let changes = |trial: &Trial| {
        let round = u64::from(scene.plan.procs) * u64::from(trial.iterations);
        trial.rounds.map(|rounds| round * u64::from(rounds))
    };
    let is_hunt = scene.plan.bounds.is_hunt() && trials.iter().all(is_strategy);
    match trials.iter().map(changes).sum() {
        Some(changes) if !is_hunt => scene.progress.begin(changes),
        _ => scene.progress.begin_hunt(scene.plan.bounds.duration),
    }
}

fn is_strategy(trial: &Trial) -> bool {
    trial.subject.role() == Role::Strategy
}

/// The one that has had the fewest rounds of those that are to have another.
fn next<'t, 'a>(turns: &'t mut [Turns<'a>], began: Instant) -> Option<&'t mut Turns<'a>> {
    let goes_on = turns.iter_mut().filter(|one| one.goes_on(began));
    goes_on.min_by_key(|one| one.sum.count.done)
}

/// A trial, as far as it is.
struct Turns<'a> {
    scene: &'a Scene<'a>,
    trial: &'a Trial,
    sum: Sum,
}

/// What the rounds of a trial come to together.
struct Sum {
    count: Rounds,
    expected: u64,
    got: Option<u64>,
    counters: Counters,
    pace: Pace,
    /// The first of the worst.
    verdict: Verdict,
    /// In which round that was, if it was not exact.
    telling_round: u32,
    kept: Option<PathBuf>,
    elapsed: Duration,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            count: Rounds::default(),
            expected: 0,
            got: Some(0),
            counters: Counters::default(),
            pace: Pace::default(),
            verdict: Verdict::Exact,
            telling_round: 1,
            kept: None,
            elapsed: Duration::ZERO,
        }
    }
}

impl<'a> Turns<'a> {
    fn new(scene: &'a Scene<'a>, trial: &'a Trial) -> Self {
        let sum = Sum::default();
        Self { scene, trial, sum }
    }

    /// Whether there is to be another round.
    fn goes_on(&self, began: Instant) -> bool {
        let done = self.sum.count.done;
        match self.trial.subject.role() {
            Role::Strategy => !self.scene.plan.bounds.are_reached(done, began),
            Role::Control => self.trial.rounds.is_none_or(|most| done < most),
        }
    }

    /// Whether what was found is the end of it, for all who take turns.
    fn ends_all(&self) -> bool {
        let goes_on = is_strategy(self.trial) && !self.scene.plan.bounds.fail_fast;
        self.sum.verdict != Verdict::Exact && !goes_on
    }

    /// Runs a round and adds what it comes to.
    fn take(&mut self, began: Instant) -> anyhow::Result<()> {
        let (scene, trial) = (self.scene, self.trial);
        let number = self.sum.count.done + 1;
        self.tell(number);
        let name = format!("{}-{}", trial.subject.name(), trial.shape);
        let relic = scene.place.round(&name, number)?;
        let round = Round {
            plan: scene.plan,
            trial,
            number,
            directory: relic.files(),
            deadline: scene.plan.bounds.deadline(began),
        };
        let started = Instant::now();
        let judgement = round::run(scene, round)?;
        self.sum.elapsed += started.elapsed();
        let status = Status::of(trial.subject.role(), &judgement.verdict);
        if is_strategy(trial) {
            scene.progress.round_ended(status);
        }
        let kept = self.keep_or_remove(&relic, number, &judgement.verdict)?;
        self.sum.add(number, status, judgement, kept);
        Ok(())
    }

    fn tell(&self, number: u32) {
        let what = format!("{} {}", self.trial.subject.name(), self.trial.shape);
        let progress = &self.scene.progress;
        match self.trial.rounds {
            Some(of) if of == 1 || !is_strategy(self.trial) => {
                progress.message(format!("{what}, round {number} of {of}"));
            }
            _ => progress.message_with_figures(&what),
        }
    }

    /// Keeps what a strategy has done wrong first, for somebody to look at, and what the user wants
    /// kept.
    fn keep_or_remove(
        &self,
        relic: &Relic,
        number: u32,
        verdict: &Verdict,
    ) -> anyhow::Result<Option<PathBuf>> {
        let is_first = self.sum.count.violated == 0;
        let telling = matches!(verdict, Verdict::Violated(_)) && is_strategy(self.trial);
        if !(telling && is_first || self.scene.plan.keep) {
            relic.remove()?;
            return Ok(None);
        }
        self.scene.place.keep();
        relic.tell(&self.story(number, verdict))?;
        Ok(Some(relic.directory().to_owned()))
    }

    fn story<'v>(&self, number: u32, verdict: &'v Verdict) -> Story<'v, crate::verdict::Evidence> {
        let plan = self.scene.plan;
        let (why, evidence) = match verdict {
            Verdict::Exact => (None, None),
            Verdict::Violated(evidence) => (None, Some(&**evidence)),
            Verdict::Inconclusive { why } => (Some(why.as_str()), None),
        };
        Story {
            words: plan.words_for(self.trial, number),
            seed: plan.seed,
            round: number,
            status: Status::of(self.trial.subject.role(), verdict),
            why,
            evidence,
            said: &[],
        }
    }

    fn end(mut self) -> Run {
        let (scene, trial) = (self.scene, self.trial);
        if scene.interrupt.is_asked() {
            self.sum.interrupt(trial.rounds);
        }
        let sum = self.sum;
        Run {
            subject: trial.subject,
            shape: trial.shape,
            iterations: trial.iterations,
            rounds: trial.rounds,
            count: sum.count,
            verdict: sum.verdict,
            expected: sum.expected,
            got: sum.got,
            counters: sum.counters,
            pace: sum.pace,
            elapsed: sum.elapsed,
            kept: sum.kept,
            again: scene.plan.command_for(trial, sum.telling_round),
        }
    }
}

impl Sum {
    fn add(&mut self, number: u32, status: Status, round: Judgement, kept: Option<PathBuf>) {
        let is_worse = self.count.take(status);
        self.expected += round.expected;
        self.got = self.got.zip(round.got).map(|(all, more)| all + more);
        self.counters.add(round.counters);
        self.pace.add(round.pace);
        if is_worse {
            self.telling_round = number;
            self.verdict = round.verdict;
        }
        if is_worse || self.verdict == Verdict::Exact {
            self.kept = kept;
        }
    }

    /// A trial that was left between two rounds has found nothing, and has not looked everywhere.
    fn interrupt(&mut self, rounds: Option<u32>) {
        if self.verdict == Verdict::Exact
            && let Some(why) = self.count.why_interrupted(rounds)
        {
            self.verdict = Verdict::Inconclusive { why };
        }
    }
}
