//! Tasks: which agents are at work where and since when, and the announcements of those that take
//! long.
//!
//! Start with [`TaskStore`]. Which event of an agent makes which call:
//!
//! | event | call |
//! |---|---|
//! | `UserPromptSubmit` | [`add_or_reset`](TaskStore::add_or_reset) the task of the session |
//! | `SubagentStart` | [`add_or_reset`](TaskStore::add_or_reset) that of the agent, if it is to have one |
//! | `Stop` | [`remove`](TaskStore::remove) that of the session, and the imported one of the directory; those of background agents go on |
//! | `SubagentStop` | [`remove`](TaskStore::remove) that of the agent; that of the session goes on |
//! | `SessionEnd` | [`remove_session`](TaskStore::remove_session), and the imported one of the directory |
//! | every other | [`claim_due`](TaskStore::claim_due); send; [`confirm`](TaskStore::confirm) or [`failed`](TaskStore::failed) |
//!
//! The state is a [`Store`](crate::Store) of its own, and each decision is one window of it. The
//! files that are proofs: `check.rs`, how an announcement is claimed; `clock.rs`, what a clock that
//! steps does; `import.rs`, how the tasks of the program before come here once.

mod bounds;
mod check;
mod clock;
mod id;
mod import;
mod kept;
mod legacy;
mod report;
mod state;
mod task_store;
mod terms;
mod text;

pub use bounds::{TASK_BYTES_MAX, TASKS_MAX};
pub use id::TaskId;
pub use report::{Added, AnnouncementState, Claim, Due, Failure, Import, Task};
pub use task_store::TaskStore;
pub use terms::{
    ANNOUNCE_AFTER_DEFAULT, CHECK_INTERVAL_DEFAULT, EXPIRE_AFTER_DEFAULT, RETRY_AFTER_DEFAULT,
    TRIES_MAX,
};
