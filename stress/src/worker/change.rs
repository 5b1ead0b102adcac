//! The worker that changes the state as its lane does it in the workload.

use super::preempt::Preempt;
use super::reporter::Reporter;
use super::stats::StatsLane;
use super::tally::TallyLane;
use super::tasks::TasksLane;
use super::{ChangeOrders, fault, start};
use crate::event::Event;
use crate::workload::{Operation, Workload};
use hookstate::Result;
use std::path::Path;

/// What the processes of a lane do in one workload.
pub(super) trait Lane {
    /// Makes the change, and reports it once it is acknowledged.
    fn change(&mut self, operation: Operation) -> Result<()>;

    /// Makes and reports what it has put off, after the last change of the process.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Does the orders.
pub(super) fn run(orders: &ChangeOrders, directory: &Path, reporter: &Reporter) -> Result<()> {
    if orders.hardships.full_disk && hookstate_cli::interrupt::outlive_file_size_limit().is_err() {
        reporter.failed_because("cannot handle SIGXFSZ");
        return Ok(());
    }
    let preempt = Preempt::default();
    let mut lane: Box<dyn Lane + '_> = match orders.terms.workload {
        Workload::Tally => Box::new(TallyLane::new(orders, directory, reporter, &preempt)),
        Workload::Stats => Box::new(StatsLane::new(orders, directory, reporter, &preempt)),
        Workload::Tasks => Box::new(TasksLane::new(orders, directory, reporter, &preempt)),
    };
    reporter.emit(&Event::Ready);
    start::wait_for_end_of_stdin();
    for iteration in orders.first..=orders.last {
        let fault = orders.fault.filter(|fault| fault.iteration == iteration);
        let gone_wrong = fault.map(|fault| fault::strike(fault.kind, iteration, reporter));
        match gone_wrong {
            None => {
                let operation = Operation {
                    lane: orders.lane,
                    iteration,
                };
                preempt.arm(orders.seed.at(!operation.token()));
                lane.change(operation)?;
            }
            Some(fault::Next::GoOn) => {}
            Some(fault::Next::Leave) => return Ok(()),
        }
    }
    lane.finish()?;
    reporter.emit(&Event::Finished);
    Ok(())
}
