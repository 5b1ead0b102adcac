//! `--check CMD`: a command of the user's own looks at what was left.

use super::super::aside::shell;
use super::super::template::Template;
use super::Scene;
use anyhow::Result;
use std::io::{BufWriter, Write};
use std::process::Command;
use tempfile::NamedTempFile;

/// A check that is ready to run.
pub(crate) struct Check {
    pub(crate) command: Command,
    /// They are removed with it.
    _lists: [NamedTempFile; 2],
}

/// Prepares a check. It finds the tokens of the acknowledged processes and of all that were started
/// in two files, one in each line, whose names are in its environment.
pub(crate) fn prepare(check: &Template, scene: &Scene<'_>) -> Result<Check> {
    let lists = lists(scene)?;
    let mut command = shell(check, scene.directory);
    command
        .env("STRESS_ACKED", lists[0].path())
        .env("STRESS_STARTED", lists[1].path())
        .env("STRESS_PROCS", scene.numbers.procs.to_string())
        .env("STRESS_ITERS", scene.numbers.iters.to_string());
    Ok(Check {
        command,
        _lists: lists,
    })
}

/// The tokens of the acknowledged processes, and of all.
fn lists(scene: &Scene<'_>) -> Result<[NamedTempFile; 2]> {
    let new = || NamedTempFile::new().map(BufWriter::new);
    let (mut acknowledged, mut started) = (new()?, new()?);
    for record in scene.records.pass() {
        let record = record?;
        let token = scene.token(record.operation);
        writeln!(started, "{token}")?;
        if record.is_acknowledged() {
            writeln!(acknowledged, "{token}")?;
        }
    }
    let written = |list: BufWriter<NamedTempFile>| list.into_inner();
    Ok([written(acknowledged)?, written(started)?])
}
