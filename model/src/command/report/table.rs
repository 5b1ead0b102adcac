//! The tables of the report for people: one under each heading, as wide as its own lines need.

use crate::command::plan::{Setting, Subject};
use hookstate::strategy::Strategy;

/// What is known of a table before its first line is printed.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Its heading.
    pub(super) section: String,
    /// The settings of its lines, each once.
    pub(super) columns: Vec<Setting>,
    /// Of the longest name, and at least what the heading needs.
    pub(super) name_width: usize,
}

/// Those of these lines, in the order of their headings: what each is about, its name and its settings.
pub(super) fn tables<'a>(
    lines: impl IntoIterator<Item = (&'a Subject, &'static str, Vec<Setting>)>,
) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for (subject, name, settings) in lines {
        let section = section(subject);
        let known = tables.iter().position(|table| table.section == section);
        let place = known.unwrap_or(tables.len());
        if known.is_none() {
            tables.push(Table::under(section, subject.is_control()));
        }
        tables[place].add(name, &settings);
    }
    tables
}

/// What stands between the place of the heading and that of the names: the time.
pub(super) const TIME: usize = 11;

impl Table {
    /// The columns of controls have no heading beside that of the table.
    fn under(section: String, is_of_controls: bool) -> Self {
        let beside = section.len().saturating_sub(TIME);
        Self {
            name_width: if is_of_controls { 0 } else { beside },
            section,
            columns: Vec::new(),
        }
    }

    fn add(&mut self, name: &str, settings: &[Setting]) {
        self.name_width = self.name_width.max(name.len());
        for setting in settings {
            if !self.columns.contains(setting) {
                self.columns.push(*setting);
            }
        }
    }
}

/// The heading that it stands under.
pub(super) fn section(subject: &Subject) -> String {
    match subject {
        Subject::Scenario {
            strategy,
            kind: Some(kind),
            ..
        } => kind.heading(*strategy),
        Subject::Scenario { strategy, .. } => {
            strategy.map_or_else(String::new, |it| it.name().to_owned())
        }
        Subject::Control {
            group,
            scenario: Some(scenario),
            ..
        } => format!("{group}, in {scenario}"),
        Subject::Control { group, .. } => (*group).to_owned(),
    }
}
