//! Random calls of two processes get the same answers from both kernels.

use crate::world::{FdOf, Real, Simulated, World};
use hookstate::kernel::{
    Access, Create, Errno, FileType, FlockOperation, Identity, Kernel, OpenHow,
};
use hookstate_model::sim::FaultModel;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use std::ffi::OsString;
use std::path::PathBuf;

/// Names in a directory with one directory inside; one name lies under what may be a file.
const NAMES: [&str; 6] = ["a", "b", "c", "sub", "sub/a", "a/a"];

/// A call, with the descriptors named by their place among those that are open.
#[derive(Clone, Debug)]
enum Act {
    Open(usize, OpenHow),
    Close(usize),
    Flock(usize, FlockOperation),
    Fstat(usize),
    Stat(usize),
    Pread(usize, usize, u64),
    Pwrite(usize, Vec<u8>, u64),
    Append(usize, Vec<u8>),
    Ftruncate(usize, u64),
    Rename(usize, usize),
    Exchange(usize, usize),
    Unlink(usize),
    Mkdir(usize),
    List(usize),
}

/// What can be compared between two kernels. Inodes are compared by [`Player::sameness`].
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    NoSuchDescriptor,
    Done,
    Failed(Errno),
    Stat {
        file_type: FileType,
        size: Option<u64>,
    },
    Bytes(Vec<u8>),
    Count(usize),
    Names(Vec<OsString>),
}

/// A kernel and what is open there.
struct Player<W: World> {
    world: W,
    processes: [W::Process; 2],
    open: Vec<Descriptor<W>>,
}

struct Descriptor<W: World> {
    owner: usize,
    access: Access,
    fd: FdOf<W>,
}

impl<W: World> Player<W> {
    fn new(world: W) -> Self {
        let processes = [world.process(), world.process()];
        Self {
            world,
            processes,
            open: Vec::new(),
        }
    }

    fn play(&mut self, who: usize, act: &Act) -> Answer {
        match self.attempt(who, act) {
            Ok(answer) => answer,
            Err(errno) => Answer::Failed(errno),
        }
    }

    fn attempt(&mut self, who: usize, act: &Act) -> hookstate::kernel::Result<Answer> {
        let kernel = &self.processes[who];
        match *act {
            Act::Open(name, how) => {
                let fd = kernel.open(&self.path(name), how)?;
                self.open.push(Descriptor {
                    owner: who,
                    access: how.access,
                    fd,
                });
                Ok(Answer::Done)
            }
            Act::Close(slot) => {
                let Some(index) = self.index(slot) else {
                    return Ok(Answer::NoSuchDescriptor);
                };
                let closed = self.open.remove(index);
                self.processes[closed.owner].close(closed.fd);
                Ok(Answer::Done)
            }
            Act::Stat(name) => kernel.stat(&self.path(name)).map(stat),
            Act::Rename(from, to) => kernel.rename(&self.path(from), &self.path(to)).map(done),
            Act::Exchange(one, other) => kernel
                .exchange(&self.path(one), &self.path(other))
                .map(done),
            Act::Unlink(name) => kernel.unlink(&self.path(name)).map(done),
            Act::Mkdir(name) => kernel.mkdir(&self.path(name), 0o700).map(done),
            Act::List(name) => kernel.list(&self.path(name)).map(names),
            _ => self.attempt_on_descriptor(act),
        }
    }

    fn attempt_on_descriptor(&self, act: &Act) -> hookstate::kernel::Result<Answer> {
        let Some(index) = self.index(slot(act)) else {
            return Ok(Answer::NoSuchDescriptor);
        };
        let Descriptor { owner, access, fd } = &self.open[index];
        let kernel = &self.processes[*owner];
        match act {
            Act::Flock(_, operation) => kernel.flock(fd, *operation).map(done),
            Act::Fstat(_) => kernel.fstat(fd).map(stat),
            Act::Pread(_, length, offset) => {
                let mut bytes = vec![0; *length];
                let count = kernel.pread(fd, &mut bytes, *offset)?;
                bytes.truncate(count);
                Ok(Answer::Bytes(bytes))
            }
            Act::Pwrite(_, bytes, offset) => kernel.pwrite(fd, bytes, *offset).map(Answer::Count),
            // The seam has append for descriptors that were opened to append.
            Act::Append(..) if *access == Access::ReadWrite => Ok(Answer::NoSuchDescriptor),
            Act::Append(_, bytes) => kernel.append(fd, bytes).map(Answer::Count),
            Act::Ftruncate(_, length) => kernel.ftruncate(fd, *length).map(done),
            _ => unreachable!("not a call on a descriptor"),
        }
    }

    fn index(&self, slot: usize) -> Option<usize> {
        slot.checked_rem(self.open.len())
    }

    fn path(&self, name: usize) -> PathBuf {
        self.world.path(NAMES[name])
    }

