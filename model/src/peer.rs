//! A program that is not ours and keeps to the one rule that `flock` asks of others: it takes flock
//! on the data file, and rewrites it in place.

use crate::oracle::{Ledger, Token};
use crate::sim::{AnyDoor, Fd, SimProcess};
use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use std::cell::RefCell;
use std::path::Path;

/// Such a program, in a process.
pub(crate) struct Peer {
    process: SimProcess<AnyDoor>,
    saved: RefCell<Vec<u8>>,
}

impl Peer {
    pub(crate) fn new(process: SimProcess<AnyDoor>) -> Self {
        let saved = RefCell::default();
        Self { process, saved }
    }

    /// Adds a token, and tells whether it did: it leaves alone what it cannot parse.
    pub(crate) fn modify(&self, path: &Path, token: Token) -> bool {
        self.locked(path, |file| {
            let old = self.content(file);
            let Ok(mut ledger) = serde_json::from_slice::<Ledger>(&old) else {
                return false;
            };
            ledger.add(token);
            let mut new = serde_json::to_vec(&ledger).expect("a ledger can be written");
            new.resize(new.len().max(old.len()), b' ');
            self.rewrite(file, &new);
            true
        })
    }

    /// Remembers what is in the file.
    pub(crate) fn save(&self, path: &Path) {
        let content = self.locked(path, |file| self.content(file));
        self.saved.replace(content);
    }

    /// Writes what it has remembered.
    pub(crate) fn put_back(&self, path: &Path) {
        self.locked(path, |file| {
            let saved = self.saved.borrow();
            self.rewrite(file, &saved);
            let cut = self.process.ftruncate(file, saved.len() as u64);
            cut.expect(IN_PLACE);
        });
    }

    fn locked<T>(&self, path: &Path, work: impl FnOnce(&Fd) -> T) -> T {
        let how = OpenHow::existing(Access::ReadWrite);
        let file = self.process.open(path, how).expect(IN_PLACE);
        self.process
            .flock(&file, FlockOperation::Exclusive)
            .expect(IN_PLACE);
        let done = work(&file);
        self.process.close(file);
        done
    }

    fn content(&self, file: &Fd) -> Vec<u8> {
        let stat = self.process.fstat(file).expect(IN_PLACE);
        let mut content = vec![0; usize::try_from(stat.size).expect("it fits into memory")];
        let count = self.process.pread(file, &mut content, 0);
        assert_eq!(count, Ok(content.len()), "{IN_PLACE}");
        content
    }

    /// Nobody else is in the file, so one write takes all of it.
    fn rewrite(&self, file: &Fd, content: &[u8]) {
        let count = self.process.pwrite(file, content, 0);
        assert_eq!(count, Ok(content.len()), "{IN_PLACE}");
    }
}

/// A kernel that refuses nothing is what peers are explored on, and a file that stays in its place.
const IN_PLACE: &str = "the data file is there and can be written";
