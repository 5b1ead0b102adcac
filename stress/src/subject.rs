//! What is put under stress: a strategy of the store, or a control that must be caught.

use crate::workload::Workload;
use hookstate::kernel::Kernel;
use hookstate::strategy::{self, AnyStrategy, Flock, Site, Strategy};
use hookstate::{Outcome, Result, State};
use hookstate_model::control::{self, AnyControl};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A strategy or a control, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub(crate) enum Subject {
    /// Must be exact.
    Strategy(AnyStrategy),
    /// Must be caught: a store that is wrong.
    Control(AnyControl),
    /// Must be caught: a right store, wrongly used.
    Misuse(Misuse),
}

/// A program that does with a store what the workload does, all but one thing; with the strategy
/// `flock`. The patterns of these names in `hookstate-model` tell where such programs were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// Every lock is granted.
    NoLock,
    /// What is finalized is read in one window and taken out in another.
    FinalizeInSteps,
    /// A check writes back the tasks that it has read before it announced.
    SnapshotHeld,
}

impl Misuse {
    const fn name(self) -> &'static str {
        match self {
            Self::NoLock => "no-lock",
            Self::FinalizeInSteps => "finalize-in-steps",
            Self::SnapshotHeld => "snapshot-held",
        }
    }
}

/// What is expected of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// That it is exact.
    Strategy,
    /// That it is caught.
    Control,
}

impl Subject {
    /// The strategy or control with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let workloads = <Workload as clap::ValueEnum>::value_variants().iter();
        let mut all = workloads.flat_map(|workload| Self::all(*workload));
        all.find(|subject| subject.name() == name)
    }

    /// The strategies that the workload can be done with, in the order of their list.
    pub(crate) fn strategies(workload: Workload) -> Vec<Self> {
        match workload {
            // It is the file of another program too, which locks it.
            Workload::Stats => vec![Self::Strategy(AnyStrategy::Flock(Flock))],
            Workload::Tally | Workload::Tasks => strategy::ALL.map(Self::Strategy).to_vec(),
        }
    }

    /// The controls of the workload, in the order of their list.
    pub(crate) fn controls(workload: Workload) -> Vec<Self> {
        let stores = control::ALL.map(Self::Control);
        match workload {
            Workload::Tally => stores.to_vec(),
            Workload::Stats => [Misuse::NoLock, Misuse::FinalizeInSteps]
                .map(Self::Misuse)
                .to_vec(),
            Workload::Tasks => [&stores[..], &[Self::Misuse(Misuse::SnapshotHeld)]].concat(),
        }
    }

    /// The controls that lose updates only if somebody is killed.
    pub(crate) fn controls_under_kill() -> Vec<Self> {
        control::UNDER_KILL.map(Self::Control).to_vec()
    }

    /// All strategies of the workload, then all its controls.
    pub(crate) fn all(workload: Workload) -> Vec<Self> {
        let mut all = [Self::strategies(workload), Self::controls(workload)].concat();
        if workload == Workload::Tally {
            all.extend(Self::controls_under_kill());
        }
        all
    }

    /// What it does, in half a line.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Strategy(AnyStrategy::Flock(_)) => {
                "locks the file itself and rewrites it in place, with a journal"
            }
            Self::Strategy(AnyStrategy::AppendLog(_)) => {
                "appends a record for each change, and compacts when they have become many"
            }
            Self::Strategy(AnyStrategy::Rename(_)) => {
                "locks a file beside the state, writes a new one, exchanges the names"
            }
            Self::Control(AnyControl::Unlocked(_)) => {
                "reads under a lock, releases it, writes under a lock"
            }
            Self::Control(AnyControl::CreateRace(_)) => {
                "creates the file when it has seen that there is none, before it locks"
            }
            Self::Control(AnyControl::RenameStaleLock(_)) => {
                "locks the data file, and replaces it by rename"
            }
            Self::Control(AnyControl::TruncateThenWrite(_)) => {
                "truncates, then writes, under a correct lock: lost when it is killed (--chaos kill)"
            }
            Self::Misuse(Misuse::NoLock) => "statistics on a kernel that grants every lock",
            Self::Misuse(Misuse::FinalizeInSteps) => {
                "statistics that are read in one window and taken out in another"
            }
            Self::Misuse(Misuse::SnapshotHeld) => {
                "tasks that are written back as they were before they were announced"
            }
        }
    }

    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Strategy(_) => Role::Strategy,
            Self::Control(_) | Self::Misuse(_) => Role::Control,
        }
    }

    /// Whether only the first use of an empty directory can show what is wrong with it.
    pub(crate) const fn loses_at_first_use_only(self) -> bool {
        match self {
            Self::Strategy(_) | Self::Misuse(_) => false,
            Self::Control(control) => control.loses_at_first_use_only(),
        }
    }
}

impl From<Subject> for &'static str {
    fn from(subject: Subject) -> Self {
        subject.name()
    }
}

impl TryFrom<String> for Subject {
    type Error = String;

    fn try_from(name: String) -> std::result::Result<Self, String> {
        Self::named(&name).ok_or_else(|| format!("no strategy or control is called {name}"))
    }
}

macro_rules! each {
    ($any:expr, $one:ident => $body:expr) => {
        match $any {
            Subject::Strategy($one) => $body,
            Subject::Control($one) => $body,
            Subject::Misuse(_) => {
                let $one = Flock;
                $body
            }
        }
    };
}

impl Strategy for Subject {
    fn name(&self) -> &'static str {
        match self {
            Self::Misuse(misuse) => misuse.name(),
            Self::Strategy(strategy) => strategy.name(),
            Self::Control(control) => control.name(),
        }
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        each!(self, one => one.data_file(site))
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        each!(self, one => one.modify(site, change))
    }

    fn apply<T: State, K: Kernel>(
        &self,
        site: &Site<'_, K>,
        delta: &T::Delta,
    ) -> Result<Outcome<()>> {
        each!(self, one => one.apply::<T, K>(site, delta))
    }

    fn remove<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        each!(self, one => one.remove(site, last))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        each!(self, one => one.read(site))
    }
}
