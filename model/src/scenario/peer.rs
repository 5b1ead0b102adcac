//! A peer: a program, in whichever language, that keeps the same file with a lock of its own.
//!
//! It opens the file, takes flock on it and waits for that as long as it takes, reads, empties the
//! file, writes and closes. It keeps nothing in reserve and looks neither at the name nor into a
//! journal.

use crate::oracle::{Ledger, Token};
use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use std::path::Path;

/// More than the file has.
const READ_BYTES: usize = 64 << 10;

/// Adds the token, and tells which were there.
///
/// # Panics
///
/// If a call fails, or the file holds something else than a ledger or nothing.
pub(super) fn change<K: Kernel>(kernel: &K, path: &Path, token: Token) -> Vec<Token> {
    rewritten(kernel, path, |content| {
        let mut ledger = ledger_in(content);
        let parent = ledger.tokens.clone();
        ledger.add(token);
        let bytes = serde_json::to_vec(&ledger).expect("a ledger is JSON");
        (bytes, parent)
    })
}

/// Replaces what is in the file by what `change` makes of it, and hands out what else it gives.
///
/// # Panics
///
/// If a call fails.
pub(crate) fn rewritten<K: Kernel, T>(
    kernel: &K,
    path: &Path,
    change: impl FnOnce(&[u8]) -> (Vec<u8>, T),
) -> T {
    locked(kernel, path, |file| {
        let (content, given) = change(&read(kernel, file));
        rewrite(kernel, file, &content);
        given
    })
}

/// What is in the file.
///
/// # Panics
///
/// If a call fails.
pub(super) fn content<K: Kernel>(kernel: &K, path: &Path) -> Vec<u8> {
    locked(kernel, path, |file| read(kernel, file))
}

/// Writes what was in the file at some time.
///
/// # Panics
///
/// If a call fails.
pub(super) fn put_back<K: Kernel>(kernel: &K, path: &Path, content: &[u8]) {
    locked(kernel, path, |file| rewrite(kernel, file, content));
}

fn locked<K: Kernel, T>(kernel: &K, path: &Path, work: impl FnOnce(&K::Fd) -> T) -> T {
    let how = OpenHow::or_create(Access::ReadWrite);
    let file = kernel.open(path, how).expect("a peer can open the file");
    kernel
        .flock(&file, FlockOperation::Exclusive)
        .expect("a peer gets the lock");
    let done = work(&file);
    kernel.close(file);
    done
}

fn read<K: Kernel>(kernel: &K, file: &K::Fd) -> Vec<u8> {
    let mut content = vec![0; READ_BYTES];
    let count = kernel.pread(file, &mut content, 0).expect("it can read");
    content.truncate(count);
    content
}

fn rewrite<K: Kernel>(kernel: &K, file: &K::Fd, content: &[u8]) {
    kernel.ftruncate(file, 0).expect("it can empty the file");
    let written = kernel.pwrite(file, content, 0);
    assert_eq!(written, Ok(content.len()), "it can write the file");
}

fn ledger_in(content: &[u8]) -> Ledger {
    match content.trim_ascii() {
        [] => Ledger::default(),
        json => serde_json::from_slice(json).expect("the file holds a ledger"),
    }
}
