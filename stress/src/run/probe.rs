//! One more change, after everything that was done to the others: it must work.

use super::children::Children;
use super::lane::{NOT_STARTED, Starter, run_unharmed};
use crate::event::Event;
use crate::worker::{ChangeOrders, Orders};
use std::io::{self, PipeReader, pipe};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How often it is seen whether the change has to be ended.
const TICK: Duration = Duration::from_millis(50);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Probed {
    Works,
    /// The store could not do it.
    Fails(String),
    /// It could not be tried, which says nothing about the store.
    Untried(String),
}

/// Makes a change, and says what was wrong, if it was not acknowledged. As soon as there is a reason to
/// stop it is ended, which says nothing about the store either.
pub(super) fn change_once_more(
    starter: &Starter,
    orders: &ChangeOrders,
    why_to_stop: impl Fn() -> Option<String> + Send,
) -> Probed {
    thread::scope(|scope| {
        let (running, has_ended) = channel::<()>();
        let children = &starter.children;
        let watch = move || watch(children, &has_ended, why_to_stop);
        let watch = match thread::Builder::new().spawn_scoped(scope, watch) {
            Ok(watch) => watch,
            Err(error) => return Probed::Untried(format!("could not be tried: {error}")),
        };
        let probed = try_change(starter, orders);
        drop(running);
        match watch.join() {
            Ok(None) => probed,
            Ok(Some(why)) => Probed::Untried(format!("was ended: {why}")),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Kills the process if there is a reason to before it has ended, and gives the reason.
fn watch(
    children: &Children,
    has_ended: &Receiver<()>,
    why_to_stop: impl Fn() -> Option<String>,
) -> Option<String> {
    while has_ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if let Some(why) = why_to_stop() {
            children.kill_all();
            return Some(why);
        }
    }
    None
}

fn try_change(starter: &Starter, orders: &ChangeOrders) -> Probed {
    let orders = Orders::Change(ChangeOrders {
        first: 1,
        last: 1,
        iterations: 1,
        ..*orders
    });
    let mut acknowledged = false;
    let take = |event| acknowledged |= matches!(event, Event::Acknowledged(_));
    let start = match ended_pipe() {
        Ok(start) => start,
        Err(error) => return Probed::Untried(format!("could not be tried: {error}")),
    };
    match run_unharmed(starter, &orders, start, take) {
        Err(trouble) if trouble.starts_with(NOT_STARTED) => Probed::Untried(trouble),
        Err(trouble) => Probed::Fails(trouble),
        Ok(()) if !acknowledged => Probed::Fails("was not acknowledged".to_owned()),
        Ok(()) => Probed::Works,
    }
}

/// A pipe whose other end is closed, so that the process begins at once.
fn ended_pipe() -> io::Result<PipeReader> {
    let (start, end) = pipe()?;
    drop(end);
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::{ChangeOrders, Probed, Starter, change_once_more};
    use crate::chaos::Chaos;
    use crate::worker::Terms;
    use crate::workload::Seed;
    use std::path::PathBuf;
    use std::sync::Arc;

    /// A probe by this program, which is ended if there is a reason.
    fn probed(program: &str, why_to_stop: Option<&str>) -> Probed {
        let terms = r#"{"subject":"flock","durability":"process","lock_timeout_ms":250}"#;
        let terms: Terms = serde_json::from_str(terms).unwrap();
        let starter = Starter {
            program: PathBuf::from(program),
            directory: PathBuf::from("/nowhere"),
            children: Arc::default(),
            chaos: Chaos::default(),
            usual: Arc::default(),
        };
        let orders = ChangeOrders::of_lane(terms, Seed(1), 2, 1);
        change_once_more(&starter, &orders, || why_to_stop.map(str::to_owned))
    }

    #[test]
    fn a_change_that_cannot_be_tried_does_not_fail() {
        let probed = |program| probed(program, None);
        assert!(matches!(probed("/nowhere/at/all"), Probed::Untried(_)));
        let ended = "ended with exit code 1 without finishing its report";
        assert_eq!(probed("false"), Probed::Fails(ended.to_owned()));
    }

    /// It says `y` for ever.
    #[test]
    fn a_change_that_does_not_end_is_ended() {
        let ended = Probed::Untried("was ended: the time is over".to_owned());
        assert_eq!(probed("yes", Some("the time is over")), ended);
    }
}
