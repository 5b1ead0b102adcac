//! What was found when the search and the judge were looked at with suspicion: each a small program
//! or twin that they once passed and must reject, or a state that was once lost.

#[path = "common/allocator.rs"]
mod allocator;

use hookstate::Durability;
use hookstate::kernel::{Access, Errno, FlockOperation, Kernel, OpenHow, Result as CallResult};
use hookstate::strategy::{ALL, AnyStrategy, Flock, Rename};
use hookstate_model::oracle::{Ledger, USER, ViolationKind, store};
use hookstate_model::process::{Ending, Exit, Program};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::search::{Budget, Search};
use hookstate_model::sim::{
    AnyDoor, Door, FaultModel, Fd, PowerModel, Reply, Request, Sequential, Sim, SimProcess,
};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Process = SimProcess<AnyDoor>;

/// An empty file `/a`.
fn start(faults: FaultModel) -> Sim {
    let process = Sequential::boot(&Sim::new(faults), USER);
    let file = process.open(Path::new("/a"), OpenHow::or_create(Access::ReadWrite));
    process.close(file.unwrap());
    process.snapshot(faults)
}

fn program<A: 'static>(acts: impl Fn(&Process, &mut A) + Send + Sync + 'static) -> Program<A> {
    Arc::new(move |process, account: &mut A| acts(&process, account))
}

fn open(process: &Process, name: &str) -> Fd {
    let how = OpenHow::or_create(Access::ReadWrite);
    process.open(Path::new(name), how).unwrap()
}

fn everybody_finishes<A>(ending: &Ending<A>) -> Result<(), String> {
    match ending.exits.iter().all(|exit| *exit == Exit::Finished) {
        true => Ok(()),
        false => Err(format!("{:?}", ending.exits)),
    }
}

/// The lock of a child whose parent was gone was no part of the state, so that a state with it was
/// taken for one without.
#[test]
fn a_lock_that_only_a_child_holds_is_a_part_of_the_state() {
    let locks_if_second = program(|process, (): &mut ()| {
        let file = open(process, "/a");
        if process.stat(Path::new("/b")).is_ok() {
            process.flock(&file, FlockOperation::Exclusive).unwrap();
        }
        process.close(file);
    });
    let locks = program(|process, (): &mut ()| {
        let made = open(process, "/b");
        process.close(made);
        let file = open(process, "/a");
        process.flock(&file, FlockOperation::Exclusive).unwrap();
        process.flock(&file, FlockOperation::Unlock).unwrap();
    });
    let forked = FaultModel {
        children_live_on: true,
        ..FaultModel::LOCAL
    };
    let programs = vec![locks_if_second, locks];
    let report = Search::new(start(forked), USER, programs, everybody_finishes).run();
    assert!(report.counterexample().is_some(), "{report}");
}

fn number_in(process: &impl Kernel<Fd = Fd>, file: &Fd) -> u8 {
    let mut number = [0];
    process.pread(file, &mut number, 0).unwrap();
    number[0]
}

fn adds_one(lock_first: FlockOperation) -> Program<()> {
    program(move |process, (): &mut ()| {
        let file = open(process, "/a");
        process.flock(&file, lock_first).unwrap();
        let number = number_in(process, &file);
        process.flock(&file, FlockOperation::Exclusive).unwrap();
        process.pwrite(&file, &[number + 1], 0).unwrap();
        process.close(file);
    })
}

/// A shared lock is dropped before the exclusive one is had. A process that had to wait for it was
/// taken to be where it was, with the shared lock.
#[test]
fn an_upgrade_that_waits_lets_another_in_before() {
    let reads = program(|process, (): &mut ()| {
        let file = open(process, "/a");
        process.flock(&file, FlockOperation::Shared).unwrap();
        process.close(file);
    });
    let two = |ending: &Ending<()>| {
        everybody_finishes(ending)?;
        let process = Sequential::boot(&ending.sim, USER);
        let file = process.open(Path::new("/a"), OpenHow::existing(Access::Read));
        match number_in(&process, &file.unwrap()) {
            2 => Ok(()),
            other => Err(format!("it is {other}")),
        }
    };
    let exclusive = adds_one(FlockOperation::Exclusive);
    let programs = vec![
        adds_one(FlockOperation::Shared),
        Arc::clone(&exclusive),
        reads,
    ];
    let report = Search::new(start(FaultModel::LOCAL), USER, programs, two).run();
    assert!(report.counterexample().is_some(), "{report}");
    let programs = vec![Arc::clone(&exclusive), exclusive];
    let report = Search::new(start(FaultModel::LOCAL), USER, programs, two).run();
    assert!(report.is_complete(), "{report}");
}

