//! State that many short-lived processes share without losing an update.
//!
//! The promise, for every strategy, any number of processes and kill -9 at any instruction: a
//! change that was acknowledged is in the state exactly once, a change that was not is in it once
//! or not at all, and a reader always sees a whole state. The crate `hookstate-model` checks this
//! very code on a simulated kernel; the program `stress` checks it on yours.
//!
//! Start with [`Store`]. The modules, in reading order: [`kernel`] is the only door to the
//! operating system, [`strategy`] holds the three protocols; [`stats`], [`tasks`] and [`guard`] are
//! what hooks keep with them. The examples of the crate are programs to copy: `counter`, the smallest
//! one, `stats_hook` and `debounced_command`, two hooks.

/// So that the examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!(
    "hookstate needs flock(2) with the semantics of Linux or macOS; on other systems its locks \
     would not keep processes apart"
);

pub mod kernel;
pub mod strategy;

pub mod guard;
pub mod stats;
pub mod tasks;

mod checksum;
mod content;
mod directory;
mod error;
mod file;
mod lock;
mod name;
mod state;
mod store;

pub use error::{Error, ErrorKind, Result};
pub use state::{NoDelta, Outcome, Recovery, State};
pub use store::{Durability, LOCK_TIMEOUT_DEFAULT, STATE_BYTES_MAX, Store};
