//! Writes the history of a round of a command.
//!
//! A process is an operation: from before its start until after its end, acknowledged if its exit code
//! is 0, and otherwise of unknown outcome. Times are counted from the beginning of the round.

use super::journal::Records;
use super::record::{Record, token};
use crate::history::HistoryFile;
use anyhow::Result;
use hookstate_history::{Action, Final, Header, Operation, Outcome, Token};

/// Writes the history of a round, with the tokens that were there in the end, if some were expected.
pub(super) fn write(
    file: &HistoryFile,
    round: u32,
    records: &Records,
    last: Option<Vec<Token>>,
) -> Result<()> {
    let versions = Versions::of(records.pass())?;
    let header = Header {
        name: Some(format!("command round {round}").into()),
        initial: versions.first.map(Into::into),
        ..Header::default()
    };
    let mut writer = file.begin(&header)?;
    for record in records.pass() {
        file.told(writer.operation(&operation(round, &record?, versions)))?;
    }
    if last.is_some() {
        file.told(writer.last(&Final {
            total: None,
            tokens: last,
        }))?;
    }
    file.told(writer.finish())?;
    Ok(())
}

/// What the versions of a command are good for. It may call anything a version; only if each process
/// has said at most one step, from a number to the next, are they those of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Versions {
    are_counted: bool,
    /// The first that was read, if they are: where `--setup` has begun.
    first: Option<u64>,
}

impl Versions {
    fn of(records: impl Iterator<Item = Result<Record>>) -> Result<Self> {
        let (mut are_counted, mut first) = (true, None);
        for record in records {
            let record = record?;
            if !record.is_acknowledged() || record.steps.is_empty() {
                continue;
            }
            match counted(&record) {
                Some(read) => first = Some(first.map_or(read, |first: u64| first.min(read))),
                None => are_counted = false,
            }
        }
        Ok(Self {
            are_counted,
            first: first.filter(|_| are_counted),
        })
    }
}

/// The version that a process has read, if it has made one step of one.
fn counted(record: &Record) -> Option<u64> {
    let [step] = record.steps.as_slice() else {
        return None;
    };
    let (read, wrote) = (step.read.parse::<u64>().ok()?, step.wrote.parse().ok()?);
    (read.checked_add(1) == Some(wrote)).then_some(read)
}

fn operation(round: u32, record: &Record, versions: Versions) -> Operation {
    let is_acknowledged = record.is_acknowledged();
    let span = record.span();
    let read = counted(record).filter(|_| is_acknowledged && versions.are_counted);
    Operation {
        process: record.operation.lane,
        action: Action::Add {
            token: Some(Token::new(&token(round, record.operation))),
            read,
            wrote: read.map(|version| version + 1),
        },
        invoked_ns: span.began_ns,
        responded_ns: is_acknowledged.then(|| span.ended_ns()),
        outcome: if is_acknowledged {
            Outcome::Ok
        } else {
            Outcome::Unknown
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, Versions, operation};
    use crate::command::record::{Fate, Step};
    use crate::workload::Operation;
    use std::time::Duration;

    fn record(fate: Fate, steps: &[(&str, &str)]) -> Record {
        let step = |&(read, wrote): &(&str, &str)| Step {
            read: read.to_owned(),
            wrote: wrote.to_owned(),
        };
        Record {
            operation: Operation {
                lane: 2,
                iteration: 3,
            },
            began: Duration::from_micros(5),
            ended: Duration::from_micros(9),
            fate,
            steps: steps.iter().map(step).collect(),
        }
    }

    fn versions(all: &[&[(&str, &str)]]) -> Option<u64> {
        let records = all
            .iter()
            .map(|steps| Ok(record(Fate::Acknowledged, steps)));
        Versions::of(records).unwrap().first
    }

    #[test]
    fn versions_that_count_are_taken_from_where_they_begin() {
        assert_eq!(versions(&[&[("42", "43")], &[], &[("41", "42")]]), Some(41));
    }

    #[test]
    fn versions_of_another_kind_are_left_out() {
        assert_eq!(versions(&[&[("0", "1")], &[("a3f", "b00")]]), None);
        assert_eq!(versions(&[&[("0", "1")], &[("7", "9")]]), None);
        assert_eq!(versions(&[&[("0", "1"), ("1", "2")]]), None);
        assert_eq!(versions(&[]), None);
    }

    #[test]
    fn only_an_acknowledged_process_is_believed() {
        let line = |fate| {
            let record = record(fate, &[("41", "42")]);
            let versions = Versions {
                are_counted: true,
                first: None,
            };
            serde_json::to_string(&operation(7, &record, versions)).unwrap()
        };
        assert_eq!(
            line(Fate::Acknowledged),
            r#"{"process":2,"op":"add","token":"r7-p2-3","invoked_ns":5000,"responded_ns":9000,"outcome":"ok","read":41,"wrote":42}"#
        );
        assert_eq!(
            line(Fate::Exited(1)),
            r#"{"process":2,"op":"add","token":"r7-p2-3","invoked_ns":5000,"outcome":"unknown"}"#
        );
    }
}
