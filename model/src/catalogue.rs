//! The scenarios by name: who does what on which kernel, what always holds, and what has to come
//! about for that to mean anything.
//!
//! What always holds is the same everywhere and is the [oracle](crate::oracle)'s: every acknowledged
//! change is in the state exactly once, every other once or not at all, every read is of a whole
//! state, nobody waits for ever, and nobody is inside of another's window.

use crate::oracle::{Account, Ledger, Token, USER, Violation, store};
use crate::process::Ending;
use crate::scenario::{Act, Before, Scenario};
use crate::search::{Budget, Goal, Search};
use crate::sim::{FaultModel, PowerModel, Sequential};
use hookstate::kernel::Errno;
use hookstate::strategy::AnyStrategy;
use hookstate::{Durability, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// A scenario that has a name.
#[derive(Clone, Copy)]
pub struct Named {
    /// What it is called on the command line and in reports.
    pub name: &'static str,
    /// What happens in it.
    pub about: &'static str,
    /// What the processes do, the first of them the first and so on; if there are more processes
    /// than parts, from the first part on again.
    parts: &'static [&'static [Act]],
    before: Before,
    kernel: Kernel,
    goals: &'static [Reach],
    /// The only strategy that it is about, if it is.
    only: Option<&'static str>,
}

/// What is different from an ordinary kernel and an ordinary store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kernel {
    Ordinary,
    /// It cannot exchange two names.
    WithoutExchange,
    /// It transfers few bytes at a time.
    ShortTransfers,
    /// The stores do not wait for a lock at all.
    Impatient,
    /// The processes have one program and cannot be told apart.
    Alike,
}

/// Something that has to come about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Changes are made in an order other than that of the processes.
    AnotherOrder,
    /// A reader sees what was there before and nothing more.
    ReadsBefore,
    /// A reader sees a change that another made.
    ReadsAfter,
    /// A reader was told of a change of another.
    HearsOfAChange,
    /// A state is removed that has a change of another process in it.
    RemovesSome,
    /// A change is made after the state was removed.
    ChangesAfterRemoval,
    /// A process completes the write of another that was killed. Only where processes are killed.
    CompletesAnother,
    /// A process tells of the damage that it found.
    ReportsDamage,
    /// A process gives up since the lock is held.
    GivesUp,
    /// A log that is long enough is made short.
    Compacts,
}

const MODIFY: &[Act] = &[Act::Modify];
const APPLY: &[Act] = &[Act::Apply];
const READ: &[Act] = &[Act::Read];
const MODIFY_READ: &[Act] = &[Act::Modify, Act::Read];
const APPLY_READ: &[Act] = &[Act::Apply, Act::Read];
const MODIFY_TELL: &[Act] = &[Act::Modify, Act::Tell];
const APPLY_TELL: &[Act] = &[Act::Apply, Act::Tell];
const READ_TOLD: &[Act] = &[Act::ReadTold];
const REMOVE: &[Act] = &[Act::Remove];
const GROW: &[Act] = &[Act::Grow(5_000)];
const SHRINK: &[Act] = &[Act::Shrink];
const PEER: &[Act] = &[Act::Peer];

/// Enough for every strategy to have its files as they stay: the second change of `rename` leaves
/// the spare behind.
const EXISTING: Before = Before::Changes(2);
/// A state of two pages.
const TWO_PAGES: Before = Before::LargeChanges(1, 5_000);
/// Two changes, and a data file that holds neither. `rename` has the first of them in its spare.
const DAMAGED: Before = Before::Damaged {
    changes: 2,
    kept: 0,
};
/// A log that is to be compacted by whoever next makes it longer: 64 KiB, and one byte less than the
/// 4 KiB more at which that is tried.
const LONG_LOG: Before = Before::LongLog(1, LONG_LOG_BYTES);
const LONG_LOG_BYTES: usize = (64 << 10) + (4 << 10) - 1;

