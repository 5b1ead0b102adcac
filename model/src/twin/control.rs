//! A twin, the processes among which it must be rejected, and the verdict.

use super::{Step, Through};
use crate::explore::{Bounds, Report};
use crate::oracle::{Violation, ViolationKind};
use crate::scenario::{Act, Before, Scenario};
use crate::search::{self, Budget};
use crate::sim::{AnyDoor, FaultModel, SimProcess};
use hookstate::kernel::{Watched, Watcher};
use hookstate::strategy::{AnyStrategy, Flock};
use hookstate::{Durability, ErrorKind, LOCK_TIMEOUT_DEFAULT};
use std::time::Duration;

/// The default strategy, whose twins are in several files.
pub(super) const FLOCK: AnyStrategy = AnyStrategy::Flock(Flock);

/// A twin that must be rejected. The same processes with the shipping code must be accepted.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// As the comments of the strategies call it.
    pub name: &'static str,
    /// What it does differently, in one sentence.
    pub leaves_out: &'static str,
    /// Which code it is a twin of.
    pub strategy: AnyStrategy,
    /// What was there before.
    pub before: Before,
    /// Who does what.
    pub programs: &'static [&'static [Act]],
    /// What the kernel can and may do.
    pub faults: FaultModel,
    /// What goes wrong in the calls of every process, with and without the twin.
    pub weather: fn(AnyDoor) -> AnyDoor,
    /// Errors that this, or the kernel, is cause enough for.
    pub excused: &'static [ErrorKind],
    /// What a change must survive.
    pub durability: Durability,
    /// How long a process waits for the lock.
    pub lock_timeout: Duration,
    /// Leaves the step out, in all of the processes.
    pub twin: fn(AnyDoor) -> AnyDoor,
    /// Who is killed, at each of its calls in turn, if it takes a kill to show it. The search kills
    /// anybody, once.
    pub victim: Option<usize>,
    /// Whether the power must be cut to show it, which leaves what is not synced to chance.
    pub power_cut: bool,
    /// Whether a call must fail to show it.
    pub failing_call: bool,
    /// What the second engine can do about it.
    pub loom: Loom,
    /// The verdicts with which it is rejected: one of them, whichever a search finds first.
    pub verdicts: &'static [ViolationKind],
}

/// How the second engine takes part.
#[derive(Clone, Copy, Debug)]
pub enum Loom {
    /// It rejects the twin, exploring so far.
    Rejects(Bounds),
    /// It cannot, for this reason.
    Cannot(&'static str),
}

/// Every control, in the order of the steps.
#[must_use]
pub fn all() -> Vec<&'static Control> {
    let mut found: Vec<&'static Control> = Vec::new();
    for control in Step::ALL.iter().flat_map(|step| step.controls()) {
        if found.iter().all(|other| other.name != control.name) {
            found.push(control);
        }
    }
    found
}

/// The control with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Control> {
    all().into_iter().find(|control| control.name == name)
}

impl Control {
    /// Nobody is killed, nothing fails, and the twin is the shipping code: what the constants are
    /// made from.
    pub(super) const fn on(
        strategy: AnyStrategy,
        before: Before,
        programs: &'static [&'static [Act]],
    ) -> Self {
        Self {
            name: "",
            leaves_out: "",
            strategy,
            before,
            programs,
            faults: FaultModel::LOCAL,
            weather: |door| door,
            excused: &[],
            durability: Durability::Process,
            lock_timeout: LOCK_TIMEOUT_DEFAULT,
            twin: |door| door,
            victim: None,
            power_cut: false,
            failing_call: false,
            loom: Loom::Rejects(Bounds::ALL),
            verdicts: &[ViolationKind::Lost],
        }
    }

    /// The processes, each with the twin.
    #[must_use]
    pub fn scenario(&self) -> Scenario<AnyStrategy> {
        let (weather, twin) = (self.weather, self.twin);
        self.shipping()
            .around(move |process| SimProcess(twin(weather(process.0))))
    }

    /// The same processes with the code as it ships.
    #[must_use]
    pub fn shipping(&self) -> Scenario<AnyStrategy> {
        let weather = self.weather;
        let scenario = Scenario::new(self.strategy, self.before, self.programs)
            .around(move |process| SimProcess(weather(process.0)))
            .on(self.faults)
            .durable(self.durability)
            .waiting(self.lock_timeout)
            .excusing(self.excused);
        match self.loom {
            Loom::Rejects(bounds) => scenario.within(bounds),
            Loom::Cannot(_) => scenario,
        }
    }

    /// What goes wrong in a search.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget {
            power_cuts: u8::from(self.power_cut),
            failures: u8::from(self.failing_call),
            ..Budget::kills(u8::from(self.victim.is_some()))
        }
    }

    /// Searches every state of one of the two.
    #[must_use]
    pub fn search(&self, scenario: &Scenario<AnyStrategy>) -> search::Report<Violation> {
        scenario.search(self.budget())
    }

    /// Runs one of the two under loom.
    #[must_use]
    pub fn check(&self, scenario: &Scenario<AnyStrategy>) -> Report<Violation> {
        match self.victim {
            None if self.power_cut => scenario.check_cutting_power(),
            None => scenario.check(),
            Some(victim) => scenario.check_killing(victim),
        }
    }
}

/// Puts `watcher` in front of the kernel.
pub(super) fn watched(door: AnyDoor, watcher: impl Watcher + 'static) -> AnyDoor {
    AnyDoor::new(Through(Watched::new(SimProcess(door), watcher)))
}

/// So many preemptions are enough to see it, and all of them too many to explore.
pub(super) const fn preemptions(most: usize) -> Loom {
    Loom::Rejects(Bounds {
        preemptions_max: Some(most),
        ..Bounds::ALL
    })
}
