//! What is told of rounds, and of how to go back to one.

use crate::hunt::{Origin, Rounds};
use crate::shell;
use std::path::Path;

/// What nobody should expect of a seed.
pub(crate) const SCHEDULER: &str =
    "a seed fixes the workload, not the scheduler: it may take several rounds";

/// What can be done if a round that is run again does not fail.
pub(crate) const UNSEEN: &str =
    "what had failed was not seen again; a longer --duration may show it";

/// Of how many rounds it was the first that failed.
pub(crate) fn found(round: u32, most: Option<u32>, count: &Rounds) -> Option<String> {
    match most {
        _ if count.done > round => Some(format!("{count}, the first of them round {round}")),
        Some(1) => None,
        Some(most) => Some(format!("in round {round} of {most}")),
        None => Some(format!("in round {round}")),
    }
}

/// The command that goes back to a round.
pub(crate) fn repro(directory: &Path) -> String {
    let directory = directory.to_string_lossy();
    shell::line(["stress", "--repro", &directory])
}

/// Which round is run again.
pub(crate) fn was(origin: &Origin) -> String {
    let line =
        shell::line(std::iter::once("stress").chain(origin.words.iter().map(String::as_str)));
    let (round, seed) = (origin.round, origin.seed);
    format!("as in round {round} of seed {seed}: {line}")
}

#[cfg(test)]
mod tests {
    use super::{Rounds, found};

    #[test]
    fn the_first_that_failed_is_told_with_how_many_there_were() {
        let count = |done, violated| Rounds {
            done,
            violated,
            inconclusive: 0,
        };
        let found = |round, most, count| found(round, most, &count).unwrap_or_default();
        assert_eq!(found(1, Some(1), count(1, 1)), "");
        assert_eq!(found(3, Some(9), count(3, 1)), "in round 3 of 9");
        assert_eq!(found(17, None, count(17, 1)), "in round 17");
        assert_eq!(
            found(17, None, count(129, 3)),
            "129 rounds, 3 violated (2.3 %), the first of them round 17"
        );
    }
}
