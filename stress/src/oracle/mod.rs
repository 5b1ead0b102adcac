//! Judges a round: everything that was acknowledged against everything that was seen.

mod announcements;
mod forks;
mod harm;
mod rows;
mod surroundings;
#[cfg(test)]
mod tests;

pub(crate) use harm::HarmCounts;

use crate::chaos::Dealt;
use crate::event::{Acknowledged, Event, Summary};
use crate::history;
use crate::pace::{Pace, RoundPace};
use crate::verdict::{Counted, Evidence, Miscount, Moment, Sighting, Source, Verdict};
use crate::workload::{Counts, Flaw, Operation, Seed, Unreported, Workload};
use announcements::Announcements;
use forks::Forks;
use harm::{Ending, Harm};
use std::collections::{BTreeMap, BTreeSet};
use surroundings::Surroundings;

/// How many sightings and miscounts are kept as evidence. The first tell it all, and memory must
/// not grow with what goes wrong.
const EVIDENCE_MAX: usize = 16;

/// What is known of a round. Takes events in the order in which they arrive, in any interleaving
/// of the processes.
#[derive(Debug)]
pub(crate) struct Oracle {
    asked: Asked,
    acknowledged: Counts,
    /// What was taken out of the state again by the lanes.
    removed: Counts,
    forks: Forks,
    surroundings: Surroundings,
    pace: RoundPace,
    announcements: Announcements,
    sightings: Vec<Sighting>,
    /// What the store has cleared up, as far as nobody was killed on purpose.
    recovered: Vec<Sighting>,
    /// Whether a process has died behind which there may have been something to clear up.
    somebody_died: bool,
    /// Why the round cannot be exact, in the order in which it became known.
    troubles: Vec<String>,
    /// How many changes more than they have reported some lanes may have made.
    in_doubt: BTreeMap<u32, u64>,
    harm: Harm,
    result: Option<Summary>,
    counters: Counters,
}

/// What is asked of the processes of a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) workload: Workload,
    pub(crate) seed: Seed,
    pub(crate) lanes: u32,
    /// The changes of each lane.
    pub(crate) iterations: u32,
}

/// What a round had besides changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// How often the reader has read.
    pub(crate) reads: u64,
    /// How often a process had to try again because the lock was held for too long.
    pub(crate) lock_timeouts: u64,
    /// How often the store put off work because of an error, and the first such error.
    pub(crate) deferred: u64,
    pub(crate) first_deferred: Option<String>,
    /// What was done on purpose, and what came of it.
    pub(crate) harm: HarmCounts,
}

/// The judgement on a round.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) expected: u64,
    pub(crate) got: Option<u64>,
    pub(crate) counters: Counters,
    pub(crate) pace: Pace,
}

impl Counters {
    /// Adds what another round had.
    pub(crate) fn add(&mut self, other: Self) {
        self.reads += other.reads;
        self.lock_timeouts += other.lock_timeouts;
        self.deferred += other.deferred;
        self.first_deferred = self.first_deferred.take().or(other.first_deferred);
        self.harm.add(other.harm);
    }
}

impl Oracle {
    /// For a round in which this is asked.
    pub(crate) fn new(asked: Asked) -> Self {
        Self {
            asked,
            acknowledged: Counts::default(),
            removed: Counts::default(),
            forks: Forks::default(),
            surroundings: Surroundings::default(),
            pace: RoundPace::default(),
            announcements: Announcements::default(),
            sightings: Vec::new(),
            recovered: Vec::new(),
            somebody_died: false,
            troubles: Vec::new(),
            in_doubt: BTreeMap::new(),
            harm: Harm::default(),
            result: None,
            counters: Counters::default(),
        }
    }

    /// Takes note of an event.
    pub(crate) fn take(&mut self, source: Source, event: Event) {
        match (event, source) {
            (Event::Acknowledged(acknowledged), Source::Lane(lane)) => {
                self.take_acknowledged(lane, acknowledged);
            }
            (Event::Removed(iteration), Source::Lane(lane)) => {
                let operation = Operation { lane, iteration };
                self.removed.count(operation, self.asked.seed);
            }
            (Event::Claimed(task), by) => self.announcements.take(by, task),
            (Event::Flaw(flaw), by) => self.take_flaw(by, flaw),
            (Event::LockTimeout(timeout), _) => {
                self.counters.lock_timeouts += 1;
                self.harm.take_lock_timeout(timeout);
            }
            (Event::NoSpace(error), _) => self.harm.take_no_space(error),
            (Event::Doubt(_), by) => self.take_doubt(by),
            (Event::Deferred(error), _) => {
                self.counters.deferred += 1;
                self.counters.first_deferred.get_or_insert(error);
            }
            (Event::Reads(count), Source::Reader) => self.counters.reads = count,
            (Event::State(summary), Source::Reader) => self.result = Some(summary),
            // How a process ended is told by the one that waited for it.
            _ => {}
        }
    }

