//! What is done to a process while somebody listens to it.

use super::children::Children;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::cell::RefCell;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::Child;
use std::time::Instant;

/// Something that has to be done to a process at certain instants.
pub(crate) trait Meanwhile {
    /// When there is something to do next.
    fn due(&self) -> Option<Instant>;
    /// Does what is due.
    fn act(&mut self, children: &Children, child: &Child);
}

/// A pipe from a process. While nothing comes out of it, what is due is done.
pub(super) struct Attentive<'a, P, M> {
    pub(super) pipe: P,
    pub(super) children: &'a Children,
    pub(super) child: &'a Child,
    pub(super) meanwhile: &'a RefCell<M>,
}

impl<P: Read + AsFd, M: Meanwhile> Read for Attentive<'_, P, M> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let due = self.meanwhile.borrow().due();
            let Some(due) = due else {
                return self.pipe.read(buffer);
            };
            if due <= Instant::now() {
                self.meanwhile.borrow_mut().act(self.children, self.child);
            } else if is_ready(&self.pipe, due)? {
                return self.pipe.read(buffer);
            }
        }
    }
}

/// Waits until there is something to read, and tells whether that came before something was due.
fn is_ready(pipe: &impl AsFd, due: Instant) -> io::Result<bool> {
    let wait = due.saturating_duration_since(Instant::now());
    let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
    let mut watched = [PollFd::new(pipe, PollFlags::IN)];
    let ready = rustix::io::retry_on_intr(|| poll(&mut watched, Some(&wait)))?;
    Ok(ready > 0)
}
