//! One lane: a fresh process for each iteration, one after the other.

use super::listen::{Said, listen};
use super::plan::Plan;
use super::record::{Fate, Record, token};
use super::template::{Placeholder, Template};
use super::verdict::Harm;
use crate::chaos::{Blows, CANNOT_START, Lifetimes};
use crate::run::Children;
use crate::workload::Operation;
use anyhow::Context;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

/// What it takes to start the processes of a round.
#[derive(Debug)]
pub(super) struct Lanes<'a> {
    pub(super) plan: &'a Plan,
    pub(super) round: u32,
    pub(super) directory: &'a Path,
    pub(super) children: &'a Children,
    pub(super) beginning: Instant,
    pub(super) usual: &'a Lifetimes,
}

/// What a lane says.
#[derive(Debug)]
pub(super) enum Message {
    /// One of its processes has ended.
    Ended(Ended),
    /// There is nothing more to come from it; if that is too early, why; and what was done to it.
    Finished(anyhow::Result<()>, Harm),
}

/// A process that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) record: Record,
    /// The last line that it wrote to standard error.
    pub(super) complaint: Option<String>,
}

impl Lanes<'_> {
    /// Runs a lane to its end, or until all is over.
    pub(super) fn drive(&self, lane: u32, outbox: &SyncSender<Message>) {
        let seed = self.plan.seed_of(self.round);
        let mut blows = Blows::new(self.plan.chaos, seed, self.usual);
        let mut harm = Harm::default();
        let finished = (1..=self.plan.iters)
            .take_while(|_| !self.children.is_over())
            .try_for_each(|iteration| {
                let ended = self.run_one(Operation { lane, iteration }, &mut blows)?;
                harm.take(&blows.take_dealt());
                // If nobody listens any more, all is over.
                let _ = outbox.send(Message::Ended(ended));
                Ok(())
            });
        harm.take(&blows.take_dealt());
        let _ = outbox.send(Message::Finished(finished, harm));
    }

    fn run_one(&self, operation: Operation, blows: &mut Blows<'_>) -> anyhow::Result<Ended> {
        let mut command = self.command(operation)?;
        let began = self.beginning.elapsed();
        blows.choose(operation);
        let mut child = self.start(&mut command, operation)?;
        let (status, said) = listen(self.children, &mut child, blows)
            .with_context(|| format!("cannot wait for {}", self.plan.line()))?;
        let ended = self.beginning.elapsed();
        let killed = match self.children.is_over() {
            // Perhaps not by a blow, and how long it would have lived nobody knows.
            true => blows.end(status) || status.signal() == Some(9),
            false => blows.end_of_command(status, ended - began),
        };
        self.see_whether_it_started(status, &said, operation)?;
        let Said {
            steps, complaint, ..
        } = said;
        let record = Record {
            operation,
            began,
            ended,
            fate: if killed { Fate::Killed } else { fate(status) },
            steps,
        };
        Ok(Ended { record, complaint })
    }

    fn start(&self, command: &mut Command, operation: Operation) -> anyhow::Result<Child> {
        let started = self.children.start(command);
        started.map_err(|error| cannot_start(&self.program(operation), error))
    }

    /// Within limits it is another program that could not start the one that was wanted.
    fn see_whether_it_started(
        &self,
        status: ExitStatus,
        said: &Said,
        operation: Operation,
    ) -> anyhow::Result<()> {
        let complaint = said.complaint.as_deref().unwrap_or_default();
        match complaint.strip_prefix(CANNOT_START.trim_end()) {
            Some(why) if self.plan.chaos.limits.is_any() && !status.success() => {
                let error = io::Error::other(why.trim().to_owned());
                Err(cannot_start(&self.program(operation), error))
            }
            _ => Ok(()),
        }
    }

    fn program(&self, operation: Operation) -> String {
        let first = self.plan.words.first();
        first.map_or_else(String::new, |word| self.fill(word, operation))
    }

    fn command(&self, operation: Operation) -> anyhow::Result<Command> {
        let fill = |template: &Template| self.fill(template, operation);
        let mut words = self.plan.words.iter().map(fill);
        let program = words.next().context("there is no command")?;
        let limits = self.plan.chaos.limits;
        let mut command = limits
            .command(program)
            .context("cannot find this program")?;
        if let Some(directory) = self.plan.work_in() {
            command.current_dir(directory);
        }
        command
            .args(words)
            .env("STRESS_DIR", self.directory)
            .env("STRESS_PROC", operation.lane.to_string())
            .env("STRESS_ITER", operation.iteration.to_string())
            .env("STRESS_TOKEN", token(self.round, operation))
            .stdin(
                self.stdin(operation)
                    .context("cannot make a file for --stdin")?,
            )
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// What the process reads: a file without a name, which nobody has to empty for it to go on.
    fn stdin(&self, operation: Operation) -> io::Result<Stdio> {
        let Some(stdin) = &self.plan.stdin else {
            return Ok(Stdio::null());
        };
        let mut file: File = tempfile::tempfile()?;
        file.write_all(self.fill(&stdin.text, operation).as_bytes())?;
        file.rewind()?;
        Ok(file.into())
    }

    fn fill(&self, template: &Template, operation: Operation) -> String {
        template.fill(|placeholder| match placeholder {
            Placeholder::Dir => self.directory.to_string_lossy().into_owned(),
            Placeholder::Proc => operation.lane.to_string(),
            Placeholder::Iter => operation.iteration.to_string(),
            Placeholder::Token => token(self.round, operation),
        })
    }
}

fn fate(status: ExitStatus) -> Fate {
    match (status.code(), status.signal()) {
        (Some(0), _) => Fate::Acknowledged,
        (Some(code), _) => Fate::Exited(code),
        (None, Some(signal)) => Fate::Died(signal),
        // waitpid(2) gives one of the two.
        (None, None) => Fate::Killed,
    }
}

/// Why a program cannot be started, and what can be done about it.
fn cannot_start(program: &str, error: io::Error) -> anyhow::Error {
    let remedy = match error.kind() {
        ErrorKind::NotFound if program.contains(char::is_whitespace) => {
            "after -- stand the program and its arguments, each as a word of its own; a line for a \
             shell goes after -- sh -c"
        }
        ErrorKind::NotFound if program.contains('/') => "see whether the path is right",
        ErrorKind::NotFound => "see whether it is installed and in PATH",
        ErrorKind::PermissionDenied => "make it executable, or put its interpreter before it",
        _ => "see whether it starts by itself",
    };
    anyhow::Error::new(error).context(format!("cannot start '{program}' ({remedy})"))
}

#[cfg(test)]
mod tests {
    use super::{ErrorKind, cannot_start, io};

    #[test]
    fn a_program_that_cannot_be_started_is_named_with_a_remedy() {
        let text = |program: &str, kind: ErrorKind| {
            let error = cannot_start(program, io::Error::from(kind));
            error.to_string()
        };
        assert_eq!(
            text("pyhton3", ErrorKind::NotFound),
            "cannot start 'pyhton3' (see whether it is installed and in PATH)"
        );
        assert!(text("echo x", ErrorKind::NotFound).contains("-- sh -c"));
        assert!(text("./hook.py", ErrorKind::PermissionDenied).contains("executable"));
        assert!(text("./hook.py", ErrorKind::NotFound).contains("path is right"));
    }
}
