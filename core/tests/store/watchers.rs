//! What the tests put between a store and its kernel, beside what the crate brings.

use hookstate::kernel::{Access, Call, CallKind, Ceased, Errno, FlockOperation, Watcher, Way};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Asks a closure what is to become of each call. The closure may act on the files meanwhile, as
/// another process would that runs just then.
pub struct Asks<F>(pub F);

impl<F: Fn(&Call<'_>) -> Way> Watcher for Asks<F> {
    fn before(&self, call: &Call<'_>) -> Way {
        (self.0)(call)
    }
}

/// Remembers the calls at which the inner watcher interfered.
#[derive(Clone)]
pub struct Notes<W> {
    inner: W,
    hits: Rc<RefCell<Vec<(CallKind, String)>>>,
}

impl<W> Notes<W> {
    pub fn new(inner: W) -> Self {
        let hits = Rc::default();
        Self { inner, hits }
    }

    /// The calls, with their arguments, at which the inner watcher interfered or ended the process.
    pub fn hits(&self) -> Vec<(CallKind, String)> {
        self.hits.borrow().clone()
    }
}

impl<W: Watcher> Watcher for Notes<W> {
    fn before(&self, call: &Call<'_>) -> Way {
        // Before asking: the answer may be that the process ceases.
        self.hits.borrow_mut().push((call.kind(), call.to_string()));
        let way = self.inner.before(call);
        if way == Way::Through {
            self.hits.borrow_mut().pop();
        }
        way
    }

    fn after(&self, call: &Call<'_>, error: Option<Errno>) {
        self.inner.after(call, error);
    }
}

/// Remembers the calls that a process makes while it is being unwound, other than close and
/// unlock, which a kernel does for a killed process: it would not have seen any other, so no
/// protocol may make one.
#[derive(Clone, Default)]
pub struct Afterlife {
    calls: Rc<RefCell<Vec<String>>>,
}

impl Afterlife {
    pub fn calls(&self) -> Vec<String> {
        self.calls.borrow().clone()
    }
}

impl Watcher for Afterlife {
    fn before(&self, call: &Call<'_>) -> Way {
        let operation = FlockOperation::Unlock;
        let released = [Call::Close, Call::Flock { operation }].contains(call);
        if std::thread::panicking() && !released {
            self.calls.borrow_mut().push(call.to_string());
        }
        Way::Through
    }
}

/// Kills the process in the middle of its n-th write: after so many of the bytes. An append may
/// be torn anywhere (a full disk writes what fits, and then the process is killed); a write in
/// place only where a page ends, see [`tear`].
#[derive(Clone)]
pub struct DiesWriting {
    nth: usize,
    page: usize,
    seen: Rc<Cell<usize>>,
    torn: Rc<Cell<bool>>,
}

impl DiesWriting {
    /// Dies in the write number `nth`, counted from 0, at its page boundary number `page`, counted
    /// from 1. An append is cut after as many bytes as pages.
    pub fn new(nth: usize, page: usize) -> Self {
        let seen = Rc::default();
        let torn = Rc::default();
        Self {
            nth,
            page,
            seen,
            torn,
        }
    }
}

impl Watcher for DiesWriting {
    fn before(&self, call: &Call<'_>) -> Way {
        let cut = match *call {
            Call::Pwrite { bytes, offset } => tear(bytes.len(), offset, self.page),
            Call::Append { bytes } => (self.page < bytes.len()).then_some(self.page),
            _ => return Way::Through,
        };
        let seen = self.seen.replace(self.seen.get() + 1);
        match cut {
            Some(bytes) if seen == self.nth => {
                self.torn.set(true);
                Way::Short(bytes)
            }
            _ => Way::Through,
        }
    }

    fn after(&self, _call: &Call<'_>, _error: Option<Errno>) {
        if self.torn.take() {
            std::panic::resume_unwind(Box::new(Ceased));
        }
    }
}

/// How much of a write is done at the given page boundary inside it: Linux copies page by page,
/// and a kill is noticed between two of them only.
fn tear(length: usize, offset: u64, page: usize) -> Option<usize> {
    const PAGE: usize = 4096;
    let into_page = usize::try_from(offset % PAGE as u64).expect("less than a page");
    let done = page * PAGE - into_page;
    (done < length).then_some(done)
}

/// Fails every call from the n-th on, as a device does that is gone for good.
#[derive(Clone)]
pub struct BreaksDown {
    nth: usize,
    how: Breakdown,
    seen: Rc<Cell<usize>>,
}

/// What no longer works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakdown {
    /// Nothing: every call that can fail returns EIO.
    Gone,
    /// Writing: the kernel has remounted the file system read-only, as `errors=remount-ro` has it.
    ReadOnly,
}

impl BreaksDown {
    pub fn new(nth: usize, how: Breakdown) -> Self {
        let seen = Rc::default();
        Self { nth, how, seen }
    }
}

impl Watcher for BreaksDown {
    fn before(&self, call: &Call<'_>) -> Way {
        let errno = match self.how {
            Breakdown::Gone if call.can_fail() => Errno::IO,
            Breakdown::ReadOnly if writes(call) => Errno::ROFS,
            _ => return Way::Through,
        };
        match self.seen.replace(self.seen.get() + 1) < self.nth {
            true => Way::Through,
            false => Way::Fail(errno),
        }
    }
}

fn writes(call: &Call<'_>) -> bool {
    match call {
        Call::Open { how, .. } => matches!(how.access, Access::ReadWrite | Access::Append),
        Call::Pwrite { .. }
        | Call::Append { .. }
        | Call::Ftruncate { .. }
        | Call::Fallocate { .. }
        | Call::Rename { .. }
        | Call::Exchange { .. }
        | Call::Unlink { .. }
        | Call::Mkdir { .. } => true,
        _ => false,
    }
}

/// Lets the n-th transfer go all the way but one byte.
#[derive(Clone)]
pub struct ShortByOne {
    nth: usize,
    seen: Rc<Cell<usize>>,
}

impl ShortByOne {
    pub fn new(nth: usize) -> Self {
        let seen = Rc::default();
        Self { nth, seen }
    }
}

impl Watcher for ShortByOne {
    fn before(&self, call: &Call<'_>) -> Way {
        let length = match *call {
            Call::Pread { length, .. } => length,
            Call::Pwrite { bytes, .. } | Call::Append { bytes } => bytes.len(),
            _ => return Way::Through,
        };
        match self.seen.replace(self.seen.get() + 1) == self.nth {
            // A transfer of one byte has no shorter form.
            true => Way::Short(length.saturating_sub(1).max(1)),
            false => Way::Through,
        }
    }
}
