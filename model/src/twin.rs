//! The shipping strategies without one of their steps: what the model must reject.
//!
//! A twin is the very code that ships, over a kernel with something in between that leaves the step
//! out. Where leaving out or replacing a call is enough, that is a [`Watcher`], which works over the
//! real kernel too; where an answer must be invented, it is a [`Door`] to the simulated one.

use crate::sim::{Door, Fd, Reply, Request};
use hookstate::kernel::{
    Access, Call, Create, Errno, FlockOperation, Kernel, OpenHow, Result, Stat, Watcher, Way,
};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, State};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::path::{Path, PathBuf};

/// Takes no lock and believes that it has it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WithoutLock;

impl Watcher for WithoutLock {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock { .. } => Way::Skip,
            _ => Way::Through,
        }
    }
}

/// Shares the lock where it should have it alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct SharesTheLock;

impl Watcher for SharesTheLock {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock {
                operation: FlockOperation::TryExclusive,
            } => Way::Flock(FlockOperation::TryShared),
            _ => Way::Through,
        }
    }
}

/// Gives the name to a new file without having locked that first.
#[derive(Clone, Debug, Default)]
pub struct PublishesUnlocked {
    made_last: Cell<bool>,
}

impl Watcher for PublishesUnlocked {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock { .. } if self.made_last.get() => Way::Skip,
            Call::Open { how, .. } => {
                self.made_last.set(how.create == Create::New);
                Way::Through
            }
            _ => {
                self.made_last.set(false);
                Way::Through
            }
        }
    }
}

/// Does not look whether the name still names the file that it has open: what it would see is taken
/// to be what it saw.
#[derive(Debug)]
pub struct WithoutRecheck<D> {
    door: D,
    inspected: Cell<Option<Stat>>,
}

impl<D> WithoutRecheck<D> {
    /// Leaves the check out in front of `door`.
    pub const fn new(door: D) -> Self {
        Self {
            door,
            inspected: Cell::new(None),
        }
    }
}

impl<D: Door> Door for WithoutRecheck<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        if let (Request::Stat { .. }, Some(stat)) = (&request, self.inspected.get()) {
            return Ok(Reply::Stat(stat));
        }
        let inspects = matches!(request, Request::Fstat { .. });
        let reply = self.door.call(request);
        if let (true, Ok(Reply::Stat(stat))) = (inspects, &reply) {
            self.inspected.set(Some(*stat));
        }
        reply
    }
}

/// Empties the file before it writes it from the beginning.
#[derive(Debug)]
pub struct TruncatesFirst<D>(pub D);

impl<D: Door> Door for TruncatesFirst<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        if let Request::Pwrite { fd, offset: 0, .. } = request {
            self.empty(fd)?;
        }
        self.0.call(request)
    }
}

impl<D: Door> TruncatesFirst<D> {
    fn empty(&self, fd: Fd) -> Result<()> {
        let length = 0;
        self.0.call(Request::Ftruncate { fd, length }).map(|_| ())
    }
}

/// Writes the journal of the strategy `flock` and never looks into it.
#[derive(Debug)]
pub struct WithoutRecovery<D>(pub D);

impl<D: Door> Door for WithoutRecovery<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        if let Request::Open { path, how } = &request
            && is_journal(path)
            && how.create == Create::Never
        {
            return Err(Errno::NOENT);
        }
        self.0.call(request)
    }
}

fn is_journal(path: &Path) -> bool {
    path.extension() == Some("journal".as_ref())
}

/// Writes in place without having written the journal of the strategy `flock`.
#[derive(Debug)]
pub struct WithoutJournal<D> {
    door: D,
    journal: Cell<Option<Fd>>,
}

impl<D> WithoutJournal<D> {
    /// Keeps what is meant for the journal from `door`.
    pub const fn new(door: D) -> Self {
        let journal = Cell::new(None);
        Self { door, journal }
    }
}

impl<D: Door> Door for WithoutJournal<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match &request {
            Request::Pwrite { fd, bytes, .. } if self.journal.get() == Some(*fd) => {
                return Ok(Reply::Count(bytes.len()));
            }
            Request::Close { fd } if self.journal.get() == Some(*fd) => self.journal.set(None),
            _ => {}
        }
        let opens = matches!(&request, Request::Open { path, .. } if is_journal(path));
        let reply = self.door.call(request);
        if let (true, Ok(Reply::Fd(fd))) = (opens, &reply) {
            self.journal.set(Some(*fd));
        }
        reply
    }
}

