//! Histories of what was done, for `stress check` and for judges of other people
//! (`docs/history-json.md`).
//!
//! A round is a history, since each begins from an empty directory; the [`HistoryFile`] has those of all
//! rounds, one after the other, each with a header that names it. A [`Chronicle`] writes that of a
//! round of workers while it runs; that of a command is written by the module `command`.

mod chronicle;
mod file;

pub(crate) use chronicle::{Chronicle, Ending};
pub(crate) use file::HistoryFile;
