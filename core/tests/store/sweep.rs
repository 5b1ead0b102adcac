//! Count first, then break each one: a change is made once per call that it makes, each time with
//! a fault at that call, until a run stays untouched. After each run the checks in [`Case::settle`]
//! say whether the state is the old or the new one, whole, and whether the store still works.
//!
//! The sweeps return what they found instead of asserting it, because they are on trial too: see
//! `controls`.

use crate::directory::{Scratch, Snapshot, corpses};
use crate::ledger::{Change, Ledger};
use crate::machine::{Disk, Full, Machine};
use crate::watchers::{Afterlife, Breakdown, BreaksDown, DiesWriting, Notes, ShortByOne};
use hookstate::kernel::{
    CallKind, Ceased, DieAtNth, Ending, Errno, FailNth, Fault, Host, Kernel, Traced, Watched,
    Watcher,
};
use hookstate::strategy::Strategy;
use hookstate::{Durability, Error, ErrorKind, Outcome, Recovery, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// No change makes so many calls; a sweep that gets here does not end.
const CALLS_MAX: usize = 2_000;

/// What the store must do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Return an error that names the call, or succeed.
    OldOrNew,
    /// The same, and if it is an error then a certain one: the change was not made. A single fault
    /// leaves the means to undo what was begun.
    Certain,
    /// Succeed: the system allows this at any time, and trying again helps.
    New,
}

/// One change of one state by one strategy.
pub struct Case<S> {
    pub title: String,
    strategy: S,
    durability: Durability,
    /// That of the processes which come after the fault.
    next: Durability,
    machine: Machine,
    place: Scratch,
    old: Ledger,
    change: Change,
    new: Ledger,
}

/// How many runs of a sweep had a fault in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept(pub usize);

/// What a store must not do, with all that is needed to see how.
pub struct Violation {
    what: String,
    case: String,
    fault: String,
    calls: Vec<String>,
}

/// How a run ended.
enum Ended {
    Done(Outcome<()>),
    Failed(Error),
    Ceased,
}

struct Run {
    ended: Ended,
    /// The calls that the fault was put at.
    hits: Vec<(CallKind, String)>,
    calls: Vec<String>,
    afterlife: Vec<String>,
    /// What the same handle said next, if a sync had failed.
    after_failed_sync: Option<ErrorKind>,
}

type Verdict = Result<(), String>;

/// From the store down: the fault, the record of what got past it, what came after death.
type Kernels<W> = Watched<Watched<Watched<Machine, Afterlife>, Traced>, Notes<W>>;

impl<S: Strategy + Copy> Case<S> {
    /// The case that `change` is made after `history`.
    pub fn new(title: &str, strategy: S, history: &[Change], change: Change) -> Self {
        let place = Scratch::in_memory();
        let store = Store::<Ledger, S, Host>::with(place.store(), "state", strategy, Host);
        for change in history {
            clean(change.made_in(&store)).expect("nothing is wrong while the case is prepared");
        }
        let old = Ledger::of(history);
        let new = old.after(&change);
        Self {
            title: title.to_owned(),
            strategy,
            durability: Durability::Process,
            next: Durability::Process,
            machine: Machine::without_disk(),
            place,
            old,
            change,
            new,
        }
    }

    /// The same change with [`Durability::Power`].
    pub fn durable(mut self) -> Self {
        self.durability = Durability::Power;
        self.next = Durability::Power;
        self
    }

    /// The same change, and then processes of the other [`Durability`].
    pub fn mixed(mut self) -> Self {
        self.next = match self.durability {
            Durability::Process => Durability::Power,
            Durability::Power => Durability::Process,
        };
        self
    }

    /// The same change on another machine.
    pub fn on(mut self, machine: Machine) -> Self {
        self.machine = machine;
        self
    }

    /// The change with this error at each call in turn.
    pub fn fail_each(&self, errno: Errno, demand: Demand) -> Result<Swept, Violation> {
        self.each(&format!("{errno:?}"), demand, |nth| {
            FailNth::new(nth, Fault::Errno(errno))
        })
    }

