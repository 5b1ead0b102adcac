//! Plays turns on one kernel.

use crate::act::{Act, FileCall, NAMES, Name, NamesCall, PROCESSES, REGISTERS, Register, Turn};
use crate::answer::{Answer, Data, Seen, done, names};
use crate::world::{FdOf, PAGE_BYTES, TornWrite, World};
use hookstate::kernel::{Access, Errno, FileType, FlockOperation, Identity, Kernel, Result};
use std::path::PathBuf;

/// A kernel, its processes, and what they have open.
pub(crate) struct Player<W: World> {
    pub(crate) world: W,
    /// Makes no calls of its own but those that look at the whole.
    pub(crate) observer: W::Process,
    pub(crate) processes: [Process<W>; PROCESSES],
}

pub(crate) struct Process<W: World> {
    pub(crate) kernel: W::Process,
    pub(crate) registers: [Option<Descriptor<W>>; REGISTERS],
    /// The blocking request that it has made and not had granted.
    waits_for: Option<(Register, FlockOperation)>,
}

pub(crate) struct Descriptor<W: World> {
    pub(crate) fd: FdOf<W>,
    access: Access,
}

impl<W: World> Player<W> {
    pub(crate) fn new(world: W) -> Self {
        let observer = world.process();
        let processes = std::array::from_fn(|_| Process::new(world.process()));
        Self {
            world,
            observer,
            processes,
        }
    }

    /// What the kernel answers to the process, which waits for its lock first if it has to.
    pub(crate) fn play(&mut self, turn: &Turn) -> Answer {
        match self.processes[turn.process].goes_on() {
            Ok(true) => answered(self.attempt(turn.process, &turn.act)),
            Ok(false) => Answer::Waits,
            Err(errno) => Answer::Failed(errno),
        }
    }

    /// For every open file and every name, the first of them that is the same file.
    pub(crate) fn sameness(&self) -> Vec<Option<usize>> {
        let named = NAMES
            .iter()
            .map(|name| self.observer.stat(&self.world.path(name)));
        let opened = self.processes.iter().flat_map(Process::identities);
        let identities: Vec<Option<Identity>> = named
            .map(|stat| stat.ok().map(|stat| stat.identity))
            .chain(opened)
            .collect();
        identities
            .iter()
            .map(|identity| identity.and_then(|_| identities.iter().position(|i| i == identity)))
            .collect()
    }

    fn attempt(&mut self, who: usize, act: &Act) -> Result<Answer> {
        let process = &mut self.processes[who];
        match act {
            Act::Names(call) => self.attempt_on_names(who, *call),
            Act::File(register, call) => process.attempt(*register, *call),
            Act::Open(into, name, how) => {
                let fd = process.kernel.open(&self.world.path(name.text()), *how)?;
                let access = how.access;
                process.keep(*into, Descriptor { fd, access });
                Ok(Answer::Done)
            }
            Act::Dup(into, from) => {
                let Some(Descriptor { fd, access }) = &process.registers[from.0] else {
                    return Ok(Answer::Nothing);
                };
                let (fd, access) = (self.world.dup(&process.kernel, fd), *access);
                process.keep(*into, Descriptor { fd, access });
                Ok(Answer::Done)
            }
            Act::Plant(what, name) => self.world.plant(*what, &self.path(*name)).map(done),
            Act::Fork(child) if *child == who => Ok(Answer::Nothing),
            Act::Fork(child) => {
                self.fork(who, *child);
                Ok(Answer::Done)
            }
            Act::Kill => {
                self.kill(who, None);
                Ok(Answer::Done)
            }
            Act::KillWriting(register, bytes, offset, pages) => {
                let write = process.torn(*register, bytes.to_vec(), *offset, *pages);
                self.kill(who, write);
                Ok(Answer::Done)
            }
        }
    }

    fn attempt_on_names(&self, who: usize, call: NamesCall) -> Result<Answer> {
        let kernel = &self.processes[who].kernel;
        let path = |name| self.path(name);
        match call {
            NamesCall::Stat(name) => kernel
                .stat(&path(name))
                .map(|stat| Answer::Stat(Seen::new(&stat, kernel.geteuid()))),
            NamesCall::List(name) => kernel.list(&path(name)).map(names),
            NamesCall::Mkdir(name) => kernel.mkdir(&path(name), 0o700).map(done),
            NamesCall::Unlink(name) => kernel.unlink(&path(name)).map(done),
            NamesCall::Rename(from, to) => kernel.rename(&path(from), &path(to)).map(done),
            NamesCall::Exchange(one, other) => kernel.exchange(&path(one), &path(other)).map(done),
        }
    }

    fn fork(&mut self, parent: usize, child: usize) {
        let (kernel, registers) = self.processes[parent].forked(&self.world);
        let newcomer = Process {
            kernel,
            registers,
            waits_for: None,
        };
        self.replace(child, newcomer, None);
    }

    fn kill(&mut self, who: usize, inside: Option<TornWrite>) {
        let newcomer = Process::new(self.world.process());
        self.replace(who, newcomer, inside);
    }

    fn replace(&mut self, who: usize, newcomer: Process<W>, inside: Option<TornWrite>) {
        let victim = std::mem::replace(&mut self.processes[who], newcomer);
        let open = victim.registers.into_iter().flatten();
        let open = open.map(|descriptor| descriptor.fd).collect();
        match inside {
            None => self.world.kill(victim.kernel, open),
            Some(write) => self.world.tear(victim.kernel, open, write),
        }
    }

    fn path(&self, name: Name) -> PathBuf {
        self.world.path(name.text())
    }
}

impl<W: World> Process<W> {
    fn new(kernel: W::Process) -> Self {
        Self {
            kernel,
            registers: std::array::from_fn(|_| None),
            waits_for: None,
        }
    }

