//! Controls: a replay in which anything is altered is refused, and told where.

use crate::orders::turns;
use crate::stage::{Stage, this_test};
use hookstate::kernel::Errno;
use hookstate::strategy::{Flock, Rename};
use hookstate_model::oracle::Violation;
use hookstate_model::process::Exit;
use hookstate_model::replay::{Divergence, Otherwise, Prediction, Replay, Response, Step, When};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::sim::{FaultModel, Kill, Sim};
use std::process::Command;
use std::time::Duration;

const MODIFY: &[Act] = &[Act::Modify];
const TWO_CHANGES: &[&[Act]] = &[MODIFY, MODIFY];
const EXISTING: Before = Before::Changes(2);
/// At the write, after which nothing but the unlocking is left.
const AT_THE_WRITE: Kill = Kill {
    process: 0,
    call: 6,
    pages: 0,
};

fn flock_stage(path: &'static str) -> Stage<Flock> {
    Stage::new(path, Scenario::new(Flock, EXISTING, TWO_CHANGES))
}

fn with_kill(stage: &Stage<Flock>) -> Prediction {
    Prediction::choosing(&stage.scenario, Some(AT_THE_WRITE), turns())
}

fn without_kill(stage: &Stage<Flock>) -> Prediction {
    Prediction::choosing(&stage.scenario, None, turns())
}

fn altered(prediction: &Prediction, alter: impl FnOnce(&mut Vec<Step>)) -> Prediction {
    let mut prediction = prediction.clone();
    alter(&mut prediction.schedule.steps);
    prediction
}

/// The host and the simulated kernel both refuse it. What the host says.
fn refused(stage: &Stage<Flock>, prediction: &Prediction) -> Divergence {
    let simulated = Prediction::following(&stage.scenario, &prediction.schedule);
    let simulated = simulated.expect_err("the simulated kernel took it");
    let real = stage.replay(prediction).expect_err("the host took it");
    assert_eq!(real.to_string(), simulated.to_string());
    real
}

#[test]
fn a_step_with_another_result_is_refused_there() {
    let stage = flock_stage(this_test!(a_step_with_another_result_is_refused_there));
    let prediction = with_kill(&stage);
    assert!(prediction.ending.exits.contains(&Exit::Killed));
    for index in 0..prediction.schedule.steps.len() {
        let another = altered(&prediction, |steps| {
            steps[index].result = another_result(&steps[index].result);
        });
        let divergence = refused(&stage, &another);
        assert_eq!(divergence.when, When::AtStep(index + 1), "{divergence}");
        assert!(matches!(*divergence.otherwise, Otherwise::Answered { .. }));
    }
}

fn another_result(result: &Response) -> Response {
    match result {
        Response::Failed(_) => Response::Waits,
        Response::Returned(_) | Response::Waits | Response::Killed { .. } => {
            Response::Failed("EIO".to_owned())
        }
    }
}

#[test]
fn a_step_that_returns_one_byte_less_is_refused_there() {
    let stage = flock_stage(this_test!(
        a_step_that_returns_one_byte_less_is_refused_there
    ));
    let prediction = without_kill(&stage);
    let mut refusals = 0;
    for index in 0..prediction.schedule.steps.len() {
        let mut less = prediction.clone();
        let Response::Returned(values) = &mut less.schedule.steps[index].result else {
            continue;
        };
        let Some(count) = values.get_mut("count") else {
            continue;
        };
        *count = (count.as_u64().expect("a count is a number") - 1).into();
        assert_eq!(refused(&stage, &less).when, When::AtStep(index + 1));
        refusals += 1;
    }
    assert_eq!(refusals, 2, "each change is one write");
}

#[test]
fn a_step_with_another_argument_is_refused_there() {
    let stage = flock_stage(this_test!(a_step_with_another_argument_is_refused_there));
    let prediction = with_kill(&stage);
    for index in 0..prediction.schedule.steps.len() {
        let another = altered(&prediction, |steps| {
            let arguments = &mut steps[index].invocation.arguments;
            let (_, value) = arguments.iter_mut().next().expect("each call has one");
            *value = "another".into();
        });
        let divergence = refused(&stage, &another);
        assert_eq!(divergence.when, When::AtStep(index + 1), "{divergence}");
        assert!(matches!(*divergence.otherwise, Otherwise::Asked { .. }));
    }
}

#[test]
fn a_schedule_that_leaves_out_a_step_is_refused() {
    let stage = flock_stage(this_test!(a_schedule_that_leaves_out_a_step_is_refused));
    let prediction = with_kill(&stage);
    for (index, step) in prediction.schedule.steps.iter().enumerate() {
        let shorter = altered(&prediction, |steps| drop(steps.remove(index)));
        let replayed = stage.replay(&shorter);
        assert_eq!(replayed.is_ok(), is_poll(step), "step {}", index + 1);
    }
}

#[test]
fn a_schedule_that_repeats_a_step_is_refused() {
    let stage = flock_stage(this_test!(a_schedule_that_repeats_a_step_is_refused));
    let prediction = with_kill(&stage);
    for (index, step) in prediction.schedule.steps.iter().enumerate() {
        let longer = altered(&prediction, |steps| steps.insert(index, step.clone()));
        let replayed = stage.replay(&longer);
        assert_eq!(replayed.is_ok(), is_poll(step), "step {}", index + 1);
    }
}

