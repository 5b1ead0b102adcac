//! The report for people: a line for each run, the smallest evidence first, and last how to see
//! it again. Nobody should parse it; see the `json` module for that.

use super::words::{percent, time};
use super::{Report, Reporter, Run, SCHEDULER, UNSEEN, found, harm, repro, was};
use crate::pace::Pace;
use crate::subject::Role;
use crate::verdict::{Evidence, Status, Verdict};
use crate::workload::{BallastBytes, Workload};
use hookstate_cli::paint::{Paint, Style, WORD_WIDTH};
use std::fmt;
use std::io::{Result, Write};

/// How many sightings and miscounts are shown.
const SHOWN_MAX: usize = 3;

/// Prints a report for people.
pub(super) struct Human<W> {
    out: W,
    paint: Paint,
}

impl<W: Write> Reporter for Human<W> {
    fn begin(&mut self, report: &Report) -> Result<()> {
        self.word("Running", &headline(report))?;
        let settings = settings(report);
        if !settings.is_empty() {
            self.under(&settings)?;
        }
        if let Some(origin) = &report.origin {
            self.under(&was(origin))?;
            self.word("Note", SCHEDULER)?;
        }
        if report.lacks_race {
            self.word(
                "Note",
                "one process cannot race, so no control can be caught:",
            )?;
            self.under("nothing is proven (--no-control says that this is intended)")?;
        }
        self.out.flush()
    }

    fn run(&mut self, report: &Report, run: &Run) -> Result<()> {
        let word = self.paint.word(style(run.status()), word(run.status()));
        writeln!(self.out, "{word} {}", run_line(report, run))?;
        for line in details(run) {
            self.under(&line)?;
        }
        self.out.flush()
    }

    fn end(&mut self, report: &Report) -> Result<()> {
        let line = summary(report);
        self.word("Summary", &line)?;
        if report.has_not_shown_again() {
            self.word("Note", UNSEEN)?;
        }
        let violated = report
            .runs
            .iter()
            .filter(|run| run.status() == Status::Violated);
        for run in violated {
            self.word("Again", &run.again)?;
            if let Some(directory) = &run.kept {
                self.under(&repro(directory))?;
            }
        }
        self.out.flush()
    }
}

impl<W: Write> Human<W> {
    pub(super) const fn new(out: W, paint: Paint) -> Self {
        Self { out, paint }
    }

    fn word(&mut self, word: &str, line: &str) -> Result<()> {
        let word = self.paint.word(Style::Emphasis, word);
        writeln!(self.out, "{word} {line}")
    }

    /// A line that belongs to the one above it.
    fn under(&mut self, line: &str) -> Result<()> {
        writeln!(self.out, "{:WORD_WIDTH$} {line}", "")
    }
}

/// What is about to happen. Fits into 80 columns, as the lines of the runs do, with any numbers
/// that are not extraordinary.
pub(super) fn headline(report: &Report) -> String {
    let strategies = count(report, Role::Strategy, "strategy", "strategies");
    let controls = count(report, Role::Control, "control", "controls");
    let subjects: Vec<String> = [strategies, controls].into_iter().flatten().collect();
    format!(
        "{}, {} x {}, seed {}",
        subjects.join(", "),
        plural(report.procs, "process", "processes"),
        plural(report.iters, "change", "changes"),
        report.seed
    )
}

/// What is not as usual.
pub(super) fn settings(report: &Report) -> String {
    let is_usual = report.workload == Workload::default();
    let workload = (!is_usual).then(|| format!("workload {}", report.workload));
    let rounds = Some(report.bounds.to_string()).filter(|rounds| !rounds.is_empty());
    let is_heavy = report.ballast != BallastBytes::default();
    let ballast = is_heavy.then(|| format!("{} bytes of ballast", report.ballast));
    let chaos = report
        .chaos
        .is_any()
        .then(|| format!("chaos {}", report.chaos));
    let all: Vec<String> = [workload, rounds, ballast, chaos]
        .into_iter()
        .flatten()
        .collect();
    all.join(", ")
}

