//! `--check CMD`: a command of the user's own looks at what was left.

use super::super::aside::shell;
use super::super::template::Template;
use super::Scene;
use std::io::{self, Write};
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
pub(crate) fn prepare(check: &Template, scene: &Scene<'_>) -> io::Result<Check> {
    let lists = [list(scene, true)?, list(scene, false)?];
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

fn list(scene: &Scene<'_>, only_acknowledged: bool) -> io::Result<NamedTempFile> {
    let mut text = String::new();
    for record in scene.records {
        if record.is_acknowledged() || !only_acknowledged {
            text.push_str(&scene.token(record.operation));
            text.push('\n');
        }
    }
    let mut file = NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}
