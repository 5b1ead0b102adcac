//! The signal to begin.
//!
//! All workers of a round have the same pipe as their standard input. It ends for all of them at
//! once, when the parent closes its end, so they begin together and not one after another as they
//! were started.

use std::io::Read;

/// Waits until standard input ends.
pub(super) fn wait_for_end_of_stdin() {
    // An error is the end of it as well.
    let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
}

/// Waits until standard input has a byte or ends.
pub(super) fn wait_for_byte_on_stdin() {
    let _ = std::io::stdin().lock().read(&mut [0]);
}