fn count(report: &Report, role: Role, one: &str, more: &str) -> Option<String> {
    let (all, _) = report.subjects(role, Status::Exact);
    (all > 0).then(|| plural(all, one, more))
}

pub(crate) fn plural<N: fmt::Display + PartialEq + From<u8>>(
    count: N,
    one: &str,
    more: &str,
) -> String {
    let word = if count == N::from(1) { one } else { more };
    format!("{count} {word}")
}

pub(crate) const fn word(status: Status) -> &'static str {
    match status {
        Status::Exact => "EXACT",
        Status::Caught => "CAUGHT",
        Status::Violated => "VIOLATED",
        Status::Missed => "MISSED",
        Status::Inconclusive => "INCONCLUSIVE",
    }
}

pub(crate) const fn style(status: Status) -> Style {
    match status {
        Status::Exact | Status::Caught => Style::Good,
        Status::Violated => Style::Bad,
        Status::Missed | Status::Inconclusive => Style::Warn,
    }
}

fn run_line(report: &Report, run: &Run) -> String {
    let names = report
        .asked
        .iter()
        .map(|(subject, _)| <&str>::from(*subject));
    let width = names.map(str::len).max().unwrap_or(0);
    let name = <&str>::from(run.subject);
    format!(
        "[{:>7.2}s] {name:width$}  {:5}  {}",
        run.elapsed.as_secs_f64(),
        run.shape.to_string(),
        outcome(run)
    )
}

/// The numbers.
pub(super) fn outcome(run: &Run) -> String {
    match &run.verdict {
        Verdict::Violated(evidence) => difference(evidence.expected, evidence.got),
        Verdict::Exact | Verdict::Inconclusive { .. } => numbers(run.expected, run.got),
    }
}

fn numbers(expected: u64, got: Option<u64>) -> String {
    match got {
        Some(got) => format!("expected {expected} got {got}"),
        None => format!("expected {expected}, and the end is not known"),
    }
}

/// The numbers, and what is lost of them.
fn difference(expected: u64, got: Option<u64>) -> String {
    let numbers = numbers(expected, got);
    match got {
        Some(got) if got < expected => format!("{numbers}, {} lost", expected - got),
        Some(got) if got > expected => format!("{numbers}, {} too many", got - expected),
        _ => numbers,
    }
}

/// The lines under a run.
pub(super) fn details(run: &Run) -> Vec<String> {
    let mut lines = match &run.verdict {
        Verdict::Exact if run.subject.role() == Role::Control => vec![missed(run)],
        Verdict::Exact => {
            let asides = pace(&run.pace, run.fairness())
                .into_iter()
                .chain(asides(run));
            asides.chain(harm::lines(run)).collect()
        }
        Verdict::Inconclusive { why } => {
            let count = (run.count.inconclusive > 1).then(|| run.count.to_string());
            let lines = [why.clone()].into_iter().chain(count);
            lines.chain(harm::lines(run)).collect()
        }
        Verdict::Violated(evidence) if run.status() == Status::Caught => caught(evidence),
        Verdict::Violated(evidence) => {
            let round = found(evidence.round, run.rounds, &run.count);
            let evidence = round.into_iter().chain(evidence_lines(evidence));
            evidence.chain(harm::lines(run)).collect()
        }
    };
    lines.extend(run.counters.first_deferred.clone());
    if let Some(directory) = &run.kept {
        lines.push(format!("kept in {}", directory.display()));
    }
    lines
}

fn missed(run: &Run) -> String {
    let rounds = plural(run.count.done, "round", "rounds");
    format!("nothing was lost in {rounds} (control)")
}

/// One piece of evidence is enough for what was to be expected.
fn caught(evidence: &Evidence) -> Vec<String> {
    let first = evidence_lines(evidence).into_iter().next();
    first
        .map(|line| format!("{line} (control)"))
        .into_iter()
        .collect()
}