    /// Takes note that a process did not do what it was started for.
    pub(crate) fn take_trouble(&mut self, source: Source, why: &str) {
        self.take_doubt(source);
        self.somebody_died = true;
        self.troubles.push(format!("{source} {why}"));
    }

    /// Takes note of what was done to a lane.
    pub(crate) fn take_dealt(&mut self, dealt: Dealt) {
        self.harm.take_dealt(dealt);
    }

    /// Takes note that the store has cleared up behind a process that was killed.
    pub(crate) fn take_recovery(&mut self) {
        self.harm.recoveries += 1;
    }

    /// Takes note of how often the disk was full.
    pub(crate) fn take_disk_full(&mut self, times: u64) {
        self.harm.disk_full += times;
    }

    /// Takes note of what was wrong with the change after all others.
    pub(crate) fn take_next_change(&mut self, wrong: String) {
        self.harm.next_change = Some(wrong);
    }

    /// Takes note that the change after all others could not be tried, which is no fault of the store.
    pub(crate) fn take_untried(&mut self, why: &str) {
        self.troubles.push(format!("one more change {why}"));
    }

    /// Takes note that the round was cut short. That explains all that went wrong then.
    pub(crate) fn take_cut(&mut self, why: String) {
        self.troubles = vec![why];
    }

    /// Takes note that a process was ended in the middle of its work, for a reason that is known
    /// already.
    pub(crate) fn take_doubt(&mut self, source: Source) {
        if let Source::Lane(lane) = source {
            *self.in_doubt.entry(lane).or_default() += 1;
        }
    }

    /// The reader is heard in any case: it reports a few at most, and may be the only one to see
    /// a state between two that are right.
    fn take_flaw(&mut self, by: Source, flaw: Flaw) {
        let list = match flaw {
            Flaw::Recovered { .. } => &mut self.recovered,
            _ => &mut self.sightings,
        };
        if by == Source::Reader || list.len() < EVIDENCE_MAX {
            list.push(Sighting { by, flaw });
        }
    }

    /// A recovery accuses a store in which nobody was ended in the middle of a write. Who has died, if
    /// anybody, is told after it as often as before.
    fn settle_recoveries(&mut self) {
        let recovered = std::mem::take(&mut self.recovered);
        if self.somebody_died {
            self.harm.recoveries += recovered.len() as u64;
        } else {
            self.sightings.extend(recovered);
        }
    }

    fn take_acknowledged(&mut self, lane: u32, acknowledged: Acknowledged) {
        let operation = Operation {
            lane,
            iteration: acknowledged.iteration,
        };
        self.acknowledged.count(operation, self.asked.seed);
        self.harm.acknowledged.take(operation);
        self.pace.take(lane, acknowledged.span);
        self.surroundings.take(Moment::of(operation, acknowledged));
        if let Some(version) = acknowledged.laid_on {
            self.forks.take(version, operation);
        }
        if let Some(fork) = self.forks.found() {
            self.surroundings.mark(fork);
        }
    }

    /// Judges the round, which had this number.
    pub(crate) fn judge(mut self, round: u32) -> Judgement {
        self.settle_recoveries();
        let present = self.result.as_ref().map(|summary| &summary.presence);
        let ending = self.harm.compare(present, self.in_doubt.values().sum());
        let (expected, got) = (self.expected(), ending.got.or(self.got()));
        self.counters.harm = self.harm.counts(&ending);
        let verdict = match (self.evidence(round, got, ending), self.why_inconclusive()) {
            (Some(evidence), _) => Verdict::Violated(Box::new(evidence)),
            (None, Some(why)) => Verdict::Inconclusive { why },
            (None, None) => Verdict::Exact,
        };
        Judgement {
            verdict,
            expected,
            got,
            counters: self.counters,
            pace: self.pace.of(self.asked.lanes),
        }
    }

    /// How many changes were acknowledged.
    fn expected(&self) -> u64 {
        self.acknowledged.total
    }

    fn got(&self) -> Option<u64> {
        self.found().map(|counts| counts.total)
    }

