//! Runs a command: round after round, until it is settled.

use super::claim::Numbers;
use super::orphans;
use super::plan::Plan;
use super::report::{self, Report};
use super::round::{self, CutShort, Outcome};
use super::verdict::{Failures, Harm, Verdict};
use crate::chaos::in_namespace;
use crate::history::HistoryFile;
use crate::progress::Progress;
use crate::run::Place;
use crate::verdict::Conclusion;
use anyhow::Context;
use hookstate_cli::interrupt::Interrupt;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What all rounds have in common.
pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan,
    pub(super) interrupt: Interrupt,
    pub(super) place: Place,
    pub(super) progress: Progress,
    pub(super) history: Option<HistoryFile>,
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
    let scene = Scene {
        plan,
        interrupt: Interrupt::listen().context("cannot listen for signals")?,
        place: Place::new(plan.directory.as_deref(), plan.keep)?,
        progress: Progress::new(),
        history: HistoryFile::open(plan.history.as_deref())?,
    };
    orphans::adopt().context("cannot become the parent of what the command leaves behind")?;
    let mut reporter = report::reporter(plan.format);
    written(reporter.begin(plan))?;
    let report = run(&scene)?;
    written(reporter.end(plan, &report))?;
    Ok(report.conclusion(plan))
}

fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    result.context("cannot write the report to standard output")
}

/// As many rounds as planned, or up to the first that is not exact.
fn run(scene: &Scene<'_>) -> anyhow::Result<Report> {
    let started = Instant::now();
    let plan = scene.plan;
    let commands = u64::from(plan.procs) * u64::from(plan.iters) * u64::from(plan.rounds);
    scene.progress.begin(commands);
    let mut sum = Sum::default();
    for number in 1..=plan.rounds {
        scene
            .progress
            .message(format!("command, round {number} of {}", plan.rounds));
        let directory = fresh_directory(&scene.place, number)?;
        let outcome = round::run(scene, number, &directory, started + plan.timeout)?;
        sum.add(outcome);
        sum.kept = keep_or_remove(scene, &sum.verdict, directory)?;
        if sum.verdict != Verdict::Exact || scene.interrupt.is_asked() {
            break;
        }
    }
    scene.progress.end();
    sum.expect_rounds(plan.rounds);
    Ok(Report {
        rounds_done: sum.rounds,
        verdict: sum.verdict,
        acked: sum.numbers.acked,
        started: sum.numbers.started,
        expected: sum.counted.map(|(expected, _)| expected),
        got: sum.counted.and_then(|(_, got)| got),
        failures: sum.failures,
        harm: sum.harm,
        elapsed: started.elapsed(),
        kept: sum.kept,
        interrupted: scene.interrupt.is_asked(),
    })
}

/// An empty directory that is nobody else's business.
fn fresh_directory(place: &Place, round: u32) -> anyhow::Result<PathBuf> {
    let directory = place.round("command", round);
    let made = DirBuilder::new().mode(0o700).create(&directory);
    made.with_context(|| format!("cannot make {}", directory.display()))?;
    Ok(directory)
}

/// Keeps what shows a violation, for somebody to look at, and what the user wants kept.
fn keep_or_remove(
    scene: &Scene<'_>,
    verdict: &Verdict,
    directory: PathBuf,
) -> anyhow::Result<Option<PathBuf>> {
    let telling = matches!(verdict, Verdict::Violated(_));
    if telling {
        scene.place.keep();
    }
    if telling || scene.plan.keep {
        return Ok(Some(directory));
    }
    removed(&scene.place, &directory)?;
    Ok(None)
}

fn removed(place: &Place, directory: &Path) -> anyhow::Result<()> {
    let removed = place.remove(directory);
    removed.with_context(|| format!("cannot remove {}", directory.display()))
}

/// What the rounds come to together.
struct Sum {
    rounds: u32,
    /// Of the latest round.
    verdict: Verdict,
    numbers: Numbers,
    counted: Option<(i128, Option<i128>)>,
    failures: Failures,
    harm: Harm,
    kept: Option<PathBuf>,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            rounds: 0,
            verdict: Verdict::Exact,
            numbers: Numbers::default(),
            counted: None,
            failures: Failures::default(),
            harm: Harm::default(),
            kept: None,
        }
    }
}

impl Sum {
    fn add(&mut self, round: Outcome) {
        self.rounds += 1;
        self.verdict = round.verdict;
        self.numbers.acked += round.numbers.acked;
        self.numbers.started += round.numbers.started;
        self.failures.add(round.failures);
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
    fn expect_rounds(&mut self, rounds: u32) {
        if self.verdict == Verdict::Exact && self.rounds < rounds {
            let why = format!("interrupted after {} of {rounds} rounds", self.rounds);
            self.verdict = Verdict::Inconclusive { why };
        }
    }
}
