//! Processes that share one state, and every way in which that can go.

use crate::explore::{Bounds, Program, Report, explore};
use crate::oracle::{
    Account, Change, DIRECTORY, Oracle, Token, USER, Violation, store, tells_of_damage,
};
use crate::sim::{FaultModel, Interleaved, Kill, Sequential, Sim, SimProcess};
use hookstate::kernel::Kernel;
use hookstate::strategy::Strategy;
use hookstate::{Error, Outcome, State};
use std::path::Path;
use std::sync::Arc;

/// What a process does with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// One `locked_modify`.
    Modify,
    /// One `locked_modify` that makes the state this many bytes larger.
    Grow(usize),
    /// One `locked_modify` that makes the state small again.
    Shrink,
    /// One `apply`.
    Apply,
    /// One `locked_modify`, and then a look whether it is there.
    ModifyAndRead,
    /// Two looks, of which the second must not show less.
    ReadTwice,
}

/// A strategy, what was there before, and who does what.
#[derive(Clone)]
pub struct Scenario<S, K> {
    strategy: S,
    around: Around<K>,
    faults: FaultModel,
    before: Before,
    tasks: Vec<Task>,
    bounds: Bounds,
}

/// What was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Not even the directory.
    Nothing,
    /// So many changes, made by processes that have ended.
    Changes(u32),
    /// As many, with a state that has this many bytes of ballast.
    LargeChanges(u32, usize),
}

type Around<K> = Arc<dyn Fn(SimProcess<Interleaved>) -> K + Send + Sync>;

impl<S> Scenario<S, SimProcess<Interleaved>>
where
    S: Strategy + Clone + Send + Sync + 'static,
{
    /// The shipping strategy, as it is.
    pub fn new(strategy: S, before: Before, tasks: &[Task]) -> Self {
        Self {
            strategy,
            around: Arc::new(|process| process),
            faults: FaultModel::default(),
            before,
            tasks: tasks.to_vec(),
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
            tasks: self.tasks,
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
        let mut report: Option<Report<Violation>> = None;
        for call in 0.. {
            let kill = Kill {
                process: victim,
                call,
                pages: 0,
            };
            let at_call = self.check_killing_at(kill);
            let reached = at_call.killed > 0;
            let rejected = at_call.counterexample.is_some();
            report = Some(match report {
                None => at_call,
                Some(sum) => sum.and(at_call),
            });
            // The last round is one in which nobody got as far as to be killed.
            if !reached || rejected {
                break;
            }
        }
        report.expect("there is a first call")
    }

    fn check_killing_at(&self, kill: Kill) -> Report<Violation> {
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
            of_process: (0..self.tasks.len())
                .map(|seat| vec![token(seat)])
                .collect(),
        }
    }

    fn programs(&self) -> Vec<Program<Account>> {
        let tasks = self.tasks.iter().enumerate();
        tasks
            .map(|(seat, &task)| {
                let (strategy, around) = (self.strategy.clone(), Arc::clone(&self.around));
                let program: Program<Account> = Arc::new(move |process| {
                    perform(task, token(seat), strategy.clone(), around(process))
                });
                program
            })
            .collect()
    }

    /// The kernel when the processes start.
    fn start(&self) -> Sim {
        let first = Sequential::boot(&Sim::new(self.faults), USER);
        let ballast = match self.before {
            Before::Nothing => return first.snapshot(self.faults),
            Before::Changes(_) => 0,
            Before::LargeChanges(_, bytes) => bytes,
        };
        let store = store(self.strategy.clone(), first.another());
        for token in self.before.tokens() {
            store
                .locked_modify(|ledger| {
                    ledger.apply(&token);
                    ledger.ballast = "x".repeat(ballast);
                })
                .expect("nobody disturbs the changes that come before");
        }
        assert!(first.stat(Path::new(DIRECTORY)).is_ok());
        first.snapshot(self.faults)
    }
}

impl Before {
    fn tokens(self) -> Vec<Token> {
        match self {
            Self::Nothing => vec![],
            Self::Changes(count) | Self::LargeChanges(count, _) => (1_000..1_000 + count).collect(),
        }
    }
}

fn token(seat: usize) -> Token {
    Token::try_from(seat).expect("few processes") + 1
}

fn perform<S: Strategy, K: Kernel>(task: Task, token: Token, strategy: S, kernel: K) -> Account {
    let mut account = Account::default();
    if let Err(error) = attempt(task, token, strategy, kernel, &mut account) {
        account.failure = Some((error.kind(), error.to_string()));
    }
    account
}

fn attempt<S: Strategy, K: Kernel>(
    task: Task,
    token: Token,
    strategy: S,
    kernel: K,
    account: &mut Account,
) -> Result<(), Error> {
    let store = store(strategy, kernel);
    match task {
        Task::Modify | Task::Grow(_) | Task::Shrink | Task::ModifyAndRead => {
            let outcome = store.locked_modify(|ledger| {
                let parent = ledger.tokens.clone();
                ledger.apply(&token);
                match task {
                    Task::Grow(bytes) => ledger.ballast.push_str(&"y".repeat(bytes)),
                    Task::Shrink => ledger.ballast.clear(),
                    _ => {}
                }
                Some(parent)
            })?;
            account.acknowledge(token, outcome);
        }
        Task::Apply => {
            let outcome = store.apply(&token)?;
            account.acknowledge(token, outcome.map(|()| None));
        }
        Task::ReadTwice => account.reads.push(store.read()?.value),
    }
    if matches!(task, Task::ModifyAndRead | Task::ReadTwice) {
        account.reads.push(store.read()?.value);
    }
    Ok(())
}

impl Account {
    fn acknowledge(&mut self, token: Token, outcome: Outcome<Option<Vec<Token>>>) {
        self.recovered |= tells_of_damage(outcome.recovery.as_ref());
        let parent = outcome.value;
        self.acknowledged.push(Change { token, parent });
    }
}
