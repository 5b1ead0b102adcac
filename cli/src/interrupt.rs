//! Ctrl-C and its like.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody has asked the program to end.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for SIGINT, SIGTERM and SIGHUP. One asks, and more of them change nothing: a
    /// terminal that closes and `timeout` send two within milliseconds, and what is left to do,
    /// such as to kill the workers, to print the summary and to remove the directory, takes some
    /// seconds at the most. Whoever cannot wait has SIGQUIT, which leaves everything as it is.
    ///
    /// # Errors
    ///
    /// Those of sigaction(2).
    pub fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register(signal, Arc::clone(&asked))?;
        }
        Ok(Self(asked))
    }

    /// Whether one of the signals has come since.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Lets a write beyond the limit on the size of files fail with EFBIG, instead of ending the program by
/// SIGXFSZ (setrlimit(2)).
///
/// # Errors
///
/// Those of sigaction(2).
pub fn outlive_file_size_limit() -> io::Result<()> {
    // That there is a handler is all that is needed of it.
    flag::register(SIGXFSZ, Arc::default()).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{Interrupt, SIGHUP, SIGINT, SIGTERM, SIGXFSZ, outlive_file_size_limit};
    use signal_hook::low_level::raise;

    /// It would end a program that has no handler.
    #[test]
    fn the_signal_of_the_file_size_limit_is_outlived() {
        outlive_file_size_limit().unwrap();
        raise(SIGXFSZ).unwrap();
    }

    /// Each of them would end a program that does not listen.
    #[test]
    fn each_of_the_signals_asks_and_a_second_one_changes_nothing() {
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let interrupt = Interrupt::listen().unwrap();
            assert!(!interrupt.is_asked());
            for _ in 0..2 {
                raise(signal).unwrap();
                assert!(interrupt.is_asked(), "signal {signal}");
            }
        }
    }
}
