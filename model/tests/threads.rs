//! Threads of one process that share one handle, in every order of their calls that loom finds, with
//! one of their syncs failing at each place where one is made.
//!
//! What threads share in `core` is one flag of the handle: that a sync through it has failed. There
//! is no other: `core` has no thread-locals, its statics are tables that never change, and the
//! atomics and locks of its `kernel` module belong to watchers, which are not a part of a store.
//! Descriptors are shared on Linux too, but no two calls on a handle use the same one. The process
//! id, which the threads here do not have in common, is no more than a part of the name of a copy of
//! damaged content, and that is created exclusively.
//!
//! A window counts as one step where syncs fail, since the flag is used outside of windows only, and
//! what happens inside of them is explored call by call without syncs here, and with them by the
//! search.
//!
//! Why it is enough that loom sees calls, and not the flag: each access to the flag has a call of its
//! own right before it ([`take_turn`]), so that all orders of accesses and calls are explored. And
//! why `Relaxed` adds none to them: the flag is one variable that is written with one value, so a
//! load either comes before the store in its order of modification, which is explored as the load
//! coming first, or gives what was stored; and it must do the latter once the caller has seen to it
//! that the store happened before, by a join, a channel or a mutex.

#[path = "common/every_strategy.rs"]
mod every_strategy;

use every_strategy::on_every_strategy;
use hookstate::kernel::{Errno, Kernel, Result, Watched};
use hookstate::strategy::{AnyStrategy, AppendLog, Site, Strategy};
use hookstate::{Durability, Error, ErrorKind, Outcome, State, Store};
use hookstate_model::explore::{Bounds, Report, Steps, explore_sharing};
use hookstate_model::process::{Ending, Exit, Program};
use hookstate_model::sim::{
    AnyDoor, Door, FaultModel, PowerModel, Reply, Request, Sequential, Sim, SimProcess,
};
use hookstate_model::twin::{Through, WithoutLock};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

on_every_strategy! {
    two_threads_on_one_handle_lose_nothing
    two_threads_on_one_handle_lose_nothing_when_the_power_is_cut
    three_threads_on_one_handle_lose_nothing
    a_handle_refuses_those_calls_that_begin_after_a_sync_has_failed
    a_handle_refuses_its_own_thread_after_a_sync_has_failed
    a_handle_of_three_threads_refuses_all_of_them
    a_handle_for_each_thread_does_not_refuse_the_others
    a_handle_for_each_call_does_not_refuse_its_own_thread
    threads_without_a_lock_lose_a_change
    a_failed_sync_that_nobody_hears_of_loses_an_acknowledged_change
}

const MODIFY: &[Act] = &[Act::Modify];
const MODIFY_AND_READ: &[Act] = &[Act::Modify, Act::Read];
const APPLY: &[Act] = &[Act::Apply];

fn two_threads_on_one_handle_lose_nothing(strategy: AnyStrategy) {
    let report = complete(&Threads::new(strategy, &[MODIFY, MODIFY]).call_by_call()).report;
    assert!(report.refused > 0, "nobody ever waited: {report}");
}

fn two_threads_on_one_handle_lose_nothing_when_the_power_is_cut(strategy: AnyStrategy) {
    let report = complete(&Threads::new(strategy, &[MODIFY, MODIFY])).report;
    assert!(report.refused > 0, "nobody ever waited: {report}");
}

/// Only the log has a way of its own to do that.
#[test]
fn two_threads_that_append_to_the_log_lose_nothing() {
    let log = AnyStrategy::AppendLog(AppendLog);
    complete(&Threads::new(log, &[APPLY, APPLY]).call_by_call());
    complete(&Threads::new(log, &[APPLY, MODIFY]));
}

fn three_threads_on_one_handle_lose_nothing(strategy: AnyStrategy) {
    let threads = Threads::new(strategy, &[MODIFY, MODIFY, APPLY]);
    let report = bounded(&threads.with_preemptions(1)).report;
    assert!(report.refused > 0, "nobody ever waited: {report}");
}

