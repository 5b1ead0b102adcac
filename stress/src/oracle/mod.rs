//! Judges a round: everything that was acknowledged against everything that was seen.

mod forks;
mod harm;

pub(crate) use harm::HarmCounts;

use crate::chaos::Dealt;
use crate::event::{Acknowledged, Event, Summary};
use crate::verdict::{Counted, Evidence, Miscount, Sighting, Source, Verdict};
use crate::workload::{Flaw, Operation, Seed, Tool};
use forks::Forks;
use harm::{Ending, Harm};
use std::collections::{BTreeMap, BTreeSet};

/// How many sightings and miscounts are kept as evidence. The first tell it all, and memory must
/// not grow with what goes wrong.
const EVIDENCE_MAX: usize = 16;

/// What is known of a round. Takes events in the order in which they arrive, in any interleaving
/// of the processes.
#[derive(Debug)]
pub(crate) struct Oracle {
    seed: Seed,
    lanes: u32,
    iterations: u32,
    acknowledged: BTreeMap<u32, u64>,
    tools: BTreeMap<Tool, u64>,
    forks: Forks,
    sightings: Vec<Sighting>,
    /// Why the round cannot be exact, in the order in which it became known.
    troubles: Vec<String>,
    /// How many changes more than they have reported some lanes may have made.
    in_doubt: BTreeMap<u32, u64>,
    harm: Harm,
    result: Option<Summary>,
    counters: Counters,
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
    /// For a round of `lanes` lanes with `iterations` changes each.
    pub(crate) fn new(seed: Seed, lanes: u32, iterations: u32) -> Self {
        Self {
            seed,
            lanes,
            iterations,
            acknowledged: BTreeMap::new(),
            tools: BTreeMap::new(),
            forks: Forks::default(),
            sightings: Vec::new(),
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
    pub(crate) fn take_next_change(&mut self, trouble: Option<String>) {
        self.harm.next_change = trouble;
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
        if by == Source::Reader || self.sightings.len() < EVIDENCE_MAX {
            self.sightings.push(Sighting { by, flaw });
        }
    }

    fn take_acknowledged(&mut self, lane: u32, acknowledged: Acknowledged) {
        let operation = Operation {
            lane,
            iteration: acknowledged.iteration,
        };
        *self.acknowledged.entry(lane).or_default() += 1;
        *self.tools.entry(operation.tool(self.seed)).or_default() += 1;
        self.harm.acknowledged.take(operation);
        if let Some(version) = acknowledged.laid_on {
            self.forks.take(version, operation);
        }
    }

    /// Judges the round, which had this number.
    pub(crate) fn judge(mut self, round: u32) -> Judgement {
        let present = self.result.as_ref().map(|summary| &summary.presence);
        let ending = self.harm.compare(present, self.in_doubt.values().sum());
        let (expected, got) = (self.expected(), ending.got.or(self.got()));
        self.counters.harm = self.harm.counts(&ending);
        let verdict = match (self.evidence(round, got, ending), self.why_inconclusive()) {
            (Some(evidence), _) => Verdict::Violated(evidence),
            (None, Some(why)) => Verdict::Inconclusive { why },
            (None, None) => Verdict::Exact,
        };
        Judgement {
            verdict,
            expected,
            got,
            counters: self.counters,
        }
    }

    /// How many changes were acknowledged.
    fn expected(&self) -> u64 {
        self.acknowledged.values().sum()
    }

    fn got(&self) -> Option<u64> {
        let result = self.result.as_ref();
        result.map(|summary| summary.counts.total)
    }

    fn evidence(&self, round: u32, got: Option<u64>, ending: Ending) -> Option<Evidence> {
        let evidence = Evidence {
            round,
            expected: self.expected(),
            got,
            fork: self.forks.found(),
            miscounts: self.miscounts(),
            sightings: self.sightings.clone(),
            lost: ending.lost,
            doubled: ending.doubled,
            next_change: self.harm.next_change.clone(),
        };
        let anything = evidence.fork.is_some()
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
        self.expected() + in_doubt == u64::from(self.lanes) * u64::from(self.iterations)
            && self.result.is_some()
    }

    fn miscounts(&self) -> Vec<Miscount> {
        let Some(summary) = &self.result else {
            return Vec::new();
        };
        let counts = &summary.counts;
        let doubt = self.in_doubt.values().sum();
        let total = miscount(Counted::Total, self.expected(), counts.total, doubt);
        let lanes = keys_of_both(&self.acknowledged, &counts.lanes).filter_map(|lane| {
            let doubt = self.in_doubt.get(&lane).copied().unwrap_or(0);
            let expected = self.acknowledged.get(&lane).copied().unwrap_or(0);
            miscount(Counted::Lane(lane), expected, counts.of_lane(lane), doubt)
        });
        let tools = keys_of_both(&self.tools, &counts.tools).filter_map(|tool| {
            let expected = self.tools.get(&tool).copied().unwrap_or(0);
            miscount(Counted::Tool(tool), expected, counts.of_tool(tool), doubt)
        });
        let all = total.into_iter().chain(lanes).chain(tools);
        all.take(EVIDENCE_MAX).collect()
    }
}

/// A lane that ended early may have made one change that it could not report, so up to `doubt`
/// more than `expected` is right as well.
fn miscount(of: Counted, expected: u64, got: u64, doubt: u64) -> Option<Miscount> {
    let right = (expected..=expected + doubt).contains(&got);
    (!right).then_some(Miscount { of, expected, got })
}

fn keys_of_both<K: Copy + Ord>(
    one: &BTreeMap<K, u64>,
    other: &BTreeMap<K, u64>,
) -> impl Iterator<Item = K> {
    let keys: BTreeSet<K> = one.keys().chain(other.keys()).copied().collect();
    keys.into_iter()
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, Counted, Event, Oracle, Seed, Source, Summary, Tool, Verdict};
    use crate::verdict::Evidence;
    use crate::workload::{Change, Entry, Flaw, Operation, Tally};
    use hookstate::State;

    const SEED: Seed = Seed(9);

    /// Two lanes with two changes each: the given versions, and a final state with all four.
    struct Round {
        oracle: Oracle,
        state: Tally,
    }

    impl Round {
        fn new() -> Self {
            Self {
                oracle: Oracle::new(SEED, 2, 2),
                state: Tally::default(),
            }
        }

        fn acknowledge(&mut self, lane: u32, iteration: u32, laid_on: Option<u64>) {
            let acknowledged = Acknowledged {
                iteration,
                entry: Entry::Modify,
                laid_on,
            };
            self.oracle
                .take(Source::Lane(lane), Event::Acknowledged(acknowledged));
        }

        fn keep(&mut self, lane: u32, iteration: u32) {
            self.state
                .apply(&Change::new(Operation { lane, iteration }, SEED));
        }

        fn judge(mut self) -> Verdict {
            let summary = Summary {
                counts: self.state.counts,
                ..Summary::default()
            };
            self.oracle.take(Source::Reader, Event::State(summary));
            self.oracle.judge(1).verdict
        }
    }

    fn round_of_four() -> Round {
        let mut round = Round::new();
        for (version, (lane, iteration)) in [(1, 1), (2, 1), (2, 2), (1, 2)].into_iter().enumerate()
        {
            round.acknowledge(lane, iteration, Some(version as u64));
            round.keep(lane, iteration);
        }
        round
    }

    fn evidence(verdict: Verdict) -> Evidence {
        match verdict {
            Verdict::Violated(evidence) => evidence,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_acknowledged_and_nothing_else_is_exact() {
        assert_eq!(round_of_four().judge(), Verdict::Exact);
    }

    #[test]
    fn two_changes_of_one_version_are_a_lost_update_and_both_are_named() {
        let mut round = Round::new();
        round.acknowledge(1, 1, Some(0));
        round.acknowledge(2, 1, Some(0));
        round.acknowledge(1, 2, Some(1));
        round.acknowledge(2, 2, Some(2));
        for (lane, iteration) in [(2, 1), (1, 2), (2, 2)] {
            round.keep(lane, iteration);
        }
        let evidence = evidence(round.judge());
        assert_eq!((evidence.expected, evidence.got), (4, Some(3)));
        assert_eq!(
            evidence.fork.unwrap().to_string(),
            "two processes read 0 and both wrote 1: p1 #01, p2 #01"
        );
    }

    #[test]
    fn a_fork_between_two_processes_is_told_before_one_within_a_process() {
        let mut round = Round::new();
        round.acknowledge(1, 1, Some(0));
        round.acknowledge(1, 2, Some(0));
        round.acknowledge(2, 1, Some(0));
        let fork = evidence(round.judge()).fork.unwrap();
        assert_eq!((fork.first.lane, fork.second.lane), (1, 2));
    }

    #[test]
    fn one_lost_and_one_doubled_are_noticed_though_the_total_is_right() {
        let mut round = round_of_four();
        round.state = Tally::default();
        for (lane, iteration) in [(1, 1), (1, 1), (1, 2), (2, 2)] {
            round.keep(lane, iteration);
        }
        let miscounts = evidence(round.judge()).miscounts;
        assert!(
            miscounts
                .iter()
                .all(|miscount| miscount.of != Counted::Total)
        );
        let lanes: Vec<String> = miscounts.iter().map(ToString::to_string).collect();
        assert!(
            lanes.contains(&"p1: expected 2 got 3".to_owned()),
            "{lanes:?}"
        );
        assert!(
            lanes.contains(&"p2: expected 2 got 1".to_owned()),
            "{lanes:?}"
        );
    }

    #[test]
    fn a_change_counted_under_another_tool_is_noticed() {
        let mut round = round_of_four();
        let tools = &mut round.state.counts.tools;
        tools.clear();
        tools.insert(Tool::Bash, 4);
        let miscounts = evidence(round.judge()).miscounts;
        assert!(
            miscounts
                .iter()
                .all(|miscount| matches!(miscount.of, Counted::Tool(_)))
        );
        assert!(!miscounts.is_empty());
    }

    #[test]
    fn a_flaw_that_a_reader_saw_is_a_violation_though_the_end_is_right() {
        let mut round = round_of_four();
        let flaw = Flaw::Torn {
            offset: 4096,
            bytes: 9000,
        };
        round.oracle.take(Source::Reader, Event::Flaw(flaw));
        let sightings = evidence(round.judge()).sightings;
        assert_eq!(
            sightings[0].to_string(),
            "reader: byte 4096 of 9000 of the ballast was not what anybody wrote"
        );
    }

    #[test]
    fn the_reader_is_heard_among_many() {
        let mut round = round_of_four();
        let flaw = |to| Event::Flaw(Flaw::TotalFell { from: 9, to });
        for to in 0..100 {
            round.oracle.take(Source::Lane(1), flaw(to % 9));
        }
        round.oracle.take(Source::Reader, flaw(3));
        let sightings = evidence(round.judge()).sightings;
        assert_eq!(sightings.len(), 17);
        assert_eq!(sightings[16].by, Source::Reader);
    }

    #[test]
    fn a_process_that_ended_early_makes_it_inconclusive() {
        let mut round = Round::new();
        round.acknowledge(1, 1, Some(0));
        round.keep(1, 1);
        round
            .oracle
            .take_trouble(Source::Lane(2), "was killed by signal 9");
        let why = "p2 was killed by signal 9".to_owned();
        assert_eq!(round.judge(), Verdict::Inconclusive { why });
    }

    #[test]
    fn a_change_that_a_dead_process_could_not_report_may_be_in_the_state() {
        let mut round = Round::new();
        round.keep(2, 1);
        round
            .oracle
            .take_trouble(Source::Lane(2), "was killed by signal 9");
        assert!(matches!(round.judge(), Verdict::Inconclusive { .. }));
    }

    #[test]
    fn two_changes_that_a_dead_process_did_not_report_are_one_too_many() {
        let mut round = Round::new();
        round.keep(2, 1);
        round.keep(2, 2);
        round
            .oracle
            .take_trouble(Source::Lane(2), "was killed by signal 9");
        assert_eq!(evidence(round.judge()).expected, 0);
    }

    #[test]
    fn an_acknowledged_change_that_is_missing_is_lost_though_a_process_died() {
        let mut round = Round::new();
        round.acknowledge(1, 1, Some(0));
        round
            .oracle
            .take_trouble(Source::Lane(2), "was killed by signal 9");
        assert_eq!(evidence(round.judge()).expected, 1);
    }

    #[test]
    fn missing_reports_make_it_inconclusive() {
        let mut round = Round::new();
        round.acknowledge(1, 1, Some(0));
        round.keep(1, 1);
        assert!(matches!(round.judge(), Verdict::Inconclusive { .. }));
        let unread = Oracle::new(SEED, 0, 0).judge(1);
        assert!(matches!(unread.verdict, Verdict::Inconclusive { .. }));
    }
}