    /// The change with each transfer in turn cut short to this many bytes.
    pub fn shorten_each(&self, bytes: usize, demand: Demand) -> Result<Swept, Violation> {
        self.each(&format!("short {bytes}"), demand, |nth| {
            FailNth::new(nth, Fault::Short(bytes))
        })
    }

    /// The change with each transfer in turn cut short by one byte.
    pub fn shorten_each_by_one(&self) -> Result<Swept, Violation> {
        self.each("short by one", Demand::New, ShortByOne::new)
    }

    /// The change on a device that breaks down at each call in turn and stays so until the change
    /// has ended.
    pub fn break_down_at_each(&self, how: Breakdown) -> Result<Swept, Violation> {
        self.each(&format!("{how:?}"), Demand::OldOrNew, |nth| {
            BreaksDown::new(nth, how)
        })
    }

    /// A read of the old state with this error at each call in turn.
    pub fn fail_each_of_a_read(&self, errno: Errno, demand: Demand) -> Result<Swept, Violation> {
        self.each_of_a_read(&format!("{errno:?}"), demand, |nth| {
            FailNth::new(nth, Fault::Errno(errno))
        })
    }

    /// A read of the old state with each transfer in turn cut short to this many bytes.
    pub fn shorten_each_of_a_read(&self, bytes: usize) -> Result<Swept, Violation> {
        self.each_of_a_read(&format!("short {bytes}"), Demand::New, |nth| {
            FailNth::new(nth, Fault::Short(bytes))
        })
    }

    /// The change by a process that ceases at each call in turn.
    pub fn die_at_each(&self) -> Result<Swept, Violation> {
        self.each("dies", Demand::OldOrNew, |nth| {
            DieAtNth::new(nth, Ending::Unwind)
        })
    }

    /// The change by a process that ceases inside each write in turn, at the given page boundary.
    pub fn die_inside_each_write(&self) -> Result<Swept, Violation> {
        let mut swept = 0;
        for page in 1..=8 {
            for nth in 0..self.writes() {
                let place = self.place.copy();
                let run = self.run(&place, DiesWriting::new(nth, page));
                self.judge(&place, &run, Demand::OldOrNew)
                    .map_err(|what| self.violation(what, &format!("dies after {page}"), &run))?;
                swept += usize::from(!run.hits.is_empty());
            }
        }
        Ok(Swept(swept))
    }

    /// The change by a process that ceases at each call in turn, and after each of these another
    /// change by a process that ceases at each call in turn of cleaning up after the first.
    pub fn die_twice(&self, second: &Change) -> Result<Swept, Violation> {
        let mut swept = 0;
        for (first, place) in self.crashes() {
            for nth in 0..CALLS_MAX {
                let place = place.copy();
                let run = self.run_of(second, &place, DieAtNth::new(nth, Ending::Unwind));
                let mut allowed = vec![self.old.clone(), self.new.clone()];
                let either = allowed.clone();
                allowed.extend(either.iter().map(|ledger| ledger.after(second)));
                self.settle(&place, &allowed)
                    .and_then(|_| no_afterlife(&run))
                    .map_err(|what| self.violation(what, &format!("{first}, then dies"), &run))?;
                if run.hits.is_empty() {
                    break;
                }
                swept += 1;
            }
        }
        Ok(Swept(swept))
    }

    /// The change on a disk that is full from each call on, in turn, until somebody makes room.
    pub fn fill_the_disk(&self, full: Full) -> Result<Swept, Violation> {
        for nth in 0..CALLS_MAX {
            let place = self.place.copy();
            let disk = Disk::full_after(nth, full);
            let machine = Machine::with_disk(&disk);
            let calls = Traced::new();
            let kernel = Watched::new(machine.clone(), calls.clone());
            let result = self.change.made_in(&self.store(&place, kernel));
            if disk.refused() == 0 {
                return Ok(Swept(nth));
            }
            self.judge_full(&place, &machine, full.errno(), result)
                .and_then(|found| {
                    disk.make_room();
                    self.settle(&place, &[found])
                })
                .map_err(|what| Violation {
                    what,
                    case: self.to_string(),
                    fault: format!("disk full ({full:?}) after {nth} calls that need space"),
                    calls: calls.lines(),
                })?;
        }
        panic!("{self}: the disk is always full");
    }

