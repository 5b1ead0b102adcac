//! What the searches cover. Each part of the report is spoken of by itself, and a setting only of the
//! rows in which it was searched: what is true of one row need not be true of its neighbour.

use super::{Judged, Report};
use crate::command::plan::{Engine, Setting, Subject, mishaps};
use crate::command::verdict::Status;
use hookstate_model::search::Budget;
use hookstate_model::stores::Kind;

/// How many rows are called by name where a setting is not that of all.
const NAMED_MAX: usize = 3;

/// The rows that are spoken of together.
struct Part<'a> {
    /// Nothing for those of the strategies themselves.
    kind: Option<Kind>,
    lines: Vec<&'a Judged>,
}

/// A sentence for each part of which something is covered, in the order of the report.
pub(super) fn coverage(report: &Report) -> Vec<String> {
    parts(report).iter().filter_map(Part::sentence).collect()
}

fn parts(report: &Report) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for line in &report.lines {
        let Subject::Scenario { kind, .. } = line.subject else {
            continue;
        };
        match parts.iter_mut().find(|part| part.kind == kind) {
            Some(part) => part.lines.push(line),
            None => parts.push(Part {
                kind,
                lines: vec![line],
            }),
        }
    }
    parts
}

impl Part<'_> {
    fn sentence(&self) -> Option<String> {
        let settings = self.complete_settings();
        let phrases = settings
            .iter()
            .map(|setting| phrase(*setting) + &self.restriction(*setting));
        let phrases: Vec<String> = phrases.collect();
        let title = self.kind.map_or("strategies", Kind::name);
        (!phrases.is_empty()).then(|| {
            format!(
                "Covered in the rows of the {title}: every interleaving of {}. Not covered: {}.",
                phrases.join("; "),
                gaps(&settings).join(", ")
            )
        })
    }

    /// Those in which at least one row is complete, on all the strategies that it has.
    fn complete_settings(&self) -> Vec<Setting> {
        let mut settings: Vec<Setting> = Vec::new();
        for tried in self.lines.iter().flat_map(|line| &line.tried) {
            if !settings.contains(&tried.setting) {
                settings.push(tried.setting);
            }
        }
        let names = self.names();
        settings.retain(|setting| names.iter().any(|name| self.covers(name, *setting)));
        settings
    }

    /// Of the rows, each once.
    fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = Vec::new();
        for line in &self.lines {
            if !names.contains(&line.name) {
                names.push(line.name);
            }
        }
        names
    }

    fn covers(&self, name: &str, setting: Setting) -> bool {
        let mut rows = self.lines.iter().filter(|line| line.name == name);
        rows.all(|line| line.is_complete_in(setting))
    }

    /// Of which rows it is not true, in as few words as that takes.
    fn restriction(&self, setting: Setting) -> String {
        let names = self.names();
        let (with, without): (Vec<&str>, Vec<&str>) = names
            .iter()
            .copied()
            .partition(|name| self.covers(name, setting));
        match (with.len(), without.len()) {
            (_, 0) => String::new(),
            (few, more) if few <= more && few <= NAMED_MAX => {
                format!(" (only {})", with.join(", "))
            }
            (_, ..=NAMED_MAX) => format!(" (but not {})", without.join(", ")),
            (some, _) => format!(" ({some} of {})", names.len()),
        }
    }
}

impl Judged {
    fn is_complete_in(&self, setting: Setting) -> bool {
        let mut here = self.tried.iter().filter(|tried| tried.setting == setting);
        here.any(|tried| tried.status == Status::Complete)
    }
}

fn phrase(setting: Setting) -> String {
    let processes = setting.crowd();
    let engine = match setting.engine {
        Engine::Search => "",
        Engine::Loom => ", by loom",
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
fn gaps(settings: &[Setting]) -> Vec<&'static str> {
    let never = |goes_wrong: fn(&Budget) -> u8| {
        let mut budgets = settings.iter().map(|setting| setting.budget);
        budgets.all(|budget| goes_wrong(&budget) == 0)
    };
    let gaps = [
        (never(|it| it.power_cuts), "power loss"),
        (never(|it| it.kills), "kills"),
        (never(|it| it.failures), "failing calls"),
        (never(|it| it.shorts), "short transfers"),
        (true, "more processes"),
        (true, "more faults at once"),
    ];
    let gaps = gaps.into_iter().filter(|(is_gap, _)| *is_gap);
    gaps.map(|(_, gap)| gap).collect()
}