/// Only the first way back to where a process was had been compared with what it did there.
#[test]
#[should_panic(expected = "the program remembers how often it was refused")]
fn a_process_that_remembers_what_it_saw_while_it_polled_is_refused() {
    let polls = program(|process, remembers: &mut bool| {
        let mut saw_nothing_in_it = false;
        loop {
            match process.stat(Path::new("/b")) {
                Err(_) => {}
                Ok(stat) if stat.size == 0 => saw_nothing_in_it = true,
                Ok(_) => {
                    *remembers = saw_nothing_in_it;
                    return;
                }
            }
            process.sched_yield();
        }
    });
    let makes = program(|process, _: &mut bool| {
        let file = open(process, "/b");
        process.pwrite(&file, &[1], 0).unwrap();
        process.close(file);
    });
    let programs = vec![polls, makes];
    let _ = Search::new(start(FaultModel::LOCAL), USER, programs, everybody_finishes).run();
}

/// Keeps what it writes in a file of its own, and what it finds there it writes again when it is
/// done, which is too late: it takes back the change of whoever came in between.
struct RedoesTooLate {
    door: AnyDoor,
    data: Cell<Option<Fd>>,
    stale: RefCell<Option<Vec<u8>>>,
}

impl RedoesTooLate {
    fn new(door: AnyDoor) -> Self {
        let (data, stale) = (Cell::new(None), RefCell::new(None));
        Self { door, data, stale }
    }

    fn redo() -> PathBuf {
        PathBuf::from("/state/redo")
    }

    fn fd(&self, path: PathBuf, how: OpenHow) -> Option<Fd> {
        match self.door.call(Request::Open { path, how }) {
            Ok(Reply::Fd(fd)) => Some(fd),
            _ => None,
        }
    }

    fn find_stale(&self) -> CallResult<()> {
        let Some(fd) = self.fd(Self::redo(), OpenHow::existing(Access::Read)) else {
            return Ok(());
        };
        let (length, offset) = (4096, 0);
        if let Reply::Bytes(bytes) = self.door.call(Request::Pread { fd, length, offset })?
            && !bytes.is_empty()
        {
            self.stale.replace(Some(bytes));
        }
        self.door.call(Request::Close { fd })?;
        self.door.call(Request::Unlink { path: Self::redo() })?;
        Ok(())
    }

    fn write(&self, data: Fd, bytes: Vec<u8>) -> CallResult<Reply> {
        let fd = self.fd(Self::redo(), OpenHow::or_create(Access::ReadWrite));
        let fd = fd.expect("it can be made");
        let offset = 0;
        let kept = bytes.clone();
        self.door.call(Request::Pwrite {
            fd,
            bytes: kept,
            offset,
        })?;
        self.door.call(Request::Close { fd })?;
        let fd = data;
        let written = self.door.call(Request::Pwrite { fd, bytes, offset })?;
        self.door.call(Request::Unlink { path: Self::redo() })?;
        if let Some(bytes) = self.stale.take() {
            self.door.call(Request::Pwrite { fd, bytes, offset })?;
        }
        Ok(written)
    }
}

impl Door for RedoesTooLate {
    fn call(&self, request: Request) -> CallResult<Reply> {
        match request {
            Request::Open { ref path, .. } if path.ends_with("ledger.json") => {
                let opened = self.door.call(request)?;
                if let Reply::Fd(fd) = opened {
                    self.data.set(Some(fd));
                }
                Ok(opened)
            }
            Request::Flock {
                operation: FlockOperation::TryExclusive,
                ..
            } => {
                let locked = self.door.call(request)?;
                self.find_stale()?;
                Ok(locked)
            }
            Request::Pwrite {
                fd,
                bytes,
                offset: 0,
            } if Some(fd) == self.data.get() => self.write(fd, bytes),
            request => self.door.call(request),
        }
    }
}

