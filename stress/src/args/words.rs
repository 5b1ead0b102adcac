//! What the words of the command line say, each by itself.

use super::errand::Errand;
use super::external::CommandWords;
use super::hunting::HuntWords;
use crate::chaos::Chaos;
use crate::worker::{Durability, Fault};
use crate::workload::{BallastBytes, Seed, Workload};
use clap::{Parser, ValueEnum};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Starts many processes that share a state, and says whether an update was lost.
///
/// Every process changes the state, checks what it finds each time and reports what was
/// acknowledged; one more process reads all the while. In the end the state is compared with what
/// was acknowledged. In every second change the process pauses once, at a system call that the
/// seed chooses, so that others come in between. Controls, which are programs that lose updates,
/// run beside the strategies: a machine on which they are not caught proves nothing.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "stress",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_long_help = AFTER_LONG_HELP,
    after_help = "'--help' says more and gives examples."
)]
pub(super) struct Words {
    /// How many processes share the state, 1 to 1000
    ///
    /// One alone cannot race: no control is run that was not named, and the run is inconclusive
    /// unless --no-control is given.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) procs: u32,

    /// How many changes each of them makes
    #[arg(long, value_name = "M", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub(super) iters: u32,

    /// What the processes do
    ///
    /// In 'stats' and 'tasks' the numbers are those of everything that was taken out meanwhile and of
    /// what is left in the end. 'stats' is for at most 32 processes, 'tasks' for 333.
    #[arg(long, value_enum, default_value_t = Workload::Tally)]
    pub(super) workload: Workload,

    /// What to run: 'all', or names of strategies and controls, with commas between them
    ///
    /// The strategies are flock, append-log and rename; the controls are unlocked, create-race and
    /// rename-stale-lock, with --chaos kill also truncate-then-write. 'stats' has the strategy flock and
    /// the controls no-lock and finalize-in-steps; 'tasks' has all of the first and the control
    /// snapshot-held. The controls run as well, unless one is among the names or --no-control is given.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "all",
        value_delimiter = ','
    )]
    pub(super) strategy: Vec<String>,

    /// Runs no control that was not named
    #[arg(long)]
    pub(super) no_control: bool,

    /// How the changes are spread over processes
    #[arg(long, value_enum, default_value_t = ShapeChoice::Both)]
    pub(super) shape: ShapeChoice,

    /// How often to repeat it all from an empty directory [default: 1]
    ///
    /// A strategy has to be exact in every round; the first one in which it is not is the last. A control has to be caught in one of this many
    /// rounds, or of 400 if that is more; 'create-race', which can be caught only while the file is
    /// being created, makes one change in each process of these rounds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) rounds: Option<u32>,

    /// Where to make the directory that everything happens in [default: the system's for temporary
    /// files]
    ///
    /// Use it to choose the file system. Only what was made there is removed.
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,

    /// What an acknowledged change must survive
    #[arg(long, value_enum, default_value_t = Durability::Process)]
    pub(super) durability: Durability,

    /// How much the state weighs beside its counts: one size, or FROM..TO to change it half way
    ///
    /// At most 33554432, which is 32 MiB.
    #[arg(long, value_name = "BYTES", default_value = "0")]
    pub(super) state_bytes: BallastBytes,

    /// Fixes what is done; in hexadecimal, as printed or with 0x [default: a random one]
    ///
    /// It fixes the workload: what each change counts and at which of its system calls it pauses.
    /// Each round has one of its own, which follows from this. It does not fix the scheduler, so a
    /// violation may take several tries to show again.
    #[arg(long, value_name = "HEX")]
    pub(super) seed: Option<Seed>,

    /// How long all rounds of one strategy in one shape may take
    ///
    /// In a hunt and with --no-fail-fast it is how long each round may take.
    /// What has not ended by then is killed and makes the run inconclusive, as does a process that
    /// hangs.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) timeout: u64,

    /// How long a change waits for the lock before it counts a timeout and tries again
    #[arg(long, value_name = "MS", default_value_t = 250, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) lock_timeout: u64,

    /// For people, or for programs: one JSON object, described in docs/stress-json.md
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,

    /// Harm that is done on purpose: kinds with commas between them, such as kill=2%,stop=1%:50ms
    ///
    /// kill=2% kills processes (SIGKILL), each at a random instant of its work: in 2 % of the changes, or
    /// of the commands. stop=1%:50ms stops them (SIGSTOP) and continues them 50 ms later. slow=1%:50ms
    /// lets the holder of the lock take 50 ms longer; for strategies. enospc gives them a small file
    /// system that is full half of the time, or limits the size of files where none can be mounted. nofile=16 and nproc=100
    /// bound the file descriptors of each process and the processes of the user, who must not be root.
    /// An update whose process was killed may have been made or not; every acknowledged one must be
    /// there exactly once, and one more change must work in the end.
    #[arg(long, value_name = "KINDS")]
    pub(super) chaos: Option<Chaos>,

    /// Writes the report to this file as well, in the XML of JUnit, for CI systems
    ///
    /// Each strategy or control in each shape is a test case, and so is a command. It is written as a
    /// whole when everything has been run, also after an interruption, as is that of --html.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// Writes the report to this file as well, as a page for a browser
    ///
    /// It has all runs, how long the changes or the processes of a command took, and for a lost update
    /// what each process did around it. It needs nothing from elsewhere.
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,

    /// Says which strategies, controls, workloads and kinds of chaos there are
    #[arg(long, exclusive = true)]
    pub(super) list: bool,

    /// Writes what every change read and wrote to this file, and when: a history, for 'stress check'
    ///
    /// Each round is a history, with its name; the controls are among them, unless --no-control is given.
    /// A file that is there is overwritten from the start. It is complete after an interruption too. Of
    /// a command there are the versions that it prints and the tokens of the first --expect-tokens. The
    /// lines are described in docs/history-json.md.
    #[arg(long, value_name = "FILE", value_parser = history_file)]
    pub(super) history: Option<PathBuf>,

    /// Keeps the directories of all rounds; that of the first violation is kept anyway
    #[arg(long)]
    pub(super) keep: bool,

    /// Lets a worker misbehave: LANE:ITERATION:KIND
    #[arg(long, hide = true, value_name = "FAULT")]
    pub(super) inject: Option<Fault>,

    #[command(flatten)]
    pub(super) hunting: HuntWords,

    #[command(flatten)]
    pub(super) external: CommandWords,

    #[command(subcommand)]
    pub(super) errand: Option<Errand>,
}

