//! What must hold when the last command has ended.
//!
//! Numbers in JSON files, tokens each exactly once, and a check of the user's own. An oracle only
//! accuses where no right program could have left the files so: what a process has done that was
//! killed or has failed is not known, so its token may be there or not.

mod around;
pub(super) mod check;
mod file;
mod forks;
mod json;
mod tokens;

#[cfg(test)]
mod tests;

pub(crate) use json::ExpectJson;
pub(crate) use tokens::ExpectTokens;

use super::claim::Numbers;
use super::plan::Oracles;
use super::record::{Record, token};
use super::verdict::Evidence;
use crate::workload::Operation;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How much of a list is kept as evidence. The first tell it all.
const EVIDENCE_MAX: usize = 16;

/// A round that is over.
pub(super) struct Scene<'a> {
    pub(super) directory: &'a Path,
    pub(super) round: u32,
    pub(super) records: &'a [Record],
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
    lost: BTreeSet<Operation>,
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
    pub(super) fn accuse(&mut self, scene: &Scene<'_>) {
        let evidence = &mut self.evidence;
        if evidence.is_any() {
            evidence.fork = forks::find(scene, &self.lost);
            evidence.around = around::find(scene.records, evidence);
        }
    }
}

/// Looks at the files. If the round was cut short only the tokens can be judged: processes that were
/// killed then are in no claim.
pub(super) fn look(oracles: &Oracles, scene: &Scene<'_>) -> Finding {
    let mut finding = Finding {
        evidence: Evidence {
            round: scene.round,
            ..Evidence::default()
        },
        ..Finding::default()
    };
    let mut counts = Vec::new();
    let mut lost = BTreeSet::new();
    for expected in &oracles.tokens {
        counts.push(expected.look(scene, &mut finding, &mut lost));
    }
    for expected in oracles.json.iter().filter(|_| scene.is_complete) {
        counts.extend(expected.look(scene, &mut finding));
    }
    finding.counted = counts.first().copied();
    finding.lost = lost;
    finding
}

/// The tokens that are there, each as often as it is, where the first `--expect-tokens` looks.
pub(super) fn last_tokens(oracles: &Oracles, scene: &Scene<'_>) -> Option<Vec<String>> {
    let tokens = oracles.tokens.first()?.tokens(scene).ok()?;
    let repeated = tokens
        .into_iter()
        .flat_map(|(token, times)| (0..times).map(move |_| token.clone()));
    Some(repeated.collect())
}

impl Scene<'_> {
    /// All processes by their tokens.
    fn by_token(&self) -> BTreeMap<String, &Record> {
        let records = self.records.iter();
        let by_token = records.map(|record| (self.token(record.operation), record));
        by_token.collect()
    }

    fn token(&self, operation: Operation) -> String {
        token(self.round, operation)
    }
}
