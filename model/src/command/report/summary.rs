//! What was searched in all, and what was not.

use super::coverage::coverage;
use super::describe::{count, plural};
use super::{Judged, Report, Tried};
use crate::command::plan::Extent;
use crate::command::verdict::Status;

/// The widest line, after the word that it begins with.
const WIDTH: usize = 86;

/// The summary in some lines, the first with the verdict.
pub(super) fn summary(report: &Report) -> Vec<String> {
    let elapsed = report.elapsed.as_secs_f64();
    let mut lines = wrapped(&format!("[{elapsed:>7.2}s] {}", verdicts(report)));
    lines.extend(extents(report));
    // Of a run that was interrupted the lines say what is covered.
    if !report.interrupted {
        for sentence in coverage(report) {
            lines.extend(wrapped(&sentence));
        }
    }
    lines
}

fn verdicts(report: &Report) -> String {
    let scenarios = report.scenarios().flat_map(|line| &line.tried);
    let complete = scenarios.filter(|tried| tried.status == Status::Complete);
    let caught = report
        .controls()
        .filter(|line| line.status == Status::Caught);
    let left_out = report.controls().filter(|line| line.left_out.is_some());
    let left_out = left_out.count();
    let mut parts = Vec::new();
    if report.searches > 0 {
        let all = plural(report.searches, "search", "searches");
        parts.push(format!("{} of {all} COMPLETE", count(complete.count())));
    }
    if report.controls > left_out {
        let all = plural(report.controls - left_out, "control", "controls");
        parts.push(format!("{} of {all} CAUGHT", count(caught.count())));
    }
    if left_out > 0 {
        parts.push(format!("{left_out} left out"));
    }
    parts.extend(report.number_of(Status::Violated, "violated"));
    parts.extend(report.number_of(Status::Missed, "missed"));
    parts.extend(report.number_of(Status::Bounded, "bounded"));
    parts.extend(report.number_of(Status::Inconclusive, "inconclusive"));
    parts.extend(report.interrupted.then(|| "interrupted".to_owned()));
    parts.join(", ")
}

impl Report {
    fn scenarios(&self) -> impl Iterator<Item = &Judged> {
        self.lines.iter().filter(|line| !line.subject.is_control())
    }

    fn controls(&self) -> impl Iterator<Item = &Judged> {
        self.lines.iter().filter(|line| line.subject.is_control())
    }

    fn tried(&self) -> impl Iterator<Item = &Tried> {
        self.lines.iter().flat_map(|line| &line.tried)
    }

    /// In the units of the verdicts before it: searches of scenarios, and controls.
    fn number_of(&self, status: Status, what: &str) -> Option<String> {
        let searches = self.scenarios().flat_map(|line| &line.tried);
        let searches = searches.filter(|tried| tried.status == status).count();
        let controls = self.controls().filter(|line| line.status == status);
        let number = searches + controls.count();
        (number > 0).then(|| format!("{} {what}", count(number)))
    }
}

fn extents(report: &Report) -> Option<String> {
    let (mut all_states, mut all_runs, mut all_executions) = (0, 0, 0);
    for tried in report.tried() {
        match tried.outcome.extent {
            Extent::Search { states, runs, .. } => {
                all_states += states;
                all_runs += runs;
            }
            Extent::Loom { executions } => all_executions += executions,
        }
    }
    let searched = (all_states > 0).then(|| {
        let states = plural(all_states, "state", "states");
        let runs = plural(all_runs, "run", "runs");
        format!("{states}, {runs} of the code")
    });
    let explored = (all_executions > 0).then(|| {
        format!(
            "{} by loom",
            plural(all_executions, "execution", "executions")
        )
    });
    let all: Vec<String> = [searched, explored].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

pub(super) fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
