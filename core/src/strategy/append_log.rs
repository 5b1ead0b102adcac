//! Append one record per change; fold them when somebody reads; compact when they have become many.
//!
//! The file is `<name>.log`: lines of text. A compacted log begins with a base, which is a whole
//! state; every other line is a delta.
//!
//! ```text
//! 00000029 21ae40c2 s {"total":41,"tools":{"Bash":40,"Edit":1}}
//!
//! 0000000f 237d0ff9 d {"tool":"Bash"}
//! ```
//!
//! A record is the length of its JSON in bytes, the CRC-32 of length, kind and JSON, the kind, and
//! the JSON. A delta has a newline before it and one after it, the base only the one after it.
//!
//! Protocol of `apply`
//!   1. Open the log, creating it if it is missing; lock it shared; check the name (`lock.rs`).
//!   2. Append the record with one write. If fewer bytes than all but the last newline were taken,
//!      append the whole record again. (Power) Sync the log and the directory; a log that is still
//!      empty is left to `modify`.
//!   3. Unlock. If the log has become long enough, compact it.
//!
//! Protocol of `modify` and of compaction
//!   1. Open the log; lock it exclusively; check the name (`lock.rs`).
//!   2. Fold the log to a state. Keep a copy of a damaged log aside.
//!   3. `modify`: change; refuse a result that would not read back.
//!   4. Make a new file, lock it exclusively and write the state into it as its base. (Power) Sync
//!      it; at the first use, sync the name of the directory before.
//!   5. Exchange its name with that of the log, or rename it over the log. (Power) Sync the
//!      directory.
//!   6. Remove the old log; unlock both.
//!
//! Protocol of `remove`
//!   1. Open the log, creating it only if there is a spare; lock it exclusively; check the name
//!      (`lock.rs`). No log: there is no state.
//!   2. Fold the log as in step 2 above. No record: there is no state either.
//!   3. Give the state to the closure. If it refuses, unlock and leave all as it is.
//!   4. Remove the spare.
//!   5. Remove the log. (Power) Sync the directory.
//!   6. Unlock.
//!
//!   Readers take no lock: they open the log and fold it.
//!
//! Invariants
//!   I1. A file that has the name of the log only grows, by whole appends, until another file takes
//!       the name or it is removed; from then on it does not change.
//!   I2. At every instant the fold of the file with the name of the log has every acknowledged
//!       change exactly once that was not in a log which was removed.
//!   I3. No proper prefix of a record, other than all but its last newline, is a record.
//!
//! Why appenders share the lock at all, and check the name: while a compaction folds, an append
//! would come too late for the fold, and its file would lose the name. Controls:
//! `AppendLogCompactsShared`, `AppendLogWithoutRecheck`.
//!
//! Why an empty log is left to `modify`, under Power: a power loss can tear the first record at a
//! sector, and a log that begins with something unreadable could have begun with a base. A base is
//! synced before the log has its name.
//!
//! Why newlines on both sides: a record whose writer was killed, or whose disk was full, ends
//! anywhere, and the next one must not become a part of it. Why all of it is written again after a
//! short write: others can have appended behind the part. I3 makes sure that the part is not
//! counted as well. Controls: `AppendLogWithoutLeadingNewline`, `AppendLogIgnoresShortWrites`,
//! `AppendLogContinuesShortWrites`.
//!
//! Why step 4 locks the new file: with step 5 the name leads to a file that our first lock does not
//! cover. The next process would come in before step 6, make its own spare, and we would remove it.
//! Control: `AppendLogPublishesUnlocked`.
//!
//! Why a new file and not the old one cut off: a reader folds the old one to its end, and a kill
//! leaves one of the two, whole. Controls: `AppendLogCompactsInPlace`,
//! `AppendLogRemovesThenRenames`.
//!
//! Why step 6 removes the old log: it would lie there for as long as nobody compacts. Control:
//! `AppendLogLeavesTheOldLog`.
//!
//! Why step 1 of `remove`: what is appended between step 2 and step 5 would go with the log. Those
//! who wait for the lock, appenders who share it too, look at the name and make a new log. Controls:
//! `AppendLogRemovesUnlocked`, `AppendLogRemovesShared`, `AppendLogWithoutRecheck`.
//!
//! Why step 3 of `remove` comes before step 5: a kill in between would lose the state. This way the
//! closure has returned before anything is gone, and if we are killed then, the next who comes hands
//! out the whole state once more. Control: `AppendLogRemovesBeforeHandingOut`.
//!
//! Why step 4 of `remove` comes before step 5: once the log has no name, others make a new one, and
//! we would remove the spare that they write. Control: `AppendLogRemovesTheLockFirst`. Nobody reads
//! a spare, so one that a power loss brings back does not come into a later state.

