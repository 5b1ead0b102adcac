//! The comparison is on trial too: here are kernels that differ from the host's in one thing each,
//! most of them things that somebody believes about Linux. Each must be found out, and by a sequence
//! that is short enough to be read.

use crate::act::Turn;
use crate::host::Real;
use crate::random::{compare, reproducible_runner, run_one};
use crate::world::{Calls, FdOf, PAGE_BYTES, Planted, Simulated, TornWrite, World, faults_as_on};
use hookstate::kernel::{
    Access, Create, Errno, FileType, FlockOperation, Kernel, OpenHow, Result, Stat,
};
use hookstate_model::sim::{Door, FaultModel, Fd, Reply, Request, Sequential, SimProcess};
use proptest::test_runner::TestError;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(not(target_os = "linux"))]
use crate::host::Disk as Anywhere;
#[cfg(target_os = "linux")]
use crate::host::Tmpfs as Anywhere;

/// No mistake needs more calls than this to show.
const CALLS_MAX: usize = 8;
/// Every mistake shows in far fewer sequences.
const SEQUENCES_MAX: usize = 4_000;

/// Makes the kernels and for each the test that it is found out.
macro_rules! mistakes {
    ($($(#[doc = $what:literal])+ $mistake:ident $test:ident)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Mistake {
            $($(#[doc = $what])+ $mistake,)+
        }

        mod found_out {
            $(#[test] fn $test() { super::is_found_out(super::Mistake::$mistake); })+
        }
    };
}

mistakes! {
    /// A write ends the file.
    WriteTruncates
        a_write_that_cuts_the_file_behind_it
    /// No call transfers more than a page.
    TransfersAPage
        transfers_of_a_page_at_most
    /// An append goes to where the description's last one ended.
    AppendHasAPosition
        an_append_that_remembers_its_place
    /// What is skipped by a write is not zeros.
    HolesHaveContent
        a_hole_that_is_not_zeros
    /// Reading beyond the end gives zeros.
    ReadsBeyondTheEnd
        a_read_that_goes_on_behind_the_end
    /// ftruncate(2) does not lengthen.
    OnlyCuts
        a_truncation_that_does_not_lengthen
    /// fallocate(2) lengthens in spite of `FALLOC_FL_KEEP_SIZE`.
    FallocateLengthens
        a_reservation_that_lengthens_the_file
    /// A directory cannot be synced.
    DirectoriesDoNotSync
        a_directory_that_does_not_sync
    /// A lock goes with the first descriptor of its description that is closed.
    CloseReleases
        a_lock_that_goes_with_any_of_its_descriptors
    /// A lock belongs to the process, as fcntl(2) has it.
    LockOfTheProcess
        a_lock_that_belongs_to_the_process
    /// Whoever is refused the exclusive lock keeps the shared one that it had.
    RefusedUpgradeKeeps
        a_refused_upgrade_that_keeps_the_shared_lock
    /// A shared lock can be had beside an exclusive one.
    ReadersPass
        an_exclusive_lock_that_lets_readers_in
    /// Unlocking does nothing.
    UnlockIsForgotten
        an_unlock_that_does_nothing
    /// dup(2) opens the file again.
    DupOpensAgain
        a_dup_with_a_description_of_its_own
    /// The death of one process releases the locks that it shares with its child.
    DeathUnlocks
        a_death_that_takes_the_lock_from_the_child
    /// A killed process keeps its locks.
    DeathKeepsLocks
        a_dead_holder_that_keeps_the_lock
    /// A kill does not tear a write.
    KillWaitsForTheWrite
        a_kill_that_lets_the_write_be_done
    /// What replaces a locked file is locked.
    RenameLeavesTheLock
        a_rename_that_leaves_the_lock_with_the_name
    /// A replaced file is emptied even if it is open.
    RenameEmpties
        a_rename_that_empties_what_it_replaces
    /// exchange swaps what is in the files, so that locks and open descriptors stay with the names.
    ExchangeSwapsContents
        an_exchange_that_leaves_the_locks_with_the_names
    /// exchange loses the second file.
    ExchangeIsRename
        an_exchange_that_only_renames
    /// An unlinked file is emptied even if it is open.
    UnlinkEmpties
        an_unlink_that_empties_open_files
    /// The number of a file is made of the name that it was looked up by.
    IdentityOfTheName
        a_file_number_that_belongs_to_the_name
    /// `O_EXCL` is overlooked.
    NewOpensTheOld
        an_exclusive_creation_that_opens_what_is_there
    /// `O_TRUNC` is overlooked.
    TruncationIsForgotten
        a_truncating_open_that_does_not
    /// A symbolic link is answered as a missing file.
    LinkIsMissing
        a_link_that_opens_as_a_missing_file
    /// A FIFO looks like a regular file.
    FifoIsRegular
        a_fifo_that_passes_for_a_file
    /// mkdir(2) is content with a directory that is there.
    MkdirIsContent
        a_mkdir_that_takes_what_is_there
    /// A directory that is not empty is refused with the other error that POSIX allows.
    NotEmptyIsExist
        another_error_for_a_full_directory
    /// A listing of several names lacks the last.
    ListForgetsOne
        a_listing_that_lacks_a_name
}

fn is_found_out(mistake: Mistake) {
    let mut runner = reproducible_runner();
    let faults = faults_as_on(&Real::<Anywhere>::new());
    let found = (0..SEQUENCES_MAX).find_map(|_| {
        let compared = run_one(&mut runner, |turns| {
            let mistaken = Mistaken::new(mistake, faults);
            compare(turns, mistaken, Real::<Anywhere>::new()).map(|_| ())
        });
        compared.err()
    });
    let Some(TestError::Fail(difference, turns)) = found else {
        panic!("{mistake:?} was not found out: {found:?}");
    };
    let shown: Vec<String> = turns.iter().map(|turn| format!("{turn:?}")).collect();
    println!("{mistake:?}: {difference}{}", shown.join("\n"));
    assert!(turns.len() <= CALLS_MAX, "{shown:#?}");
    confirm_that_it_is_the_mistake(&turns, faults);
}

/// The simulated kernel without the mistake passes where the one with it did not.
fn confirm_that_it_is_the_mistake(turns: &[Turn], faults: FaultModel) {
    let compared = compare(turns, Simulated::under(faults), Real::<Anywhere>::new());
    compared.unwrap_or_else(|difference| panic!("{difference}"));
}

/// A simulated kernel with a mistake.
struct Mistaken {
    mistake: Mistake,
    simulated: Simulated,
    /// Does what the mistaken kernel does behind the scenes.
    hidden: SimProcess<Sequential>,
}

impl Mistaken {
    fn new(mistake: Mistake, faults: FaultModel) -> Self {
        let transfer_bytes_max = match mistake {
            Mistake::TransfersAPage => 4096,
            _ => usize::MAX,
        };
        let simulated = Simulated::under(FaultModel {
            transfer_bytes_max,
            ..faults
        });
        let hidden = simulated.process();
        Self {
            mistake,
            simulated,
            hidden,
        }
    }

    fn mistaken(&self, process: SimProcess<Sequential>, files: Files) -> SimProcess<Wrong> {
        SimProcess(Wrong {
            mistake: self.mistake,
            right: process,
            hidden: self.hidden.clone(),
            files: Mutex::new(files),
        })
    }
}

impl World for Mistaken {
    type Process = SimProcess<Wrong>;

    fn process(&self) -> Self::Process {
        self.mistaken(self.simulated.process(), Files::new())
    }

    fn fork(
        &self,
        parent: &Self::Process,
        open: &[&FdOf<Self>],
    ) -> (Self::Process, Vec<FdOf<Self>>) {
        let (child, inherited) = self.simulated.fork(&parent.0.right, open);
        (self.mistaken(child, parent.0.files().clone()), inherited)
    }

    fn kill(&self, process: Self::Process, open: Vec<FdOf<Self>>) {
        let right = process.0.right;
        match self.mistake {
            Mistake::DeathKeepsLocks => return,
            Mistake::DeathUnlocks => {
                for fd in &open {
                    right.unlock(fd).expect("unlocking succeeds");
                }
            }
            _ => {}
        }
        self.simulated.kill(right, open);
    }

    fn tear(&self, process: Self::Process, open: Vec<FdOf<Self>>, mut write: TornWrite) {
        if self.mistake == Mistake::KillWaitsForTheWrite {
            let fd = open[write.index];
            let written = process.pwrite(&fd, &write.bytes, write.offset);
            assert_eq!(written, Ok(write.bytes.len()));
            return self.kill(process, open);
        }
        // A transfer that is shorter has fewer pages.
        if self.mistake == Mistake::TransfersAPage {
            write.bytes.truncate(4096);
            let pages = (write.at % PAGE_BYTES + write.bytes.len() as u64).div_ceil(PAGE_BYTES);
            write.pages = write.pages.min(pages - 1);
        }
        self.simulated.tear(process.0.right, open, write);
    }

    fn dup(&self, process: &Self::Process, fd: &FdOf<Self>) -> FdOf<Self> {
        let file = process.0.files().get(fd).cloned();
        if let (Mistake::DupOpensAgain, Some(file)) = (self.mistake, &file)
            && let Ok(again) = process.0.right.open_for(file.access, &file.path)
        {
            return again;
        }
        let copy = self.simulated.dup(&process.0.right, fd);
        process.0.files().extend(file.map(|file| (copy, file)));
        copy
    }

    fn plant(&self, what: Planted, path: &Path) -> Result<()> {
        self.simulated.plant(what, path)
    }

    fn directory(&self) -> &Path {
        self.simulated.directory()
    }
}

/// What a process has open, as a kernel needs to know it that makes a mistake with it.
type Files = BTreeMap<Fd, File>;

#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    access: Access,
    locked: Option<FlockOperation>,
    position: u64,
}

/// The calls of a process on a kernel with a mistake.
struct Wrong {
    mistake: Mistake,
    right: SimProcess<Sequential>,
    hidden: SimProcess<Sequential>,
    files: Mutex<Files>,
}

impl Door for Wrong {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Open { path, how } => self.open(path, how),
            Request::Close { fd } => self.close(fd),
            Request::Flock { fd, operation } => self.flock(fd, operation),
            Request::Pread { .. } => self.pread(request),
            Request::Pwrite { fd, bytes, offset } => self.pwrite(fd, bytes, offset),
            Request::Append { fd, bytes } => self.append(fd, bytes),
            Request::Ftruncate { fd, length } => self.ftruncate(fd, length),
            Request::Fallocate { fd, offset, length } => self.fallocate(fd, offset, length),
            Request::Fsync { fd } => self.fsync(fd),
            Request::Fstat { fd } => self.fstat(fd),
            Request::Stat { path } => self.stat(path),
            Request::Rename { from, to } => self.rename(from, to),
            Request::Exchange { one, other } => self.exchange(one, other),
            Request::Unlink { path } => self.unlink(path),
            Request::Mkdir { .. } => self.mkdir(request),
            Request::List { .. } => self.list(request),
            as_it_should_be => self.right(as_it_should_be),
        }
    }
}

impl Wrong {
    fn open(&self, path: PathBuf, mut how: OpenHow) -> Result<Reply> {
        let access = how.access;
        match self.mistake {
            Mistake::NewOpensTheOld if how.create == Create::New => how.create = Create::IfMissing,
            Mistake::TruncationIsForgotten => how.truncate = false,
            Mistake::AppendHasAPosition if how.access == Access::Append => {
                how.access = Access::ReadWrite;
            }
            _ => {}
        }
        let opened = self.right(Request::Open {
            path: path.clone(),
            how,
        });
        match (self.mistake, &opened) {
            (Mistake::LinkIsMissing, Err(Errno::LOOP)) => return Err(Errno::NOENT),
            (_, Ok(Reply::Fd(fd))) => self.remember(*fd, path, access),
            _ => {}
        }
        opened
    }

    fn remember(&self, fd: Fd, path: PathBuf, access: Access) {
        let file = File {
            path,
            access,
            locked: None,
            position: 0,
        };
        self.files().insert(fd, file);
    }

    fn close(&self, fd: Fd) -> Result<Reply> {
        if self.mistake == Mistake::CloseReleases {
            self.right.unlock(&fd)?;
        }
        self.files().remove(&fd);
        self.right(Request::Close { fd })
    }

    fn flock(&self, fd: Fd, operation: FlockOperation) -> Result<Reply> {
        if self.mistake == Mistake::UnlockIsForgotten && operation == FlockOperation::Unlock {
            return Ok(Reply::Unit);
        }
        let attempt = Request::Flock {
            fd,
            operation: without_waiting(operation),
        };
        let answer = self.right(attempt);
        match (self.mistake, &answer) {
            (Mistake::LockOfTheProcess, Err(_)) if self.has_locked_otherwise(fd) => {
                return Ok(Reply::Unit);
            }
            (Mistake::ReadersPass, Err(_))
                if without_waiting(operation) == FlockOperation::TryShared =>
            {
                return Ok(Reply::Unit);
            }
            (Mistake::RefusedUpgradeKeeps, Err(_)) => self.lock_again(fd),
            (_, Ok(_)) => self.remember_lock(fd, operation),
            _ => {}
        }
        answer
    }

    fn has_locked_otherwise(&self, fd: Fd) -> bool {
        let identity = |fd: &Fd| self.right.fstat(fd).ok().map(|stat| stat.identity);
        self.files()
            .iter()
            .filter(|(other, file)| **other != fd && file.locked.is_some())
            .any(|(other, _)| identity(other) == identity(&fd))
    }

    fn remember_lock(&self, fd: Fd, operation: FlockOperation) {
        if let Some(file) = self.files().get_mut(&fd) {
            file.locked = (operation != FlockOperation::Unlock).then_some(operation);
        }
    }

    fn lock_again(&self, fd: Fd) {
        let locked = self.files().get(&fd).and_then(|file| file.locked);
        if let Some(operation) = locked {
            // It is only a shared lock that could have been there.
            let _ = self.right.flock(&fd, operation);
        }
    }

    fn pread(&self, request: Request) -> Result<Reply> {
        let Request::Pread { length, .. } = request else {
            unreachable!("a call that reads");
        };
        match (self.mistake, self.right(request)?) {
            (Mistake::ReadsBeyondTheEnd, Reply::Bytes(mut bytes)) => {
                bytes.resize(length, 0);
                Ok(Reply::Bytes(bytes))
            }
            (_, reply) => Ok(reply),
        }
    }

    fn pwrite(&self, fd: Fd, bytes: Vec<u8>, offset: u64) -> Result<Reply> {
        let length = bytes.len() as u64;
        let before = self.right.size(&fd);
        let offset = match self.mistake {
            // What cannot be an offset is an error all the same.
            Mistake::AppendHasAPosition if self.appends(fd) && offset >> 63 == 0 => before,
            _ => offset,
        };
        let written = self.right(Request::Pwrite { fd, bytes, offset })?;
        match self.mistake {
            Mistake::WriteTruncates if length > 0 => self.right.ftruncate(&fd, offset + length)?,
            Mistake::HolesHaveContent if length > 0 && offset > before => {
                self.right.pwrite(&fd, b"x", before)?;
            }
            _ => {}
        }
        Ok(written)
    }

    fn append(&self, fd: Fd, bytes: Vec<u8>) -> Result<Reply> {
        if self.mistake != Mistake::AppendHasAPosition {
            return self.right(Request::Append { fd, bytes });
        }
        let offset = self.files().get(&fd).map_or(0, |file| file.position);
        let end = offset + bytes.len() as u64;
        let written = self.right(Request::Pwrite { fd, bytes, offset })?;
        if let Some(file) = self.files().get_mut(&fd) {
            file.position = end;
        }
        Ok(written)
    }

    fn appends(&self, fd: Fd) -> bool {
        let files = self.files();
        files
            .get(&fd)
            .is_some_and(|file| file.access == Access::Append)
    }

    fn ftruncate(&self, fd: Fd, length: u64) -> Result<Reply> {
        let length = match self.mistake {
            Mistake::OnlyCuts => length.min(self.right.size(&fd)),
            _ => length,
        };
        self.right(Request::Ftruncate { fd, length })
    }

    fn fallocate(&self, fd: Fd, offset: u64, length: u64) -> Result<Reply> {
        let reserved = self.right(Request::Fallocate { fd, offset, length })?;
        if self.mistake == Mistake::FallocateLengthens {
            let end = (offset + length).max(self.right.size(&fd));
            self.right.ftruncate(&fd, end)?;
        }
        Ok(reserved)
    }

    fn fsync(&self, fd: Fd) -> Result<Reply> {
        let file_type = self.right.fstat(&fd)?.file_type;
        if self.mistake == Mistake::DirectoriesDoNotSync && file_type == FileType::Directory {
            return Err(Errno::INVAL);
        }
        self.right(Request::Fsync { fd })
    }

    fn fstat(&self, fd: Fd) -> Result<Reply> {
        let stat = self.right.fstat(&fd)?;
        let path = self.files().get(&fd).map(|file| file.path.clone());
        Ok(Reply::Stat(self.misread(stat, path)))
    }

    fn stat(&self, path: PathBuf) -> Result<Reply> {
        let stat = self.right.stat(&path)?;
        Ok(Reply::Stat(self.misread(stat, Some(path))))
    }

    fn misread(&self, mut stat: Stat, path: Option<PathBuf>) -> Stat {
        match (self.mistake, path) {
            (Mistake::IdentityOfTheName, Some(path)) => stat.identity.inode = number_of(&path),
            (Mistake::FifoIsRegular, _) if stat.file_type == FileType::Other => {
                stat.file_type = FileType::Regular;
            }
            _ => {}
        }
        stat
    }

    fn rename(&self, from: PathBuf, to: PathBuf) -> Result<Reply> {
        let replaced = self.hidden.open_for(Access::ReadWrite, &to).ok();
        let is_another = self.hidden.stat(&from).ok().map(|stat| stat.identity)
            != self.hidden.stat(&to).ok().map(|stat| stat.identity);
        let was_locked = replaced
            .as_ref()
            .is_some_and(|fd| self.hidden.try_exclusive(fd).is_err());
        let renamed = self.right(Request::Rename {
            from,
            to: to.clone(),
        });
        let renamed = renamed.map_err(|errno| match (self.mistake, errno) {
            (Mistake::NotEmptyIsExist, Errno::NOTEMPTY) => Errno::EXIST,
            _ => errno,
        });
        if renamed.is_ok() && is_another {
            match (self.mistake, &replaced) {
                // It may be something that cannot be emptied.
                (Mistake::RenameEmpties, Some(fd)) => drop(self.hidden.ftruncate(fd, 0)),
                (Mistake::RenameLeavesTheLock, _) if was_locked => self.lock_for_ever(&to),
                _ => {}
            }
        }
        if let Some(fd) = replaced {
            self.hidden.close(fd);
        }
        renamed
    }

    fn lock_for_ever(&self, path: &Path) {
        if let Ok(fd) = self.hidden.open_for(Access::Read, path) {
            // It may be locked already.
            let _ = self.hidden.try_exclusive(&fd);
        }
    }

    fn exchange(&self, one: PathBuf, other: PathBuf) -> Result<Reply> {
        match self.mistake {
            Mistake::ExchangeIsRename if self.are_files(&one, &other) => {
                self.right(Request::Rename {
                    from: other,
                    to: one,
                })
            }
            Mistake::ExchangeSwapsContents if self.are_files(&one, &other) => {
                let contents = [&one, &other].map(|path| self.hidden.content_at(path));
                self.overwrite(&other, &contents[0])?;
                self.overwrite(&one, &contents[1])?;
                Ok(Reply::Unit)
            }
            _ => self.right(Request::Exchange { one, other }),
        }
    }

    fn are_files(&self, one: &Path, other: &Path) -> bool {
        [one, other].into_iter().all(|path| {
            let stat = self.hidden.stat(path);
            stat.is_ok_and(|stat| stat.file_type == FileType::Regular)
        })
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let fd = self.hidden.open_for(Access::ReadWrite, path)?;
        self.hidden.ftruncate(&fd, 0)?;
        self.hidden.pwrite(&fd, bytes, 0)?;
        self.hidden.close(fd);
        Ok(())
    }

    fn unlink(&self, path: PathBuf) -> Result<Reply> {
        if self.mistake == Mistake::UnlinkEmpties && self.are_files(&path, &path) {
            self.overwrite(&path, b"")?;
        }
        self.right(Request::Unlink { path })
    }

    fn mkdir(&self, request: Request) -> Result<Reply> {
        match (self.mistake, self.right(request)) {
            (Mistake::MkdirIsContent, Err(Errno::EXIST)) => Ok(Reply::Unit),
            (_, made) => made,
        }
    }

    fn list(&self, request: Request) -> Result<Reply> {
        match (self.mistake, self.right(request)?) {
            (Mistake::ListForgetsOne, Reply::Names(mut names)) if names.len() > 1 => {
                names.pop();
                Ok(Reply::Names(names))
            }
            (_, reply) => Ok(reply),
        }
    }

    fn right(&self, request: Request) -> Result<Reply> {
        self.right.0.call(request)
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process that waits has had the lock granted before, if only by mistake: waiting for what the
/// simulated kernel knows to be held would never end.
fn without_waiting(operation: FlockOperation) -> FlockOperation {
    match operation {
        FlockOperation::Shared => FlockOperation::TryShared,
        FlockOperation::Exclusive => FlockOperation::TryExclusive,
        at_once => at_once,
    }
}

fn number_of(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}
