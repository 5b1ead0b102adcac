//! What the words of the command line say, each by itself.

use super::nearest::OneOf;
use crate::command::plan::{Format, TraceStyle};
use crate::command::proof;
use clap::builder::PossibleValuesParser;
use clap::{Parser, ValueEnum};

/// Proves that no interleaving loses an update: the shipping code on a simulated kernel, in every
/// state that its processes can bring it into.
///
/// Without options it searches the whole proof: every strategy in every scenario, with kills, failing
/// calls, short transfers and power cuts anywhere; and controls, which are programs with something
/// missing that the search must reject, or it proves nothing. With options it searches what they name.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "hookstate-model",
    version,
    max_term_width = 100,
    after_long_help = AFTER_LONG_HELP,
    after_help = "'--help' says more and gives examples; '--list' shows all names."
)]
pub(super) struct Words {
    /// Which strategies: 'all', or names with commas between them
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = strategies(), hide_possible_values = true)]
    pub(super) strategy: Vec<String>,

    /// Which scenarios: 'all', or names with commas between them
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = scenarios(), hide_possible_values = true)]
    pub(super) scenario: Vec<String>,

    /// How many processes, from 1 to 6 [default: 3, and 2 for loom]
    ///
    /// With this or any of the three options below, one search is made for each strategy and scenario
    /// instead of those of the proof.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=6))]
    pub(super) procs: Option<u8>,

    /// How many of them may be killed, at any call or inside of a write [default: 1, or 0 with one of
    /// the three options below]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=6))]
    pub(super) kills: Option<u8>,

    /// How many calls may fail, each with EINTR, EIO, EMFILE, ENOLCK or ENOSPC where it can have
    /// that [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=6))]
    pub(super) failures: Option<u8>,

    /// How many calls may transfer fewer bytes than they could: one, half, all but one, or up to a
    /// bound of a sector or page [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=6))]
    pub(super) shorts: Option<u8>,

    /// How often the power may be cut, with stores that are to survive that and a disk that keeps of
    /// what was not synced what it likes [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(super) power_cuts: Option<u8>,

    /// Which controls: 'all', or names with commas between them
    ///
    /// Each runs among the processes that it was made for; with --scenario, a twin of a strategy
    /// runs in that scenario instead, in which it may do no harm.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = OneOf(proof::control_names))]
    pub(super) control: Vec<String>,

    /// Prints the calls of each counterexample, and how it came about
    ///
    /// A search that finds nothing wrong has no trace to show.
    #[arg(long, value_enum, value_name = "STYLE", num_args = 0..=1, require_equals = true, default_missing_value = "short")]
    pub(super) trace: Option<TraceStyle>,

    /// Who searches
    ///
    /// loom is the second opinion: 2 processes, at most 1 kill, and nothing else that goes wrong.
    #[arg(long, value_enum, default_value_t = EngineChoice::Search)]
    pub(super) engine: EngineChoice,

    /// Cuts each search after so many states, which makes it BOUNDED
    ///
    /// The programs that lose updates are small and always searched whole.
    ///
    /// loom is cut after so many executions with one place of the kill [default: 20000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) states_max: Option<u32>,

    /// How many threads search [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,

    /// For people, or for programs: JSON lines, described in docs/model-json.md
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,

    /// Shows all strategies, scenarios and controls, and what they are
    #[arg(long, exclusive = true)]
    pub(super) list: bool,
}

const AFTER_LONG_HELP: &str = "\
Examples:
  hookstate-model
      The whole proof.
  hookstate-model --strategy all --procs 3 --kills 1
      Every strategy and scenario with 3 processes, of which 1 may be killed at any call.
  hookstate-model --strategy flock --scenario recovery --procs 4 --kills 2
      Further than the proof goes, in one place.
  hookstate-model --control rename-stale-lock --trace
      How an update gets lost under a lock: the shortest way, call by call.
  hookstate-model --control all --strategy flock
      What becomes of flock if one step of its protocol is left out.
  hookstate-model --format json | jq 'select(.status == \"complete\") | .states'
      How much was searched, for a program.

Exit codes:
  0    every search was complete and clean, and every control was caught
  1    the program itself failed, or standard output was closed before the end
  2    the command line makes no sense
  10   violated: a strategy lost an update or broke its promise otherwise
  11   inconclusive: a search was bounded, something that had to come about did not, or a control
       was not caught
  130  interrupted before there was a violation";

/// Who searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EngineChoice {
    /// The breadth-first search
    Search,
    /// loom, where it can
    Loom,
    /// One after the other
    Both,
}

fn strategies() -> PossibleValuesParser {
    PossibleValuesParser::new(proof::strategy_names())
}

fn scenarios() -> PossibleValuesParser {
    PossibleValuesParser::new(proof::scenario_names())
}

#[cfg(test)]
mod tests {
    use super::Words;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Words::command().debug_assert();
    }
}