/// With one token for all, a change that was lost could not be told from one that had been killed.
#[test]
fn a_change_lost_behind_a_kill_is_found_among_processes_that_are_alike() {
    let alike = Scenario::alike(Flock, Before::Changes(2), 2)
        .around(|process| SimProcess(AnyDoor::new(RedoesTooLate::new(process.0))));
    let report = alike.search(Budget::kills(1));
    assert!(report.counterexample().is_some(), "{report}");
}

/// Removes the data file before the spare.
struct RemovesTheDataFirst {
    door: AnyDoor,
    spare: RefCell<Option<PathBuf>>,
}

impl Door for RemovesTheDataFirst {
    fn call(&self, request: Request) -> CallResult<Reply> {
        let Request::Unlink { path } = request else {
            return self.door.call(request);
        };
        if path.extension() == Some("spare".as_ref()) {
            self.spare.replace(Some(path));
            return Ok(Reply::Unit);
        }
        let unlinked = self.door.call(Request::Unlink { path })?;
        match self.spare.take() {
            None => Ok(unlinked),
            Some(path) => match self.door.call(Request::Unlink { path }) {
                Err(Errno::NOENT) => Ok(unlinked),
                then => then,
            },
        }
    }
}

/// An error that says nothing of the state being gone was excuse enough for its being gone.
#[test]
fn a_removal_that_fails_and_has_removed_the_state_is_found() {
    let failures = 1;
    let budget = Budget {
        failures,
        ..Budget::NOTHING
    };
    let removes: &[&[Act]] = &[&[Act::Remove]];
    let shipping = Scenario::new(Rename, Before::Changes(2), removes);
    let twin = shipping.clone().around(|process| {
        let (door, spare) = (process.0, RefCell::new(None));
        SimProcess(AnyDoor::new(RemovesTheDataFirst { door, spare }))
    });
    let report = twin.search(budget);
    assert!(report.counterexample().is_some(), "{report}");
    assert!(shipping.search(budget).is_complete());
}

/// The version before was renamed to where the damaged data file had been. With half of the rename
/// on the disk it was gone under both names.
#[test]
fn a_state_that_was_restored_survives_a_power_cut() {
    let posix = FaultModel {
        power: Some(PowerModel::Posix),
        ..FaultModel::LOCAL
    };
    let first = Sequential::boot(&Sim::new(posix), USER);
    let durable = |process| store(Rename, process).durability(Durability::Power);
    for token in [1_000, 1_001] {
        let _ = durable(first.another())
            .locked_modify(|ledger| ledger.add(token))
            .unwrap();
    }
    damage(&first, &durable(first.another()).path());
    let refused = durable(first.another()).try_locked_modify(|_| Err::<(), ()>(()));
    assert!(refused.unwrap().recovery.is_some(), "it was damaged");
    let outcomes = first.power_cuts().unwrap();
    assert!(!outcomes.is_empty());
    for sim in outcomes {
        let process = Sequential::boot(&sim, USER);
        let tokens = durable(process).locked_modify(|ledger| ledger.tokens.clone());
        assert_eq!(tokens.unwrap().value, [1_000]);
    }
}

fn damage(process: &SimProcess<Sequential>, path: &Path) {
    let how = OpenHow {
        truncate: true,
        ..OpenHow::existing(Access::ReadWrite)
    };
    let file = process.open(path, how).unwrap();
    process.pwrite(&file, b"damage\n", 0).unwrap();
    process.fsync(&file).unwrap();
    process.close(file);
}

