//! What ran around the two processes at fault.

use super::super::record::Record;
use super::super::verdict::{Evidence, Moment};
use std::time::Duration;

/// How many processes are told of. More would not fit a screen.
const TOLD_MAX: usize = 48;

/// The processes nearest to the two at fault, which are among them, in the order in which they began,
/// the first of them at time zero. None if nobody is known to be at fault.
pub(super) fn find(records: &[Record], evidence: &Evidence) -> Vec<Moment> {
    let Some(culprits) = evidence.culprits() else {
        return Vec::new();
    };
    let is_culprit = |record: &Record| culprits.both.contains(&record.operation);
    let both = || records.iter().filter(|record| is_culprit(record));
    let from = both().map(|record| record.began).min().unwrap_or_default();
    let to = both().map(|record| record.ended).max().unwrap_or_default();
    let mut nearest: Vec<&Record> = records.iter().collect();
    nearest.sort_by_key(|record| (!is_culprit(record), gap(record, from, to)));
    nearest.truncate(TOLD_MAX);
    nearest.sort_by_key(|record| (record.began, record.operation));
    let zero_ns = nearest.first().map_or(0, |first| first.span().began_ns);
    let moments = nearest.into_iter();
    moments
        .map(|record| moment(record, evidence, zero_ns))
        .collect()
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