/// All scenarios, the simplest first.
pub const ALL: [Named; 18] = [
    Named {
        about: "everybody changes the state with locked_modify",
        parts: &[MODIFY],
        goals: &[Reach::AnotherOrder],
        ..Named::called("modify")
    },
    Named {
        about: "processes that cannot be told apart change the state",
        parts: &[MODIFY],
        kernel: Kernel::Alike,
        ..Named::called("alike")
    },
    Named {
        about: "everybody changes the state with apply",
        parts: &[APPLY],
        goals: &[Reach::AnotherOrder],
        ..Named::called("apply")
    },
    Named {
        about: "locked_modify, apply and a reader",
        parts: &[MODIFY, READ, APPLY],
        goals: &[Reach::ReadsBefore, Reach::ReadsAfter],
        ..Named::called("mixed")
    },
    Named {
        about: "everybody changes the state and looks whether it has the change",
        parts: &[MODIFY_READ, APPLY_READ],
        goals: &[Reach::ReadsAfter],
        ..Named::called("own-changes")
    },
    Named {
        about: "a reader that others have told of their changes before it reads",
        parts: &[MODIFY_TELL, READ_TOLD, APPLY_TELL],
        goals: &[Reach::HearsOfAChange, Reach::ReadsBefore],
        ..Named::called("told")
    },
    Named {
        about: "the first use: neither file nor directory is there",
        parts: &[MODIFY, APPLY, READ],
        before: Before::Nothing,
        goals: &[Reach::AnotherOrder],
        ..Named::called("first-use")
    },
    Named {
        about: "the state grows from one page to two, shrinks, and changes",
        parts: &[GROW, MODIFY, SHRINK],
        goals: &[Reach::AnotherOrder],
        ..Named::called("growth")
    },
    Named {
        about: "a state of two pages shrinks, grows, and is read",
        parts: &[SHRINK, GROW, READ],
        before: TWO_PAGES,
        goals: &[Reach::AnotherOrder],
        ..Named::called("shrinking")
    },
    Named {
        about: "writes of two pages that a kill can tear, and newcomers that find what it left",
        parts: &[MODIFY, MODIFY, READ],
        before: TWO_PAGES,
        goals: &[Reach::AnotherOrder, Reach::CompletesAnother],
        ..Named::called("recovery")
    },
    Named {
        about: "a data file that was damaged from outside, which somebody has to set aside",
        parts: &[MODIFY, APPLY, MODIFY],
        before: DAMAGED,
        goals: &[Reach::AnotherOrder, Reach::ReportsDamage],
        ..Named::called("damaged")
    },
    Named {
        about: "appenders whose log is long enough to be compacted",
        parts: &[APPLY, APPLY, MODIFY],
        before: LONG_LOG,
        goals: &[Reach::AnotherOrder, Reach::Compacts],
        only: Some("append-log"),
        ..Named::called("compaction")
    },
    Named {
        about: "a reader, told of a change, beside appenders that compact the log",
        parts: &[APPLY_TELL, READ_TOLD, APPLY],
        before: LONG_LOG,
        goals: &[Reach::ReadsBefore, Reach::ReadsAfter, Reach::Compacts],
        only: Some("append-log"),
        ..Named::called("compaction-read")
    },
    Named {
        about: "the state is removed while others change it",
        parts: &[REMOVE, APPLY, MODIFY],
        goals: &[Reach::RemovesSome, Reach::ChangesAfterRemoval],
        ..Named::called("remove")
    },
    Named {
        about: "a program that takes flock on the same file and rewrites it in place",
        parts: &[MODIFY, PEER, APPLY],
        goals: &[Reach::AnotherOrder],
        only: Some("flock"),
        ..Named::called("peer")
    },
    Named {
        about: "stores that do not wait for the lock",
        parts: &[MODIFY, APPLY, MODIFY],
        kernel: Kernel::Impatient,
        goals: &[Reach::GivesUp],
        ..Named::called("impatient")
    },
    Named {
        about: "a kernel that cannot exchange two names, and a reader that was told of a change",
        parts: &[MODIFY_TELL, READ_TOLD, APPLY],
        kernel: Kernel::WithoutExchange,
        goals: &[Reach::ReadsBefore, Reach::ReadsAfter],
        ..Named::called("no-exchange")
    },
    SHORT,
];

const SHORT: Named = Named {
    about: "a kernel that transfers few bytes at a time",
    parts: &[MODIFY, READ, APPLY],
    before: Before::Changes(1),
    kernel: Kernel::ShortTransfers,
    goals: &[Reach::ReadsBefore, Reach::ReadsAfter],
    ..Named::called("short-transfers")
};

/// The scenario with this name.
#[must_use]
pub fn named(name: &str) -> Option<Named> {
    ALL.into_iter().find(|scenario| scenario.name == name)
}

impl Named {
    const fn called(name: &'static str) -> Self {
        Self {
            name,
            about: "",
            parts: &[],
            before: EXISTING,
            kernel: Kernel::Ordinary,
            goals: &[],
            only: None,
        }
    }

