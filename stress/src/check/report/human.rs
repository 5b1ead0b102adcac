//! The report for people: what is not exact, and under it those at fault, a line each.

use super::{Report, Reporter, status};
use crate::report::{plural, some, style, word};
use hookstate_cli::paint::{Paint, Style, WORD_WIDTH};
use hookstate_history::{Judgement, Verdict};
use std::io::{Result, Write};
use std::time::Duration;

/// How many histories are shown that are not exact. The others are counted.
const SHOWN_MAX: u64 = 20;

/// Prints a report for people.
pub(super) struct Human<W> {
    out: W,
    paint: Paint,
}

impl<W: Write> Reporter for Human<W> {
    fn judgement(&mut self, number: u64, judgement: &Judgement, elapsed: Duration) -> Result<()> {
        if judgement.verdict == Verdict::Exact || number > SHOWN_MAX {
            return Ok(());
        }
        let status = status(&judgement.verdict);
        let name = self.paint.word(style(status), word(status));
        let (seconds, title) = (elapsed.as_secs_f64(), title(judgement));
        writeln!(self.out, "{name} [{seconds:>7.2}s] {title}")?;
        for line in lines(&judgement.verdict) {
            writeln!(self.out, "{:WORD_WIDTH$} {line}", "")?;
        }
        self.out.flush()
    }

    fn end(&mut self, report: &Report) -> Result<()> {
        let word = self.paint.word(Style::Emphasis, "Summary");
        let (seconds, summary) = (report.elapsed.as_secs_f64(), summary(report));
        writeln!(self.out, "{word} [{seconds:>7.2}s] {summary}")?;
        self.out.flush()
    }
}

impl<W: Write> Human<W> {
    pub(super) const fn new(out: W, paint: Paint) -> Self {
        Self { out, paint }
    }
}

/// Which history it is: by its name, or where it begins.
fn title(judgement: &Judgement) -> String {
    let operations = plural(judgement.operations, "operation", "operations");
    let line = judgement.line;
    match &judgement.name {
        Some(name) => format!("{name}, line {line}, {operations}"),
        None => format!("history in line {line}, {operations}"),
    }
}

fn lines(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Exact => Vec::new(),
        Verdict::Inconclusive { why } => vec![why.clone()],
        Verdict::Violated { evidence } => evidence.iter().map(ToString::to_string).collect(),
    }
}

fn summary(report: &Report) -> String {
    let histories = plural(report.histories(), "history", "histories");
    let operations = plural(report.operations, "operation", "operations");
    let counts = [
        some(report.exact, "exact", "exact"),
        some(report.violated, "violated", "violated"),
        some(report.inconclusive, "inconclusive", "inconclusive"),
    ];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    format!("{histories}, {operations}: {}", counts.join(", "))
}
