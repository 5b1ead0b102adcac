//! The state of the kernel, its processes, and the one function that moves it on.

use super::call::{Fd, Reply, Request};
use super::inode::{Entries, Inode, InodeNumber, Node};
use super::power::{Change, Disk, Durable};
use super::shared::{Shared, digest_of};
use super::sorted::SortedMap;
use super::{FaultModel, Sleep};
use hookstate::kernel::{Access, Errno, FlockOperation, Result};
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// The whole state: inodes, open file descriptions, and per process the descriptors that lead to
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sim {
    pub(super) faults: FaultModel,
    pub(super) inodes: Durable,
    pub(super) descriptions: Shared<SortedMap<DescriptionNumber, Description>>,
    pub(super) processes: Vec<Shared<Process>>,
    /// Where something can be lost: what the disk has of all that.
    pub(super) disk: Option<Disk>,
    /// The time that had passed before those start who start now.
    passed: Duration,
}

/// Which process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(usize);

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It returned.
    Done(Result<Reply>),
    /// It waits. Make it again once [`Sim::is_waiting`] says no.
    Blocked,
}

/// Numbered for each process that opens, so that the numbers do not tell who came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DescriptionNumber(ProcessId, u32);

impl DescriptionNumber {
    /// The same for each process that sees its own description with this number.
    pub(super) fn hash_as_seen_by(self, process: ProcessId, hasher: &mut impl Hasher) {
        let inherited = (self.0 != process).then_some(self.0);
        (inherited, self.1).hash(hasher);
    }
}

/// What open(2) makes. A lock belongs to it, not to the file and not to the process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Description {
    pub(super) inode: InodeNumber,
    pub(super) access: Access,
    pub(super) lock: Option<LockMode>,
    /// With what a sync of the file has failed since it was opened, if nobody was told through it.
    pub(super) untold: Option<Errno>,
    /// How many descriptors lead here. Invariant: at least one.
    descriptors: u32,
}

