//! Twins without a step of `lock.rs`, and controls of them that the strategies make their own: each
//! runs on all three.

use super::control::{Control, watched};
use crate::oracle::ViolationKind;
use crate::sim::{AnyDoor, Door, FaultModel, Reply, Request, Sleep};
use hookstate::ErrorKind;
use hookstate::kernel::{
    Access, Call, Create, Errno, FileSystem, FlockOperation, OpenHow, Result, Stat, Watcher, Way,
};
use std::cell::Cell;
use std::time::Duration;

/// `base` with [`WithoutLock`].
pub(super) const fn without_lock(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Takes no lock and believes that it has it.",
        twin: |door| watched(door, WithoutLock),
        verdicts: &[ViolationKind::Lost],
        ..base
    }
}

/// `base` with [`SharesTheLock`].
pub(super) const fn shares_the_lock(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Shares the lock where it should have it alone.",
        twin: |door| watched(door, SharesTheLock),
        verdicts: &[ViolationKind::Lost],
        ..base
    }
}

/// `base` with [`WithoutRecheck`].
pub(super) const fn without_recheck(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Does not look whether the name still names the file whose lock it took.",
        twin: |door| AnyDoor::new(WithoutRecheck::new(door)),
        verdicts: &[ViolationKind::Lost, ViolationKind::Failed],
        ..base
    }
}

/// `base` with [`TrustsAnyFileSystem`].
pub(super) const fn trusts_any_file_system(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Works where flock keeps nobody out, instead of refusing to.",
        faults: NETWORK,
        excused: &[ErrorKind::UnsupportedFileSystem],
        twin: |door| AnyDoor::new(TrustsAnyFileSystem(door)),
        verdicts: &[ViolationKind::Lost],
        ..base
    }
}

/// `base` with [`GivesUpAtOnce`].
pub(super) const fn gives_up_at_once(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Does not try again after the lock was refused once.",
        twin: |door| AnyDoor::new(GivesUpAtOnce(door)),
        verdicts: &[ViolationKind::Failed],
        ..base
    }
}

/// `base` with [`WaitsForEver`]. Somebody must hold the lock and not go on.
pub(super) const fn waits_for_ever(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Waits for the lock without a limit.",
        faults: UNYIELDING,
        excused: &[ErrorKind::LockTimeout],
        lock_timeout: SHORT_WAIT,
        twin: |door| watched(door, WaitsForEver),
        verdicts: &[ViolationKind::Stuck],
        ..base
    }
}

/// `base` with [`KeepsTheLock`]. A process must come back for the lock.
pub(super) const fn keeps_the_lock(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Neither unlocks nor closes.",
        twin: |door| AnyDoor::new(KeepsTheLock(door)),
        verdicts: &[ViolationKind::Stuck],
        ..base
    }
}

/// `base` with [`ReliesOnClose`].
pub(super) const fn relies_on_close(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Closes without unlocking, while a child has the file open too.",
        faults: FORKED,
        twin: |door| watched(door, ReliesOnClose),
        verdicts: &[ViolationKind::Stuck],
        ..base
    }
}

/// A network file system whose clients do not see each other's locks.
const NETWORK: FaultModel = FaultModel {
    file_system: FileSystem::Nfs,
    flock_excludes: false,
    ..FaultModel::LOCAL
};

/// Another thread of each process forks just when a file is open, and the child lives on.
const FORKED: FaultModel = FaultModel {
    children_live_on: true,
    ..FaultModel::LOCAL
};

/// A lock that is held is held until the time is up.
const UNYIELDING: FaultModel = FaultModel {
    sleep: Sleep::AsAsked,
    ..FaultModel::LOCAL
};

/// Long enough to try again a few times, and few enough times to follow.
const SHORT_WAIT: Duration = Duration::from_micros(100);

/// Looks whether the file is there, and makes it if not.
#[derive(Debug)]
pub struct ChecksThenCreates<D> {
    door: D,
    /// As the second call does where it makes the file.
    makes: OpenHow,
}

impl<D> ChecksThenCreates<D> {
    /// The second call empties what somebody else has made meanwhile.
    pub const fn truncating(door: D) -> Self {
        let mut makes = OpenHow::or_create(Access::ReadWrite);
        makes.truncate = true;
        Self { door, makes }
    }

    /// The second call takes it for an error that somebody else has made the file meanwhile.
    pub const fn exclusive(door: D) -> Self {
        let mut makes = OpenHow::or_create(Access::ReadWrite);
        makes.create = Create::New;
        Self { door, makes }
    }
}

impl<D: Door> Door for ChecksThenCreates<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let Request::Open { path, how } = request else {
            return self.door.call(request);
        };
        if how.create != Create::IfMissing {
            return self.door.call(Request::Open { path, how });
        }
        let access = how.access;
        let looks = Request::Open {
            path: path.clone(),
            how: OpenHow::existing(access),
        };
        match self.door.call(looks) {
            Err(Errno::NOENT) => {
                let how = OpenHow {
                    access,
                    ..self.makes
                };
                self.door.call(Request::Open { path, how })
            }
            answer => answer,
        }
    }
}

/// Believes that flock excludes wherever it works.
#[derive(Debug)]
pub struct TrustsAnyFileSystem<D>(pub D);

impl<D: Door> Door for TrustsAnyFileSystem<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Fstatfs { .. } => Ok(Reply::FileSystem(FileSystem::Local(0))),
            request => self.0.call(request),
        }
    }
}

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

/// Takes it for an error that the lock is refused.
#[derive(Debug)]
pub struct GivesUpAtOnce<D>(pub D);

impl<D: Door> Door for GivesUpAtOnce<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        match self.0.call(request) {
            Err(Errno::WOULDBLOCK) => Err(Errno::NOLCK),
            answer => answer,
        }
    }
}

/// Lets the kernel wait for the lock, which does so without a limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct WaitsForEver;

impl Watcher for WaitsForEver {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock {
                operation: FlockOperation::TryExclusive,
            } => Way::Flock(FlockOperation::Exclusive),
            Call::Flock {
                operation: FlockOperation::TryShared,
            } => Way::Flock(FlockOperation::Shared),
            _ => Way::Through,
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

/// Neither unlocks nor closes.
#[derive(Debug)]
pub struct KeepsTheLock<D>(pub D);

impl<D: Door> Door for KeepsTheLock<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let unlock = FlockOperation::Unlock;
        match request {
            Request::Close { .. } => Ok(Reply::Unit),
            Request::Flock { operation, .. } if operation == unlock => Ok(Reply::Unit),
            request => self.0.call(request),
        }
    }
}

/// Closes and does not unlock.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReliesOnClose;

impl Watcher for ReliesOnClose {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            Call::Flock {
                operation: FlockOperation::Unlock,
            } => Way::Skip,
            _ => Way::Through,
        }
    }
}
