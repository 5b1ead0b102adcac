//! `stress check`: judges histories, whoever has written them.

mod report;

use crate::args::Format;
use crate::verdict::Conclusion;
use anyhow::Context;
use hookstate_cli::progress::bar;
use hookstate_history::{Judgement, Limits, judge_each, open};
use report::Report;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is to be judged, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// `-` is standard input.
    pub(crate) path: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) format: Format,
}

/// Judges all histories in the file, prints what they come to, and says it.
pub(crate) fn main(plan: &Plan) -> anyhow::Result<Conclusion> {
    let file = open(&plan.path)?;
    let bytes = file
        .metadata()
        .context("cannot see how long the history is")?
        .len();
    let bar = bar("Judging", "{bytes}/{total_bytes}", bytes);
    let mut reporter = report::reporter(plan.format);
    let mut report = Report::default();
    let mut written = Ok(());
    let started = Instant::now();
    let mut lap = started;
    let take = |judgement: Judgement| {
        let elapsed = lap.elapsed();
        lap = Instant::now();
        let number = report.add(&judgement);
        // Whoever has closed standard output is told at the end; the file is judged all the same.
        if written.is_ok() {
            written = bar.suspend(|| reporter.judgement(number, &judgement, elapsed));
        }
    };
    let judged = judge_each(bar.wrap_read(file), &plan.limits, take);
    judged.map_err(|error| error.in_file(name(&plan.path)))?;
    bar.finish_and_clear();
    report.elapsed = started.elapsed();
    written
        .and_then(|()| reporter.end(&report))
        .context("cannot write the report to standard output")?;
    Ok(report.conclusion())
}

/// What an error calls the file.
fn name(path: &Path) -> String {
    match path.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => path.display().to_string(),
    }
}
