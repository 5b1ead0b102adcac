//! Processes that share one state, and every way in which that can go.

use crate::explore::{Bounds, Program, Report, explore};
use crate::oracle::{
    Account, Change, DIRECTORY, Delta, Ledger, Oracle, Token, USER, Violation, store,
    tells_of_damage,
};
use crate::sim::{FaultModel, Interleaved, Kill, Sequential, Sim, SimProcess};
use hookstate::kernel::{Call, Errno, FlockOperation, Kernel, Watched, Watcher, Way};
use hookstate::strategy::Strategy;
use hookstate::{Error, Outcome, Store};
use std::path::Path;
use std::sync::Arc;

/// One thing that a process does with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// `locked_modify`.
    Modify,
    /// `locked_modify` that makes the state this many bytes larger.
    Grow(usize),
    /// `locked_modify` that makes the state small again.
    Shrink,
    /// `apply`.
    Apply,
    /// `read`.
    Read,
}

/// A strategy, what was there before, and who does what.
#[derive(Clone)]
pub struct Scenario<S, K> {
    strategy: S,
    around: Around<K>,
    faults: FaultModel,
    before: Before,
    programs: Vec<Vec<Act>>,
    bounds: Bounds,
}

/// What was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Not even the directory.
    Nothing,
    /// The directory, empty.
    Directory,
    /// So many changes, made by processes that have ended.
    Changes(u32),
    /// As many, with a state that has this many bytes of ballast.
    LargeChanges(u32, usize),
    /// As many, and one more in the append log: a delta that makes the log this many bytes long, by
    /// a process that could not compact it since the kernel had no exclusive lock for it.
    LongLog(u32, usize),
}

type Around<K> = Arc<dyn Fn(SimProcess<Interleaved>) -> K + Send + Sync>;

impl<S> Scenario<S, SimProcess<Interleaved>>
where
    S: Strategy + Clone + Send + Sync + 'static,
{
    /// The shipping strategy, as it is.
    ///
    /// There is one process for each list of acts, which it does one after the other.
    pub fn new(strategy: S, before: Before, programs: &[&[Act]]) -> Self {
        Self {
            strategy,
            around: Arc::new(|process| process),
            faults: FaultModel::default(),
            before,
            programs: programs.iter().map(|acts| acts.to_vec()).collect(),
            bounds: Bounds::default(),
        }
    }

    /// The same with something between the strategy and its kernel, in all of the processes.
    pub fn around<K: Kernel>(
        self,
        around: impl Fn(SimProcess<Interleaved>) -> K + Send + Sync + 'static,
    ) -> Scenario<S, K> {
        Scenario {
            strategy: self.strategy,
            around: Arc::new(around),
            faults: self.faults,
            before: self.before,
            programs: self.programs,
            bounds: self.bounds,
        }
    }
}

