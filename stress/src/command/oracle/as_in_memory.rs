//! What the oracles find in several passes over a journal is what a straightforward search finds that
//! has everything in memory.

use super::super::claim::Numbers;
use super::super::journal;
use super::super::plan::Oracles;
use super::super::record::{Fate, Record, Step, token};
use super::super::verdict::{Evidence, Fork, Lost};
use super::{EVIDENCE_MAX, Scene, look};
use crate::workload::Operation;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const ROUND: u32 = 3;

/// The most that is told of what is around.
const AROUND_MAX: usize = 48;

/// What a step takes, about.
const STEP_BYTES: u64 = 130;

/// A process, and how often its token is there in the end.
type Process = (Record, usize);

/// Processes of a few lanes in any order of their ends, of which many end at the same instant, read the
/// same versions, and lose their update.
fn processes() -> impl Strategy<Value = Vec<Process>> {
    let fate = prop_oneof![
        4 => Just(Fate::Acknowledged),
        1 => Just(Fate::Exited(1)),
        1 => Just(Fate::Killed),
    ];
    let step = (0_u8..40, 0_u8..40).prop_map(|(read, wrote)| Step {
        read: read.to_string(),
        wrote: wrote.to_string(),
    });
    let steps = proptest::collection::vec(step, 0..3);
    let times = prop_oneof![3 => Just(1), 1 => Just(0), 1 => Just(2)];
    let process = (1_u32..5, 0_u64..100, 0_u64..20, fate, steps, times);
    proptest::collection::vec(process, 0..90).prop_map(|all| {
        let mut lanes = BTreeMap::new();
        let all = all.into_iter();
        let processes = all.map(|(lane, began, took, fate, steps, times)| {
            let iteration = lanes.entry(lane).or_insert(0);
            *iteration += 1;
            let record = Record {
                operation: Operation {
                    lane,
                    iteration: *iteration,
                },
                began: Duration::from_nanos(began),
                ended: Duration::from_nanos(began + took),
                fate,
                steps,
            };
            (record, times)
        });
        processes.collect()
    })
}

/// What is found with everything in memory.
struct InMemory {
    /// In the order in which they ended.
    records: Vec<Record>,
    there: BTreeMap<String, usize>,
}

impl InMemory {
    fn is_there(&self, record: &Record) -> bool {
        self.there.contains_key(&token(ROUND, record.operation))
    }

    fn is_lost(&self, record: &Record) -> bool {
        record.is_acknowledged() && !self.is_there(record)
    }

    fn lost(&self) -> Vec<Lost> {
        let lost = self.records.iter().filter(|record| self.is_lost(record));
        let lost = lost.map(|record| Lost {
            token: token(ROUND, record.operation),
            operation: record.operation,
            rival: self.rival(record),
        });
        lost.collect()
    }

    fn rival(&self, lost: &Record) -> Option<Operation> {
        let all = self.records.iter();
        let rivals = all.filter(|record| {
            record.overlaps(lost) && self.is_there(record) && record.fate != Fate::Killed
        });
        let nearest = rivals.min_by_key(|record| (record.ended < lost.ended, record.ended));
        nearest.map(|record| record.operation)
    }

    fn doubled(&self) -> Vec<String> {
        let given: BTreeSet<String> = self
            .records
            .iter()
            .map(|record| token(ROUND, record.operation))
            .collect();
        let there = self.there.iter();
        let doubled = there.filter(|(token, times)| **times > 1 && given.contains(*token));
        doubled
            .map(|(token, _)| token.clone())
            .take(EVIDENCE_MAX)
            .collect()
    }

    /// All pairs of neighbours among those who have read the same version.
    fn fork(&self) -> Option<Fork> {
        let acknowledged = self
            .records
            .iter()
            .filter(|record| record.is_acknowledged());
        let steps: Vec<(&Record, &Step)> = acknowledged
            .flat_map(|record| record.steps.iter().map(move |step| (record, step)))
            .collect();
        let before = |at: usize| {
            steps[..at]
                .iter()
                .rfind(|(_, one)| one.read == steps[at].1.read)
        };
        let forks = (0..steps.len()).filter_map(|at| {
            let ((first, wrote), (second, also)) = (before(at)?, &steps[at]);
            let overwritten = match [first, second].map(|record| self.is_lost(record)) {
                [true, false] => Some(first.operation),
                [false, true] => Some(second.operation),
                _ => None,
            };
            Some(Fork {
                read: also.read.clone(),
                wrote: [wrote.wrote.clone(), also.wrote.clone()],
                first: first.operation,
                second: second.operation,
                overwritten,
            })
        });
        let forks: Vec<Fork> = forks.collect();
        let mut accusing = forks.iter();
        let accusing =
            accusing.find(|fork| fork.overwritten.is_some() && fork.first.lane != fork.second.lane);
        accusing.or(forks.first()).cloned()
    }

