//! What ran around the two processes at fault.

use super::super::journal::Records;
use super::super::record::Record;
use super::super::verdict::{Evidence, Moment};
use crate::workload::Operation;
use anyhow::Result;
use std::collections::BTreeMap;
use std::time::Duration;

/// How many processes are told of. More would not fit a screen.
const TOLD_MAX: usize = 48;

/// The processes nearest to the two at fault, which are among them, in the order in which they began,
/// the first of them at time zero. None if nobody is known to be at fault.
pub(super) fn find(records: &Records, evidence: &Evidence) -> Result<Vec<Moment>> {
    let Some(culprits) = evidence.culprits() else {
        return Ok(Vec::new());
    };
    let mut nearest = nearest(records, culprits.both)?;
    nearest.sort_by_key(|record| (record.began, record.operation));
    let zero_ns = nearest.first().map_or(0, |first| first.span().began_ns);
    let moments = nearest.iter();
    let moments = moments.map(|record| moment(record, evidence, zero_ns));
    Ok(moments.collect())
}

/// Looks for the two in one pass, and for those around them in another.
fn nearest(records: &Records, both: [Operation; 2]) -> Result<Vec<Record>> {
    let is_culprit = |record: &Record| both.contains(&record.operation);
    let (mut from, mut to) = (Duration::MAX, Duration::ZERO);
    for record in records.pass() {
        let record = record?;
        if is_culprit(&record) {
            from = from.min(record.began);
            to = to.max(record.ended);
        }
    }
    let mut nearest = BTreeMap::new();
    for (number, record) in (0_u64..).zip(records.pass()) {
        let record = record?;
        nearest.insert(
            (!is_culprit(&record), gap(&record, from, to), number),
            record,
        );
        if nearest.len() > TOLD_MAX {
            nearest.pop_last();
        }
    }
    Ok(nearest.into_values().collect())
}

/// The time between a process and that from one moment to another; none if they overlap.
fn gap(record: &Record, from: Duration, to: Duration) -> Duration {
    let before = from.saturating_sub(record.ended);
    before.max(record.began.saturating_sub(to))
}

fn moment(record: &Record, evidence: &Evidence, zero_ns: u64) -> Moment {
    let span = record.span();
    let (read, wrote) = versions(record, evidence).unzip();
    Moment {
        operation: record.operation,
        began_ns: span.began_ns - zero_ns,
        took_ns: span.took_ns,
        fate: record.fate.to_string(),
        read,
        wrote,
    }
}

/// The versions that a process has read and written: those of the fork, if it is a side of it, or else
/// the first that it has read and the last that it wrote.
fn versions(record: &Record, evidence: &Evidence) -> Option<(String, String)> {
    let fork = evidence.fork.iter();
    let mut fork = fork.filter(|fork| [fork.first, fork.second].contains(&record.operation));
    let of_fork = fork.find_map(|fork| record.steps.iter().find(|step| step.read == fork.read));
    let (first, last) = match of_fork {
        Some(step) => (step, step),
        None => (record.steps.first()?, record.steps.last()?),
    };
    Some((first.read.clone(), last.wrote.clone()))
}