/// Nothing told of a reader that saw less than it knew of.
#[test]
fn a_reader_that_remembers_what_it_read_is_found() {
    const PROGRAMS: &[&[Act]] = &[&[Act::Read, Act::ReadTold], &[Act::Modify, Act::Tell]];
    for strategy in ALL {
        let shipping = Scenario::new(strategy, Before::Changes(2), PROGRAMS);
        let twin = shipping.clone().around(|process| {
            let door = RemembersReads {
                door: process.0,
                opened: Cell::new(None),
                answers: RefCell::default(),
            };
            SimProcess(AnyDoor::new(door))
        });
        let report = twin.search(Budget::NOTHING);
        let found = report.counterexample().map(|it| it.violation.kind());
        assert_eq!(found, Some(ViolationKind::RolledBack), "{report}");
        assert!(shipping.search(Budget::NOTHING).is_complete());
    }
}

/// A state whose changes were all made and all came to stay, but which never was: the one before the
/// last was missing. Nothing told of a reader that saw it.
#[test]
fn a_reader_that_sees_a_change_and_not_the_one_before_it_is_found() {
    const PROGRAMS: &[&[Act]] = &[&[Act::Read], &[Act::Modify], &[Act::Apply]];
    for strategy in [AnyStrategy::Flock(Flock), AnyStrategy::Rename(Rename)] {
        let shipping = Scenario::new(strategy, Before::Changes(1), PROGRAMS);
        let twin = shipping.clone().around(|process| {
            let (door, opened) = (process.0, Cell::new(None));
            SimProcess(AnyDoor::new(SkipsOne { door, opened }))
        });
        let report = twin.search(Budget::NOTHING);
        let found = report.counterexample().map(|it| it.violation.kind());
        assert_eq!(found, Some(ViolationKind::Torn), "{report}");
        assert!(shipping.search(Budget::NOTHING).is_complete());
    }
}

/// Leaves out of the JSON that is read the change before the last, if there are three.
struct SkipsOne {
    door: AnyDoor,
    opened: Cell<Option<Fd>>,
}

impl Door for SkipsOne {
    fn call(&self, request: Request) -> CallResult<Reply> {
        let reply = self.door.call(request.clone())?;
        match (request, reply) {
            (Request::Open { how, .. }, Reply::Fd(fd)) => {
                if how.access == Access::Read {
                    self.opened.set(Some(fd));
                }
                Ok(Reply::Fd(fd))
            }
            (Request::Pread { fd, .. }, Reply::Bytes(bytes)) if self.opened.get() == Some(fd) => {
                Ok(Reply::Bytes(without_one(&bytes).unwrap_or(bytes)))
            }
            (_, reply) => Ok(reply),
        }
    }
}

fn without_one(json: &[u8]) -> Option<Vec<u8>> {
    let mut ledger: Ledger = serde_json::from_slice(json).ok()?;
    let skipped = ledger.tokens.len().checked_sub(2).filter(|&at| at > 0)?;
    ledger.tokens.remove(skipped);
    ledger.count -= 1;
    let mut shorter = serde_json::to_vec(&ledger).ok()?;
    // As long as it was, and a line.
    shorter.resize(json.len() - 1, b' ');
    shorter.push(b'\n');
    Some(shorter)
}

/// Answers for a file that was opened to be read what it has answered before.
struct RemembersReads {
    door: AnyDoor,
    opened: Cell<Option<Fd>>,
    answers: RefCell<Vec<(Request, Reply)>>,
}

impl Door for RemembersReads {
    fn call(&self, request: Request) -> CallResult<Reply> {
        match request {
            Request::Open { how, .. } => {
                let reply = self.door.call(request)?;
                if let (Access::Read, Reply::Fd(fd)) = (how.access, &reply) {
                    self.opened.set(Some(*fd));
                }
                Ok(reply)
            }
            Request::Fstat { fd } | Request::Pread { fd, .. } if self.opened.get() == Some(fd) => {
                let mut answers = self.answers.borrow_mut();
                if let Some((_, known)) = answers.iter().find(|(asked, _)| *asked == request) {
                    return Ok(known.clone());
                }
                let answer = self.door.call(request.clone())?;
                answers.push((request, answer.clone()));
                Ok(answer)
            }
            request => self.door.call(request),
        }
    }
}