impl Description {
    /// Whether it has one descriptor, so that nobody but its process can do anything with it.
    pub(super) const fn is_private(&self) -> bool {
        self.descriptors == 1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LockMode {
    Shared,
    Exclusive,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Process {
    euid: u32,
    pub(super) descriptors: SortedMap<Fd, DescriptionNumber>,
    /// The lock that was refused to it. Invariant: it could not be had now either.
    pub(super) refused: Option<Refused>,
    /// The time that has passed for it: that before it started, and its own sleeps so far.
    slept: Duration,
    random_draws: u32,
    ended: bool,
}

impl Process {
    /// All but what is open.
    pub(super) fn hash_own(&self, process: ProcessId, hasher: &mut impl Hasher) {
        (self.euid, self.slept, self.random_draws, self.ended).hash(hasher);
        if let Some(refused) = self.refused {
            refused.mode.hash(hasher);
            refused.description.hash_as_seen_by(process, hasher);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Refused {
    pub(super) description: DescriptionNumber,
    pub(super) mode: LockMode,
}

impl Process {
    fn new(euid: u32, slept: Duration) -> Self {
        Self {
            euid,
            descriptors: SortedMap::default(),
            refused: None,
            slept,
            random_draws: 0,
            ended: false,
        }
    }
}

/// 2026-01-01, an ordinary day after the machine had been up for some while.
const CLOCK_REALTIME_START: Duration = Duration::from_secs(1_767_225_600);
const CLOCK_MONOTONIC_START: Duration = Duration::from_secs(1_000);
const FIRST_PID: u32 = 100;

impl Sim {
    /// An empty root directory and no processes.
    #[must_use]
    pub fn new(faults: FaultModel) -> Self {
        let root = Inode {
            node: Node::Directory(Entries::default()),
            owner: 0,
            links: 1,
            modified: Duration::ZERO,
        };
        let mut inodes = SortedMap::default();
        inodes.insert(InodeNumber::ROOT, Shared::new(root));
        let inodes = Shared::new(inodes);
        Self {
            faults,
            disk: Disk::with(faults.power, &inodes),
            inodes,
            descriptions: Shared::default(),
            processes: Vec::new(),
            passed: Duration::ZERO,
        }
    }

    /// The same so much later: for the processes that start from now on, the time has passed.
    #[must_use]
    pub fn later(mut self, time: Duration) -> Self {
        self.passed += time;
        self
    }

    /// The same under other assumptions. All that there is is on the disk.
    #[must_use]
    pub fn under(mut self, faults: FaultModel) -> Self {
        self.faults = faults;
        self.disk = Disk::with(faults.power, &self.inodes);
        self
    }

    /// A digest of the whole state, the same for equal states.
    ///
    /// It stands for the state where a search remembers millions of them. It is 128 bits of XXH3
    /// over digests of the parts, so among `n` different states two have the same one with a
    /// probability of about `n * n / 2^129`: for a hundred million states, below `2^-75`. Nobody
    /// chooses states to make them collide.
    #[must_use]
    pub fn fingerprint(&self) -> u128 {
        digest_of(self)
    }

    /// Starts a process of the user `euid` that has nothing open.
    pub fn spawn(&mut self, euid: u32) -> ProcessId {
        let process = Process::new(euid, self.passed);
        self.processes.push(Shared::new(process));
        ProcessId(self.processes.len() - 1)
    }

    /// The process makes the call, alone and in one go.
    ///
    /// # Panics
    ///
    /// If the call is one that only a bug can make: through a descriptor that is not open, or from
    /// a process that has ended.
    pub fn step(&mut self, process: ProcessId, request: &Request) -> Step {
        assert!(
            !self.has_ended(process),
            "a dead process made a call: {request}"
        );
        let step = match *request {
            Request::Flock { fd, operation } => self.flock(process, fd, operation),
            Request::Nanosleep { duration } => self.nanosleep(process, duration),
            Request::SchedYield => self.sched_yield(process),
            ref immediate => Step::Done(self.immediate(process, immediate)),
        };
        self.wake();
        step
    }

    /// The process ends, of its own accord or killed: its descriptors are closed, and a lock goes
    /// with the last descriptor that leads to its description.
    pub fn end(&mut self, process: ProcessId) {
        for fd in self.descriptors(process) {
            self.close(process, fd);
        }
        let ended = self.process_mut(process);
        ended.refused = None;
        ended.ended = true;
        self.wake();
    }

    /// Whoever has not ended yet does so now.
    pub fn end_all(&mut self) {
        for process in (0..self.processes.len()).map(ProcessId) {
            if !self.has_ended(process) {
                self.end(process);
            }
        }
    }

    /// The machine stops.
    pub(super) fn halt(&mut self) {
        self.descriptions = Shared::default();
        for process in &mut self.processes {
            *process = Shared::new(Process::new(process.euid, process.slept));
            process.to_mut().ended = true;
        }
    }

    /// The process is killed inside the call, which is a write, when `pages` of the pages that it
    /// touches have been written.
    ///
    /// # Panics
    ///
    /// If the call does not write that many pages and more; see [`pages`](Self::pages).
    pub fn tear(&mut self, process: ProcessId, request: &Request, pages: u64) {
        assert!(pages < self.pages(process, request), "nothing left to tear");
        self.write_pages(process, request, pages);
        self.end(process);
    }

    /// Whether the process has ended.
    #[must_use]
    pub fn has_ended(&self, process: ProcessId) -> bool {
        self.process(process).ended
    }

    /// Whether the process would be refused the lock again that was refused to it last.
    #[must_use]
    pub fn is_waiting(&self, process: ProcessId) -> bool {
        self.process(process).refused.is_some()
    }

    /// What may go wrong here.
    pub(crate) fn faults(&self) -> FaultModel {
        self.faults
    }

    /// The process no longer minds that a lock was refused to it.
    pub(crate) fn forget_refusal(&mut self, process: ProcessId) {
        self.process_mut(process).refused = None;
    }

    /// Whether the call and what the other processes do at the moment can change places without
    /// anybody noticing, except for which free number a new file gets. The order of such calls
    /// need not be explored.
    #[must_use]
    pub fn commutes(&self, process: ProcessId, request: &Request) -> bool {
        match request {
            Request::Close { fd } => self.close_commutes(process, *fd),
            Request::Flock { fd, .. } | Request::Fstat { fd } | Request::Modified { fd } => {
                self.is_out_of_reach(process, *fd)
            }
            // They look at what never changes or belongs to the process alone. A sleep does wait
            // for others, but for nothing except what lets its next call succeed.
            Request::Fstatfs { .. }
            | Request::ClockRealtime
            | Request::ClockMonotonic
            | Request::Nanosleep { .. }
            | Request::SchedYield
            | Request::Getrandom
            | Request::Getpid
            | Request::Geteuid => true,
            _ => false,
        }
    }

    /// As [`commutes`](Self::commutes), for the end of the process.
    #[must_use]
    pub fn end_commutes(&self, process: ProcessId) -> bool {
        self.descriptors(process)
            .into_iter()
            .all(|fd| self.close_commutes(process, fd))
    }

    /// A second descriptor of the same description, as dup(2) makes.
    pub fn dup(&mut self, process: ProcessId, fd: Fd) -> Fd {
        let description = self.description_of(process, fd);
        self.install(process, description)
    }

    /// The process has the descriptors of `parent`, as after fork(2).
    pub fn inherit(&mut self, parent: ProcessId, process: ProcessId) {
        let inherited = self.process(parent).descriptors.clone();
        for (_, &description) in inherited.iter() {
            self.description_mut(description).descriptors += 1;
        }
        self.process_mut(process).descriptors = inherited;
    }

    fn immediate(&mut self, process: ProcessId, request: &Request) -> Result<Reply> {
        match request {
            Request::Open { path, how } => self.open(process, path, *how).map(Reply::Fd),
            Request::Close { fd } => {
                self.close(process, *fd);
                Ok(Reply::Unit)
            }
            Request::Fstat { fd } => Ok(Reply::Stat(self.fstat(process, *fd))),
            Request::Stat { path } => self.stat(path).map(Reply::Stat),
            Request::Modified { fd } => Ok(Reply::Time(self.modified(process, *fd))),
            Request::Fstatfs { .. } => Ok(Reply::FileSystem(self.faults.file_system)),
            &Request::Pread { fd, length, offset } => {
                self.pread(process, fd, length, offset).map(Reply::Bytes)
            }
            Request::Pwrite { fd, bytes, offset } => {
                self.pwrite(process, *fd, bytes, *offset).map(Reply::Count)
            }
            Request::Append { fd, bytes } => self.append(process, *fd, bytes).map(Reply::Count),
            &Request::Ftruncate { fd, length } => self.ftruncate(process, fd, length).map(unit),
            &Request::Fallocate { fd, offset, length } => {
                self.fallocate(process, fd, offset, length).map(unit)
            }
            Request::Fsync { fd } => self.sync(process, *fd, false).map(unit),
            Request::Fdatasync { fd } => self.sync(process, *fd, true).map(unit),
            Request::Rename { from, to } => self.rename(from, to).map(unit),
            Request::Exchange { one, other } => self.exchange(one, other).map(unit),
            Request::Unlink { path } => self.unlink(path).map(unit),
            Request::Mkdir { path, .. } => self.mkdir(process, path).map(unit),
            Request::List { directory } => self.list(directory).map(Reply::Names),
            Request::ClockRealtime => Ok(self.clock(process, CLOCK_REALTIME_START)),
            Request::ClockMonotonic => Ok(self.clock(process, CLOCK_MONOTONIC_START)),
            Request::Getrandom => Ok(Reply::Number(self.getrandom(process))),
            Request::Getpid => Ok(Reply::Number(u64::from(pid(process)))),
            Request::Geteuid => Ok(Reply::Number(u64::from(self.process(process).euid))),
            Request::Flock { .. } | Request::Nanosleep { .. } | Request::SchedYield => {
                unreachable!("calls that may wait are not immediate")
            }
        }
    }

    fn nanosleep(&mut self, process: ProcessId, duration: Duration) -> Step {
        if self.sleeps_on(process) {
            return Step::Blocked;
        }
        self.process_mut(process).slept += duration;
        Step::Done(Ok(Reply::Unit))
    }

    fn sched_yield(&mut self, process: ProcessId) -> Step {
        if self.sleeps_on(process) {
            return Step::Blocked;
        }
        Step::Done(Ok(Reply::Unit))
    }

    fn sleeps_on(&self, process: ProcessId) -> bool {
        self.faults.sleep == Sleep::UntilReleased && self.is_waiting(process)
    }

    fn clock(&self, process: ProcessId, start: Duration) -> Reply {
        Reply::Time(start + self.process(process).slept)
    }

    fn modified(&self, process: ProcessId, fd: Fd) -> Duration {
        let inode = self.description(process, fd).inode;
        CLOCK_REALTIME_START + self.inodes[&inode].modified
    }

    /// The content of the file is changed by the process, now.
    pub(super) fn touch(&mut self, process: ProcessId, file: InodeNumber) {
        let now = self.process(process).slept;
        self.inode_mut(file).modified = now;
    }

    /// SplitMix64 over the process and how often it has drawn: different for each, the same in
    /// each run.
    fn getrandom(&mut self, process: ProcessId) -> u64 {
        let drawn = &mut self.process_mut(process).random_draws;
        *drawn += 1;
        let seed = u64::from(pid(process)) << 32 | u64::from(*drawn);
        let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn open_description(
        &mut self,
        process: ProcessId,
        inode: InodeNumber,
        access: Access,
    ) -> Fd {
        let number = (0..)
            .map(|number| DescriptionNumber(process, number))
            .find(|number| !self.descriptions.contains_key(number))
            .expect("fewer than four billion open files");
        let description = Description {
            inode,
            access,
            lock: None,
            untold: None,
            descriptors: u32::from(self.faults.children_live_on),
        };
        self.descriptions.to_mut().insert(number, description);
        self.install(process, number)
    }

    fn install(&mut self, process: ProcessId, description: DescriptionNumber) -> Fd {
        self.description_mut(description).descriptors += 1;
        let descriptors = &mut self.process_mut(process).descriptors;
        let fd = (Fd::FIRST..)
            .map(Fd)
            .find(|fd| !descriptors.contains_key(fd))
            .expect("fewer than four billion descriptors");
        descriptors.insert(fd, description);
        fd
    }

    fn close(&mut self, process: ProcessId, fd: Fd) {
        let number = self.description_of(process, fd);
        self.process_mut(process).descriptors.remove(&fd);
        let description = self.description_mut(number);
        description.descriptors -= 1;
        if description.descriptors == 0 {
            let inode = description.inode;
            self.descriptions.to_mut().remove(&number);
            self.forget_if_unused(inode);
        }
    }

    /// Whether nobody else has the file open or can ever open it.
    fn is_out_of_reach(&self, process: ProcessId, fd: Fd) -> bool {
        let description = self.description(process, fd);
        let is_same = |open: &&Description| open.inode == description.inode;
        let others = self.descriptions.values().filter(is_same).count() > 1;
        description.descriptors == 1 && !others && self.inodes[&description.inode].links == 0
    }

    /// Closing what holds no lock changes nothing for others as long as the file has a name.
    fn close_commutes(&self, process: ProcessId, fd: Fd) -> bool {
        let description = self.description(process, fd);
        let named = self.inodes[&description.inode].links > 0;
        description.descriptors > 1 || (description.lock.is_none() && named)
    }

    /// A file is gone with its last name and its last description.
    pub(super) fn forget_if_unused(&mut self, inode: InodeNumber) {
        let is_open = self.descriptions.values().any(|open| open.inode == inode);
        if !is_open && self.inodes[&inode].links == 0 {
            self.inodes.to_mut().remove(&inode);
            if let Some(disk) = &mut self.disk {
                disk.prune();
            }
        }
    }

    pub(super) fn new_inode(&mut self, process: ProcessId, node: Node) -> InodeNumber {
        let number = (InodeNumber::ROOT.0..)
            .map(InodeNumber)
            .find(|number| !self.inodes.contains_key(number) && !self.is_on_disk(*number))
            .expect("fewer files than numbers");
        let inode = Shared::new(Inode {
            node,
            owner: self.euid(process),
            links: 1,
            modified: self.process(process).slept,
        });
        if let Some(disk) = &mut self.disk {
            disk.born(number, inode.clone());
        }
        self.inodes.to_mut().insert(number, inode);
        number
    }

    /// Notes what the disk has yet to get, where that matters.
    pub(super) fn record(&mut self, change: impl FnOnce() -> Change) {
        if let Some(disk) = &mut self.disk {
            disk.record(change());
        }
    }

    fn is_on_disk(&self, number: InodeNumber) -> bool {
        let disk = self.disk.as_ref();
        disk.is_some_and(|disk| disk.remembers(number))
    }

    pub(super) fn euid(&self, process: ProcessId) -> u32 {
        self.process(process).euid
    }

    pub(super) fn description_of(&self, process: ProcessId, fd: Fd) -> DescriptionNumber {
        match self.process(process).descriptors.get(&fd) {
            Some(&number) => number,
            None => panic!("{process:?} used {fd:?}, which it has not open"),
        }
    }

    pub(super) fn description(&self, process: ProcessId, fd: Fd) -> &Description {
        &self.descriptions[&self.description_of(process, fd)]
    }

    pub(super) fn description_mut(&mut self, number: DescriptionNumber) -> &mut Description {
        self.descriptions
            .to_mut()
            .get_mut(&number)
            .expect("a description lives as long as a descriptor leads to it")
    }

    pub(super) fn inode_mut(&mut self, number: InodeNumber) -> &mut Inode {
        self.inodes
            .to_mut()
            .get_mut(&number)
            .expect("an inode lives as long as it is named or open")
            .to_mut()
    }

    pub(super) fn process_mut(&mut self, process: ProcessId) -> &mut Process {
        self.processes[process.0].to_mut()
    }

    pub(super) fn process(&self, process: ProcessId) -> &Process {
        &self.processes[process.0]
    }

    fn descriptors(&self, process: ProcessId) -> Vec<Fd> {
        self.process(process).descriptors.keys().copied().collect()
    }
}

fn unit(_: ()) -> Reply {
    Reply::Unit
}

fn pid(process: ProcessId) -> u32 {
    FIRST_PID + u32::try_from(process.0).expect("few processes")
}

/// The mode that the operation asks for, and whether it waits for it.
pub(super) fn wanted(operation: FlockOperation) -> Option<(LockMode, bool)> {
    match operation {
        FlockOperation::TryShared => Some((LockMode::Shared, false)),
        FlockOperation::TryExclusive => Some((LockMode::Exclusive, false)),
        FlockOperation::Shared => Some((LockMode::Shared, true)),
        FlockOperation::Exclusive => Some((LockMode::Exclusive, true)),
        FlockOperation::Unlock => None,
    }
}

/// `EINVAL` for offsets and lengths that do not fit into the kernel's signed `loff_t`.
pub(super) fn check_offset(offset: u64) -> Result<()> {
    match i64::try_from(offset) {
        Ok(_) => Ok(()),
        Err(_) => Err(Errno::INVAL),
    }
}

#[cfg(test)]
mod tests;
