//! Two processes that said they had changed the same version.

use super::super::record::Record;
use super::super::shown;
use super::super::verdict::Fork;
use super::Scene;
use crate::workload::Operation;
use std::collections::{BTreeMap, BTreeSet};

/// The first fork between two processes of which one has lost its update; or else the first.
///
/// The processes tell by lines `stress: read VERSION wrote VERSION` what they have done; see
/// [`Step`](super::super::record::Step). Without such lines there is no fork to be seen.
pub(super) fn find(scene: &Scene<'_>, lost: &BTreeSet<Operation>) -> Option<Fork> {
    let mut readers: BTreeMap<&str, (&Record, &str)> = BTreeMap::new();
    let mut records: Vec<&Record> = scene.records.iter().collect();
    records.retain(|record| record.is_acknowledged());
    records.sort_by_key(|record| record.ended);
    let mut first_found = None;
    for record in records {
        for step in &record.steps {
            let Some((first, wrote)) = readers.insert(&step.read, (record, &step.wrote)) else {
                continue;
            };
            let pair = [first.operation, record.operation];
            let overwritten = one_of(pair, |operation| lost.contains(&operation));
            let fork = Fork {
                read: shown::word(&step.read),
                wrote: [wrote, &step.wrote].map(shown::word),
                first: first.operation,
                second: record.operation,
                overwritten,
            };
            if overwritten.is_some() && first.operation.lane != record.operation.lane {
                return Some(fork);
            }
            first_found.get_or_insert(fork);
        }
    }
    first_found
}

/// The one of the two that is so, if it is only one.
fn one_of(pair: [Operation; 2], is: impl Fn(Operation) -> bool) -> Option<Operation> {
    match pair.map(is) {
        [true, false] => Some(pair[0]),
        [false, true] => Some(pair[1]),
        _ => None,
    }
}
