//! What must hold when the last command has ended.
//!
//! Numbers in JSON files, tokens each exactly once, and a check of the user's own. An oracle only
//! accuses where no right program could have left the files so: what a process has done that was
//! killed or has failed is not known, so its token may be there or not.
//!
//! The processes are read from their journal as often as it takes, and what is kept of all of them is a
//! bit for each. So memory is bounded, but for a file of JSON: all of it is in memory while it is judged.

mod around;
pub(super) mod check;
mod file;
mod forks;
mod json;
mod operations;
mod tokens;

#[cfg(test)]
mod as_in_memory;
#[cfg(test)]
mod bounded;
#[cfg(test)]
mod tests;

pub(crate) use json::ExpectJson;
pub(crate) use tokens::ExpectTokens;

use super::claim::Numbers;
use super::journal::Records;
use super::plan::Oracles;
use super::record::token;
use super::verdict::Evidence;
use crate::workload::Operation;
use anyhow::Result;
use hookstate_history::Token;
use operations::Operations;
use std::path::Path;

/// How much of a list is kept as evidence. The first tell it all.
const EVIDENCE_MAX: usize = 16;

/// A round that is over.
pub(super) struct Scene<'a> {
    pub(super) directory: &'a Path,
    pub(super) round: u32,
    pub(super) records: &'a Records,
    pub(super) numbers: Numbers,
    /// Whether every lane came to its end.
    pub(super) is_complete: bool,
}

/// What was found in the files.
#[derive(Debug, Default)]
pub(super) struct Finding {
    pub(super) evidence: Evidence,
    /// Why a claim that is not true may have been kept all the same.
    pub(super) doubt: Option<String>,
    /// What was expected and what was found, for the line of the run.
    pub(super) counted: Option<Counted>,
    /// Whose acknowledged tokens are not there.
    lost: Operations,
}

/// What was expected, and what was found if that can be said.
type Counted = (i128, Option<i128>);

impl Finding {
    fn complain(&mut self, complaint: String) {
        self.evidence.complaints.push(complaint);
    }

    fn doubt_with(&mut self, why: String) {
        self.doubt.get_or_insert(why);
    }

    /// Adds who is at fault, as far as the processes tell, once everything else is known: a fork by itself
    /// accuses nobody, for two processes may have agreed on it.
    pub(super) fn accuse(&mut self, scene: &Scene<'_>) -> Result<()> {
        self.accuse_within(scene, forks::HELD_BYTES_MAX)
    }

    fn accuse_within(&mut self, scene: &Scene<'_>, held_bytes_max: u64) -> Result<()> {
        let evidence = &mut self.evidence;
        if evidence.is_any() {
            evidence.fork = forks::find(scene.records, &self.lost, held_bytes_max)?;
            evidence.around = around::find(scene.records, evidence)?;
        }
        Ok(())
    }
}

/// Looks at the files. If the round was cut short only the tokens can be judged: processes that were
/// killed then are in no claim.
pub(super) fn look(oracles: &Oracles, scene: &Scene<'_>) -> Result<Finding> {
    let mut finding = Finding {
        evidence: Evidence {
            round: scene.round,
            ..Evidence::default()
        },
        ..Finding::default()
    };
    let mut counts = Vec::new();
    for expected in &oracles.tokens {
        counts.push(expected.look(scene, &mut finding)?);
    }
    for expected in oracles.json.iter().filter(|_| scene.is_complete) {
        counts.extend(expected.look(scene, &mut finding));
    }
    finding.counted = counts.first().copied();
    Ok(finding)
}

/// The tokens that are there, each as often as it is, where the first `--expect-tokens` looks. They take
/// as much memory as the file that they are in.
pub(super) fn last_tokens(oracles: &Oracles, scene: &Scene<'_>) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let expected = oracles.tokens.first()?;
    let take = |token: &str| tokens.push(Token::new(token));
    expected.each(scene, take).ok()?;
    tokens.sort_unstable();
    Some(tokens)
}

impl Scene<'_> {
    fn token(&self, operation: Operation) -> String {
        token(self.round, operation)
    }
}
