//! The statistics of a session: how often which tool was called, how often it failed, and how long
//! the hooks took, counted by many short-lived processes at once.
//!
//! A file is `{directory}/{session}.json`, in the format of a Python program that many people
//! have: one line as `json.dump` writes it, changed under flock(2) on the file itself. So such a
//! program may go on beside this one, and neither loses what the other has counted.
//!
//! ```json
//! {"session_id": "m", "started_at": 1795166043.403671, "tool_count": 1, "error_count": 0, "tool_names": {"Bash": 1}, "hook_timings": {"PreToolUse": [12.5]}}
//! ```
//!
//! Keys that this program does not know are kept, and it adds one of its own, `hookstate`, for what
//! the format has no place for: the counts of each agent, and what is left of timings of which only
//! the newest are listed. `docs/design.md`, "Statistics", has it in full.
//!
//! [`SessionStats`] is the handle, [`SessionFile`] the content of a file, [`Finalized`] what a session
//! comes to, [`cleanup_stale`] removes what was left behind, [`data_dir`] says where it all is.

mod place;

mod json;

mod counts;

mod fingerprint;
mod histogram;
mod hook;
mod timings;

mod own;

mod batch;
mod file;

mod finalized;
mod summary;

mod cleanup;
mod session;

pub use batch::Batch;
pub use cleanup::{Cleaned, STALE_AFTER_DEFAULT, cleanup_stale, cleanup_stale_on};

pub use file::{SessionFile, ToolCounts};
pub use finalized::Finalized;
pub use place::{data_dir, data_dir_among};
pub use session::{FLUSH_INTERVAL_DEFAULT, LOCK_TIMEOUT_DEFAULT, SessionStats};
pub use timings::HookTimings;