    fn each<W: Watcher + Clone>(
        &self,
        fault: &str,
        demand: Demand,
        watcher: impl Fn(usize) -> W,
    ) -> Result<Swept, Violation> {
        for nth in 0..CALLS_MAX {
            let place = self.place.copy();
            let run = self.run(&place, watcher(nth));
            let untouched = run.hits.is_empty();
            let demand = if untouched { Demand::New } else { demand };
            self.judge(&place, &run, demand)
                .map_err(|what| self.violation(what, fault, &run))?;
            if untouched {
                return Ok(Swept(nth));
            }
        }
        panic!("{self}: {fault}: a change makes no end of calls");
    }

    fn each_of_a_read<W: Watcher + Clone>(
        &self,
        fault: &str,
        demand: Demand,
        watcher: impl Fn(usize) -> W,
    ) -> Result<Swept, Violation> {
        for nth in 0..CALLS_MAX {
            let place = self.place.copy();
            let mut read = None;
            let run = self.watched(&place, watcher(nth), |store| {
                let outcome = store.read()?;
                Ok(outcome.map(|ledger| read = Some(ledger)))
            });
            let untouched = run.hits.is_empty();
            let demand = if untouched { Demand::New } else { demand };
            self.judge_read(&run, read.as_ref(), demand)
                .and_then(|()| self.settle(&place, std::slice::from_ref(&self.old)))
                .map_err(|what| self.violation(what, &format!("read, {fault}"), &run))?;
            if untouched {
                return Ok(Swept(nth));
            }
        }
        panic!("{self}: {fault}: a read makes no end of calls");
    }

    fn judge_read(&self, run: &Run, read: Option<&Ledger>, demand: Demand) -> Verdict {
        match &run.ended {
            Ended::Done(outcome) if outcome.recovery.is_none() && read == Some(&self.old) => Ok(()),
            Ended::Failed(error) if demand == Demand::OldOrNew => names_the_call(error, run),
            Ended::Done(outcome) => Err(format!("reads {read:?}, {:?}", outcome.recovery)),
            Ended::Failed(error) => Err(format!("the read fails: {error:?}")),
            Ended::Ceased => Err("nobody killed it".to_owned()),
        }
    }

    fn run<W: Watcher + Clone>(&self, place: &Scratch, watcher: W) -> Run {
        self.run_of(&self.change, place, watcher)
    }

    fn run_of<W: Watcher + Clone>(&self, change: &Change, place: &Scratch, watcher: W) -> Run {
        self.watched(place, watcher, |store| change.made_in(store))
    }

    /// Uses the store through `watcher`, and watches what the calls were.
    fn watched<W: Watcher + Clone>(
        &self,
        place: &Scratch,
        watcher: W,
        work: impl FnOnce(&Store<Ledger, S, Kernels<W>>) -> hookstate::Result<Outcome<()>>,
    ) -> Run {
        let calls = Traced::new();
        let afterlife = Afterlife::default();
        let notes = Notes::new(watcher);
        let machine = Watched::new(self.machine.clone(), afterlife.clone());
        let seen = Watched::new(machine, calls.clone());
        let store = self.store(place, Watched::new(seen, notes.clone()));
        let ended = match catch_unwind(AssertUnwindSafe(|| work(&store))) {
            Ok(Ok(outcome)) => Ended::Done(outcome),
            Ok(Err(error)) => Ended::Failed(error),
            Err(payload) if payload.is::<Ceased>() => Ended::Ceased,
            Err(payload) => resume_unwind(payload),
        };
        let after_failed_sync = match &ended {
            Ended::Failed(error) if error.kind() == ErrorKind::SyncFailed => {
                store.read().err().map(|error| error.kind())
            }
            _ => None,
        };
        Run {
            ended,
            hits: notes.hits(),
            calls: calls.lines(),
            afterlife: afterlife.calls(),
            after_failed_sync,
        }
    }

