//! One more change, after everything that was done to the others: it must work.

use super::lane::{Starter, run_unharmed};
use crate::event::Event;
use crate::worker::{ChangeOrders, Orders};
use std::io::{self, PipeReader, pipe};

/// Makes a change, and says what was wrong, if it was not acknowledged.
pub(super) fn change_once_more(starter: &Starter, orders: &ChangeOrders) -> Option<String> {
    let orders = Orders::Change(ChangeOrders {
        first: 1,
        last: 1,
        iterations: 1,
        ..*orders
    });
    let mut acknowledged = false;
    let take = |event| acknowledged |= matches!(event, Event::Acknowledged(_));
    let done = ended_pipe().map_err(|error| format!("could not be tried: {error}"));
    let done = done.and_then(|start| run_unharmed(starter, &orders, start, take));
    match done {
        Err(trouble) => Some(trouble),
        Ok(()) => (!acknowledged).then(|| "was not acknowledged".to_owned()),
    }
}

/// A pipe whose other end is closed, so that the process begins at once.
fn ended_pipe() -> io::Result<PipeReader> {
    let (start, end) = pipe()?;
    drop(end);
    Ok(start)
}
