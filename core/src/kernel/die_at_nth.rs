//! Lets the process cease just before its n-th call.

use super::{Call, Watcher, Way};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a process ceases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By unwinding with the payload [`Ceased`], which `std::panic::catch_unwind` returns. The
    /// descriptors are closed and the locks released on the way, which is also all that a real
    /// kernel does for a killed process. The protocols make no other call while unwinding.
    Unwind,
    /// By sending itself SIGKILL.
    Sigkill,
}

/// The payload of the unwinding that stands for a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceased;

/// A [`Watcher`] that ends the process instead of its n-th call, counted from 0. Clones share the
/// count.
#[derive(Clone, Debug)]
pub struct DieAtNth {
    nth: usize,
    ending: Ending,
    seen: Arc<AtomicUsize>,
}

impl DieAtNth {
    /// Ends the process, in the given way, instead of its call number `nth`.
    #[must_use]
    pub fn new(nth: usize, ending: Ending) -> Self {
        Self {
            nth,
            ending,
            seen: Arc::default(),
        }
    }
}

impl Watcher for DieAtNth {
    fn before(&self, _call: &Call<'_>) -> Way {
        if self.seen.fetch_add(1, Ordering::Relaxed) == self.nth {
            cease(self.ending);
        }
        Way::Through
    }
}

fn cease(ending: Ending) -> ! {
    match ending {
        Ending::Unwind => std::panic::resume_unwind(Box::new(Ceased)),
        Ending::Sigkill => {
            let own = rustix::process::getpid();
            let sent = rustix::process::kill_process(own, rustix::process::Signal::KILL);
            unreachable!("SIGKILL to oneself returned {sent:?}")
        }
    }
}