/// A file, or a pipe with a name.
fn history_file(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" => Err("standard output has the report; name a file or a pipe".to_owned()),
        path => Ok(path.into()),
    }
}

const AFTER_LONG_HELP: &str = "\
Examples:
  stress
      All strategies in both shapes, 8 processes with 100 changes each, and the controls.
  stress --procs 8 --iters 1 --rounds 400 --shape fresh
      The first use of a store, 400 times.
  stress --workload stats
      Calls in the statistics of a session that another process finalizes all the while.
  stress --strategy flock --state-bytes 100000..100 --dir /mnt/xfs
      One strategy with a state that shrinks half way, on another file system.
  stress --procs 8 --iters 100 --expect-json '{dir}/s.json:/count=procs*iters' \\
         -- python3 hook.py {dir}
      A program in another language: the count in its file must be what was acknowledged.
  stress --expect-tokens '{dir}/log:lines' -- sh -c 'echo {token} >>{dir}/log'
      Each process leaves its token; none may be lost, doubled or made up.
  stress --procs 8 --iters 2000 --chaos kill=5% --strategy all
      Hundreds of processes killed in the middle of their work: every acknowledged change is kept.
  stress --strategy flock --shape loop --chaos stop=1%:400ms
      Holders of the lock that are stopped: the others report it, and nothing is lost.
  stress --strategy rename --until-failure --duration 2h
      Rounds until one fails; its directory is kept, with what it takes to run it again.
  stress --duration 10m --no-fail-fast --expect-tokens '{dir}/log:lines' -- ./hook.sh {dir} {token}
      How often a program fails in ten minutes.
  stress --repro /tmp/stress-Xy3z/rename-fresh-0017
      The same round again, until it fails.
  stress --junit stress.xml --html stress.html
      For a CI system and for the people who look at what it found.
  stress --strategy flock --no-control --history flock.jsonl && stress check flock.jsonl
      Each change with its time and versions in a file, and a second opinion on it.
  stress --format json | jq '.runs[] | select(.status == \"violated\")'
      What was violated, for a program.

Exit codes:
  0    every strategy was exact and every control was caught, or the command was exact
  1    stress itself failed, or standard output was closed before the end
  2    the command line makes no sense
  10   violated: a strategy or a command lost or doubled an update, or showed a state that never
       was; with --repro: did so again
  11   inconclusive: a control was not caught, there was only one process, a process died or hung,
       more commands failed than --max-fail says, the time ran out, what --repro is after was not seen
  130  interrupted before there was a violation; one signal is enough, more change nothing

When stress is killed by SIGKILL, commands that run then go on until they end by themselves. Only
those that --chaos nofile or nproc limits end with it, on Linux; what they have started goes on.";

/// How the changes are spread over processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    Loop,
    Fresh,
}

/// Which shapes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ShapeChoice {
    /// N processes, each makes M changes
    Loop,
    /// N lanes, each starts M processes one after the other, each makes one change
    Fresh,
    /// First loop, then fresh
    Both,
}

/// What to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines for people
    Human,
    /// One JSON object
    Json,
}

impl ShapeChoice {
    pub(super) const fn shapes(self) -> &'static [Shape] {
        match self {
            Self::Loop => &[Shape::Loop],
            Self::Fresh => &[Shape::Fresh],
            Self::Both => &[Shape::Loop, Shape::Fresh],
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loop => "loop",
            Self::Fresh => "fresh",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Words, Workload};
    use crate::subject::Subject;
    use clap::{CommandFactory, ValueEnum};
    use hookstate::strategy::Strategy;

    #[test]
    fn the_help_names_every_strategy_and_control() {
        let help = Words::command().render_long_help().to_string();
        // The lines are broken anywhere.
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for workload in Workload::value_variants() {
            for subject in Subject::all(*workload) {
                assert!(help.contains(subject.name()), "{}", subject.name());
            }
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Words::command().debug_assert();
    }
}