    /// Whether it says something about this strategy.
    #[must_use]
    pub fn is_about(&self, strategy: AnyStrategy) -> bool {
        use hookstate::strategy::Strategy;
        self.only.is_none_or(|only| only == strategy.name())
    }

    /// The scenario with so many processes on this strategy.
    #[must_use]
    pub fn with(&self, strategy: AnyStrategy, processes: usize) -> Scenario<AnyStrategy> {
        let parts: Vec<&[Act]> = self.parts.iter().copied().cycle().take(processes).collect();
        let scenario = Scenario::new(strategy, self.before(strategy), &parts);
        match self.kernel {
            Kernel::Ordinary => scenario,
            Kernel::WithoutExchange => scenario.on(FaultModel {
                exchange_error: Some(Errno::NOSYS),
                ..FaultModel::LOCAL
            }),
            Kernel::ShortTransfers => scenario.on(FaultModel {
                transfer_bytes_max: few_bytes(strategy),
                ..FaultModel::LOCAL
            }),
            Kernel::Impatient => scenario.waiting(Duration::ZERO),
            Kernel::Alike => Scenario::alike(strategy, self.before, processes),
        }
    }

    /// What was there before, of which this strategy may have kept more than others.
    fn before(&self, strategy: AnyStrategy) -> Before {
        match (self.before, strategy) {
            (Before::Damaged { changes, .. }, AnyStrategy::Rename(_)) => {
                let kept = changes - 1;
                Before::Damaged { changes, kept }
            }
            (before, _) => before,
        }
    }

    /// Whether so many processes are enough for what it is about: where they do different things, one of
    /// them alone is another scenario.
    #[must_use]
    pub const fn is_of(&self, processes: usize) -> bool {
        processes > 1 || self.parts.len() == 1
    }

    /// Whether the power can be cut in it. A peer syncs nothing, so that its changes go with the
    /// power.
    #[must_use]
    pub fn stands_a_power_cut(&self) -> bool {
        self.parts.iter().all(|acts| !acts.contains(&Act::Peer))
    }

    /// The search of all its states, with all that must hold and all that must come about. If the
    /// power may be cut, changes are to survive that, and the disk is one that keeps of what was not
    /// synced what it likes ([`PowerModel::Posix`]).
    #[must_use]
    pub fn search(
        &self,
        strategy: AnyStrategy,
        processes: usize,
        budget: Budget,
    ) -> Search<Account, Violation> {
        let goals = self.goals(strategy, processes, budget);
        self.where_so_much_goes_wrong(strategy, processes, budget)
            .searcher()
            .budget(budget)
            .alone(|account| account.inside, Violation::ExclusionBroken)
            .reaching(goals)
    }

    /// The scenario, with a disk and changes that go with power cuts if there are to be some.
    #[must_use]
    pub fn where_so_much_goes_wrong(
        &self,
        strategy: AnyStrategy,
        processes: usize,
        budget: Budget,
    ) -> Scenario<AnyStrategy> {
        let scenario = self.with(strategy, processes);
        match budget.power_cuts {
            0 => scenario,
            _ => on_any_disk(scenario),
        }
    }

    fn goals(&self, strategy: AnyStrategy, processes: usize, budget: Budget) -> Vec<Goal<Account>> {
        let acts: Vec<Act> = (0..processes)
            .flat_map(|seat| self.parts[seat % self.parts.len()])
            .copied()
            .collect();
        self.goals
            .iter()
            .filter(|reach| reach.is_possible(&acts, strategy, budget))
            .map(|reach| reach.goal(strategy))
            .collect()
    }
}

/// So few that no state goes in one transfer of `rename`. `flock` relies on it that a write inside a
/// page of a file that is long enough comes through whole if nobody objects (`docs/design.md`, "What
/// is not covered"), and `append-log` gives up a record of which only a part is taken again and
/// again: with them, what is cut off is the spaces behind the state, the reads and the bases.
fn few_bytes(strategy: AnyStrategy) -> usize {
    match strategy {
        AnyStrategy::Flock(_) | AnyStrategy::AppendLog(_) => 40,
        AnyStrategy::Rename(_) => 20,
    }
}

fn on_any_disk(scenario: Scenario<AnyStrategy>) -> Scenario<AnyStrategy> {
    let faults = FaultModel {
        power: Some(PowerModel::Posix),
        ..scenario.faults()
    };
    scenario.on(faults).durable(Durability::Power)
}