impl<S, K> Scenario<S, K>
where
    S: Strategy + Clone + Send + Sync + 'static,
    K: Kernel + 'static,
{
    /// The same on a kernel with other abilities.
    #[must_use]
    pub fn on(mut self, faults: FaultModel) -> Self {
        self.faults = faults;
        self
    }

    /// The same, explored so far.
    #[must_use]
    pub fn within(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Every order of the calls, and nobody killed.
    #[must_use]
    pub fn check(&self) -> Report<Violation> {
        self.explore(None)
    }

    /// Every order of the calls, with the process `victim` killed at each of its calls in turn and,
    /// where such a call writes several pages, after each of them. Stops at the first violation.
    #[must_use]
    pub fn check_killing(&self, victim: usize) -> Report<Violation> {
        let mut sum = Report::default();
        for call in 0.. {
            let at_call = self.check_killing_at(victim, call);
            // The last round is one in which nobody got as far as to be killed.
            let last = at_call.killed == 0 || at_call.counterexample.is_some();
            sum = sum.and(at_call);
            if last {
                break;
            }
        }
        sum
    }

    fn check_killing_at(&self, process: usize, call: usize) -> Report<Violation> {
        let kill = Kill {
            process,
            call,
            pages: 0,
        };
        let mut report = self.explore(Some(kill));
        for pages in 1..report.pages {
            if report.counterexample.is_some() {
                break;
            }
            report = report.and(self.explore(Some(Kill { pages, ..kill })));
        }
        report
    }

    fn explore(&self, kill: Option<Kill>) -> Report<Violation> {
        let oracle = self.oracle();
        explore(
            &self.start(),
            USER,
            self.programs(),
            kill,
            self.bounds,
            move |ending| oracle.judge(ending),
        )
    }

    fn oracle(&self) -> Oracle<S> {
        Oracle {
            strategy: self.strategy.clone(),
            before: self.before.tokens(),
            added: (0..self.programs.len())
                .flat_map(|seat| tokens(seat).take(self.programs[seat].len()))
                .collect(),
        }
    }

    fn programs(&self) -> Vec<Program<Account>> {
        let programs = self.programs.iter().cloned().enumerate();
        programs
            .map(|(seat, acts)| {
                let (strategy, around) = (self.strategy.clone(), Arc::clone(&self.around));
                let program: Program<Account> = Arc::new(move |process| {
                    perform(&acts, seat, strategy.clone(), around(process))
                });
                program
            })
            .collect()
    }

    /// The kernel when the processes start.
    fn start(&self) -> Sim {
        let first = Sequential::boot(&Sim::new(self.faults), USER);
        if self.before != Before::Nothing {
            first
                .mkdir(Path::new(DIRECTORY), 0o700)
                .expect("the root directory is empty");
        }
        self.make_large_changes(first.another());
        if let Before::LongLog(_, bytes) = self.before {
            self.make_long_log(&first, bytes);
        }
        first.snapshot(self.faults)
    }

    fn make_large_changes(&self, process: SimProcess<Sequential>) {
        let ballast = match self.before {
            Before::LargeChanges(_, bytes) => "x".repeat(bytes),
            _ => String::new(),
        };
        let store = store(self.strategy.clone(), process);
        for token in self.before.modified() {
            let _ = unharmed(store.locked_modify(|ledger| {
                ledger.add(token);
                ledger.ballast.clone_from(&ballast);
            }));
        }
    }

    /// What a record has around the remark shows on a copy of the kernel.
    fn make_long_log(&self, first: &SimProcess<Sequential>, bytes: usize) {
        let copy = Sequential::boot(&first.snapshot(self.faults), USER);
        let (shortest, _) = self.append_delta(copy, 1);
        let (length, deferred) = self.append_delta(first.another(), 1 + bytes - shortest);
        assert_eq!(length, bytes);
        assert!(deferred, "{bytes} bytes make no compaction due");
    }

    /// How long the log is then, and whether its compaction was due and put off.
    fn append_delta(&self, process: SimProcess<Sequential>, remark: usize) -> (usize, bool) {
        let kernel = Watched::new(process.another(), NoExclusiveLock);
        let store = store(self.strategy.clone(), kernel);
        let delta = Delta {
            token: LONG_DELTA,
            remark: "x".repeat(remark),
        };
        let outcome = unharmed(store.apply(&delta));
        let log = process.stat(&store.path()).expect("it was just written");
        let length = usize::try_from(log.size).expect("the log fits into memory");
        (length, outcome.deferred.is_some())
    }
}

fn unharmed<T: std::fmt::Debug>(made: Result<Outcome<T>, Error>) -> Outcome<T> {
    match made {
        Ok(outcome) if outcome.recovery.is_none() => outcome,
        other => panic!("{other:?}"),
    }
}

/// What the long delta before adds.
const LONG_DELTA: Token = 1_999;

impl Before {
    fn tokens(self) -> Vec<Token> {
        let long = matches!(self, Self::LongLog(..)).then_some(LONG_DELTA);
        self.modified().chain(long).collect()
    }

    /// What was added by `locked_modify`.
    fn modified(self) -> std::ops::Range<Token> {
        let count = match self {
            Self::Nothing | Self::Directory => 0,
            Self::Changes(count) | Self::LargeChanges(count, _) | Self::LongLog(count, _) => count,
        };
        1_000..1_000 + count
    }
}

/// Has no exclusive lock for anybody, as flock(2) says of a kernel that is out of memory.
struct NoExclusiveLock;

impl Watcher for NoExclusiveLock {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock {
                operation: FlockOperation::TryExclusive,
            } => Way::Fail(Errno::NOLCK),
            _ => Way::Through,
        }
    }
}

/// What the acts of a process add, one after the other.
fn tokens(seat: usize) -> impl Iterator<Item = Token> {
    let first = 10 * (Token::try_from(seat).expect("few processes") + 1);
    first..first + 10
}

fn perform<S: Strategy, K: Kernel>(acts: &[Act], seat: usize, strategy: S, kernel: K) -> Account {
    let store = store(strategy, kernel);
    let mut account = Account::default();
    for (act, token) in acts.iter().zip(tokens(seat)) {
        if let Err(error) = account.attempt(*act, token, &store) {
            account.failure = Some((error.kind(), error.to_string()));
            break;
        }
    }
    account
}

impl Account {
    fn attempt<S: Strategy, K: Kernel>(
        &mut self,
        act: Act,
        token: Token,
        store: &Store<Ledger, S, K>,
    ) -> Result<(), Error> {
        match act {
            Act::Modify | Act::Grow(_) | Act::Shrink => {
                let outcome = store.locked_modify(|ledger| {
                    let parent = ledger.tokens.clone();
                    ledger.add(token);
                    resize(ledger, act);
                    Some(parent)
                })?;
                self.acknowledge(token, outcome);
            }
            Act::Apply => {
                let outcome = store.apply(&Delta::from(token))?;
                self.acknowledge(token, outcome.map(|()| None));
            }
            Act::Read => {
                let read = store.read()?.value;
                self.reads.push((self.acknowledged.len(), read));
            }
        }
        Ok(())
    }

    fn acknowledge(&mut self, token: Token, outcome: Outcome<Option<Vec<Token>>>) {
        self.damage_reported |= tells_of_damage(outcome.recovery.as_ref());
        let parent = outcome.value;
        self.acknowledged.push(Change { token, parent });
    }
}

fn resize(ledger: &mut Ledger, act: Act) {
    match act {
        Act::Grow(bytes) => ledger.ballast.push_str(&"y".repeat(bytes)),
        Act::Shrink => ledger.ballast.clear(),
        Act::Modify | Act::Apply | Act::Read => {}
    }
}
