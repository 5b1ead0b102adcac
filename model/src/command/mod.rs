//! The command: what the words ask for becomes a plan of searches, the plan is run, each line of it
//! is judged, and a report prints the judgements as they come.

mod args;

mod proof;

mod conduct;
mod plan;

mod verdict;

mod report;

mod progress;

use args::Request;
use hookstate_cli::exit;

/// Does what the command line asks for, and gives the exit code that says what came of it.
pub(crate) fn main() -> exit::Code {
    let done = match args::request() {
        Request::List => report::list(),
        Request::Prove(plan) => conduct::conduct(plan),
    };
    match done {
        Ok(conclusion) => conclusion.exit_code(),
        Err(error) => exit::failed(&error),
    }
}