impl Reach {
    /// Whether it can come about with these acts, on this strategy, and with so much going wrong.
    fn is_possible(self, acts: &[Act], strategy: AnyStrategy, budget: Budget) -> bool {
        let changes = acts.iter().filter(|act| act.changes()).count();
        match self {
            Self::AnotherOrder => changes > 1,
            Self::Compacts => acts.contains(&Act::Apply),
            Self::ReadsBefore | Self::ReadsAfter => acts.iter().any(|act| act.reads()),
            Self::HearsOfAChange => acts.contains(&Act::ReadTold),
            Self::RemovesSome | Self::ChangesAfterRemoval => acts.contains(&Act::Remove),
            Self::CompletesAnother => budget.kills > 0 && matches!(strategy, AnyStrategy::Flock(_)),
            Self::ReportsDamage | Self::GivesUp => true,
        }
    }

    fn goal(self, strategy: AnyStrategy) -> Goal<Account> {
        Goal {
            name: self.sentence().to_owned(),
            is_reached: Arc::new(move |ending| self.is_reached(ending, strategy)),
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::AnotherOrder => "changes are made in another order than that of the processes",
            Self::ReadsBefore => "a reader sees what was there before",
            Self::ReadsAfter => "a reader sees the change of another",
            Self::HearsOfAChange => "a reader was told of the change of another",
            Self::RemovesSome => "a state is removed with a change of another in it",
            Self::ChangesAfterRemoval => "a change is made after the state was removed",
            Self::CompletesAnother => "a process completes the write of one that was killed",
            Self::ReportsDamage => "a process tells of the damage that it found",
            Self::GivesUp => "a process gives up since the lock is held",
            Self::Compacts => "the log is compacted",
        }
    }

    fn is_reached(self, ending: &Ending<Account>, strategy: AnyStrategy) -> bool {
        let accounts = &ending.accounts;
        let reads = || accounts.iter().flat_map(|account| &account.reads);
        let new = |ledger: &Ledger| ledger.tokens.iter().any(|token| is_new(&token));
        match self {
            Self::AnotherOrder => !last(ending, strategy)
                .tokens
                .iter()
                .filter(is_new)
                .is_sorted(),
            Self::Compacts => log_bytes(ending, strategy) < LONG_LOG_BYTES as u64,
            Self::ReadsBefore => reads().any(|(_, read)| !new(read)),
            Self::ReadsAfter => reads().any(|(_, read)| new(read)),
            Self::HearsOfAChange => accounts
                .iter()
                .any(|account| matches!(&account.told, Some(told) if !told.1.is_empty())),
            Self::RemovesSome => accounts
                .iter()
                .any(|account| account.removed.iter().any(new)),
            Self::ChangesAfterRemoval => {
                let removed = accounts.iter().any(|account| !account.removed.is_empty());
                removed && new(&last(ending, strategy))
            }
            Self::CompletesAnother => accounts.iter().any(|account| account.completed_another),
            Self::ReportsDamage => accounts.iter().any(|account| account.damage_reported),
            Self::GivesUp => accounts.iter().any(|account| {
                let failure = account.failure.as_ref();
                failure.is_some_and(|failure| failure.kind == ErrorKind::LockTimeout)
            }),
        }
    }
}

/// Whether one of the processes added it, rather than somebody before.
fn is_new(token: &&Token) -> bool {
    **token < 1_000
}

/// The state in the end; the default if it cannot be read, which is the oracle's affair.
fn last(ending: &Ending<Account>, strategy: AnyStrategy) -> Ledger {
    let store = store(strategy, Sequential::boot(&ending.sim, USER));
    store.read().map(|read| read.value).unwrap_or_default()
}

fn log_bytes(ending: &Ending<Account>, strategy: AnyStrategy) -> u64 {
    use hookstate::kernel::Kernel as _;
    let process = Sequential::boot(&ending.sim, USER);
    let path = store(strategy, process.another()).path();
    process.stat(&path).map_or(u64::MAX, |stat| stat.size)
}

impl Act {
    /// Whether it makes a change.
    fn changes(self) -> bool {
        match self {
            Self::Modify | Self::Apply | Self::Grow(_) | Self::Shrink | Self::Peer => true,
            Self::Read
            | Self::Tell
            | Self::ReadTold
            | Self::Remove
            | Self::Spoil
            | Self::Undone => false,
        }
    }

    /// Whether it keeps what it has read.
    fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadTold)
    }
}
