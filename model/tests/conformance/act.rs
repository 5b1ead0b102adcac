//! What a random process does next.
//!
//! A process keeps its descriptors in registers, and an act names the register, so that what is
//! left of a sequence when some of its acts are taken away still means the same. That is all that
//! shrinking needs, and why this is plain proptest: the state machine of `proptest-state-machine`
//! would want preconditions and a reference model, and the reference here is the other kernel.

use crate::world::Planted;
use hookstate::kernel::{Access, Create, FlockOperation, OpenHow};
use proptest::prelude::*;
use std::fmt;

/// How many processes there are.
pub(crate) const PROCESSES: usize = 3;
/// How many descriptors each of them keeps.
pub(crate) const REGISTERS: usize = 3;
/// The directory itself; some names; a directory and a name in it; a name below what is now a file
/// and now a directory.
pub(crate) const NAMES: [&str; 7] = ["a", "b", "c", "sub", "sub/a", "a/b", ""];

/// An act and the process whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) process: usize,
    pub(crate) act: Act,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Calls on names.
    Names(NamesCall),
    /// A call on the file that is open in a register.
    File(Register, FileCall),
    /// open(2), which keeps the descriptor in the register and closes the one that was there.
    Open(Register, Name, OpenHow),
    /// dup(2) of the second register into the first.
    Dup(Register, Register),
    /// Something appears that no call of the seam makes.
    Plant(Planted, Name),
    /// fork(2): the child takes the place of that process, which is killed.
    Fork(usize),
    /// The process is killed, and another takes its place.
    Kill,
    /// The process is killed inside a pwrite(2), after this many of its pages.
    KillWriting(Register, Bytes, u64, u64),
}

impl Act {
    /// The word for it.
    pub(crate) fn sort(&self) -> String {
        let shown = match self {
            Self::Names(call) => format!("{call:?}"),
            Self::File(_, call) => format!("{call:?}"),
            other => format!("{other:?}"),
        };
        let word = shown.split(|character: char| !character.is_alphanumeric());
        word.take(1).collect()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum NamesCall {
    Stat(Name),
    List(Name),
    Mkdir(Name),
    Unlink(Name),
    Rename(Name, Name),
    Exchange(Name, Name),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum FileCall {
    Fstat,
    Fstatfs,
    /// Only that there is an answer: see the head of `random.rs`.
    Modified,
    Close,
    /// A request that would have to wait is made again each time when it is the process's turn,
    /// which does nothing else until it has the lock.
    Flock(FlockOperation),
    Pread {
        length: usize,
        offset: u64,
    },
    Pwrite(Bytes, u64),
    Append(Bytes),
    Ftruncate(u64),
    Fallocate {
        offset: u64,
        length: u64,
    },
    Fsync,
    Fdatasync,
}

#[derive(Clone, Copy)]
pub(crate) struct Name(usize);

impl Name {
    pub(crate) fn text(self) -> &'static str {
        NAMES[self.0]
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text(), f)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Register(pub(crate) usize);

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// Many of one byte, so that what was written by whom shows in what is read.
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    byte: u8,
    length: usize,
}

impl Bytes {
    pub(crate) fn to_vec(self) -> Vec<u8> {
        vec![self.byte; self.length]
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {:#04x}", self.length, self.byte)
    }
}

/// Up to 64 turns.
pub(crate) fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = (0..PROCESSES, act()).prop_map(|(process, act)| Turn { process, act });
    prop::collection::vec(turn, 1..=64)
}

/// In each choice the simplest first, because that is where shrinking goes.
fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        26 => names_call().prop_map(Act::Names),
        64 => (register(), file_call()).prop_map(|(register, call)| Act::File(register, call)),
        34 => (register(), name(), how()).prop_map(|(into, name, how)| Act::Open(into, name, how)),
        5 => (register(), register()).prop_map(|(into, from)| Act::Dup(into, from)),
        3 => (planted(), name()).prop_map(|(what, name)| Act::Plant(what, name)),
        3 => (0..PROCESSES).prop_map(Act::Fork),
        2 => Just(Act::Kill),
        2 => (register(), bytes(), offset(), 0..4_u64)
            .prop_map(|(register, bytes, at, pages)| Act::KillWriting(register, bytes, at, pages)),
    ]
}

