//! The processes that share the state: this program again, under a subcommand of its own.
//!
//! `stress worker ORDERS DIRECTORY`, where the orders are JSON. A worker says that it is ready,
//! waits until its standard input ends, does what it was ordered to do and reports every step.

mod orders;
mod reporter;
mod start;
mod stopwatch;

mod change;
mod fault;
mod poll;
mod preempt;

mod stats;
mod tally;
mod tasks;

mod single;

pub(crate) use fault::Fault;
pub(crate) use orders::{
    ChangeOrders, Durability, Hardships, Orders, PollOrders, SingleOrders, Terms,
};
pub(crate) use stopwatch::now_ns;

use hookstate_cli::exit;
use reporter::Reporter;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The first word of a worker's command line.
pub(crate) const SUBCOMMAND: &str = "worker";

/// Runs a worker with the words that follow the subcommand.
pub(crate) fn main(words: impl Iterator<Item = OsString>) -> exit::Code {
    let Some((orders, directory)) = parse(words) else {
        eprintln!("error: a worker takes its orders, as JSON, and a directory");
        return exit::Code::Usage;
    };
    let reporter = Reporter::new();
    report_panics();
    let done = match orders {
        Orders::Change(orders) => change::run(&orders, &directory, &reporter),
        Orders::Poll(orders) => poll::run(&orders, &directory, &reporter),
        Orders::Single(orders) => single::run(&orders, &directory, &reporter),
        Orders::Look(terms) => tally::look(&terms, &directory, &reporter),
    };
    match done {
        Ok(()) => exit::Code::Success,
        Err(error) => {
            reporter.failed(&error);
            exit::Code::Failed
        }
    }
}

fn parse(mut words: impl Iterator<Item = OsString>) -> Option<(Orders, PathBuf)> {
    let orders = words.next()?.into_string().ok()?;
    let directory = words.next()?;
    let orders = serde_json::from_str(&orders).ok()?;
    words.next().is_none().then_some((orders, directory.into()))
}

/// A panic is an event like any other; on standard error it would be lost among those of others.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        Reporter::new().failed_because(&panic.to_string().replace('\n', " "));
    }));
}

/// The store of a tally that `terms` describe.
fn store<K: hookstate::kernel::Kernel>(
    terms: &Terms,
    directory: &Path,
    kernel: K,
) -> hookstate::Store<crate::workload::Tally, crate::subject::Subject, K> {
    hookstate::Store::with(directory, "stress", terms.subject, kernel)
        .durability(terms.durability.into())
        .lock_timeout(terms.lock_timeout())
}