    /// A handle as a new process would open it.
    fn store<K: Kernel>(&self, place: &Scratch, kernel: K) -> Store<Ledger, S, K> {
        Store::with(place.store(), "state", self.strategy, kernel).durability(self.durability)
    }

    fn judge(&self, place: &Scratch, run: &Run, demand: Demand) -> Verdict {
        let old = self.old.clone();
        let new = self.new.clone();
        match &run.ended {
            Ended::Done(outcome) => {
                lossless(outcome.recovery.as_ref())?;
                if let Some(error) = &outcome.deferred {
                    names_the_call(error, run)?;
                }
                self.settle(place, &[new])
            }
            Ended::Failed(error) if demand == Demand::New => Err(format!("fails: {error:?}")),
            Ended::Failed(error) => {
                names_the_call(error, run)?;
                let sync_failed = error.kind() == ErrorKind::SyncFailed;
                if demand == Demand::Certain && error.is_indeterminate() && !sync_failed {
                    return Err(format!("it could be certain and is not: {error:?}"));
                }
                if error.is_indeterminate() {
                    self.settle(place, &[old, new])
                } else {
                    self.settle(place, &[old])
                }
            }
            Ended::Ceased => {
                no_afterlife(run)?;
                self.settle(place, &[old, new])
            }
        }
    }

    /// While the disk is full: the state can be read, it is the old one if the change was refused
    /// for certain, and trying again makes nothing worse. Gives back what is in the state.
    fn judge_full(
        &self,
        place: &Scratch,
        machine: &Machine,
        errno: Errno,
        result: hookstate::Result<Outcome<()>>,
    ) -> Result<Ledger, String> {
        let mut expected = vec![&self.new];
        if let Err(error) = &result {
            expected = vec![&self.old];
            if error.is_indeterminate() {
                expected.push(&self.new);
            }
            if error.kind() != ErrorKind::NoSpace || error.errno() != Some(errno) {
                return Err(format!("the disk is full and it says {error:?}"));
            }
        }
        let store = self.store(place, machine.clone());
        let read = clean(store.read())?;
        if !expected.contains(&&read) {
            return Err(format!("{result:?}, and then reads {read:?}"));
        }
        let again = read.after(&self.change);
        let allowed = match self.change.made_in(&store) {
            Ok(_) => vec![&again],
            Err(error) if error.is_indeterminate() => vec![&read, &again],
            Err(_) => vec![&read],
        };
        let last = clean(store.read())?;
        if !allowed.contains(&&last) {
            return Err(format!("after another try on the full disk reads {last:?}"));
        }
        Ok(last)
    }

    /// What must hold once the fault is over: the state is one of these, reading it changes no
    /// file, the next change works and loses nothing, and no content was given up.
    fn settle(&self, place: &Scratch, allowed: &[Ledger]) -> Verdict {
        let store = self
            .store(place, Machine::without_disk())
            .durability(self.next)
            .lock_timeout(Duration::from_secs(5));
        let before = Snapshot::of(place.root());
        let found = clean(store.read())?;
        if Snapshot::of(place.root()) != before {
            return Err("reading changed a file".to_owned());
        }
        if !allowed.contains(&found) {
            return Err(format!("reads {found:?}, allowed was {allowed:?}"));
        }
        let mut expected = found;
        for probe in [
            Change::Add {
                key: 201,
                key_bytes: 0,
            },
            Change::Put {
                key: 200,
                bytes: 30,
            },
        ] {
            clean(probe.made_in(&store)).map_err(|error| format!("the next change: {error}"))?;
            expected = expected.after(&probe);
            let after = clean(store.read())?;
            if after != expected {
                return Err(format!("{probe:?} made {after:?}, not {expected:?}"));
            }
        }
        nothing_given_up(&place.store())
    }

