//! Runs a command: round after round, until it is settled.

use super::claim::Numbers;
use super::orphans;
use super::plan::Plan;
use super::report::{self, Report};
use super::round::{self, CutShort, Outcome};
use super::verdict::{Evidence, Failures, Harm, Verdict};
use crate::chaos::{Lifetimes, in_namespace};
use crate::history::HistoryFile;
use crate::hunt::{Relic, Rounds, Story};
use crate::pace::Pace;
use crate::progress::Progress;
use crate::report::Files;
use crate::run::{Place, raise_for_commands};
use crate::verdict::{Conclusion, Status};
use anyhow::Context;
use hookstate_cli::interrupt::Interrupt;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What all rounds have in common.
pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan,
    pub(super) interrupt: Interrupt,
    pub(super) place: Place,
    pub(super) progress: Progress,
    pub(super) history: Option<HistoryFile>,
    /// How long the command takes, over all rounds.
    pub(super) usual: Lifetimes,
}

impl Scene<'_> {
    /// Why everything has to end now, if it has.
    pub(super) fn why_to_stop(&self, deadline: Instant) -> Option<CutShort> {
        if self.interrupt.is_asked() {
            return Some(CutShort::Interrupted);
        }
        (Instant::now() >= deadline).then_some(CutShort::TimeIsOver)
    }
}

/// Runs the command as planned, prints the report, and says what it comes to.
pub(crate) fn main(plan: &Plan) -> anyhow::Result<Conclusion> {
    if plan.chaos.enospc {
        in_namespace()?;
    }
    let interrupt = Interrupt::listen().context("cannot listen for signals")?;
    let scene = prepare(plan, interrupt)?;
    let files = Files::open(plan.junit.as_deref(), plan.html.as_deref())?;
    let mut reporter = report::reporter(plan.format);
    written(reporter.begin(plan))?;
    let report = run(&scene)?;
    // What was found is told, too, if there is no room for a file of it.
    let filed = files.write(&report.view(plan));
    written(reporter.end(plan, &report))?;
    filed?;
    Ok(report.conclusion(plan))
}

/// What a command came to, for somebody who runs many.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) status: Status,
    pub(crate) rounds: u32,
    pub(crate) elapsed: Duration,
    /// What shows that it is violated, or why it is inconclusive.
    pub(crate) evidence: Vec<String>,
    /// The command line that does this again.
    pub(crate) again: String,
}

/// Runs the command as planned, and prints nothing.
pub(crate) fn outcome(plan: &Plan, interrupt: Interrupt) -> anyhow::Result<Summary> {
    let report = run(&prepare(plan, interrupt)?)?;
    Ok(Summary {
        status: report.verdict.status(),
        rounds: report.count.done,
        elapsed: report.elapsed,
        evidence: report.verdict.lines(),
        again: report.again,
    })
}

fn prepare(plan: &Plan, interrupt: Interrupt) -> anyhow::Result<Scene<'_>> {
    raise_for_commands(plan.procs)?;
    orphans::adopt().context("cannot become the parent of what the command leaves behind")?;
    Ok(Scene {
        plan,
        interrupt,
        place: Place::new(plan.directory.as_deref(), plan.keep)?,
        progress: Progress::new(plan.pulse),
        history: HistoryFile::open(plan.history.as_deref())?,
        usual: Lifetimes::default(),
    })
}

fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    result.context("cannot write the report to standard output")
}

/// As many rounds as planned, for as long as planned, or up to the first that is not exact.
fn run(scene: &Scene<'_>) -> anyhow::Result<Report> {
    let began = Instant::now();
    let plan = scene.plan;
    begin(scene);
    let mut sum = Sum::default();
    while !plan.bounds.are_reached(sum.count.done, began) {
        let number = sum.count.done + 1;
        scene.progress.message_with_figures(&plan.name);
        let relic = scene.place.round("command", number)?;
        let files = fresh_directory(&relic)?;
        let outcome = round::run(scene, number, &files, plan.bounds.deadline(began))?;
        scene.progress.round_ended(outcome.verdict.status());
        let kept = keep_or_remove(scene, &sum, &relic, number, &outcome)?;
        sum.add(number, outcome, kept);
        let is_settled = sum.verdict != Verdict::Exact && plan.bounds.fail_fast;
        if is_settled || scene.interrupt.is_asked() {
            break;
        }
    }
    scene.progress.end();
    if scene.interrupt.is_asked() {
        sum.interrupt(plan.bounds.rounds);
    }
    Ok(Report {
        count: sum.count,
        verdict: sum.verdict,
        acked: sum.numbers.acked,
        started: sum.numbers.started,
        expected: sum.counted.map(|(expected, _)| expected),
        got: sum.counted.and_then(|(_, got)| got),
        failures: sum.failures,
        pace: sum.pace,
        harm: sum.harm,
        elapsed: began.elapsed(),
        kept: sum.kept,
        interrupted: scene.interrupt.is_asked(),
        again: plan.line_for(sum.telling_round),
    })
}

