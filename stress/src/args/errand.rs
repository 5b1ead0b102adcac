//! What there is to be done beside putting something under stress.

use super::check::CheckWords;
use super::paper::Paper;
use super::suite::SuiteWords;
use clap::Subcommand;

/// What is to be done.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Errand {
    /// Judges a history: exact, violated, and by whom, or inconclusive
    ///
    /// A history has a JSON line for each operation: when it was asked for and answered, what it read and
    /// what it wrote. 'stress --history' writes them, and so can any other program; docs/history-json.md
    /// has the format. A file may have several, one after the other.
    Check(CheckWords),
    Suite(SuiteWords),
    #[command(flatten)]
    Paper(Paper),
}
