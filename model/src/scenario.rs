//! Processes that share one state, and every way in which that can go.

use crate::explore::{Bounds, Report, explore, explore_killing};
use crate::oracle::{
    ANONYMOUS, Account, DIRECTORY, Delta, Expected, Oracle, Remains, Token, USER, Violation,
    store_alone,
};
use crate::process::{Ending, Program};
use crate::search::{self, Budget, Search};
use crate::sim::{AnyDoor, FaultModel, Kill, Sequential, Sim, SimProcess};
use hookstate::kernel::{
    Access, Call, Errno, FlockOperation, Kernel, OpenHow, Watched, Watcher, Way,
};
use hookstate::strategy::Strategy;
use hookstate::{Durability, Error, ErrorKind, LOCK_TIMEOUT_DEFAULT, Outcome};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A strategy, what was there before, and who does what.
#[derive(Clone)]
pub struct Scenario<S> {
    strategy: S,
    perform: Perform,
    /// As `perform`, with nothing around the kernel.
    shipping: Perform,
    faults: FaultModel,
    before: Before,
    programs: Vec<Vec<Act>>,
    bounds: Bounds,
    terms: Terms,
    excused: &'static [ErrorKind],
    alike: bool,
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
    /// As many, and a data file that was damaged from outside then.
    Damaged {
        /// How many changes there were.
        changes: u32,
        /// How many of them are still known, the first ones.
        kept: u32,
    },
    /// As many, and a process that was stopped inside of the window of one more, for ever.
    Stopped(u32),
}

mod acts;
/// The change that a program makes which knows nothing of this project.
pub(crate) mod peer;
/// What processes let each other know.
mod word;

pub use acts::Act;
use acts::{Perform, Terms, performed_over};

