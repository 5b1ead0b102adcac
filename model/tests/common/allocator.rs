//! The allocator of the command `hookstate-model`, for tests that search.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