fn begin(scene: &Scene<'_>) {
    let plan = scene.plan;
    let round = u64::from(plan.procs) * u64::from(plan.iters);
    match plan.bounds.rounds {
        Some(rounds) if !plan.bounds.is_hunt() => scene.progress.begin(round * u64::from(rounds)),
        _ => scene.progress.begin_hunt(plan.bounds.duration),
    }
}

/// An empty directory that is nobody else's business.
fn fresh_directory(relic: &Relic) -> anyhow::Result<PathBuf> {
    let directory = relic.files();
    let made = DirBuilder::new().mode(0o700).create(&directory);
    made.with_context(|| format!("cannot make {}", directory.display()))?;
    Ok(directory)
}

/// Keeps what shows the first violation, for somebody to look at, and what the user wants kept.
fn keep_or_remove(
    scene: &Scene<'_>,
    sum: &Sum,
    relic: &Relic,
    number: u32,
    outcome: &Outcome,
) -> anyhow::Result<Option<PathBuf>> {
    let is_first = sum.count.violated == 0;
    let telling = matches!(outcome.verdict, Verdict::Violated(_)) && is_first;
    if !telling && !scene.plan.keep {
        relic.remove()?;
        return Ok(None);
    }
    scene.place.keep();
    relic.tell(&story(scene.plan, number, outcome))?;
    Ok(Some(relic.directory().to_owned()))
}

fn story<'o>(plan: &Plan, number: u32, outcome: &'o Outcome) -> Story<'o, Evidence> {
    let (why, evidence) = match &outcome.verdict {
        Verdict::Exact => (None, None),
        Verdict::Violated(evidence) => (None, Some(&**evidence)),
        Verdict::Inconclusive { why } => (Some(why.as_str()), None),
    };
    Story {
        words: plan.words_for(number),
        seed: plan.seed,
        round: number,
        status: outcome.verdict.status(),
        why,
        evidence,
        said: &outcome.failures.said,
    }
}

/// What the rounds come to together.
struct Sum {
    count: Rounds,
    /// The first of the worst.
    verdict: Verdict,
    /// In which round that was, if it was not exact.
    telling_round: u32,
    numbers: Numbers,
    counted: Option<(i128, Option<i128>)>,
    failures: Failures,
    pace: Pace,
    harm: Harm,
    kept: Option<PathBuf>,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            count: Rounds::default(),
            verdict: Verdict::Exact,
            telling_round: 1,
            numbers: Numbers::default(),
            counted: None,
            failures: Failures::default(),
            pace: Pace::default(),
            harm: Harm::default(),
            kept: None,
        }
    }
}

impl Sum {
    fn add(&mut self, number: u32, round: Outcome, kept: Option<PathBuf>) {
        let is_worse = self.count.take(round.verdict.status());
        if is_worse {
            self.telling_round = number;
            self.verdict = round.verdict;
        }
        if is_worse || self.verdict == Verdict::Exact {
            self.kept = kept;
        }
        self.numbers.acked += round.numbers.acked;
        self.numbers.started += round.numbers.started;
        self.failures.add(round.failures);
        self.pace.add(round.pace);
        self.harm.add(round.harm);
        self.counted = match (self.counted, round.counted) {
            (Some((expected, got)), Some((more, got_more))) => {
                let got = got
                    .zip(got_more)
                    .map(|(got, more)| got.saturating_add(more));
                Some((expected.saturating_add(more), got))
            }
            (before, now) => now.or(before),
        };
    }

    /// A run that was left between two rounds has found nothing, and has not looked everywhere.
    fn interrupt(&mut self, rounds: Option<u32>) {
        if self.verdict == Verdict::Exact
            && let Some(why) = self.count.why_interrupted(rounds)
        {
            self.verdict = Verdict::Inconclusive { why };
        }
    }
}
