//! A line for a shell that runs before or after the commands.

use super::listen::listen;
use super::round::CutShort;
use super::run::Scene;
use super::template::Template;
use crate::run::{Children, Meanwhile};
use crate::shell::quoted;
use anyhow::Context;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often it is seen whether the line has to be ended.
const TICK: Duration = Duration::from_millis(50);

/// How a line ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With exit code 0.
    Well,
    /// Not at all: a command of it is not there. What was said of that.
    NotStarted(Vec<String>),
    /// With something else; and the first lines that it wrote to standard error, or else how.
    Badly(Vec<String>),
    /// It was killed.
    CutShort(CutShort),
}

/// What sh says of a command that is not there, and of one that it may not start (POSIX, 2.8.2).
const NO_COMMAND: [i32; 2] = [126, 127];

fn is_not_started(status: ExitStatus) -> bool {
    status.code().is_some_and(|code| NO_COMMAND.contains(&code))
}

/// The line as a command, with the directory of the round put in.
pub(super) fn shell(line: &Template, directory: &Path) -> Command {
    let mut command = Command::new("sh");
    let line = line.fill(|_| quoted(&directory.to_string_lossy()));
    command.arg("-c").arg(line).env("STRESS_DIR", directory);
    command
}

/// Runs a command until it ends, the run is interrupted, or the deadline is there.
pub(super) fn run(
    scene: &Scene<'_>,
    mut command: Command,
    deadline: Instant,
) -> anyhow::Result<Ended> {
    let children = Children::default();
    if let Some(directory) = scene.plan.work_in() {
        command.current_dir(directory);
    }
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = children.start(command).context("cannot start sh")?;
    let mut watch = Watch {
        scene,
        deadline,
        next: Instant::now() + TICK,
        cut: None,
    };
    let listened = listen(&children, &mut child, &mut watch);
    let (status, said) = listened.context("cannot wait for sh")?;
    if let Some(cut) = watch.cut {
        return Ok(Ended::CutShort(cut));
    }
    if status.success() {
        return Ok(Ended::Well);
    }
    let mut lines = said.first_complaints;
    if lines.is_empty() {
        lines.push(format!("{status}, and it did not say why"));
    }
    if is_not_started(status) {
        return Ok(Ended::NotStarted(lines));
    }
    Ok(Ended::Badly(lines))
}

/// Kills the process when it has to be.
struct Watch<'a> {
    scene: &'a Scene<'a>,
    deadline: Instant,
    next: Instant,
    cut: Option<CutShort>,
}

impl Meanwhile for Watch<'_> {
    fn due(&self) -> Option<Instant> {
        self.cut.is_none().then_some(self.next)
    }

    fn act(&mut self, children: &Children, _child: &Child) {
        self.cut = self.scene.why_to_stop(self.deadline);
        self.next += TICK;
        if self.cut.is_some() {
            children.kill_all();
        }
    }
}