use super::{Site, Strategy};
use crate::content::encode;
use crate::kernel::{Access, CallKind, Kernel, OpenHow};
use crate::lock::{Locked, Sharing};
use crate::strategy::record::{self, Fold, Kind};
use crate::{Durability, Error, ErrorKind, Outcome, Recovery, Result, STATE_BYTES_MAX, State};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Appended and compacted. The protocol and its proof stand at the top of the source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppendLog;

/// How the name of the spare ends.
const SPARE: &str = ".log.spare";
/// A log is compacted from this many bytes on, or from twice the size of its base if that is more:
/// 64 KiB. So compaction costs a constant per change, however large the state.
const COMPACT_BYTES_MIN: u64 = 64 << 10;
/// From this many times that on, a compaction waits for the lock a little; before, it leaves the
/// work to a later change if somebody is appending.
const COMPACT_URGENT: u64 = 4;
/// The longest log: a change that would make it longer fails if it cannot compact it either.
/// Compaction keeps it far below, unless it fails again and again, which is reported.
const LOG_BYTES_MAX: u64 = 2 * STATE_BYTES_MAX;
/// The longest log that is read. Those who share the lock do not see each other's appends before
/// they look at the length, so a log can come to be a little longer than it may.
const FOLD_BYTES_MAX: u64 = LOG_BYTES_MAX + STATE_BYTES_MAX;
/// How long a compaction waits for the lock at most, so that no change takes long because of it.
const COMPACT_WAIT: Duration = Duration::from_millis(5);
/// A compaction is tried each time the log has grown by this part of the length at which it is due,
/// so that one that fails does not cost every change a fold.
const COMPACT_TRIES: u64 = 16;
/// How often a record is appended anew after a short write, before the change fails.
const APPENDS_MAX: u32 = 8;

impl Strategy for AppendLog {
    fn name(&self) -> &'static str {
        "append-log"
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".log")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let how = OpenHow::or_create(Access::ReadWrite);
        let log = site
            .lock(&path, how, Sharing::Exclusive)?
            .expect("an open that creates finds a file");
        let (state, recovery) = fold_alone::<T, K>(site, &log, &path)?;
        let mut state = state.unwrap_or_default();
        let value = match change(&mut state) {
            Ok(value) => value,
            Err(refusal) => return Ok(Outcome::clean(Err(refusal)).after(recovery)),
        };
        if log.stat.size == 0 {
            site.sync_first_use()?;
        }
        let deferred = publish(site, &path, &state)?;
        Ok(Outcome {
            value: Ok(value),
            recovery,
            deferred,
        })
    }

    fn apply<T: State, K: Kernel>(
        &self,
        site: &Site<'_, K>,
        delta: &T::Delta,
    ) -> Result<Outcome<()>> {
        let path = self.data_file(site);
        let record = record::delta::<T>(delta, &path)?;
        let mut log = lock_to_append(site, &path)?;
        let mut recovery = None;
        if !has_room(&log, &record) {
            // As far as a log gets whose compaction has failed all the time.
            drop(log);
            recovery = compact::<T, K>(site, &path, site.lock_timeout)?.recovery;
            log = lock_to_append(site, &path)?;
        }
        if log.stat.size == 0 && site.durability == Durability::Power {
            drop(log);
            let mut outcome = super::apply_by_modify::<T, K, Self>(self, site, delta)?;
            outcome.recovery = recovery.or(outcome.recovery);
            return Ok(outcome);
        }
        append(site, &log, &path, &record)?;
        let urgency = urgency_after_append(&log, record.len() as u64);
        drop(log);
        let mut outcome = compact_if_due::<T, K>(site, &path, urgency)?;
        outcome.recovery = recovery.or(outcome.recovery);
        Ok(outcome)
    }

    fn remove<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        let path = self.data_file(site);
        let spare = site.path(SPARE);
        let Some(log) = site.lock_if_any(&path, &[&spare])? else {
            site.sync_directory_if_any()?;
            return Ok(Outcome::clean(Ok(None)));
        };
        let (state, recovery) = fold_alone::<T, K>(site, &log, &path)?;
        let value = state.map(last).transpose();
        if value.is_ok() {
            site.unlink(&spare)?;
            site.unlink(&path)?; // I1, I2
            site.sync_directory()?;
        }
        Ok(Outcome::clean(value).after(recovery))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        let path = self.data_file(site);
        let how = OpenHow::existing(Access::Read);
        let Some(log) = crate::file::File::open(site.kernel, &path, how)? else {
            return Ok(Outcome::clean(T::default()));
        };
        let size = log.checked_stat()?.size;
        let fold = Fold::<T>::of(&log.read_up_to(size, FOLD_BYTES_MAX)?);
        if fold.incompatible > 0 {
            return Err(Error::incompatible(&path, fold.incompatible));
        }
        if fold.base_lost {
            return Err(Error::corrupt(&path, None));
        }
        // The end of the log can be a record that is just being appended.
        let recovery = (fold.damaged > 0).then_some(Recovery::Skipped {
            records: fold.damaged,
            moved_to: None,
        });
        Ok(Outcome::clean(fold.state).after(recovery))
    }
}

