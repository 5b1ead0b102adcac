//! Harm that is done on purpose, to the workers of the strategies and to commands alike.
//!
//! The fault model: a process is killed (SIGKILL) or stopped and continued (SIGSTOP, SIGCONT) at any
//! instant of its life; a holder of the lock is slow; the file system is full for a while; a process
//! has few file descriptors, or cannot start others. Nothing else: no signal is lost, no power fails.
//!
//! [`plan`] says what is done how often, [`dice`] to whom, and [`blows`] when; [`limits`] and [`disk`]
//! are about the process and the directory as a whole.

mod blows;
mod dice;
mod disk;
mod lifetime;
mod limits;
mod plan;

pub(crate) use blows::{Blows, Dealt};
pub(crate) use disk::{Disk, in_namespace};
pub(crate) use lifetime::Lifetimes;
pub(crate) use limits::{CANNOT_START, SUBCOMMAND, main};
pub(crate) use plan::{Chaos, KINDS, Pause};
