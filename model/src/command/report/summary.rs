//! What was searched in all, and what was not.

use super::describe::{count, plural};
use super::{Judged, Report, Tried};
use crate::command::plan::{Engine, Extent, Setting, Subject, mishaps};
use crate::command::verdict::Status;
use hookstate_model::search::Budget;

/// The widest line, after the word that it begins with.
const WIDTH: usize = 86;

/// The summary in some lines, the first with the verdict.
pub(super) fn summary(report: &Report) -> Vec<String> {
    let elapsed = report.elapsed.as_secs_f64();
    let mut lines = wrapped(&format!("[{elapsed:>7.2}s] {}", verdicts(report)));
    lines.extend(extents(report));
    // Of a run that was interrupted the lines say what is covered.
    if !report.interrupted {
        let coverage = [covered(report), not_covered(report)];
        for sentence in coverage.into_iter().flatten() {
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
    let left_out = report
        .controls()
        .filter(|line| line.status == Status::LeftOut);
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

    fn number_of(&self, status: Status, what: &str) -> Option<String> {
        let number = self.tried().filter(|tried| tried.status == status).count();
        (number > 0).then(|| format!("{} {what}", count(number)))
    }

    /// Whether it is more than the other scenarios were searched in.
    fn is_for_alike_only(&self, setting: Setting) -> bool {
        let has = |line: &&Judged| line.tried.iter().any(|tried| tried.setting == setting);
        self.scenarios()
            .filter(has)
            .all(|line| line.name == "alike")
    }

    /// Whether what stands on the strategies was searched, and not in this.
    fn is_for_strategies_only(&self, setting: Setting) -> bool {
        let mut stores = self
            .scenarios()
            .filter(|line| line.is_of_a_store())
            .peekable();
        let has = |line: &Judged| line.tried.iter().any(|tried| tried.setting == setting);
        stores.peek().is_some() && !stores.any(has)
    }

    /// The settings in which at least one scenario was searched, and all that were completely.
    fn complete_settings(&self) -> Vec<Setting> {
        let columns = self.columns.iter().copied();
        columns
            .filter(|column| {
                let scenarios = self.scenarios().flat_map(|line| &line.tried);
                let mut here = scenarios
                    .filter(|tried| tried.setting == *column)
                    .peekable();
                here.peek().is_some() && here.all(|tried| tried.status == Status::Complete)
            })
            .collect()
    }
}

impl Judged {
    const fn is_of_a_store(&self) -> bool {
        matches!(self.subject, Subject::Scenario { kind: Some(_), .. })
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

fn covered(report: &Report) -> Option<String> {
    let settings = report.complete_settings();
    let phrases: Vec<String> = settings
        .iter()
        .map(|setting| {
            let only = match report.is_for_strategies_only(*setting) {
                true if !report.is_for_alike_only(*setting) => " (the strategies only)",
                _ => "",
            };
            phrase(*setting, report.is_for_alike_only(*setting)) + only
        })
        .collect();
    (!phrases.is_empty()).then(|| format!("Covered: every interleaving of {}.", phrases.join("; ")))
}

fn phrase(setting: Setting, alike: bool) -> String {
    let processes = match alike {
        true => format!("{} processes that are alike", setting.processes),
        false => setting.crowd(),
    };
    let engine = match setting.engine {
        Engine::Search => "",
        Engine::Loom => " (loom)",
    };
    match setting.budget == Budget::NOTHING {
        true => format!("{processes}{engine}"),
        false => format!(
            "{processes} with at most {} anywhere{engine}",
            mishaps(setting.budget)
        ),
    }
}

/// What one might think was covered and was not.
fn not_covered(report: &Report) -> Option<String> {
    let settings = report.complete_settings();
    let mixed = settings.iter().filter(|it| !report.is_for_alike_only(**it));
    let most = mixed.map(|setting| setting.processes).max();
    let most = most.or_else(|| settings.iter().map(|setting| setting.processes).max())?;
    let never = |goes_wrong: fn(&Setting) -> u8| settings.iter().all(|it| goes_wrong(it) == 0);
    let gaps = [
        (never(|it| it.budget.power_cuts), "power loss".to_owned()),
        (never(|it| it.budget.kills), "kills".to_owned()),
        (never(|it| it.budget.failures), "failing calls".to_owned()),
        (never(|it| it.budget.shorts), "short transfers".to_owned()),
        (
            true,
            match most {
                1 => "more than 1 process".to_owned(),
                _ => format!("more than {most} processes"),
            },
        ),
        (true, "more faults at once".to_owned()),
    ];
    let gaps = gaps.into_iter().filter(|(is_gap, _)| *is_gap);
    let gaps: Vec<String> = gaps.map(|(_, gap)| gap).collect();
    Some(format!("Not covered: {}.", gaps.join(", ")))
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
