//! The state under stress: what a hook counts, three times over, so that it contradicts itself
//! when a part is lost.

use super::{Ballast, Flaw, Operation, Presence, Seed, Tool};
use hookstate::State;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::BTreeMap;

/// The state: counts, and ballast on top.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    /// Which changes are in it, of those that leave their numbers.
    #[serde(default, skip_serializing_if = "Presence::is_empty")]
    pub(crate) presence: Presence,
    pub(crate) ballast: Ballast,
}

/// Counts of changes. Every change adds one to the total, one to its tool and one to its lane, so
/// the total is also the version of the state: the number of changes that led to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) total: u64,
    pub(crate) tools: BTreeMap<Tool, u64>,
    pub(crate) lanes: BTreeMap<u32, u64>,
}

/// One change, as a delta that can be written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    lane: u32,
    tool: Tool,
    /// Its number, if it leaves it in the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iteration: Option<u32>,
    /// The total that the change was laid on, if that happened in this process and to this very
    /// value, as it does where `apply` is done by reading and writing.
    #[serde(skip)]
    laid_on: Cell<Option<u64>>,
}

impl Change {
    pub(crate) const fn new(operation: Operation, seed: Seed) -> Self {
        Self {
            lane: operation.lane,
            tool: operation.tool(seed),
            iteration: None,
            laid_on: Cell::new(None),
        }
    }

    /// The same, which leaves its number in the state.
    pub(crate) const fn numbered(operation: Operation, seed: Seed) -> Self {
        let mut change = Self::new(operation, seed);
        change.iteration = Some(operation.iteration);
        change
    }

    /// The version that it changed, if this process has seen it.
    pub(crate) const fn laid_on(&self) -> Option<u64> {
        self.laid_on.get()
    }
}

impl Tally {
    /// What the state by itself shows to be wrong with it.
    pub(crate) fn flaw(&self) -> Option<Flaw> {
        self.counts.contradiction().or_else(|| self.wrong_ballast())
    }

    fn wrong_ballast(&self) -> Option<Flaw> {
        self.ballast.first_wrong_byte().map(|offset| Flaw::Torn {
            offset,
            bytes: self.ballast.bytes(),
        })
    }
}

impl Counts {
    /// How many changes of `lane` are in it.
    pub(crate) fn of_lane(&self, lane: u32) -> u64 {
        self.lanes.get(&lane).copied().unwrap_or(0)
    }

    /// How many changes that counted `tool` are in it.
    pub(crate) fn of_tool(&self, tool: Tool) -> u64 {
        self.tools.get(&tool).copied().unwrap_or(0)
    }

    /// Counts one operation.
    pub(crate) fn count(&mut self, operation: Operation, seed: Seed) {
        self.count_one(operation.lane, operation.tool(seed));
    }

    fn count_one(&mut self, lane: u32, tool: Tool) {
        self.total = self.total.saturating_add(1);
        for count in [
            self.tools.entry(tool).or_default(),
            self.lanes.entry(lane).or_default(),
        ] {
            *count = count.saturating_add(1);
        }
    }

    /// Adds what is counted elsewhere.
    pub(crate) fn add(&mut self, other: &Self) {
        self.total = self.total.saturating_add(other.total);
        add_each(&mut self.tools, &other.tools);
        add_each(&mut self.lanes, &other.lanes);
    }

    /// What is wrong if the total is not the sum of its parts.
    pub(crate) fn contradiction(&self) -> Option<Flaw> {
        let (tools, lanes) = (sum(self.tools.values()), sum(self.lanes.values()));
        (self.total != tools || self.total != lanes).then_some(Flaw::Contradiction {
            total: self.total,
            tools,
            lanes,
        })
    }
}

fn sum<'a>(counts: impl Iterator<Item = &'a u64>) -> u64 {
    counts.fold(0, |sum, count| sum.saturating_add(*count))
}

fn add_each<K: Copy + Ord>(to: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        let sum = to.entry(*key).or_default();
        *sum = sum.saturating_add(*count);
    }
}

impl State for Tally {
    type Delta = Change;

    fn apply(&mut self, change: &Change) {
        change.laid_on.set(Some(self.counts.total));
        self.counts.count_one(change.lane, change.tool);
        if let Some(iteration) = change.iteration {
            let lane = change.lane;
            self.presence.take(Operation { lane, iteration });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ballast, Change, Flaw, Operation, Seed, State, Tally};

    fn tally_of_three() -> Tally {
        let mut tally = Tally::default();
        for (lane, iteration) in [(1, 1), (2, 1), (1, 2)] {
            tally.apply(&Change::new(Operation { lane, iteration }, Seed(5)));
        }
        tally
    }

    #[test]
    fn a_change_counts_three_times_and_knows_what_it_was_laid_on() {
        let mut tally = tally_of_three();
        let change = Change::new(
            Operation {
                lane: 2,
                iteration: 2,
            },
            Seed(5),
        );
        assert_eq!(change.laid_on(), None);
        tally.apply(&change);
        assert_eq!(change.laid_on(), Some(3));
        assert_eq!(tally.counts.total, 4);
        assert_eq!((tally.counts.of_lane(1), tally.counts.of_lane(2)), (2, 2));
        assert_eq!(tally.flaw(), None);
    }

    #[test]
    fn a_count_that_does_not_agree_is_a_flaw() {
        let mut tally = tally_of_three();
        tally.counts.lanes.insert(9, 1);
        let flaw = Flaw::Contradiction {
            total: 3,
            tools: 3,
            lanes: 4,
        };
        assert_eq!(tally.flaw(), Some(flaw));
    }

    #[test]
    fn torn_ballast_is_a_flaw() {
        let mut tally = tally_of_three();
        tally.ballast = Ballast::new(1, 50);
        assert_eq!(tally.flaw(), None);
        let json = serde_json::to_string(&tally).unwrap();
        let torn = json.replace("\"bytes\":50", "\"bytes\":51");
        let tally: Tally = serde_json::from_str(&torn).unwrap();
        assert_eq!(
            tally.flaw(),
            Some(Flaw::Torn {
                offset: 50,
                bytes: 51
            })
        );
    }
}