    /// Makes the request again for which it waits, if it does, and says whether it has the lock.
    pub(crate) fn goes_on(&mut self) -> Result<bool> {
        match self.waits_for.take() {
            None => Ok(true),
            Some((register, operation)) => Ok(self.flock(register, operation)? != Answer::Waits),
        }
    }

    fn attempt(&mut self, register: Register, call: FileCall) -> Result<Answer> {
        let Some(Descriptor { fd, access }) = &self.registers[register.0] else {
            return Ok(Answer::Nothing);
        };
        let kernel = &self.kernel;
        match call {
            FileCall::Fstat => kernel
                .fstat(fd)
                .map(|stat| Answer::Stat(Seen::new(&stat, kernel.geteuid()))),
            FileCall::Fstatfs => kernel.fstatfs(fd).map(Answer::FileSystem),
            FileCall::Modified => kernel.modified(fd).map(|_| Answer::Done),
            FileCall::Close => {
                self.close(register);
                Ok(Answer::Done)
            }
            FileCall::Flock(operation) => self.flock(register, operation),
            FileCall::Pread { length, offset } => {
                let mut bytes = vec![0; length];
                let count = kernel.pread(fd, &mut bytes, offset)?;
                bytes.truncate(count);
                Ok(Answer::Bytes(Data(bytes)))
            }
            FileCall::Pwrite(bytes, offset) => kernel
                .pwrite(fd, &bytes.to_vec(), offset)
                .map(Answer::Count),
            // The seam has append for descriptors that were opened to append, and what is in a
            // FIFO is not modelled.
            FileCall::Append(_) if *access == Access::ReadWrite || is_fifo(kernel, fd) => {
                Ok(Answer::Nothing)
            }
            FileCall::Append(bytes) => kernel.append(fd, &bytes.to_vec()).map(Answer::Count),
            FileCall::Ftruncate(length) => kernel.ftruncate(fd, length).map(done),
            FileCall::Fallocate { offset, length } => {
                kernel.fallocate(fd, offset, length).map(done)
            }
            FileCall::Fsync => kernel.fsync(fd).map(done),
            FileCall::Fdatasync => kernel.fdatasync(fd).map(done),
        }
    }

    /// A blocking request is made as one that does not wait, and once that was granted as it is:
    /// then it changes nothing and has to return, and no test can hang on it.
    fn flock(&mut self, register: Register, operation: FlockOperation) -> Result<Answer> {
        let Some(Descriptor { fd, .. }) = &self.registers[register.0] else {
            return Ok(Answer::Nothing);
        };
        let attempt = match operation {
            FlockOperation::Shared => FlockOperation::TryShared,
            FlockOperation::Exclusive => FlockOperation::TryExclusive,
            at_once => return self.kernel.flock(fd, at_once).map(done),
        };
        match self.kernel.flock(fd, attempt) {
            Err(Errno::WOULDBLOCK) => {
                self.waits_for = Some((register, operation));
                Ok(Answer::Waits)
            }
            Err(errno) => Err(errno),
            Ok(()) => self.kernel.flock(fd, operation).map(done),
        }
    }

    fn keep(&mut self, into: Register, descriptor: Descriptor<W>) {
        if let Some(closed) = self.registers[into.0].replace(descriptor) {
            self.kernel.close(closed.fd);
        }
    }

    pub(crate) fn close(&mut self, register: Register) {
        if let Some(closed) = self.registers[register.0].take() {
            self.kernel.close(closed.fd);
        }
    }

    fn forked(&self, world: &W) -> (W::Process, [Option<Descriptor<W>>; REGISTERS]) {
        let open: Vec<&FdOf<W>> = self.registers.iter().flatten().map(|d| &d.fd).collect();
        let (kernel, inherited) = world.fork(&self.kernel, &open);
        let mut inherited = inherited.into_iter();
        let registers = std::array::from_fn(|register| {
            let access = self.registers[register].as_ref()?.access;
            let fd = inherited.next().expect("one for each that is open");
            Some(Descriptor { fd, access })
        });
        (kernel, registers)
    }

    /// What a kill after `pages` of the pages leaves of the write; nothing if the call would not
    /// write that many.
    fn torn(
        &self,
        register: Register,
        bytes: Vec<u8>,
        offset: u64,
        pages: u64,
    ) -> Option<TornWrite> {
        let Descriptor { fd, access } = self.registers[register.0].as_ref()?;
        let stat = self.kernel.fstat(fd).ok()?;
        let at = match access {
            Access::ReadWrite => offset,
            Access::Append => stat.size,
            Access::Read | Access::Directory => return None,
        };
        let all = (at % PAGE_BYTES + bytes.len() as u64).div_ceil(PAGE_BYTES);
        let writes = stat.file_type == FileType::Regular
            && i64::try_from(offset).is_ok()
            && !bytes.is_empty();
        (writes && pages < all).then(|| TornWrite {
            index: self.registers[..register.0].iter().flatten().count(),
            bytes,
            offset,
            at,
            pages,
        })
    }

    fn identities(&self) -> impl Iterator<Item = Option<Identity>> + '_ {
        self.registers.iter().map(|descriptor| {
            let stat = self.kernel.fstat(&descriptor.as_ref()?.fd).ok()?;
            Some(stat.identity)
        })
    }
}

fn is_fifo<K: Kernel>(kernel: &K, fd: &K::Fd) -> bool {
    kernel
        .fstat(fd)
        .is_ok_and(|stat| stat.file_type == FileType::Other)
}

fn answered(result: Result<Answer>) -> Answer {
    result.unwrap_or_else(Answer::Failed)
}