impl<S> Scenario<S>
where
    S: Strategy + Clone + Send + Sync + 'static,
{
    /// The shipping strategy, as it is.
    ///
    /// There is one process for each list of acts, which it does one after the other.
    pub fn new(strategy: S, before: Before, programs: &[&[Act]]) -> Self {
        Self {
            perform: performed_over(strategy.clone(), |process| process),
            shipping: performed_over(strategy.clone(), |process| process),
            strategy,
            faults: FaultModel::default(),
            before,
            programs: programs.iter().map(|acts| acts.to_vec()).collect(),
            bounds: Bounds::default(),
            terms: Terms {
                durability: Durability::Process,
                lock_timeout: LOCK_TIMEOUT_DEFAULT,
            },
            excused: &[],
            alike: false,
        }
    }

    /// So many processes that do the same and cannot be told apart but for the first, which makes the
    /// search shorter by all the ways in which they could change their parts. The change of the first
    /// has a token of its own: what can happen to it can happen to any of them.
    pub fn alike(strategy: S, before: Before, processes: usize) -> Self {
        let acts: &[Act] = &[Act::Modify];
        let alike = true;
        Self {
            alike,
            ..Self::new(strategy, before, &vec![acts; processes])
        }
    }

    /// The same with something between the strategy and its kernel, in all of the processes.
    #[must_use]
    pub fn around<K: Kernel>(
        mut self,
        around: impl Fn(SimProcess<AnyDoor>) -> K + Send + Sync + 'static,
    ) -> Self {
        self.perform = performed_over(self.strategy.clone(), around);
        self
    }

    /// The same with stores whose changes survive this.
    #[must_use]
    pub fn durable(mut self, durability: Durability) -> Self {
        self.terms.durability = durability;
        self
    }

    /// The same with stores that wait for a lock so long. With no time at all, a process that is
    /// refused the lock fails, which it may.
    #[must_use]
    pub fn waiting(mut self, lock_timeout: Duration) -> Self {
        self.terms.lock_timeout = lock_timeout;
        self
    }

    /// The same where these errors have a cause.
    #[must_use]
    pub fn excusing(mut self, kinds: &'static [ErrorKind]) -> Self {
        self.excused = kinds;
        self
    }

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
        explore_killing(victim, &|kill| self.explore(Some(kill)))
    }

    /// One process, with the power cut at each of its calls in turn, and after the last.
    ///
    /// # Panics
    ///
    /// If the fault model says nothing of power loss, or has too many outcomes of it.
    #[must_use]
    pub fn check_cutting_power(&self) -> Report<Violation> {
        assert_eq!(self.programs.len(), 1, "the others would go on");
        explore_killing(0, &|kill| self.explore_cutting_power(kill))
    }

    /// Every state that can come about with so much going wrong.
    #[must_use]
    pub fn search(&self, budget: Budget) -> search::Report<Violation> {
        self.searcher().budget(budget).run()
    }

    /// The search of all states, for setting more than its budget.
    #[must_use]
    pub fn searcher(&self) -> Search<Account, Violation> {
        let oracle = self.oracle();
        let judge = move |ending: &Ending<Account>| oracle.judge(ending);
        let spared = (0..self.programs.len()).map(|seat| self.is_spared(seat));
        Search::new(self.start(), USER, self.programs(), judge).sparing(spared.collect())
    }

    /// Whether nothing may go wrong for the process: a peer writes in place, and killed inside of that it
    /// leaves half a state, for which nobody here answers.
    #[must_use]
    pub fn is_spared(&self, process: usize) -> bool {
        self.programs[process].contains(&Act::Peer)
    }

    fn explore(&self, kill: Option<Kill>) -> Report<Violation> {
        let oracle = self.oracle();
        self.explore_and(kill, move |ending| oracle.judge(ending))
    }

    fn explore_and(
        &self,
        kill: Option<Kill>,
        judge: impl Fn(&Ending<Account>) -> Result<(), Violation> + Send + Sync + 'static,
    ) -> Report<Violation> {
        explore(
            &self.start(),
            USER,
            self.programs(),
            kill,
            self.bounds,
            judge,
        )
    }

    /// After the power was cut at the end of what is explored, with each outcome that the fault
    /// model allows.
    fn explore_cutting_power(&self, kill: Kill) -> Report<Violation> {
        let oracle = self.oracle();
        self.explore_and(Some(kill), move |ending| {
            let outcomes = ending.sim.power_cuts().expect("little is not synced");
            outcomes.into_iter().try_for_each(|sim| {
                oracle.judge(&Ending {
                    sim,
                    power_cuts: 1,
                    ..ending.clone()
                })
            })
        })
    }

    pub(crate) fn faults(&self) -> FaultModel {
        self.faults
    }

    pub(crate) fn oracle(&self) -> Oracle<S> {
        Oracle {
            strategy: self.strategy.clone(),
            durability: self.terms.durability,
            expected: self.expected(),
        }
    }

    fn expected(&self) -> Expected {
        Expected {
            before: self.before.tokens(),
            damaged: matches!(self.before, Before::Damaged { .. }).then_some(DAMAGE),
            excused: self.excused,
            allowed: self.left_behind(),
            added: (0..self.programs.len())
                .flat_map(|seat| self.acts(seat))
                .map(|(_, token)| token)
                .collect(),
            lock_timeout: self.terms.lock_timeout,
        }
    }

    /// Processes that are alike have one and the same program, but for the first.
    pub(crate) fn programs(&self) -> Vec<Program<Account>> {
        let seats = self.programs.len();
        match self.alike {
            true => self.alike_programs(seats),
            false => (0..seats).map(|seat| self.program(seat)).collect(),
        }
    }

    fn alike_programs(&self, seats: usize) -> Vec<Program<Account>> {
        let mut programs = vec![self.program(0)];
        let others = self.program(1.min(seats - 1));
        programs.resize(seats, others);
        programs
    }

    fn program(&self, seat: usize) -> Program<Account> {
        let (perform, acts, terms) = (Arc::clone(&self.perform), self.acts(seat), self.terms);
        Arc::new(move |process, account| perform(process, &acts, terms, account))
    }

    /// What the process does, and what each of its acts adds.
    fn acts(&self, seat: usize) -> Vec<(Act, Token)> {
        let acts = self.programs[seat].iter().copied();
        match self.alike {
            true if seat > 0 => acts.map(|act| (act, ANONYMOUS)).collect(),
            _ => acts.zip(tokens(seat)).collect(),
        }
    }

    /// The kernel when the processes start.
    pub(crate) fn start(&self) -> Sim {
        let first = Sequential::boot(&Sim::new(self.faults), USER);
        if self.before != Before::Nothing {
            first
                .mkdir(Path::new(DIRECTORY), 0o700)
                .expect("the root directory is empty");
        }
        self.make_large_changes(first.another());
        match self.before {
            Before::LongLog(_, bytes) => self.make_long_log(&first, bytes),
            Before::Damaged { .. } => self.damage(&first),
            Before::Stopped(_) => return self.stopped(&first),
            _ => {}
        }
        first.snapshot(self.faults)
    }

    fn damage(&self, process: &SimProcess<Sequential>) {
        let path = store_alone(self.strategy.clone(), process.another()).path();
        let mut how = OpenHow::existing(Access::ReadWrite);
        how.truncate = true;
        let file = process.open(&path, how).expect("the data file is there");
        let written = process.pwrite(&file, DAMAGE, 0);
        assert_eq!(written, Ok(DAMAGE.len()));
        process.close(file);
    }

    /// The kernel while a process is inside of its window, which it never leaves.
    fn stopped(&self, first: &SimProcess<Sequential>) -> Sim {
        let store = store_alone(self.strategy.clone(), first.another());
        let mut inside = None;
        let _ = unharmed(store.try_locked_modify(|_| {
            inside = Some(first.snapshot(self.faults));
            Err::<(), _>(())
        }));
        inside.expect("nobody else holds the lock")
    }

    /// What the shipping code leaves in the directory if the processes run one after the other, each
    /// of them last once.
    fn left_behind(&self) -> Remains {
        let lasts = 0..if self.alike { 1 } else { self.programs.len() };
        let remains = lasts.map(|last| self.left_behind_by(last));
        remains.reduce(Remains::or).unwrap_or_default()
    }

    fn left_behind_by(&self, last: usize) -> Remains {
        let seats = self.programs.len();
        let mut processes = vec![Sequential::boot(&self.start(), USER)];
        processes.extend(
            (1..seats)
                .map(|_| processes[0].another())
                .collect::<Vec<_>>(),
        );
        for seat in (last + 1..seats).chain(0..=last) {
            let process = SimProcess(AnyDoor::new(processes[seat].0.clone()));
            let mut account = Account::default();
            (self.shipping)(process, &self.acts(seat), self.terms, &mut account);
        }
        Remains::of(&processes[0])
    }

    fn make_large_changes(&self, process: SimProcess<Sequential>) {
        let ballast = match self.before {
            Before::LargeChanges(_, bytes) => "x".repeat(bytes),
            _ => String::new(),
        };
        let store = store_alone(self.strategy.clone(), process);
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
        let store = store_alone(self.strategy.clone(), kernel);
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

/// No state, in no strategy.
const DAMAGE: &[u8] = b"neither JSON nor a record\n";

impl Before {
    fn tokens(self) -> Vec<Token> {
        let long = matches!(self, Self::LongLog(..)).then_some(LONG_DELTA);
        let known = match self {
            Self::Damaged { kept, .. } => kept as usize,
            _ => usize::MAX,
        };
        self.modified().take(known).chain(long).collect()
    }

    /// What was added by `locked_modify`.
    fn modified(self) -> std::ops::Range<Token> {
        let count = match self {
            Self::Nothing | Self::Directory => 0,
            Self::Changes(count)
            | Self::LargeChanges(count, _)
            | Self::LongLog(count, _)
            | Self::Stopped(count)
            | Self::Damaged { changes: count, .. } => count,
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
pub(crate) fn tokens(seat: usize) -> impl Iterator<Item = Token> {
    let first = 10 * (Token::try_from(seat).expect("few processes") + 1);
    first..first + 10
}