/// Writes into the spare of the strategy `rename` that is there, which has been the data file, where
/// it should make a new one.
#[derive(Debug)]
pub struct WritesIntoTheSpare<D>(pub D);

impl<D: Door> Door for WritesIntoTheSpare<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Unlink { path } if is_spare(&path) => Ok(Reply::Unit),
            Request::Open { path, how } if is_spare(&path) && how.create == Create::New => {
                let how = OpenHow::or_create(how.access);
                self.0.call(Request::Open { path, how })
            }
            request => self.0.call(request),
        }
    }
}

fn is_spare(path: &Path) -> bool {
    path.extension() == Some("spare".as_ref())
}

/// Writes only the rest of a record of the append log after a short write, which is here what
/// every append begins with.
#[derive(Debug)]
pub struct ContinuesShortWrites<D>(pub D);

impl<D: Door> Door for ContinuesShortWrites<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let Request::Append { fd, bytes } = request else {
            return self.0.call(request);
        };
        let (taken, rest) = bytes.split_at(bytes.len() / 2);
        for part in [taken, rest] {
            let bytes = part.to_vec();
            self.0.call(Request::Append { fd, bytes })?;
        }
        Ok(Reply::Count(bytes.len()))
    }
}

/// Writes the new log over the old one where it should give the name to a new file.
#[derive(Debug)]
pub struct CompactsInPlace<D> {
    door: D,
    base: RefCell<Vec<u8>>,
}

impl<D> CompactsInPlace<D> {
    /// Keeps every exchange of names from `door`.
    pub const fn new(door: D) -> Self {
        let base = RefCell::new(Vec::new());
        Self { door, base }
    }
}

impl<D: Door> Door for CompactsInPlace<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Exchange { other: log, .. } => self.rewrite(log),
            request => {
                if let Request::Pwrite { bytes, .. } = &request {
                    self.base.replace(bytes.clone());
                }
                self.door.call(request)
            }
        }
    }
}

impl<D: Door> CompactsInPlace<D> {
    fn rewrite(&self, path: PathBuf) -> Result<Reply> {
        let how = OpenHow::existing(Access::ReadWrite);
        let Reply::Fd(fd) = self.door.call(Request::Open { path, how })? else {
            unreachable!("open gives a descriptor");
        };
        let (length, offset) = (0, 0);
        let bytes = self.base.take();
        self.door.call(Request::Ftruncate { fd, length })?;
        self.door.call(Request::Pwrite { fd, bytes, offset })?;
        self.door.call(Request::Close { fd })
    }
}

/// Removes a state before it has handed it out.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemovesBeforeHandingOut<S>(pub S);

impl<S: Strategy> Strategy for RemovesBeforeHandingOut<S> {
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
        self.0.modify(site, change)
    }

    fn remove<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> hookstate::Result<Outcome<std::result::Result<Option<R>, E>>> {
        let removed = self.0.remove(site, Ok::<T, Infallible>)?;
        Ok(removed.map(|state| match state {
            Ok(state) => state.map(last).transpose(),
            Err(never) => match never {},
        }))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> hookstate::Result<Outcome<T>> {
        self.0.read(site)
    }
}

/// Removes the file that has the lock before the others of the same state.
#[derive(Debug)]
pub struct RemovesTheLockFirst<D> {
    door: D,
    locked: &'static str,
    removing: Cell<bool>,
    held_back: RefCell<Vec<PathBuf>>,
}

impl<D> RemovesTheLockFirst<D> {
    /// Holds back from `door` what else is to be removed, until the file `locked` has been. Only a
    /// removal opens that without creating it and to write.
    pub const fn new(door: D, locked: &'static str) -> Self {
        Self {
            door,
            locked,
            removing: Cell::new(false),
            held_back: RefCell::new(Vec::new()),
        }
    }
}

impl<D: Door> Door for RemovesTheLockFirst<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match &request {
            Request::Open { path, how } if path.ends_with(self.locked) => {
                let removing = *how == OpenHow::existing(Access::ReadWrite);
                self.removing.set(removing);
                self.door.call(request)
            }
            Request::Unlink { path } if self.removing.get() && !path.ends_with(self.locked) => {
                self.held_back.borrow_mut().push(path.clone());
                Ok(Reply::Unit)
            }
            Request::Unlink { path } if path.ends_with(self.locked) => {
                let reply = self.door.call(request);
                for path in self.held_back.take() {
                    // It may be missing, which the shipping code does not mind either.
                    let _ = self.door.call(Request::Unlink { path });
                }
                reply
            }
            _ => self.door.call(request),
        }
    }
}