/// How long the changes took, and how fair it was to the slowest process, if that is to be told.
pub(crate) fn pace(pace: &Pace, fairness: Option<f64>) -> Option<String> {
    let all = pace.quantiles()?;
    let (p50, p99) = (time(all.p50), time(all.p99));
    let (p99_9, max) = (time(all.p99_9), time(all.max));
    let fairness = fairness.map(percent);
    let fairness = fairness.map_or_else(String::new, |share| format!(", fairness {share}"));
    Some(format!(
        "p50 {p50}, p99 {p99}, p99.9 {p99_9}, max {max}{fairness}"
    ))
}

/// What an exact run had besides changes, if there was anything but reads.
fn asides(run: &Run) -> Option<String> {
    let counters = &run.counters;
    let rounds = run.count.of(run.rounds);
    let timeouts = some(counters.lock_timeouts, "lock timeout", "lock timeouts");
    let deferred = some(counters.deferred, "deferred error", "deferred errors");
    let all: Vec<String> = [rounds, timeouts, deferred].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

pub(crate) fn some(count: u64, one: &str, more: &str) -> Option<String> {
    (count > 0).then(|| plural(count, one, more))
}

/// The evidence, the smallest first.
fn evidence_lines(evidence: &Evidence) -> Vec<String> {
    let fork = evidence.fork.iter().map(ToString::to_string);
    let claimed_twice = evidence.claimed_twice.iter().map(ToString::to_string);
    let sightings = evidence.sightings.iter().map(ToString::to_string);
    let miscounts = evidence.miscounts.iter().map(ToString::to_string);
    let lost = evidence
        .lost
        .iter()
        .map(|one| format!("{one} was acknowledged and is lost"));
    let doubled = evidence
        .doubled
        .iter()
        .map(|one| format!("{one} is there twice"));
    let next = evidence.next_change.iter();
    let next = next.map(|why| format!("one more change {why}"));
    fork.chain(claimed_twice)
        .chain(next)
        .chain(shown(lost))
        .chain(shown(doubled))
        .chain(shown(sightings))
        .chain(shown(miscounts))
        .collect()
}

/// The first few, and how many more there are.
fn shown(lines: impl ExactSizeIterator<Item = String>) -> impl Iterator<Item = String> {
    let more = lines.len().saturating_sub(SHOWN_MAX);
    let rest = (more > 0).then(|| format!("and {more} more like it"));
    lines.take(SHOWN_MAX).chain(rest)
}

pub(super) fn summary(report: &Report) -> String {
    let strategies = told(
        report,
        Role::Strategy,
        Status::Exact,
        "strategy exact",
        "strategies exact",
    );
    let controls = told(
        report,
        Role::Control,
        Status::Caught,
        "control caught",
        "controls caught",
    );
    let mut parts: Vec<String> = [strategies, controls].into_iter().flatten().collect();
    parts.extend(bad_runs(report, Status::Violated, "violated"));
    parts.extend(bad_runs(report, Status::Missed, "missed"));
    parts.extend(bad_runs(report, Status::Inconclusive, "inconclusive"));
    parts.extend(
        report
            .lacks_race
            .then(|| "inconclusive without a race".to_owned()),
    );
    let unseen = report.has_not_shown_again();
    parts.extend(unseen.then(|| "not seen again".to_owned()));
    parts.extend(report.interrupted.then(|| "interrupted".to_owned()));
    format!(
        "[{:>7.2}s] {}",
        report.elapsed.as_secs_f64(),
        parts.join(", ")
    )
}

fn told(report: &Report, role: Role, good: Status, one: &str, more: &str) -> Option<String> {
    let (all, good) = report.subjects(role, good);
    (all > 0).then(|| format!("{good} of {}", plural(all, one, more)))
}

fn bad_runs(report: &Report, status: Status, what: &str) -> Option<String> {
    let count = report
        .runs
        .iter()
        .filter(|run| run.status() == status)
        .count();
    (count > 0).then(|| format!("{} {what}", plural(count, "run", "runs")))
}