/// Step 1 of `apply`.
fn lock_to_append<'a, K: Kernel>(site: &'a Site<'_, K>, path: &'a Path) -> Result<Locked<'a, K>> {
    let how = OpenHow::or_create(Access::Append);
    let log = site.lock(path, how, Sharing::Shared)?;
    Ok(log.expect("an open that creates finds a file"))
}

fn has_room<K: Kernel>(log: &Locked<'_, K>, record: &[u8]) -> bool {
    log.stat.size + record.len() as u64 <= LOG_BYTES_MAX
}

/// Step 2 of `apply`.
fn append<K: Kernel>(
    site: &Site<'_, K>,
    log: &Locked<'_, K>,
    path: &Path,
    record: &[u8],
) -> Result<()> {
    if !has_room(log, record) {
        return Err(Error::too_large(path, log.stat.size, LOG_BYTES_MAX));
    }
    for _ in 0..APPENDS_MAX {
        let taken = log.append(record)?;
        if taken + 1 >= record.len() {
            return sync(site, log); // I3
        }
    }
    let detail = "the system took only a part of the record, again and again";
    Err(Error::unexpected(
        "append to",
        path,
        CallKind::Append,
        detail,
    ))
}

fn sync<K: Kernel>(site: &Site<'_, K>, log: &Locked<'_, K>) -> Result<()> {
    match site.durability {
        Durability::Process => Ok(()),
        Durability::Power => {
            log.sync_data()?;
            site.sync_directory()
        }
    }
}

/// How much a compaction of the log is due.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Urgency {
    Later,
    IfFree,
    Now,
}

/// Whether this very append was one after which to try.
fn urgency_after_append<K: Kernel>(log: &Locked<'_, K>, appended: u64) -> Urgency {
    let before = log.stat.size;
    let size = before + appended;
    if size < COMPACT_BYTES_MIN {
        return Urgency::Later;
    }
    let due = due(log, size);
    let part = due / COMPACT_TRIES;
    if size / part == before / part {
        return Urgency::Later;
    }
    urgency(size, due)
}

/// From which length on the log is to be compacted. The base is looked at only once the log is
/// long. One that claims to be longer than the log is damaged, and compaction will find out.
fn due<K: Kernel>(log: &Locked<'_, K>, size: u64) -> u64 {
    let base = log
        .read_range(0, record::LENGTH_DIGITS)
        .ok()
        .and_then(|digits| record::length_in(&digits))
        .filter(|&base| base <= size)
        .unwrap_or(0);
    COMPACT_BYTES_MIN
        .max(base.saturating_mul(2))
        .min(LOG_BYTES_MAX / 2)
}

