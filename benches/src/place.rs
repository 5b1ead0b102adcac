//! Where the state lies.

use hookstate::kernel::{Access, FileSystem, Host, Kernel, OpenHow};
use std::path::Path;
use tempfile::TempDir;

/// The variable that names the directory to measure in.
pub const VARIABLE: &str = "HOOKSTATE_BENCH_DIR";

/// A new directory, removed when dropped, below the one to measure in.
///
/// # Panics
///
/// If it cannot be made.
#[must_use]
pub fn directory() -> TempDir {
    let parent = std::env::var_os(VARIABLE).map_or_else(std::env::temp_dir, Into::into);
    TempDir::with_prefix_in("hookstate-bench-", &parent)
        .unwrap_or_else(|error| panic!("cannot make a directory in {}: {error}", parent.display()))
}

/// The kind of file system of `directory`, for the reader of the figures.
#[must_use]
pub fn file_system(directory: &Path) -> String {
    let kind = Host
        .open(directory, OpenHow::existing(Access::Directory))
        .and_then(|fd| Host.fstatfs(&fd));
    match kind {
        Ok(FileSystem::Local(number)) => local_name(number),
        Ok(other) => format!("{other:?}"),
        Err(errno) => format!("unknown file system, {errno}"),
    }
}

/// The numbers are those of statfs(2).
fn local_name(number: u64) -> String {
    let name = match number {
        0xef53 => "ext4",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x0102_1994 => "tmpfs",
        0x794c_7630 => "overlayfs",
        _ => return format!("file system {number:#x}"),
    };
    name.to_owned()
}
