//! Runs the cases, one after the other.

use super::case::{self, Case, Twin};
use super::report;
use super::row::{Row, Tried, conclusion};
use crate::args::Format;
use crate::command;
use crate::verdict::Conclusion;
use crate::workload::Seed;
use anyhow::Context;
use hookstate_cli::exit;
use hookstate_cli::interrupt::Interrupt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) directory: PathBuf,
    /// The names or numbers of the cases to run; all if there is none.
    pub(crate) names: Vec<String>,
    /// How long it is tried to catch a program.
    pub(crate) duration: Duration,
    /// How long it is tried to find something against a twin.
    pub(crate) twin_duration: Duration,
    pub(crate) seed: Seed,
    pub(crate) format: Format,
}

/// Runs the suite, prints the table, and says what it comes to.
pub(crate) fn main(plan: &Plan) -> anyhow::Result<exit::Code> {
    match chosen(case::read_all(&plan.directory)?, &plan.names) {
        Ok(cases) => run_all(plan, &cases).map(|conclusion| conclusion.exit_code()),
        Err(unknown) => {
            eprintln!("error: {unknown}");
            Ok(exit::Code::Usage)
        }
    }
}

fn run_all(plan: &Plan, cases: &[Case]) -> anyhow::Result<Conclusion> {
    let interrupt = Interrupt::listen().context("cannot listen for signals")?;
    // What shows a program is no news, so nothing of it is kept.
    let scratch = tempfile::Builder::new().prefix("stress-suite-").tempdir();
    let scratch = scratch.context("cannot make a directory for temporary files, see TMPDIR")?;
    let mut reporter = report::reporter(plan.format);
    let started = Instant::now();
    written(reporter.begin(plan, cases.len()))?;
    let mut rows = Vec::new();
    for case in cases {
        if interrupt.is_asked() {
            break;
        }
        let row = run(plan, case, &interrupt, scratch.path());
        let row = row.with_context(|| format!("case {}", case.words.name))?;
        written(reporter.row(&row))?;
        rows.push(row);
    }
    let interrupted = interrupt.is_asked();
    written(reporter.end(plan, &rows, started.elapsed(), interrupted))?;
    Ok(conclusion(&rows, interrupted))
}

fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    result.context("cannot write the report to standard output")
}

/// The cases that were named, or what is wrong with a name.
fn chosen(mut cases: Vec<Case>, names: &[String]) -> Result<Vec<Case>, String> {
    let is = |case: &Case, name: &String| {
        *name == case.words.name || name.parse() == Ok(case.words.number)
    };
    if let Some(unknown) = names
        .iter()
        .find(|name| !cases.iter().any(|case| is(case, name)))
    {
        let all: Vec<&str> = cases.iter().map(|case| case.words.name.as_str()).collect();
        let all = all.join(", ");
        return Err(format!("there is no case '{unknown}'; there are {all}"));
    }
    if !names.is_empty() {
        cases.retain(|case| names.iter().any(|name| is(case, name)));
    }
    Ok(cases)
}

fn run(plan: &Plan, case: &Case, interrupt: &Interrupt, scratch: &Path) -> anyhow::Result<Row> {
    let tried = |twin, duration| {
        let plan = case.plan(twin, plan.seed, duration, scratch)?;
        let outcome = command::outcome(&plan, interrupt.clone())?;
        Ok::<_, anyhow::Error>(Tried::of(outcome, &case.folder))
    };
    let seen = tried(Twin::Seen, plan.duration)?;
    let repaired = (!interrupt.is_asked()).then(|| tried(Twin::Repaired, plan.twin_duration));
    Ok(Row::new(case, seen, repaired.transpose()?))
}