fn urgency(size: u64, due: u64) -> Urgency {
    if size < due {
        Urgency::Later
    } else if size
        < due
            .saturating_mul(COMPACT_URGENT)
            .min(LOG_BYTES_MAX * 3 / 4)
    {
        Urgency::IfFree
    } else {
        Urgency::Now
    }
}

/// Step 3 of `apply`. The change is in the log, so that nothing here can make it fail.
fn compact_if_due<T: State, K: Kernel>(
    site: &Site<'_, K>,
    path: &Path,
    urgency: Urgency,
) -> Result<Outcome<()>> {
    if urgency == Urgency::Later {
        return Ok(Outcome::clean(()));
    }
    let patience = match urgency {
        Urgency::Now => COMPACT_WAIT.min(site.lock_timeout),
        Urgency::IfFree | Urgency::Later => Duration::ZERO,
    };
    match compact::<T, K>(site, path, patience) {
        Ok(outcome) => Ok(outcome),
        Err(error) if error.kind() == ErrorKind::SyncFailed => Err(error),
        Err(error) => Ok(Outcome {
            value: (),
            recovery: None,
            deferred: Some(error),
        }),
    }
}

fn compact<T: State, K: Kernel>(
    site: &Site<'_, K>,
    path: &Path,
    patience: Duration,
) -> Result<Outcome<()>> {
    let how = OpenHow::existing(Access::ReadWrite);
    let lock = if patience.is_zero() {
        site.lock_if_free(path, how)?
    } else {
        site.lock_within(patience, path, how, Sharing::Exclusive)?
    };
    let Some(log) = lock else {
        return Ok(Outcome::clean(()));
    };
    if urgency(log.stat.size, due(&log, log.stat.size)) == Urgency::Later {
        // Somebody else has compacted it meanwhile.
        return Ok(Outcome::clean(()));
    }
    let (state, recovery) = fold_alone::<T, K>(site, &log, path)?;
    let deferred = publish(site, path, &state.unwrap_or_default())?;
    Ok(Outcome {
        value: (),
        recovery,
        deferred,
    })
}

/// Step 2 of `modify`. No state if the log has no record.
fn fold_alone<T: State, K: Kernel>(
    site: &Site<'_, K>,
    log: &Locked<'_, K>,
    path: &Path,
) -> Result<(Option<T>, Option<Recovery>)> {
    let content = log.read_up_to(log.stat.size, FOLD_BYTES_MAX)?;
    let fold = Fold::<T>::of(&content);
    if fold.incompatible > 0 {
        return Err(Error::incompatible(path, fold.incompatible));
    }
    // Nobody is appending, so an unfinished record at the end is one whose writer was killed.
    let damaged = fold.damaged + usize::from(fold.unfinished);
    let state = (fold.records > 0).then_some(fold.state);
    if damaged == 0 {
        return Ok((state, None));
    }
    let moved_to = site.keep_aside(path, &content)?;
    let recovery = if fold.base_lost {
        Recovery::MovedAside { moved_to }
    } else {
        Recovery::Skipped {
            records: damaged,
            moved_to: Some(moved_to),
        }
    };
    Ok((state, Some(recovery)))
}

/// Steps 4 to 6 of `modify`. The error inside `Ok` is one of step 6: the new log is in place.
fn publish<T: State, K: Kernel>(
    site: &Site<'_, K>,
    path: &Path,
    state: &T,
) -> Result<Option<Error>> {
    let base = record::framed(Kind::Base, &encode(state, path)?);
    let spare = site.path(SPARE);
    let file = site.lock_fresh(site.create_afresh(&spare)?, &spare)?;
    let written = file.write(&base).and_then(|()| match site.durability {
        Durability::Process => Ok(()),
        Durability::Power => file.sync(),
    });
    if let Err(error) = written {
        // A log that is not whole is of no use, and on a full disk it takes the room.
        let _ = site.unlink(&spare);
        return Err(error);
    }
    let exchanged = site.replace(&spare, path)?;
    site.sync_directory()?;
    if !exchanged {
        return Ok(None);
    }
    Ok(site.unlink(&spare).err())
}
