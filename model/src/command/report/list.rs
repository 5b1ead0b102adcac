//! What there is to search, by name.

use crate::command::plan::{Line, Subject};
use crate::command::proof::{self, Selection};
use crate::command::verdict::Conclusion;
use anyhow::Context;
use hookstate_model::{catalogue, stores};
use std::io::{Result, Write, stdout};

/// Prints all names, and what they are.
pub(in crate::command) fn list() -> anyhow::Result<Conclusion> {
    print(&mut stdout().lock()).context("cannot write the list to standard output")?;
    Ok(Conclusion::Complete)
}

fn print(out: &mut impl Write) -> Result<()> {
    writeln!(out, "Strategies:")?;
    for name in proof::strategy_names().into_iter().skip(1) {
        writeln!(out, "  {name}")?;
    }
    writeln!(out, "\nScenarios:")?;
    let width = widest(catalogue::ALL.iter().map(|scenario| scenario.name));
    for scenario in catalogue::ALL {
        writeln!(out, "  {:<width$}  {}", scenario.name, scenario.about)?;
    }
    stores(out)?;
    controls(out)?;
    out.flush()
}

fn stores(out: &mut impl Write) -> Result<()> {
    let mut section = String::new();
    let width = widest(stores::ALL.iter().map(|subject| subject.name));
    for subject in stores::ALL {
        let heading = subject.kind.heading(None);
        if heading != section {
            writeln!(out, "\nScenarios, {heading}:")?;
            section = heading;
        }
        writeln!(out, "  {:<width$}  {}", subject.name, subject.holds)?;
    }
    Ok(())
}

fn widest<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(str::len).max().unwrap_or_default()
}

fn controls(out: &mut impl Write) -> Result<()> {
    let mut section = "";
    for line in proof::controls(&Selection::of_everything(), &[]) {
        let Line { subject, name, .. } = line;
        if let Subject::Control { group, missing, .. } = subject {
            if group != section {
                section = group;
                writeln!(out, "\nControls, {group}:")?;
            }
            writeln!(out, "  {name}")?;
            writeln!(out, "      {missing}")?;
        }
    }
    Ok(())
}