fn a_handle_refuses_those_calls_that_begin_after_a_sync_has_failed(strategy: AnyStrategy) {
    failing_anywhere(&Threads::new(strategy, &[MODIFY, MODIFY]), complete);
}

fn a_handle_refuses_its_own_thread_after_a_sync_has_failed(strategy: AnyStrategy) {
    let threads = Threads::new(strategy, &[MODIFY_AND_READ, MODIFY]);
    failing_anywhere(&threads.with_preemptions(2), bounded);
}

#[test]
fn a_handle_refuses_those_who_append_to_the_log_after_a_sync_has_failed() {
    failing_anywhere(
        &Threads::new(AnyStrategy::AppendLog(AppendLog), &[APPLY, MODIFY]),
        complete,
    );
}

fn a_handle_of_three_threads_refuses_all_of_them(strategy: AnyStrategy) {
    let threads = Threads::new(strategy, &[MODIFY, MODIFY, APPLY]).with_preemptions(1);
    failing_anywhere(&threads, bounded);
}

fn a_handle_for_each_thread_does_not_refuse_the_others(strategy: AnyStrategy) {
    let threads = Threads::new(strategy, &[MODIFY, MODIFY]).sharing(Sharing::Threads);
    let violation = rejected(&threads.failing(0, 0));
    assert_eq!(violation, Violation::NotRefused(Whose::Another));
}

fn a_handle_for_each_call_does_not_refuse_its_own_thread(strategy: AnyStrategy) {
    let threads = Threads::new(strategy, &[MODIFY_AND_READ, MODIFY]).sharing(Sharing::Nothing);
    let violation = rejected(&threads.failing(0, 0));
    assert!(matches!(violation, Violation::NotRefused(_)), "{violation}");
    // Alone, the thread has nobody else to blame.
    let alone = Threads::new(strategy, &[MODIFY_AND_READ]).sharing(Sharing::Nothing);
    let violation = rejected(&alone.failing(0, 0));
    assert_eq!(violation, Violation::NotRefused(Whose::Own));
}

fn threads_without_a_lock_lose_a_change(strategy: AnyStrategy) {
    let threads = Threads::new(strategy, &[MODIFY, MODIFY]).call_by_call();
    let violation = rejected(&threads.twin(without_lock));
    // Two that stage their files under one name get into each other's way before they lose anything.
    let harmed = matches!(violation, Violation::Lost(_) | Violation::Failed(_));
    assert!(harmed, "{violation}");
}

/// One thread is enough, and one of its syncs at least must be one that the change needs.
fn a_failed_sync_that_nobody_hears_of_loses_an_acknowledged_change(strategy: AnyStrategy) {
    let alone = Threads::new(strategy, &[MODIFY]).twin(hides_failures);
    let mut violations = Vec::new();
    for nth in 0.. {
        let Found { report, .. } = alone.failing(0, nth).check();
        let Some(found) = report.counterexample else {
            break;
        };
        violations.push(found.violation);
    }
    let lost = |violation: &Violation| matches!(violation, Violation::Lost(_));
    assert!(violations.iter().any(lost), "{violations:?}");
}

/// What a thread does with the handle.
#[derive(Clone, Copy, Debug)]
enum Act {
    Modify,
    Apply,
    Read,
}

/// Threads, each with a list of acts that it does one after the other.
#[derive(Clone)]
struct Threads {
    strategy: AnyStrategy,
    acts: Vec<&'static [Act]>,
    sharing: Sharing,
    twin: fn(AnyDoor) -> AnyDoor,
    fails: Option<Failing>,
    durability: Durability,
    bounds: Bounds,
}

/// Who uses one handle.
#[derive(Clone, Copy, Debug)]
enum Sharing {
    /// All threads, as they should be able to.
    All,
    /// Each thread has a handle of its own.
    Threads,
    /// Each call has a handle of its own.
    Nothing,
}

/// The sync that fails: the n-th of this thread, counted from 0.
#[derive(Clone, Copy, Debug)]
struct Failing {
    seat: usize,
    nth: usize,
}