fn names_call() -> impl Strategy<Value = NamesCall> {
    prop_oneof![
        4 => name().prop_map(NamesCall::Stat),
        3 => name().prop_map(NamesCall::List),
        3 => name().prop_map(NamesCall::Mkdir),
        4 => name().prop_map(NamesCall::Unlink),
        6 => (name(), name()).prop_map(|(from, to)| NamesCall::Rename(from, to)),
        6 => (name(), name()).prop_map(|(one, other)| NamesCall::Exchange(one, other)),
    ]
}

fn file_call() -> impl Strategy<Value = FileCall> {
    prop_oneof![
        5 => Just(FileCall::Fstat),
        1 => Just(FileCall::Fstatfs),
        1 => Just(FileCall::Modified),
        4 => Just(FileCall::Close),
        18 => operation().prop_map(FileCall::Flock),
        9 => (0..9_000_usize, offset())
            .prop_map(|(length, offset)| FileCall::Pread { length, offset }),
        9 => (bytes(), offset()).prop_map(|(bytes, offset)| FileCall::Pwrite(bytes, offset)),
        9 => bytes().prop_map(FileCall::Append),
        5 => offset().prop_map(FileCall::Ftruncate),
        2 => (offset(), 0..20_000_u64)
            .prop_map(|(offset, length)| FileCall::Fallocate { offset, length }),
        1 => Just(FileCall::Fsync),
        1 => Just(FileCall::Fdatasync),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    // The first names often, so that the processes meet.
    prop_oneof![
        8 => 0..2_usize,
        3 => 2..NAMES.len() - 1,
        1 => Just(NAMES.len() - 1),
    ]
    .prop_map(Name)
}

fn register() -> impl Strategy<Value = Register> {
    (0..REGISTERS).prop_map(Register)
}

fn how() -> impl Strategy<Value = OpenHow> {
    let access = prop_oneof![
        6 => Just(Access::ReadWrite),
        4 => Just(Access::Append),
        2 => Just(Access::Read),
        2 => Just(Access::Directory),
    ];
    let create = prop_oneof![
        5 => Just(Create::IfMissing),
        1 => Just(Create::Never),
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

fn operation() -> impl Strategy<Value = FlockOperation> {
    prop_oneof![
        3 => Just(FlockOperation::TryExclusive),
        3 => Just(FlockOperation::TryShared),
        2 => Just(FlockOperation::Exclusive),
        2 => Just(FlockOperation::Shared),
        3 => Just(FlockOperation::Unlock),
    ]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    let length = prop_oneof![6 => 0..40_usize, 1 => 4_000..9_000_usize, 1 => Just(4_096)];
    (1..=9_u8, length).prop_map(|(byte, length)| Bytes { byte, length })
}

/// Mostly near the beginning, sometimes around a page boundary, a terabyte away, or beyond what
/// the kernel's signed offsets can say.
fn offset() -> impl Strategy<Value = u64> {
    const TERABYTE: u64 = 1 << 40;
    prop_oneof![
        20 => 0..60_u64,
        5 => 4_000..9_000_u64,
        3 => prop_oneof![Just(4_096_u64), Just(8_192)],
        1 => TERABYTE - 50..TERABYTE + 50,
        1 => Just(1 << 63),
    ]
}

fn planted() -> impl Strategy<Value = Planted> {
    #[cfg(target_os = "linux")]
    let planted = prop::sample::select(vec![Planted::Symlink, Planted::Fifo]);
    #[cfg(not(target_os = "linux"))]
    let planted = Just(Planted::Symlink);
    planted
}