    /// Those nearest to the two at fault.
    fn around(&self, evidence: &Evidence) -> Vec<Operation> {
        let Some(culprits) = evidence.culprits() else {
            return Vec::new();
        };
        let is_culprit = |record: &Record| culprits.both.contains(&record.operation);
        let both: Vec<&Record> = self
            .records
            .iter()
            .filter(|record| is_culprit(record))
            .collect();
        let from = both.iter().map(|record| record.began).min().unwrap();
        let to = both.iter().map(|record| record.ended).max().unwrap();
        let mut all: Vec<&Record> = self.records.iter().collect();
        all.sort_by_key(|record| {
            let (before, after) = (
                from.saturating_sub(record.ended),
                record.began.saturating_sub(to),
            );
            (!is_culprit(record), before.max(after))
        });
        all.truncate(AROUND_MAX);
        all.sort_by_key(|record| (record.began, record.operation));
        all.iter().map(|record| record.operation).collect()
    }
}

/// What the oracles find in the journal, if they hold no more than this at once to see forks.
fn found(processes: &[Process], held_bytes_max: u64) -> (Evidence, Option<(i128, Option<i128>)>) {
    let directory = tempfile::tempdir().unwrap();
    let tokens = processes.iter().map(|(record, times)| {
        let line = token(ROUND, record.operation) + "\n";
        line.repeat(*times)
    });
    let log = directory.path().join("log");
    std::fs::write(log, tokens.collect::<String>()).unwrap();
    let all = || processes.iter().map(|(record, _)| record);
    let records = journal::of(all().cloned());
    let scene = Scene {
        directory: directory.path(),
        round: ROUND,
        records: &records,
        numbers: Numbers {
            procs: 4,
            iters: 90,
            acked: all().filter(|record| record.is_acknowledged()).count() as u64,
            started: records.count(),
            failed: all().filter(|record| record.has_failed()).count() as u64,
        },
        is_complete: true,
    };
    let oracles = Oracles {
        tokens: vec!["{dir}/log:lines".parse().unwrap()],
        ..Oracles::default()
    };
    let mut finding = look(&oracles, &scene).unwrap();
    finding.accuse_within(&scene, held_bytes_max).unwrap();
    (finding.evidence, finding.counted)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// With bounds from a single step to all of them.
    #[test]
    fn many_passes_find_what_one_look_at_everything_finds(
        processes in processes(),
        held_bytes_max in prop_oneof![Just(STEP_BYTES), STEP_BYTES..100 * STEP_BYTES],
    ) {
        let mut records: Vec<Record> = processes.iter().map(|(record, _)| record.clone()).collect();
        records.sort_by_key(|record| record.ended);
        let there = processes.iter().filter(|(_, times)| *times > 0);
        let there = there.map(|(record, times)| (token(ROUND, record.operation), *times));
        let in_memory = InMemory { records, there: there.collect() };

        let (evidence, counted) = found(&processes, held_bytes_max);
        let lost = in_memory.lost();
        prop_assert_eq!(evidence.lost, lost.len() as u64);
        prop_assert_eq!(&evidence.first_lost[..], &lost[..lost.len().min(EVIDENCE_MAX)]);
        prop_assert_eq!(&evidence.doubled, &in_memory.doubled());
        prop_assert!(evidence.foreign.is_empty());
        let acked = in_memory.records.iter().filter(|record| record.is_acknowledged()).count() as i128;
        prop_assert_eq!(counted, Some((acked, Some(acked - lost.len() as i128))));

        let is_any = !lost.is_empty() || !evidence.doubled.is_empty();
        prop_assert_eq!(&evidence.fork, &in_memory.fork().filter(|_| is_any));
        let around: Vec<Operation> = evidence.around.iter().map(|moment| moment.operation).collect();
        prop_assert_eq!(around, in_memory.around(&evidence));
    }
}