/// A lock is refused as often as somebody asks, and it does not matter how often that is.
fn is_poll(step: &Step) -> bool {
    step.result == Response::Failed("EWOULDBLOCK".to_owned())
}

#[test]
fn a_step_by_a_process_that_is_not_there_is_refused() {
    let stage = flock_stage(this_test!(a_step_by_a_process_that_is_not_there_is_refused));
    let another = altered(&without_kill(&stage), |steps| steps[3].process = 2);
    let divergence = refused(&stage, &another);
    assert_eq!(
        divergence.to_string(),
        "step 4, process 2: there is no such process"
    );
}

/// The one that waits cannot have the lock before the other has released it.
#[test]
fn a_lock_that_comes_too_early_is_refused() {
    let stage = flock_stage(this_test!(a_lock_that_comes_too_early_is_refused));
    let early = altered(&without_kill(&stage), |steps| {
        let released = steps.iter().position(is_unlock).expect("it is released");
        let later = steps[released..].iter().position(takes_lock);
        let lock = steps.remove(released + later.expect("the other takes it then"));
        steps.insert(released, lock);
    });
    let divergence = refused(&stage, &early);
    let Otherwise::Answered { got, .. } = &*divergence.otherwise else {
        panic!("{divergence}");
    };
    assert_eq!(*got, Response::Failed("EWOULDBLOCK".to_owned()));
}

fn takes_lock(step: &Step) -> bool {
    step.invocation.arguments.get("operation") == Some(&"TryExclusive".into())
}

fn is_unlock(step: &Step) -> bool {
    step.invocation.arguments.get("operation") == Some(&"Unlock".into())
}

#[test]
fn a_kill_inside_of_a_write_that_is_too_short_for_it_is_refused() {
    let path = this_test!(a_kill_inside_of_a_write_that_is_too_short_for_it_is_refused);
    let stage = flock_stage(path);
    let torn = altered(&with_kill(&stage), |steps| {
        let kill = steps.iter_mut().find(|step| is_kill(step));
        kill.expect("there is a kill").result = Response::Killed { pages: 1 };
    });
    let divergence = refused(&stage, &torn);
    assert!(matches!(*divergence.otherwise, Otherwise::Shorter { .. }));
}

fn is_kill(step: &Step) -> bool {
    matches!(step.result, Response::Killed { .. })
}

#[test]
fn another_outcome_is_refused_in_the_end() {
    let stage = flock_stage(this_test!(another_outcome_is_refused_in_the_end));
    let prediction = without_kill(&stage);
    let outcomes: [(&str, fn(&mut Prediction)); 4] = [
        ("its end", |other| other.ending.exits[1] = Exit::Killed),
        ("its account", |other| {
            other.ending.accounts[1].acknowledged.clear()
        }),
        ("the directory", |other| {
            other.ending.sim = Sim::new(FaultModel::LOCAL)
        }),
        ("the verdict", |other| other.verdict = Err(Violation::Stuck)),
    ];
    for (expected, alter) in outcomes {
        let mut other = prediction.clone();
        alter(&mut other);
        let divergence = stage.replay(&other).expect_err("the host took it");
        assert_eq!(divergence.when, When::InTheEnd, "{divergence}");
        let Otherwise::Outcome { what, .. } = *divergence.otherwise else {
            panic!("{divergence}");
        };
        assert_eq!(what, expected);
    }
}

/// A simulated kernel that is not like the host is found out.
#[test]
fn a_kernel_without_exchange_is_refused_at_the_exchange() {
    let test = this_test!(a_kernel_without_exchange_is_refused_at_the_exchange);
    // The first change has no file yet to exchange its own with.
    let scenario = Scenario::new(Rename, Before::Changes(1), TWO_CHANGES);
    let without = FaultModel {
        exchange_error: Some(Errno::NOSYS),
        ..FaultModel::LOCAL
    };
    let poor = scenario.clone().on(without);
    let stage = Stage::new(test, scenario);
    let prediction = Prediction::choosing(&poor, None, turns());
    let divergence = stage.replay(&prediction).expect_err("the host took it");
    let Otherwise::Answered {
        invocation,
        expected,
        ..
    } = &*divergence.otherwise
    else {
        panic!("{divergence}");
    };
    assert_eq!(invocation.call, "exchange");
    assert_eq!(*expected, Response::Failed("ENOSYS".to_owned()));
}

/// Whatever is started instead of this program, the replay ends and tells what it waited for.
#[test]
fn a_process_that_says_nothing_is_refused() {
    let stage = flock_stage(this_test!(a_process_that_says_nothing_is_refused));
    let prediction = without_kill(&stage);
    for (program, complaint) in [
        ("cat", "heard nothing for too long"),
        ("true", "it is gone"),
        ("/nowhere/at/all", "it could not be started"),
    ] {
        let root = tempfile::tempdir().expect("a temporary directory can be made");
        let replay = Replay::by(|| Command::new(program)).patience(Duration::from_millis(100));
        let replayed = replay.run(&stage.scenario, &prediction, root.path());
        let text = replayed.expect_err("nobody played").to_string();
        assert!(text.starts_with("at the start, process 0: "), "{text}");
        assert!(text.contains(complaint), "{text}");
        assert!(
            program.starts_with('/') || text.contains("expected the call open"),
            "{text}"
        );
    }
}
