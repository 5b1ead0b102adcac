//! What else there is to do than to put something under stress.

use super::paper::Paper;
use super::suite::SuiteWords;
use clap::Subcommand;

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Errand {
    Suite(SuiteWords),
    #[command(flatten)]
    Paper(Paper),
}
