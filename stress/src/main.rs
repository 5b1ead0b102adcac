//! `stress`: starts many processes that share a state, and says whether an update was lost.
//!
//! Events flow one way. A [`worker`] is a process that changes the state and reports each change
//! as an [`event`]; [`run`] starts the workers and orders their events in one place; the
//! [`oracle`] judges them against the final state and comes to a [`verdict`]; a [`report`] prints
//! it. Nothing flows back. A program in any other language goes the same way in [`command`]. What was
//! done can be written down as a [`history`], which [`check`] judges.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a tool around the store: its own clocks and directories are not part of a protocol"
)]

mod args;
mod chaos;
mod check;
mod command;
mod event;
mod history;
mod hunt;
mod list;
mod oracle;
mod pace;
mod progress;
mod report;
mod run;
mod shell;
mod subject;
mod suite;
mod verdict;
mod worker;
mod workload;

use anyhow::Context;
use args::{Paper, Task};
use hookstate_cli::exit;
use hookstate_cli::interrupt;
use hookstate_cli::paint::Paint;

fn main() -> exit::Code {
    // A worker starts thousands of times, so it must not pay for the parser of the command line.
    let mut words = std::env::args_os().skip(1);
    match words.next() {
        Some(word) if word == worker::SUBCOMMAND => return worker::main(words),
        Some(word) if word == chaos::SUBCOMMAND => return chaos::main(words),
        _ => {}
    }
    let ended = interrupt::outlive_file_size_limit()
        .context("cannot handle SIGXFSZ")
        .and_then(|()| run_task(args::task()));
    ended.unwrap_or_else(|error| exit::failed(&error))
}

fn run_task(task: Task) -> anyhow::Result<exit::Code> {
    match task {
        Task::Strategies(plan) => run::main(&plan).map(|conclusion| conclusion.exit_code()),
        Task::Command(plan) => command::main(&plan).map(|conclusion| conclusion.exit_code()),
        Task::Check(plan) => check::main(&plan).map(|conclusion| conclusion.exit_code()),
        Task::Suite(plan) => suite::main(&plan),
        Task::List => print_list(),
        Task::Paper(paper) => print(paper),
    }
}

fn print_list() -> anyhow::Result<exit::Code> {
    let written = list::write(&mut std::io::stdout().lock(), Paint::for_stdout());
    written.context("cannot write to standard output")?;
    Ok(exit::Code::Success)
}

fn print(paper: Paper) -> anyhow::Result<exit::Code> {
    let written = paper.write(&mut std::io::stdout().lock());
    written.context("cannot write to standard output")?;
    Ok(exit::Code::Success)
}
