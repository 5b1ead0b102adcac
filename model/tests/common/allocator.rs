//! The allocator of the command `hookstate-model`, with which a search is as fast here as there.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
