//! The words of `stress check`, and what they mean.

use super::words::Format;
use crate::check::Plan;
use clap::Args;
use hookstate_history::Limits;
use std::path::PathBuf;
use std::time::Duration;

/// What is to be judged, and how.
#[derive(Clone, Debug, Args)]
#[command(max_term_width = 100, after_long_help = AFTER_LONG_HELP)]
pub(super) struct CheckWords {
    /// The history, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// How long it may take to judge all of it, before the rest is inconclusive
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    time_limit: u64,

    /// How much memory a judge may take for one history before that is inconclusive
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    memory_limit: u64,

    /// For people, or for programs: one JSON object, described in docs/stress-json.md
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

const AFTER_LONG_HELP: &str = "\
Examples:
  stress --no-control --history run.jsonl && stress check run.jsonl
      A second opinion on what the strategies have done.
  zcat run.jsonl.gz | stress check -
      From a pipe; it is copied to a temporary file, since it may be read twice.
  stress check --format json run.jsonl | jq -r '.findings[].evidence[].text'
      What was lost, doubled or rolled back, a line each.
  stress check --time-limit 60 --memory-limit 4096 registers.jsonl
      Registers are searched for an order, which may take more memory than is usual.

Exit codes:
  0    exact: there is an order of the operations that explains everything that was found
  1    the file cannot be read, or a line is none of a history; the error has its line and column
  2    the command line makes no sense
  10   violated: there is no such order, and the operations that show it are named
  11   inconclusive: a limit was reached, or there is nothing to judge by";

impl CheckWords {
    /// What they mean.
    pub(super) fn plan(&self) -> Plan {
        Plan {
            path: self.file.clone(),
            limits: Limits {
                time: Duration::from_secs(self.time_limit),
                memory_bytes: self.memory_limit << 20,
            },
            format: self.format,
        }
    }
}
