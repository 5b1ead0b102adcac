//! One more change, after everything that was done to the others: it must work.

use super::lane::{NOT_STARTED, Starter, run_unharmed};
use crate::event::Event;
use crate::worker::{ChangeOrders, Orders};
use std::io::{self, PipeReader, pipe};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Probed {
    Works,
    /// The store could not do it.
    Fails(String),
    /// It could not be tried, which says nothing about the store.
    Untried(String),
}

/// Makes a change, and says what was wrong, if it was not acknowledged.
pub(super) fn change_once_more(starter: &Starter, orders: &ChangeOrders) -> Probed {
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

    /// A probe by this program.
    fn probed(program: &str) -> Probed {
        let terms = r#"{"subject":"flock","durability":"process","lock_timeout_ms":250}"#;
        let terms: Terms = serde_json::from_str(terms).unwrap();
        let starter = Starter {
            program: PathBuf::from(program),
            directory: PathBuf::from("/nowhere"),
            children: Arc::default(),
            chaos: Chaos::default(),
            usual: Arc::default(),
        };
        change_once_more(&starter, &ChangeOrders::of_lane(terms, Seed(1), 2, 1))
    }

    #[test]
    fn a_change_that_cannot_be_tried_does_not_fail() {
        assert!(matches!(probed("/nowhere/at/all"), Probed::Untried(_)));
        let ended = "ended with exit code 1 without finishing its report";
        assert_eq!(probed("false"), Probed::Fails(ended.to_owned()));
    }
}
