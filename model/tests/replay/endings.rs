//! Ends that no shipping strategy comes to: the host comes to them too.

use crate::orders::turns;
use crate::stage::{Stage, this_test};
use hookstate::kernel::{Call, FlockOperation, Result, Watched, Watcher, Way};
use hookstate::strategy::Flock;
use hookstate_model::control::Unlocked;
use hookstate_model::oracle::ViolationKind;
use hookstate_model::process::Exit;
use hookstate_model::replay::{Prediction, Response};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::sim::{AnyDoor, Door, Reply, Request, SimProcess};
use std::panic::resume_unwind;

/// Keeps every file open and every lock.
struct KeepsEverything(AnyDoor);

impl Door for KeepsEverything {
    fn call(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Close { .. }
            | Request::Flock {
                operation: FlockOperation::Unlock,
                ..
            } => Ok(Reply::Unit),
            other => self.0.call(other),
        }
    }
}

const TWICE: &[Act] = &[Act::Modify, Act::Modify];

/// The lock that its second change polls for is the one of its first.
#[test]
fn a_process_that_keeps_its_lock_polls_for_ever() {
    let test = this_test!(a_process_that_keeps_its_lock_polls_for_ever);
    let scenario = Scenario::new(Flock, Before::Changes(1), &[TWICE])
        .around(|process| SimProcess(KeepsEverything(process.0)));
    let prediction = stuck(&Stage::new(test, scenario));
    let last = prediction.schedule.steps.last().expect("it did something");
    assert_eq!(last.result, Response::Failed("EWOULDBLOCK".to_owned()));
}

/// The same in a call that blocks.
#[test]
fn a_process_that_keeps_its_lock_blocks_for_ever() {
    let test = this_test!(a_process_that_keeps_its_lock_blocks_for_ever);
    let scenario = Scenario::new(Unlocked, Before::Changes(1), &[TWICE])
        .around(|process| SimProcess(KeepsEverything(process.0)));
    let prediction = stuck(&Stage::new(test, scenario));
    let last = prediction.schedule.steps.last().expect("it did something");
    assert_eq!(last.result, Response::Waits);
}

fn stuck<S: crate::stage::Tested>(stage: &Stage<S>) -> Prediction {
    let prediction = Prediction::choosing(&stage.scenario, None, turns());
    assert_eq!(prediction.ending.exits, [Exit::Stuck]);
    let replayed = stage.agrees(&prediction);
    assert_eq!(replayed.exits, [Exit::Stuck]);
    let violation = replayed.verdict.expect_err("it is stuck");
    assert_eq!(violation.kind(), ViolationKind::Stuck);
    prediction
}

/// Cannot write.
struct PanicsAtWrites;

impl Watcher for PanicsAtWrites {
    fn before(&self, call: &Call<'_>) -> Way {
        match call {
            // As a panic does, but without a report of it among those of the tests.
            Call::Pwrite { .. } => resume_unwind(Box::new("it came to a write")),
            _ => Way::Through,
        }
    }
}

#[test]
fn a_process_that_panics_releases_its_lock_on_the_way_out() {
    let test = this_test!(a_process_that_panics_releases_its_lock_on_the_way_out);
    let acts: &[&[Act]] = &[&[Act::Modify], &[Act::Read]];
    let scenario = Scenario::new(Flock, Before::Changes(1), acts)
        .around(|process| Watched::new(process, PanicsAtWrites));
    let stage = Stage::new(test, scenario);
    let prediction = Prediction::choosing(&stage.scenario, None, turns());
    let panicked = Exit::Panicked("it came to a write".to_owned());
    assert_eq!(prediction.ending.exits, [panicked, Exit::Finished]);
    let replayed = stage.agrees(&prediction);
    let violation = replayed.verdict.expect_err("it panicked");
    assert_eq!(violation.kind(), ViolationKind::Panicked);
}