    /// What was there when the last process had ended, if that is known.
    pub(crate) fn ending(&self) -> Option<history::Ending<'_>> {
        Some(history::Ending {
            total: self.got()?,
            present: &self.result.as_ref()?.presence,
        })
    }

    /// Whether it is not known of some changes whether they were made.
    pub(crate) fn is_in_doubt(&self) -> bool {
        !self.in_doubt.is_empty()
    }

    /// What the final state has, and what was taken out of it before.
    fn found(&self) -> Option<Counts> {
        let mut counts = self.result.as_ref()?.counts.clone();
        counts.add(&self.removed);
        Some(counts)
    }

    fn evidence(&self, round: u32, got: Option<u64>, ending: Ending) -> Option<Evidence> {
        let evidence = Evidence {
            round,
            expected: self.expected(),
            got,
            fork: self.forks.found(),
            around: self.surroundings.nearest(),
            claimed_twice: self.announcements.claimed_twice(),
            miscounts: self.miscounts(),
            sightings: [self.sightings.clone(), self.misplaced()].concat(),
            lost: ending.lost,
            doubled: ending.doubled,
            next_change: self.harm.next_change.clone(),
        };
        let anything = evidence.fork.is_some()
            || evidence.claimed_twice.is_some()
            || !evidence.lost.is_empty()
            || !evidence.doubled.is_empty()
            || evidence.next_change.is_some()
            || !evidence.miscounts.is_empty()
            || !evidence.sightings.is_empty();
        anything.then_some(evidence)
    }

    fn why_inconclusive(&self) -> Option<String> {
        match self.troubles.as_slice() {
            [] if self.is_complete() => None,
            [] => Some("the reports are incomplete".to_owned()),
            [only] => Some(only.clone()),
            [first, more @ ..] => Some(format!("{first}; and {} more", more.len())),
        }
    }

    fn is_complete(&self) -> bool {
        let in_doubt: u64 = self.in_doubt.values().sum();
        let asked = u64::from(self.asked.lanes) * u64::from(self.asked.iterations);
        self.expected() + in_doubt == asked && self.result.is_some()
    }

    /// The tasks that are not where they belong in the end.
    fn misplaced(&self) -> Vec<Sighting> {
        let result = self.result.iter();
        let result = result.filter(|_| self.asked.workload.leaves_tasks());
        result
            .flat_map(|last| rows::flaws(&self.acknowledged.lanes, &self.in_doubt, &last.tasks))
            .map(|flaw| Sighting {
                by: Source::Reader,
                flaw,
            })
            .take(EVIDENCE_MAX)
            .collect()
    }

    fn miscounts(&self) -> Vec<Miscount> {
        let Some(found) = self.found() else {
            return Vec::new();
        };
        let acknowledged = &self.acknowledged;
        let doubt = self.unreported_max(self.in_doubt.values().sum());
        let total = miscount(Counted::Total, acknowledged.total, found.total, doubt);
        let lanes = keys_of_both(&acknowledged.lanes, &found.lanes).filter_map(|lane| {
            let doubt = self.unreported_max(self.in_doubt.get(&lane).copied().unwrap_or(0));
            let (expected, got) = (acknowledged.of_lane(lane), found.of_lane(lane));
            miscount(Counted::Lane(lane), expected, got, doubt)
        });
        let tools = keys_of_both(&acknowledged.tools, &found.tools).filter_map(|tool| {
            let (expected, got) = (acknowledged.of_tool(tool), found.of_tool(tool));
            miscount(Counted::Tool(tool), expected, got, doubt)
        });
        let all = total.into_iter().chain(lanes).chain(tools);
        all.chain(self.unclaimed()).take(EVIDENCE_MAX).collect()
    }

    /// The lanes whose tasks were not all claimed. If a process was ended in the middle of its work,
    /// its claims are not all known.
    fn unclaimed(&self) -> impl Iterator<Item = Miscount> {
        let is_known = self.asked.workload.leaves_tasks() && self.in_doubt.is_empty();
        let lanes = self.acknowledged.lanes.iter().filter(move |_| is_known);
        lanes.filter_map(|(&lane, &expected)| {
            let got = self.announcements.of_lane(lane);
            miscount(Counted::Claims(lane), expected, got, Unreported::default())
        })
    }

    /// What may have been done at so many ends that are in doubt.
    fn unreported_max(&self, ends: u64) -> Unreported {
        let of_one = self.asked.workload.unreported_max();
        Unreported {
            more: of_one.more * ends,
            fewer: of_one.fewer * ends,
        }
    }
}

/// What a lane that ended early could not report is right either way.
fn miscount(of: Counted, expected: u64, got: u64, doubt: Unreported) -> Option<Miscount> {
    let right = expected.saturating_sub(doubt.fewer)..=expected + doubt.more;
    (!right.contains(&got)).then_some(Miscount { of, expected, got })
}

fn keys_of_both<K: Copy + Ord>(
    one: &BTreeMap<K, u64>,
    other: &BTreeMap<K, u64>,
) -> impl Iterator<Item = K> {
    let keys: BTreeSet<K> = one.keys().chain(other.keys()).copied().collect();
    keys.into_iter()
}
