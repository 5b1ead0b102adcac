//! What is heard of the processes of a round, as they end.
//!
//! Most of it is numbers, which are counted at once. Only the oracles need to know of each process; so
//! a round takes as much memory with a million iterations as with a thousand.

use super::claim::Numbers;
use super::journal::{Journal, Records};
use super::lane::Ended;
use super::plan::Plan;
use super::verdict::Failures;
use crate::pace::{Pace, RoundPace};
use anyhow::Result;

/// What is known so far.
#[derive(Debug)]
pub(super) struct Heard {
    journal: Journal,
    acked: u64,
    failed: u64,
    failures: Failures,
    /// How long the processes took that have acknowledged their update, each from its start to its
    /// exit.
    pace: RoundPace,
}

/// What is known when all have ended.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) records: Records,
    pub(super) numbers: Numbers,
    pub(super) failures: Failures,
    pub(super) pace: Pace,
}

impl Heard {
    pub(super) fn nothing() -> Self {
        Self {
            journal: Journal::begin(),
            acked: 0,
            failed: 0,
            failures: Failures::default(),
            pace: RoundPace::default(),
        }
    }

    /// Takes note of a process that has ended.
    pub(super) fn take(&mut self, ended: Ended) -> Result<()> {
        let Ended { record, complaint } = ended;
        if record.is_acknowledged() {
            self.acked += 1;
            self.pace.take(record.operation.lane, record.span());
        }
        if record.has_failed() {
            self.failed += 1;
            self.failures.take(record.operation, record.fate, complaint);
        }
        self.journal.add(record)
    }

    /// That was all.
    pub(super) fn end(self, plan: &Plan) -> Result<Known> {
        let records = self.journal.end()?;
        let numbers = Numbers {
            procs: plan.procs.into(),
            iters: plan.iters.into(),
            acked: self.acked,
            started: records.count(),
            failed: self.failed,
        };
        Ok(Known {
            records,
            numbers,
            failures: self.failures,
            pace: self.pace.of(plan.procs),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, Heard};
    use crate::command::record::{Fate, Record};
    use crate::workload::Operation;
    use std::time::Duration;

    fn ended(lane: u32, iteration: u32, ms: u64, fate: Fate) -> Ended {
        let began = Duration::from_millis(100 * u64::from(iteration));
        Ended {
            record: Record {
                operation: Operation { lane, iteration },
                began,
                ended: began + Duration::from_millis(ms),
                fate,
                steps: Vec::new(),
            },
            complaint: Some(format!("{lane} {iteration}")),
        }
    }

    fn heard(all: impl IntoIterator<Item = Ended>) -> Heard {
        let mut heard = Heard::nothing();
        for ended in all {
            heard.take(ended).unwrap();
        }
        heard
    }

    /// Two processes of two lanes each, of which the second one of each lane acknowledges nothing.
    fn four(second: Fate) -> Heard {
        heard([
            ended(1, 1, 10, Fate::Acknowledged),
            ended(2, 1, 40, second),
            ended(1, 2, 90, Fate::Exited(1)),
            ended(2, 2, 90, Fate::Killed),
        ])
    }

    #[test]
    fn only_processes_that_have_acknowledged_their_update_have_a_pace() {
        let all = four(Fate::Acknowledged).pace.of(2);
        let quantiles = all.quantiles().unwrap();
        assert_eq!(quantiles.changes, 2);
        assert!(quantiles.max < 41_000_000, "{quantiles:?}");
        assert_eq!(all.fairness(), Some(0.25));
        assert_eq!(four(Fate::Died(11)).pace.of(2).fairness(), Some(0.0));
    }

    #[test]
    fn only_a_process_that_failed_by_itself_is_heard_to_complain() {
        let heard = four(Fate::Acknowledged);
        assert_eq!((heard.acked, heard.failed), (2, 1));
        assert_eq!(
            heard.failures.to_string(),
            "exit code 1 (once); p1 #02 said: 1 2"
        );
    }

    #[test]
    fn what_the_first_few_have_said_is_kept_and_what_the_last_one_has() {
        let heard = heard((1..=40).map(|iteration| ended(1, iteration, 1, Fate::Exited(1))));
        let said: Vec<u32> = heard
            .failures
            .said
            .iter()
            .map(|said| said.operation.iteration)
            .collect();
        assert_eq!(said, (1..=16).collect::<Vec<u32>>());
        assert_eq!(heard.failures.last_words.unwrap().1, "1 40");
    }
}
