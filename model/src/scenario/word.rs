//! Word of a change that reaches others by another way than the store.
//!
//! A process that has had a change acknowledged makes an empty file that is named after it. Whoever
//! finds that there knows, before it reads, of a change that its reading has to show.

use crate::oracle::{DIRECTORY, Token};
use hookstate::kernel::{Access, Kernel, OpenHow};
use std::path::Path;

const PREFIX: &str = "told-";

/// Tells all others of the change that added the token, if the kernel lets it.
pub(super) fn spread<K: Kernel>(kernel: &K, token: Token) {
    let path = Path::new(DIRECTORY).join(format!("{PREFIX}{token}"));
    // Where the call fails, nobody hears of the change, which asks less of them.
    if let Ok(file) = kernel.open(&path, OpenHow::or_create(Access::ReadWrite)) {
        kernel.close(file);
    }
}

/// The changes that the others have told of; none if the kernel does not say.
pub(super) fn heard<K: Kernel>(kernel: &K) -> Vec<Token> {
    let names = kernel.list(Path::new(DIRECTORY)).unwrap_or_default();
    let tokens = names.iter().filter_map(|name| {
        let token = name.to_str()?.strip_prefix(PREFIX)?;
        token.parse().ok()
    });
    tokens.collect()
}
