//! The one way from the threads that listen to the workers to the one that orders events.

use crate::chaos::Dealt;
use crate::event::Event;
use crate::verdict::Source;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How many messages wait at most; then the workers wait.
const WAITING_MAX: usize = 4096;

/// What a listener says.
#[derive(Debug)]
pub(super) enum Message {
    /// Somebody has reported something.
    Event(Source, Event),
    /// It was killed in a change, which may have been made.
    Doubt(Source),
    /// What was done to a lane.
    Struck(Dealt),
    /// There is nothing more to come from it; and if it ended too early, why.
    Ended(Source, Result<(), String>),
}

/// The end of a listener. Clones lead to the same inbox.
#[derive(Clone, Debug)]
pub(super) struct Outbox(SyncSender<Message>);

/// The end of the collector.
#[derive(Debug)]
pub(super) struct Inbox(Receiver<Message>);

/// A new way for messages.
pub(super) fn way() -> (Outbox, Inbox) {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    (Outbox(sender), Inbox(receiver))
}

impl Outbox {
    /// Says something. If the collector has given up, nobody hears it.
    pub(super) fn send(&self, message: Message) {
        let _ = self.0.send(message);
    }
}

impl Inbox {
    /// The next message, if there is one before `deadline` or within `most`, whichever is first.
    pub(super) fn next(&self, deadline: Instant, most: Duration) -> Option<Message> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.0.recv_timeout(left.min(most)).ok()
    }
}
