//! The calls of one execution in their order, with the result of each.

use super::readable::{Invocation, Response};
use crate::sim::Request;
use crate::trace::{Event, Trace};
use hookstate::kernel::CallKind;
use serde::{Deserialize, Serialize};

/// Who makes which call when, and what becomes of it. As JSON it can be kept and shared.
///
/// What a process asks about itself and about the time is left out. So may be, for the simulated
/// kernel, which knows them, calls that no other process can notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// How many processes there are, numbered from 0.
    pub processes: usize,
    /// What happens, in this order.
    pub steps: Vec<Step>,
}

/// One call by one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which process.
    pub process: usize,
    /// The call.
    #[serde(flatten)]
    pub invocation: Invocation,
    /// What becomes of it.
    pub result: Response,
}

impl Schedule {
    /// The next call of the process, from the step at `index` on.
    pub(super) fn next_of(&self, process: usize, index: usize) -> Option<&Invocation> {
        let mut rest = self.steps[index..].iter();
        let next = rest.find(|step| step.process == process);
        next.map(|step| &step.invocation)
    }
}

impl Step {
    /// `None` if it is the process's own affair.
    pub(super) fn of(process: usize, event: &Event) -> Option<Self> {
        let (request, result) = match event {
            Event::Returned(request, result) | Event::Unnoticed(request, result) => {
                (request, Response::from(result))
            }
            Event::Waits(request) => (request, Response::Waits),
            Event::Killed(request, pages) => (request, Response::Killed { pages: *pages }),
        };
        let private = is_private(request.as_call().kind());
        (!private).then(|| Self {
            process,
            invocation: Invocation::from(request),
            result,
        })
    }
}

impl From<&Trace> for Schedule {
    fn from(trace: &Trace) -> Self {
        let steps = trace.events().iter();
        Self {
            processes: trace.processes(),
            steps: steps
                .filter_map(|(process, event)| Step::of(*process, event))
                .collect(),
        }
    }
}

/// Whether nobody but the process itself can tell when it makes the call, however the others stand.
pub(super) fn is_private(kind: CallKind) -> bool {
    matches!(
        kind,
        CallKind::Fstatfs
            | CallKind::ClockRealtime
            | CallKind::ClockMonotonic
            | CallKind::Nanosleep
            | CallKind::SchedYield
            | CallKind::Getrandom
            | CallKind::Getpid
            | CallKind::Geteuid
    )
}

/// Whether the call only lets time pass. A process that pauses because a lock was refused to it can
/// be taken to pause as long as it must wait.
pub(super) fn is_pause(request: &Request) -> bool {
    matches!(request, Request::Nanosleep { .. } | Request::SchedYield)
}
