//! When the time of these tests begins.

#[path = "../common/clock.rs"]
mod clocked;

pub use clocked::Clocked;
use hookstate::kernel::FileSystem;
use std::time::Duration;

impl Clocked {
    pub fn new() -> Self {
        Self::since_epoch(Duration::from_secs(1_800_000_000))
    }

    /// Another file system.
    pub fn on(file_system: FileSystem) -> Self {
        Self {
            file_system: Some(file_system),
            ..Self::new()
        }
    }
}
