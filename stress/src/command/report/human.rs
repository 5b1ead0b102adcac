//! The report for people: one line, and under it what shows it, the smallest first.

use super::super::plan::Plan;
use super::super::verdict::Verdict;
use super::{Report, Reporter};
use crate::report::{SCHEDULER, UNSEEN, found, pace, plural, repro, some, style, was, word};
use hookstate_cli::paint::{Paint, Style, WORD_WIDTH};
use std::io::{Result, Write};

/// Prints a report for people.
pub(super) struct Human<W> {
    out: W,
    paint: Paint,
}

impl<W: Write> Reporter for Human<W> {
    fn begin(&mut self, plan: &Plan) -> Result<()> {
        self.word("Running", &headline(plan))?;
        self.under(&plan.line())?;
        if plan.chaos.is_any() {
            self.under(&format!("chaos {}", plan.chaos))?;
        }
        if let Some(origin) = &plan.origin {
            self.under(&was(origin))?;
            self.word("Note", SCHEDULER)?;
        }
        if plan.lacks_race {
            self.word("Note", "one process cannot race: nothing is proven")?;
            self.under("(--no-control says that this is intended)")?;
        }
        self.out.flush()
    }

    fn end(&mut self, plan: &Plan, report: &Report) -> Result<()> {
        let status = report.verdict.status();
        let name = self.paint.word(style(status), word(status));
        let seconds = report.elapsed.as_secs_f64();
        let outcome = outcome(report);
        writeln!(
            self.out,
            "{name} [{seconds:>7.2}s] command  fresh  {outcome}"
        )?;
        for line in details(plan, report) {
            self.under(&line)?;
        }
        self.word("Summary", &timed_summary(plan, report))?;
        if report.has_not_shown_again(plan) {
            self.word("Note", UNSEEN)?;
        }
        if matches!(report.verdict, Verdict::Violated(_)) {
            self.word("Again", &report.again)?;
        }
        if let (Verdict::Violated(_), Some(directory)) = (&report.verdict, &report.kept) {
            self.under(&repro(directory))?;
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

pub(super) fn headline(plan: &Plan) -> String {
    let processes = plural(plan.procs, "process", "processes");
    let rounds = match plan.bounds.to_string() {
        usual if usual.is_empty() => usual,
        rounds => format!(", {rounds}"),
    };
    let (iters, seed) = (plan.iters, plan.seed);
    format!("1 command, {processes} x {iters} starts{rounds}, seed {seed}")
}

/// The numbers.
pub(super) fn outcome(report: &Report) -> String {
    match (report.expected, report.got) {
        (Some(expected), Some(got)) => {
            let difference = match expected - got {
                0 => String::new(),
                lost @ 1.. => format!(", {lost} lost"),
                more => format!(", {} too many", -more),
            };
            format!("expected {expected} got {got}{difference}")
        }
        (Some(expected), None) => format!("expected {expected}, and the end is not known"),
        (None, _) => format!("{} of {} acknowledged", report.acked, report.started),
    }
}

/// The lines under the run.
pub(super) fn details(plan: &Plan, report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = match &report.verdict {
        Verdict::Exact => {
            let pace = pace(&report.pace, report.pace.fairness());
            pace.into_iter().chain(asides(plan, report)).collect()
        }
        Verdict::Inconclusive { why } => vec![why.clone()],
        Verdict::Violated(evidence) => {
            let round = found(evidence.round, plan.bounds.rounds, &report.count);
            round.into_iter().chain(evidence.lines()).collect()
        }
    };
    lines.extend(harm(report));
    if let Some(directory) = &report.kept {
        lines.push(format!("kept in {}", directory.display()));
    }
    lines
}

/// What an exact run had besides updates.
fn asides(plan: &Plan, report: &Report) -> Option<String> {
    let rounds = report.count.of(plan.bounds.rounds);
    let failed = report.failures.count();
    let failed = (failed > 0).then(|| {
        let failed = plural(failed, "failure", "failures");
        format!("{failed}: {}", report.failures)
    });
    let all: Vec<String> = [rounds, failed].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// What was done on purpose.
fn harm(report: &Report) -> Option<String> {
    let harm = &report.harm;
    let all = [
        some(harm.kills, "kill", "kills"),
        some(harm.stops, "stop", "stops"),
        some(harm.disk_full, "full disk", "full disks"),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

pub(super) fn timed_summary(plan: &Plan, report: &Report) -> String {
    let seconds = report.elapsed.as_secs_f64();
    format!("[{seconds:>7.2}s] {}", summary(plan, report))
}

fn summary(plan: &Plan, report: &Report) -> String {
    let unseen = if report.has_not_shown_again(plan) {
        ", not seen again"
    } else {
        ""
    };
    let verdict = match &report.verdict {
        Verdict::Exact => "command exact",
        Verdict::Violated(_) => "command violated",
        Verdict::Inconclusive { .. } => "command inconclusive",
    };
    let race = if plan.lacks_race {
        ", inconclusive without a race"
    } else {
        ""
    };
    let interrupted = if report.interrupted {
        ", interrupted"
    } else {
        ""
    };
    format!("{verdict}{unseen}{race}{interrupted}")
}