    /// The different sets of files that dying at a call can leave, and at which call.
    fn crashes(&self) -> Vec<(String, Scratch)> {
        let mut seen: BTreeSet<BTreeMap<PathBuf, Vec<u8>>> = BTreeSet::new();
        let mut crashes = Vec::new();
        for nth in 0..CALLS_MAX {
            let place = self.place.copy();
            let run = self.run(&place, DieAtNth::new(nth, Ending::Unwind));
            let Some((_, call)) = run.hits.first() else {
                break;
            };
            if seen.insert(place.contents()) {
                crashes.push((format!("dies at call {nth}, {call}"), place));
            }
        }
        crashes
    }

    fn writes(&self) -> usize {
        let place = self.place.copy();
        let calls = Traced::new();
        let store = self.store(&place, Watched::new(Host, calls.clone()));
        clean(self.change.made_in(&store)).expect("nothing is wrong with this run");
        let writes = [CallKind::Pwrite, CallKind::Append];
        calls
            .kinds()
            .iter()
            .filter(|kind| writes.contains(kind))
            .count()
    }

    fn violation(&self, what: String, fault: &str, run: &Run) -> Violation {
        let call = match run.hits.first() {
            Some((_, call)) => format!("{fault} at {call}"),
            None => "without a fault".to_owned(),
        };
        Violation {
            what,
            case: self.to_string(),
            fault: call,
            calls: run.calls.clone(),
        }
    }
}

/// The value, if nothing but a harmless repair was reported with it.
fn clean<R>(result: hookstate::Result<Outcome<R>>) -> Result<R, String> {
    let outcome = result.map_err(|error| format!("{error:?}"))?;
    lossless(outcome.recovery.as_ref())?;
    Ok(outcome.value)
}

fn lossless(recovery: Option<&Recovery>) -> Verdict {
    match recovery {
        None | Some(Recovery::Completed | Recovery::Skipped { .. }) => Ok(()),
        Some(loss) => Err(format!("no file was damaged, yet {loss:?}")),
    }
}

/// A log that ends in a torn record is copied before it is replaced, although all whole records
/// are in the new one.
fn nothing_given_up(directory: &Path) -> Verdict {
    for corpse in corpses(directory) {
        if !corpse.to_string_lossy().contains(".log.corrupt-") {
            return Err(format!("content was given up: {}", corpse.display()));
        }
    }
    Ok(())
}

fn no_afterlife(run: &Run) -> Verdict {
    match run.afterlife.as_slice() {
        [] => Ok(()),
        calls => Err(format!("calls after death: {calls:?}")),
    }
}

fn names_the_call(error: &Error, run: &Run) -> Verdict {
    let call = error.call();
    let was_hit = run.hits.iter().any(|(kind, _)| call == Some(*kind));
    let source = std::error::Error::source(error).map(ToString::to_string);
    let in_words = call
        .zip(source)
        .is_some_and(|(call, text)| text.starts_with(&call.to_string()));
    if !was_hit || !in_words {
        return Err(format!("the error does not name the call: {error:?}"));
    }
    let kinds = [kind_of(error.errno()), ErrorKind::SyncFailed];
    if !kinds.contains(&error.kind()) {
        return Err(format!("the error is of the wrong kind: {error:?}"));
    }
    let sync_failed = error.kind() == ErrorKind::SyncFailed;
    if sync_failed && run.after_failed_sync != Some(ErrorKind::SyncFailed) {
        return Err("the handle works on after a failed sync".to_owned());
    }
    Ok(())
}

/// What an injected error is documented to become.
fn kind_of(errno: Option<Errno>) -> ErrorKind {
    match errno {
        Some(Errno::NOSPC | Errno::DQUOT) => ErrorKind::NoSpace,
        Some(Errno::ROFS) => ErrorKind::PermissionDenied,
        _ => ErrorKind::Io,
    }
}

impl<S: Strategy> fmt::Display for Case<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let durability = self.durability;
        write!(
            f,
            "{}: {}, {durability:?}",
            self.strategy.name(),
            self.title
        )
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}: {}", self.case, self.fault, self.what)?;
        for call in &self.calls {
            writeln!(f, "    {call}")?;
        }
        Ok(())
    }
}
