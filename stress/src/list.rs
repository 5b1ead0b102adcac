//! What there is to choose from: `stress --list`.

use crate::chaos::KINDS;
use crate::subject::{Role, Subject};
use crate::workload::Workload;
use clap::ValueEnum;
use hookstate::strategy::Strategy;
use hookstate_cli::paint::{Paint, Style};
use std::collections::BTreeSet;
use std::io::{Result, Write};

/// Writes it, a group after the other, each with a line for each name.
pub(crate) fn write(out: &mut impl Write, paint: Paint) -> Result<()> {
    let subjects = subjects();
    let of = |role| {
        let all = subjects
            .iter()
            .filter(move |subject| subject.role() == role);
        all.map(|subject| (subject.name().to_owned(), subject.about().to_owned()))
            .collect::<Vec<Line>>()
    };
    let workloads = Workload::value_variants().iter().map(about_workload);
    let chaos = KINDS.map(|(_, example, what)| (example.to_owned(), what.to_owned()));
    group(
        out,
        paint,
        "Strategies, which must be exact (--strategy)",
        &of(Role::Strategy),
    )?;
    group(
        out,
        paint,
        "Controls, which must be caught (--strategy)",
        &of(Role::Control),
    )?;
    group(
        out,
        paint,
        "Workloads (--workload)",
        &workloads.collect::<Vec<Line>>(),
    )?;
    group(out, paint, "Harm on purpose (--chaos)", &chaos)?;
    out.flush()
}

/// Those of all workloads, each once.
fn subjects() -> Vec<Subject> {
    let workloads = Workload::value_variants().iter();
    let mut named = BTreeSet::new();
    let all = workloads.flat_map(|workload| Subject::all(*workload));
    all.filter(|subject| named.insert(subject.name())).collect()
}

fn about_workload(workload: &Workload) -> (String, String) {
    let value = workload.to_possible_value();
    let help = value.as_ref().and_then(|value| value.get_help());
    let help = help.map_or_else(String::new, ToString::to_string);
    (workload.to_string(), help)
}

type Line = (String, String);

fn group(out: &mut impl Write, paint: Paint, title: &str, lines: &[Line]) -> Result<()> {
    writeln!(out, "{}", paint.with(Style::Emphasis, title))?;
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, about) in lines {
        writeln!(out, "  {name:width$}  {about}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Paint, write};

    #[test]
    fn everything_is_listed_with_what_it_is() {
        let mut text = Vec::new();
        write(&mut text, Paint::Plain).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap());
    }
}