    /// For every open file and every name, the first of them that is the same file.
    fn sameness(&self) -> Vec<Option<usize>> {
        let kernel = &self.processes[0];
        let open = self
            .open
            .iter()
            .map(|open| self.processes[open.owner].fstat(&open.fd).ok());
        let named = (0..NAMES.len()).map(|name| kernel.stat(&self.path(name)).ok());
        let identities: Vec<Option<Identity>> = open
            .chain(named)
            .map(|stat| stat.map(|stat| stat.identity))
            .collect();
        identities
            .iter()
            .map(|identity| identity.and_then(|_| identities.iter().position(|i| i == identity)))
            .collect()
    }
}

fn done(_: ()) -> Answer {
    Answer::Done
}

fn stat(stat: hookstate::kernel::Stat) -> Answer {
    Answer::Stat {
        file_type: stat.file_type,
        size: (stat.file_type == FileType::Regular).then_some(stat.size),
    }
}

fn names(mut names: Vec<OsString>) -> Answer {
    names.sort();
    Answer::Names(names)
}

fn slot(act: &Act) -> usize {
    match act {
        Act::Flock(slot, _)
        | Act::Fstat(slot)
        | Act::Pread(slot, ..)
        | Act::Pwrite(slot, ..)
        | Act::Append(slot, _)
        | Act::Ftruncate(slot, _) => *slot,
        _ => unreachable!("not a call on a descriptor"),
    }
}

fn name() -> impl Strategy<Value = usize> {
    // The plain names often, so that the processes meet.
    prop_oneof![6 => 0..3_usize, 2 => 3..NAMES.len()]
}

fn how() -> impl Strategy<Value = OpenHow> {
    let access = prop_oneof![
        2 => Just(Access::Read),
        6 => Just(Access::ReadWrite),
        4 => Just(Access::Append),
        1 => Just(Access::Directory),
    ];
    let create = prop_oneof![
        1 => Just(Create::Never),
        4 => Just(Create::IfMissing),
        1 => Just(Create::New),
    ];
    (access, create, prop::bool::weighted(0.1)).prop_map(|(access, create, truncate)| OpenHow {
        access,
        // What O_CREAT with O_DIRECTORY does has changed between versions of Linux.
        create: if access == Access::Directory {
            Create::Never
        } else {
            create
        },
        truncate,
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(1..4_u8, 0..40),
        1 => (1..4_u8, 4_000..9_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

fn offset() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..60_u64, 1 => 4_000..9_000_u64]
}

fn operation() -> impl Strategy<Value = FlockOperation> {
    prop_oneof![
        Just(FlockOperation::TryShared),
        Just(FlockOperation::TryExclusive),
        Just(FlockOperation::Unlock),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let fd = || 0..16_usize;
    prop_oneof![
        6 => (name(), how()).prop_map(|(name, how)| Act::Open(name, how)),
        2 => fd().prop_map(Act::Close),
        5 => (fd(), operation()).prop_map(|(fd, operation)| Act::Flock(fd, operation)),
        2 => fd().prop_map(Act::Fstat),
        2 => name().prop_map(Act::Stat),
        3 => (fd(), 0..9_000_usize, offset()).prop_map(|(fd, n, at)| Act::Pread(fd, n, at)),
        3 => (fd(), bytes(), offset()).prop_map(|(fd, b, at)| Act::Pwrite(fd, b, at)),
        3 => (fd(), bytes()).prop_map(|(fd, bytes)| Act::Append(fd, bytes)),
        2 => (fd(), offset()).prop_map(|(fd, length)| Act::Ftruncate(fd, length)),
        2 => (name(), name()).prop_map(|(from, to)| Act::Rename(from, to)),
        2 => (name(), name()).prop_map(|(one, other)| Act::Exchange(one, other)),
        2 => name().prop_map(Act::Unlink),
        1 => name().prop_map(Act::Mkdir),
        1 => name().prop_map(Act::List),
    ]
}

type Acts = Vec<(usize, Act)>;

fn acts() -> impl Strategy<Value = Acts> {
    prop::collection::vec((0..2_usize, act()), 1..60)
}

/// Plays the same calls on the host and on a simulated kernel under `faults`.
fn compare(acts: &Acts, faults: FaultModel) -> Result<(), TestCaseError> {
    let mut simulated = Player::new(Simulated::under(faults));
    let mut real = Player::new(Real::new());
    for (step, (who, act)) in acts.iter().enumerate() {
        let (claim, truth) = (simulated.play(*who, act), real.play(*who, act));
        prop_assert_eq!(claim, truth, "step {} by {}: {:?}", step, who, act);
        let (claim, truth) = (simulated.sameness(), real.sameness());
        prop_assert_eq!(claim, truth, "files after step {}: {:?}", step, act);
    }
    Ok(())
}

fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

#[test]
fn both_kernels_give_the_same_answers() {
    runner()
        .run(&acts(), |acts| compare(&acts, FaultModel::default()))
        .unwrap_or_else(|difference| panic!("{difference}"));
}

/// The comparison is on trial too: a kernel that differs a little must be found out.
#[test]
fn a_kernel_that_transfers_less_than_the_host_is_found_out() {
    let found = runner().run(&acts(), |acts| {
        let transfer_bytes_max = 4096;
        compare(
            &acts,
            FaultModel {
                transfer_bytes_max,
                ..FaultModel::default()
            },
        )
    });
    assert!(matches!(found, Err(TestError::Fail(..))), "{found:?}");
}
