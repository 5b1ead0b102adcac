//! Taking over the tasks of the program before, once.
//!
//! Protocol
//!   1. Look into the state. If the marker of the import is there, that is all.
//!   2. Read the file and understand it, in no window. It belongs to another program, which takes no
//!      lock on it, and is not changed.
//!   3. In one window: if the marker is not there, put the tasks and the marker into the state.
//!
//! Why the marker is in the same state, and is written in the same window: of several processes that
//! start at once one finds no marker in step 3, and a kill leaves both tasks and marker, or neither.
//! So a task that was removed since does not come back with a second import. Controls:
//! `imports-without-second-look`, `imports-in-two-windows`; the tests catch the import whose marker is a
//! file of its own.
//!
//! Why step 2 changes nothing: that program may go on. Control: `import-removes-the-file`.

use super::bounds::TASK_BYTES_MAX;
use super::id::TaskId;
use super::kept::Kept;
use super::legacy::{LegacyTask, parse};
use super::report::{AnnouncementState, Import};
use super::state::{AnnouncementEntry, ImportEntry, TaskEntry, Tasks};
use super::task_store::{TaskStore, written_if};
use super::terms::Terms;
use super::text::to_text;
use crate::file::File;
use crate::kernel::{Access, Kernel, OpenHow};
use crate::strategy::Strategy;
use crate::{Outcome, Result};
use std::path::Path;

/// The longest file that is read: 1 MiB, and so many bytes more as one task may have.
const FILE_BYTES_MAX: u64 = (1 << 20) + TASK_BYTES_MAX as u64;

impl<S: Strategy, K: Kernel> TaskStore<S, K> {
    /// Takes over the tasks of a `.claude-notifier-timer.json`, the file of the program that hooks
    /// had before, with the announcements that it has made. This is done once in the life of the
    /// state, also if several processes try at the same time or one is killed meanwhile. The file
    /// stays as it is.
    ///
    /// Its times are local and do not say where: `utc_offset_seconds` is how far local time is ahead
    /// of UTC, such as 7200 for `+02:00`. Tasks that were started on the other side of a change to
    /// daylight saving time are an hour off.
    ///
    /// That program knew directories and no sessions. A task that is taken over is found by
    /// [`TaskId::of_imported`]; one of which the directory has the task of a session is not taken
    /// over, and when a session adds its task, the one that was imported for the same directory goes.
    /// So remove both ids where a session ends.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). In particular
    /// [`NotAStateFile`](crate::ErrorKind::NotAStateFile) if the file is a link or another user's,
    /// and [`TooLarge`](crate::ErrorKind::TooLarge).
    pub fn import(
        &self,
        file: impl AsRef<Path>,
        utc_offset_seconds: i32,
    ) -> Result<Outcome<Import>> {
        if self.looks(|tasks| tasks.import.is_some()) {
            return Ok(Outcome::clean(Import::Before));
        }
        let Some(content) = self.content_of(file.as_ref())? else {
            return Ok(Outcome::clean(Import::NoFile));
        };
        let legacy = match parse(&content, utc_offset_seconds) {
            Ok(legacy) => legacy,
            Err(why) => return Ok(Outcome::clean(Import::NotUnderstood { why })),
        };
        self.window(|tasks, now_ms, terms| {
            let turned = tasks.turn(now_ms, terms);
            if tasks.import.is_some() {
                return written_if(turned.changed, Import::Before);
            }
            Ok(tasks.take_over(legacy, now_ms, terms))
        })
    }

    /// Step 2.
    fn content_of(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        let how = OpenHow::existing(Access::Read);
        let Some(file) = File::open(self.kernel(), path, how)? else {
            return Ok(None);
        };
        let size = file.checked_stat()?.size;
        file.read_up_to(size, FILE_BYTES_MAX).map(Some)
    }
}

impl Tasks {
    /// Step 3.
    fn take_over(&mut self, legacy: Vec<LegacyTask>, now_ms: u64, terms: &Terms) -> Import {
        let all = legacy.len();
        let mut imported = 0;
        for task in legacy {
            let id = TaskId::of_imported(&task.directory);
            let entry = self.entry_of(task, now_ms);
            let is_expired = entry.age_ms(now_ms) >= terms.expire_after_ms;
            if !is_expired && !self.has_session_in(&entry.cwd) {
                self.insert(&id, entry);
                imported += 1;
            }
        }
        let marker = ImportEntry {
            at_ms: now_ms,
            tasks: imported,
        };
        self.import = Some(Kept::from(marker));
        Import::Done {
            imported,
            left_out: all - imported,
            evicted: self.evict(),
        }
    }

    fn entry_of(&mut self, task: LegacyTask, now_ms: u64) -> TaskEntry {
        let sent = |after_ms| {
            let entry = AnnouncementEntry {
                state: AnnouncementState::Sent,
                tries: 1,
                at_ms: now_ms,
            };
            (after_ms, Kept::from(entry))
        };
        TaskEntry {
            cwd: to_text(task.directory.as_bytes()),
            // A clock that was set back since.
            added_ms: task.added_ms.min(now_ms),
            started_ms: task.started_ms.min(now_ms),
            checked_ms: task.checked_ms.map(|checked| checked.min(now_ms)),
            incarnation: self.next_incarnation(now_ms),
            announcements: task.announced_ms.into_iter().map(sent).collect(),
        }
    }

    fn has_session_in(&self, cwd: &str) -> bool {
        let mut own = self
            .sessions
            .values()
            .filter_map(|tasks| tasks.own.as_ref());
        own.any(|task| task.cwd == cwd)
    }
}