/// What the threads of one execution have in common besides the handle, to be judged by.
#[derive(Debug, Default)]
struct Witness {
    /// The thread whose call has returned with a failed sync.
    failed: Option<usize>,
}

/// What a thread has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Account {
    calls: Vec<Made>,
}

/// A call on the handle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Made {
    /// What it was to add.
    token: Token,
    /// Whose call had returned with a failed sync when this one began.
    begun_after: Option<Whose>,
    /// One of its own syncs failed.
    sync_failed: bool,
    answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Acknowledged,
    Read(Vec<Token>),
    /// The sync failed that was made for this call.
    SyncFailed,
    /// The handle refuses, because of an earlier sync.
    Refused,
    Other(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Own,
    Another,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Violation {
    /// A call was acknowledged although its own sync had failed.
    Acknowledged,
    /// A call went on after this thread's call had returned with a failed sync.
    NotRefused(Whose),
    /// A call was refused before any had returned with a failed sync.
    RefusedTooEarly,
    /// An acknowledged change is not there.
    Lost(Token),
    /// A change is there that was refused, or twice, or that nobody has made.
    Foreign(Token),
    /// A call failed, or a thread ended, for no reason that it has.
    Failed(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

type Token = u32;

/// A set of changes, each with its number.
#[derive(Default, Serialize, Deserialize)]
struct Ledger {
    tokens: Vec<Token>,
}

impl State for Ledger {
    type Delta = Token;

    fn apply(&mut self, token: &Token) {
        self.tokens.push(*token);
    }
}

const DIRECTORY: &str = "/state";
const USER: u32 = 1000;
/// Enough for every strategy to have its files as they stay.
const BEFORE: [Token; 2] = [1_000, 1_001];

impl Threads {
    fn new(strategy: AnyStrategy, acts: &[&'static [Act]]) -> Self {
        Self {
            strategy,
            acts: acts.to_vec(),
            sharing: Sharing::All,
            twin: |door| door,
            fails: None,
            durability: Durability::Power,
            bounds: Bounds {
                steps: Steps::Windows,
                ..Bounds::ALL
            },
        }
    }

    fn sharing(self, sharing: Sharing) -> Self {
        Self { sharing, ..self }
    }

    fn twin(self, twin: fn(AnyDoor) -> AnyDoor) -> Self {
        Self { twin, ..self }
    }

    /// Without the syncs, whose calls would make the orders too many.
    fn call_by_call(self) -> Self {
        Self {
            durability: Durability::Process,
            bounds: Bounds {
                steps: Steps::Calls,
                ..self.bounds
            },
            ..self
        }
    }

    /// No more than so many.
    fn with_preemptions(self, most: usize) -> Self {
        let bounds = Bounds {
            preemptions_max: Some(most),
            ..self.bounds
        };
        Self { bounds, ..self }
    }

    /// The same with this sync failing.
    fn failing(&self, seat: usize, nth: usize) -> Self {
        let fails = Some(Failing { seat, nth });
        Self {
            fails,
            ..self.clone()
        }
    }

    /// Every order of the steps, and the endings that there were.
    fn check(&self) -> Found {
        let endings = Arc::new(Mutex::new(Vec::new()));
        let (these, seen) = (self.clone(), Arc::clone(&endings));
        let judge = move |ending: &Ending<Account>| {
            lock(&seen).push(ending.clone());
            these.judge(ending)
        };
        let these = self.clone();
        let programs = move || these.programs();
        let report = explore_sharing(&self.start(), USER, programs, self.bounds, judge);
        println!(
            "{} by {:?}: {report}",
            self.strategy.name(),
            self.bounds.steps
        );
        let endings = std::mem::take(&mut *lock(&endings));
        Found { report, endings }
    }

    /// Only what is synced has to survive a power loss.
    fn power(&self) -> Option<PowerModel> {
        (self.durability == Durability::Power).then_some(PowerModel::Posix)
    }

    fn start(&self) -> Sim {
        let faults = FaultModel {
            power: self.power(),
            ..FaultModel::LOCAL
        };
        let process = Sequential::boot(&Sim::new(faults), USER);
        process
            .mkdir(Path::new(DIRECTORY), 0o700)
            .expect("the root directory is empty");
        let store = store(self.strategy, process.another());
        for token in BEFORE {
            let _ = store
                .locked_modify(|ledger| ledger.apply(&token))
                .expect("nothing fails here");
        }
        process.snapshot(faults)
    }

    /// The programs of one execution, with the handles that they use.
    fn programs(&self) -> Vec<Program<Account>> {
        let witness = Arc::new(Mutex::new(Witness::default()));
        let one = Arc::new(self.handle());
        (0..self.acts.len())
            .map(|seat| {
                let handle = match self.sharing {
                    Sharing::All => Arc::clone(&one),
                    Sharing::Threads | Sharing::Nothing => Arc::new(self.handle()),
                };
                self.program(seat, handle, Arc::clone(&witness))
            })
            .collect()
    }

    fn handle(&self) -> Handle {
        store(WithLastCall(self.strategy), SimProcess(OfThread)).durability(self.durability)
    }

    fn program(
        &self,
        seat: usize,
        handle: Arc<Handle>,
        witness: Arc<Mutex<Witness>>,
    ) -> Program<Account> {
        let these = self.clone();
        Arc::new(move |process, account| {
            let sync_failed = these.take_seat(seat, process);
            for (&act, token) in these.acts[seat].iter().zip(tokens(seat)) {
                let of_its_own = these.handle();
                let handle = match these.sharing {
                    Sharing::All | Sharing::Threads => &handle,
                    Sharing::Nothing => &of_its_own,
                };
                // Where no sync fails, nobody sets the flag, and when it is looked at is all the same.
                if these.fails.is_some() {
                    take_turn(&SimProcess(OfThread));
                }
                let begun_after = lock(&witness).failed.map(|thread| whose(thread, seat));
                let answer = act.make(token, handle);
                if answer == Answer::SyncFailed {
                    lock(&witness).failed.get_or_insert(seat);
                }
                account.calls.push(Made {
                    token,
                    begun_after,
                    sync_failed: sync_failed.take(),
                    answer,
                });
            }
        })
    }

    /// From here on the thread makes its calls as this process. Gives what tells that its sync has
    /// failed.
    fn take_seat(&self, seat: usize, process: SimProcess<AnyDoor>) -> Rc<Cell<bool>> {
        let failed = Rc::new(Cell::new(false));
        let fails = self.fails.filter(|fails| fails.seat == seat);
        let door = FailsOneSync {
            door: process.0,
            nth: fails.map(|fails| fails.nth),
            syncs: Cell::new(0),
            failed: Rc::clone(&failed),
        };
        OWN.with(|own| *own.borrow_mut() = Some((self.twin)(AnyDoor::new(door))));
        failed
    }

    fn judge(&self, ending: &Ending<Account>) -> std::result::Result<(), Violation> {
        for exit in &ending.exits {
            if *exit != Exit::Finished {
                return Err(Violation::Failed(format!("{exit:?}")));
            }
        }
        let made = || ending.accounts.iter().flat_map(|account| &account.calls);
        self.judge_content(&ending.sim, made())?;
        if self.power().is_some() {
            for after_power_cut in ending.sim.power_cuts().expect("little is not synced") {
                self.judge_content(&after_power_cut, made())?;
            }
        }
        made().try_for_each(Made::judge)
    }

    /// What a newcomer reads: each acknowledged change once, and each whose sync failed at most once.
    fn judge_content<'a>(
        &self,
        sim: &Sim,
        made: impl Iterator<Item = &'a Made>,
    ) -> std::result::Result<(), Violation> {
        let mut left = store(self.strategy, Sequential::boot(sim, USER))
            .read()
            .map_err(|error| Violation::Failed(error.to_string()))?
            .value
            .tokens;
        for token in BEFORE {
            take(&mut left, token)?;
        }
        for call in made {
            match call.answer {
                Answer::Acknowledged => take(&mut left, call.token)?,
                Answer::SyncFailed => {
                    let _ = take(&mut left, call.token);
                }
                Answer::Read(_) | Answer::Refused | Answer::Other(_) => {}
            }
        }
        left.first()
            .map_or(Ok(()), |&token| Err(Violation::Foreign(token)))
    }
}

fn take(tokens: &mut Vec<Token>, token: Token) -> std::result::Result<(), Violation> {
    let place = tokens.iter().position(|&other| other == token);
    tokens.remove(place.ok_or(Violation::Lost(token))?);
    Ok(())
}

impl Made {
    /// A handle refuses exactly the calls that begin after one has returned with a failed sync. Of
    /// the others those fail whose own sync does.
    fn judge(&self) -> std::result::Result<(), Violation> {
        match (&self.answer, self.begun_after) {
            (Answer::Other(text), _) => Err(Violation::Failed(text.clone())),
            (Answer::Refused, Some(_)) => Ok(()),
            (Answer::Refused, None) => Err(Violation::RefusedTooEarly),
            (_, Some(whose)) => Err(Violation::NotRefused(whose)),
            (Answer::SyncFailed, None) if self.sync_failed => Ok(()),
            (Answer::SyncFailed, None) => Err(Violation::Failed("no sync failed".to_owned())),
            (Answer::Acknowledged | Answer::Read(_), None) if self.sync_failed => {
                Err(Violation::Acknowledged)
            }
            (Answer::Acknowledged | Answer::Read(_), None) => Ok(()),
        }
    }
}

impl Act {
    fn make(self, token: Token, handle: &Handle) -> Answer {
        let made = match self {
            Self::Modify => handle.locked_modify(|ledger| ledger.apply(&token)),
            Self::Apply => handle.apply(&token),
            Self::Read => match handle.read() {
                Ok(read) => return Answer::Read(read.value.tokens),
                Err(error) => Err(error),
            },
        };
        match made {
            Ok(Outcome {
                recovery, deferred, ..
            }) => match (recovery, deferred) {
                (None, None) => Answer::Acknowledged,
                odd => Answer::Other(format!("{odd:?}")),
            },
            Err(error) => Answer::of(&error),
        }
    }
}

impl Answer {
    /// A handle that refuses has made no call, so its change is certainly not in the state.
    fn of(error: &Error) -> Self {
        let synced = error.kind() != ErrorKind::SyncFailed;
        match (synced, error.call(), error.is_indeterminate()) {
            (false, Some(_), true) => Self::SyncFailed,
            (false, None, false) => Self::Refused,
            _ => Self::Other(error.to_string()),
        }
    }
}

/// What the threads share.
type Handle = Store<Ledger, WithLastCall, SimProcess<OfThread>>;

fn store<S: Strategy, K: Kernel>(strategy: S, kernel: K) -> Store<Ledger, S, K> {
    Store::with(DIRECTORY, "ledger", strategy, kernel).durability(Durability::Power)
}

loom::thread_local! {
    /// Where the thread makes its calls.
    static OWN: RefCell<Option<AnyDoor>> = RefCell::new(None);
}

/// A door that threads share: each call is one of the thread that makes it.
#[derive(Clone, Copy, Debug)]
struct OfThread;

impl Door for OfThread {
    fn call(&self, request: Request) -> Result<Reply> {
        let own = OWN.with(|own| own.borrow().clone());
        let door = own.expect("a thread takes its seat before it makes calls");
        door.call(request)
    }
}

/// A strategy that makes one more call in the end, so that others come between its last call and
/// what the handle does afterwards.
#[derive(Clone, Copy, Debug)]
struct WithLastCall(AnyStrategy);

impl Strategy for WithLastCall {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        self.0.data_file(site)
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> hookstate::Result<Outcome<std::result::Result<R, E>>> {
        let made = self.0.modify(site, change);
        take_turn(site.kernel);
        made
    }

    fn apply<T: State, K: Kernel>(
        &self,
        site: &Site<'_, K>,
        delta: &T::Delta,
    ) -> hookstate::Result<Outcome<()>> {
        let made = self.0.apply::<T, K>(site, delta);
        take_turn(site.kernel);
        made
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> hookstate::Result<Outcome<T>> {
        let read = self.0.read(site);
        take_turn(site.kernel);
        read
    }
}

/// A call that changes nothing and has its place among those of all threads.
fn take_turn<K: Kernel>(kernel: &K) {
    kernel.stat(Path::new("/")).expect("the root is there");
}

/// Makes one sync fail, which then has synced nothing.
struct FailsOneSync {
    door: AnyDoor,
    nth: Option<usize>,
    syncs: Cell<usize>,
    failed: Rc<Cell<bool>>,
}

impl Door for FailsOneSync {
    fn call(&self, request: Request) -> Result<Reply> {
        if !syncs_something(&request) {
            return self.door.call(request);
        }
        let number = self.syncs.replace(self.syncs.get() + 1);
        if Some(number) != self.nth {
            return self.door.call(request);
        }
        take_turn(&SimProcess(self.door.clone()));
        self.failed.set(true);
        Err(Errno::IO)
    }
}

/// Tells nobody that a sync has failed.
struct HidesFailures(AnyDoor);

impl Door for HidesFailures {
    fn call(&self, request: Request) -> Result<Reply> {
        let syncs = syncs_something(&request);
        match self.0.call(request) {
            Err(Errno::IO) if syncs => Ok(Reply::Unit),
            answer => answer,
        }
    }
}

fn hides_failures(door: AnyDoor) -> AnyDoor {
    AnyDoor::new(HidesFailures(door))
}

fn without_lock(door: AnyDoor) -> AnyDoor {
    AnyDoor::new(Through(Watched::new(SimProcess(door), WithoutLock)))
}

fn syncs_something(request: &Request) -> bool {
    matches!(request, Request::Fsync { .. } | Request::Fdatasync { .. })
}

fn whose(thread: usize, own: usize) -> Whose {
    match thread == own {
        true => Whose::Own,
        false => Whose::Another,
    }
}

/// What the acts of a thread add, one after the other.
fn tokens(seat: usize) -> impl Iterator<Item = Token> {
    let first = 10 * (Token::try_from(seat).expect("few threads") + 1);
    first..first + 10
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was found in all orders.
struct Found {
    report: Report<Violation>,
    endings: Vec<Ending<Account>>,
}

impl Found {
    fn made(&self) -> impl Iterator<Item = &Made> {
        let accounts = self.endings.iter().flat_map(|ending| &ending.accounts);
        accounts.flat_map(|account| &account.calls)
    }

    fn sync_failed(&self) -> bool {
        self.made().any(|call| call.sync_failed)
    }
}

fn complete(threads: &Threads) -> Found {
    let found = bounded(threads);
    assert!(found.report.is_complete(), "{}", found.report);
    found
}

/// As [`complete`], for a search that has a bound, and says so.
fn bounded(threads: &Threads) -> Found {
    let found = threads.check();
    let report = &found.report;
    assert!(report.counterexample.is_none(), "{report}");
    assert!(report.endings > 1, "the order never mattered: {report}");
    found
}

fn rejected(threads: &Threads) -> Violation {
    let report = threads.check().report;
    let found = report.counterexample.expect("a control is rejected");
    found.violation
}

/// Once for each sync of each thread, which fails.
fn failing_anywhere(threads: &Threads, check: fn(&Threads) -> Found) {
    let mut made = Vec::new();
    for seat in 0..threads.acts.len() {
        for nth in 0.. {
            let found = check(&threads.failing(seat, nth));
            made.extend(found.made().cloned());
            if !found.sync_failed() {
                assert!(nth > 0, "thread {seat} made no sync");
                break;
            }
        }
    }
    let came = |call: &dyn Fn(&Made) -> bool| made.iter().any(call);
    let refused = |call: &Made| call.answer == Answer::Refused;
    assert!(came(
        &|call| refused(call) && call.begun_after == Some(Whose::Another)
    ));
    let own = |call: &Made| refused(call) && call.begun_after == Some(Whose::Own);
    assert!(threads.acts.iter().all(|acts| acts.len() == 1) || came(&own));
}
