//! The words about suites.

use super::words::Format;
use crate::hunt::positive_duration;
use crate::suite::Plan;
use crate::workload::Seed;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Tells how long it takes to catch each program of a directory, and that no repaired one is accused
#[derive(Clone, Debug, Args)]
#[command(after_long_help = AFTER_LONG_HELP, after_help = "'--help' says more and gives examples.")]
pub(super) struct SuiteWords {
    /// Where the cases are: folders with a file case.toml in each
    ///
    /// It has a number and a name, says by pattern, lost and needs in words what it is about, and by catches
    /// whether to run it is enough (free) or not (explorer). It names two commands, seen and repaired; procs, iters, chaos, setup, stdin,
    /// expect-json, expect-tokens, check and max-fail are the options with these names; procs, iters and one
    /// of the three oracles have to be there. Both run in its folder. See stress/testdata/programs/README.md.
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// The cases to run, by name or number [default: all]
    #[arg(value_name = "CASE")]
    names: Vec<String>,

    /// For how long it is tried to catch a program
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = positive_duration)]
    duration: Duration,

    /// For how long its repaired twin runs
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive_duration)]
    twin_duration: Duration,

    /// Fixes what is done, but not the order in which the system runs the processes [default: random]
    #[arg(long, value_name = "SEED")]
    seed: Option<Seed>,

    /// How the table is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

const AFTER_LONG_HELP: &str = "\
Examples:
  stress suite stress/testdata/programs
      The 24 known ways to lose an update, each caught, and each repaired twin cleared.
  stress suite stress/testdata/programs no-lock 14
      Two of them.
  stress suite regressions --duration 10m --format json | jq '.cases[] | {name, ending}'
      Programs of your own, for a program.

Exit codes:
  0    every program was caught, but for those that say that it takes an explorer, and no twin accused
  1    a case makes no sense, or a command cannot be started
  2    the command line makes no sense
  10   a repaired twin was accused
  11   a program was not caught in the time, or a run says nothing
  130  interrupted";

impl SuiteWords {
    pub(super) fn plan(&self) -> Plan {
        Plan {
            directory: self.directory.clone(),
            names: self.names.clone(),
            duration: self.duration,
            twin_duration: self.twin_duration,
            seed: self.seed.unwrap_or_else(Seed::random),
            format: self.format,
        }
    }
}
