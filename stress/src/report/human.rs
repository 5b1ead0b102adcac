//! The report for people: a line for each run, the smallest evidence first, and last how to see
//! it again. Nobody should parse it; see the `json` module for that.

use super::paint::Paint;
use super::{Report, Reporter, Run};
use crate::subject::Role;
use crate::verdict::{Evidence, Status, Verdict};
use std::fmt;
use std::io::{Result, Write};

/// The width of the word that each line begins with.
const WORD: usize = 12;

/// How many sightings and miscounts are shown.
const SHOWN_MAX: usize = 3;

/// Prints a report for people.
pub(super) struct Human<W> {
    out: W,
    paint: Paint,
}

impl<W: Write> Reporter for Human<W> {
    fn begin(&mut self, report: &Report) -> Result<()> {
        let line = headline(report);
        self.word("Running", &line)
    }

    fn run(&mut self, report: &Report, run: &Run) -> Result<()> {
        let word = self
            .paint
            .status(run.status(), &format!("{:>WORD$}", word(run.status())));
        writeln!(self.out, "{word} {}", run_line(report, run))?;
        for line in details(run) {
            writeln!(self.out, "{:WORD$} {line}", "")?;
        }
        self.out.flush()
    }

    fn end(&mut self, report: &Report) -> Result<()> {
        let line = summary(report);
        self.word("Summary", &line)?;
        let violated = report
            .runs
            .iter()
            .filter(|run| run.status() == Status::Violated);
        for run in violated {
            self.word("Again", &run.again)?;
        }
        self.out.flush()
    }
}

impl<W: Write> Human<W> {
    pub(super) const fn new(out: W, paint: Paint) -> Self {
        Self { out, paint }
    }

    fn word(&mut self, word: &str, line: &str) -> Result<()> {
        let word = self.paint.bold(&format!("{word:>WORD$}"));
        writeln!(self.out, "{word} {line}")
    }
}

/// What is about to happen.
fn headline(report: &Report) -> String {
    let strategies = count(report, Role::Strategy, "strategy", "strategies");
    let controls = count(report, Role::Control, "control", "controls");
    let subjects: Vec<String> = [strategies, controls].into_iter().flatten().collect();
    let mut line = format!(
        "{}, {} x {}",
        subjects.join(" and "),
        plural(report.procs, "process", "processes"),
        plural(report.iters, "iteration", "iterations")
    );
    if report.rounds > 1 {
        line += &format!(", {} rounds", report.rounds);
    }
    if report.ballast != crate::workload::BallastBytes::default() {
        line += &format!(", {} bytes of ballast", report.ballast);
    }
    line + &format!(", seed {}", report.seed)
}

fn count(report: &Report, role: Role, one: &str, more: &str) -> Option<String> {
    let (all, _) = report.subjects(role, Status::Exact);
    (all > 0).then(|| plural(all, one, more))
}

fn plural<N: fmt::Display + PartialEq + From<u8>>(count: N, one: &str, more: &str) -> String {
    let word = if count == N::from(1) { one } else { more };
    format!("{count} {word}")
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Exact => "EXACT",
        Status::Caught => "CAUGHT",
        Status::Violated => "VIOLATED",
        Status::Missed => "MISSED",
        Status::Inconclusive => "INCONCLUSIVE",
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

/// The numbers, and what they mean.
fn outcome(run: &Run) -> String {
    match &run.verdict {
        Verdict::Violated(evidence) => {
            let where_found = match run.status() {
                Status::Caught => format!("{} (control)", in_round(run, evidence)),
                _ => in_round(run, evidence),
            };
            format!(
                "{}{where_found}",
                difference(evidence.expected, evidence.got)
            )
        }
        Verdict::Exact if run.subject.role() == Role::Control => {
            format!(
                "{} in {} (control)",
                numbers(run.expected, run.got),
                plural(run.rounds_done, "round", "rounds")
            )
        }
        Verdict::Exact => {
            let rounds = match run.rounds {
                1 => String::new(),
                all => format!(", {} of {all} rounds", run.rounds_done),
            };
            format!("{}{rounds}{}", numbers(run.expected, run.got), asides(run))
        }
        Verdict::Inconclusive { why } => why.clone(),
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

fn in_round(run: &Run, evidence: &Evidence) -> String {
    match run.rounds {
        1 => String::new(),
        _ => format!(", in round {}", evidence.round),
    }
}

/// What an exact run had besides changes.
fn asides(run: &Run) -> String {
    let counters = &run.counters;
    let mut text = format!(", {}", plural(counters.reads, "read", "reads"));
    if counters.lock_timeouts > 0 {
        let timeouts = plural(counters.lock_timeouts, "lock timeout", "lock timeouts");
        text += &format!(", {timeouts}");
    }
    if counters.deferred > 0 {
        let errors = plural(counters.deferred, "deferred error", "deferred errors");
        text += &format!(", {errors}");
    }
    text
}

/// The lines under a run.
fn details(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    if let Verdict::Violated(evidence) = &run.verdict {
        let most = match run.status() {
            Status::Caught => 1,
            _ => usize::MAX,
        };
        lines.extend(evidence_lines(evidence).into_iter().take(most));
    }
    lines.extend(run.counters.first_deferred.clone());
    if let Some(directory) = &run.kept {
        lines.push(format!("kept in {}", directory.display()));
    }
    lines
}

/// The evidence, the smallest first.
fn evidence_lines(evidence: &Evidence) -> Vec<String> {
    let fork = evidence.fork.iter().map(ToString::to_string);
    let sightings = evidence.sightings.iter().map(ToString::to_string);
    let miscounts = evidence.miscounts.iter().map(ToString::to_string);
    fork.chain(shown(sightings))
        .chain(shown(miscounts))
        .collect()
}

/// The first few, and how many more there are.
fn shown(lines: impl ExactSizeIterator<Item = String>) -> impl Iterator<Item = String> {
    let more = lines.len().saturating_sub(SHOWN_MAX);
    let rest = (more > 0).then(|| format!("and {more} more like it"));
    lines.take(SHOWN_MAX).chain(rest)
}

fn summary(report: &Report) -> String {
    let strategies = told(report, Role::Strategy, Status::Exact, "strategies exact");
    let controls = told(report, Role::Control, Status::Caught, "controls caught");
    let mut parts: Vec<String> = [strategies, controls].into_iter().flatten().collect();
    parts.extend(bad_runs(report, Status::Violated, "violated"));
    parts.extend(bad_runs(report, Status::Missed, "missed"));
    parts.extend(bad_runs(report, Status::Inconclusive, "inconclusive"));
    parts.extend(report.interrupted.then(|| "interrupted".to_owned()));
    format!(
        "[{:>7.2}s] {}",
        report.elapsed.as_secs_f64(),
        parts.join(", ")
    )
}

fn told(report: &Report, role: Role, good: Status, what: &str) -> Option<String> {
    let (all, good) = report.subjects(role, good);
    (all > 0).then(|| format!("{good} of {all} {what}"))
}

fn bad_runs(report: &Report, status: Status, what: &str) -> Option<String> {
    let count = report
        .runs
        .iter()
        .filter(|run| run.status() == status)
        .count();
    (count > 0).then(|| format!("{} {what}", plural(count, "run", "runs")))
}
