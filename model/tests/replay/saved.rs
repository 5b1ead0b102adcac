//! A schedule in a file: it says what it means, comes back as it was, and replays.

use crate::stage::{Stage, this_test};
use hookstate_model::control::Unlocked;
use hookstate_model::oracle::Violation;
use hookstate_model::replay::{Prediction, Schedule, Step};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::search::Budget;
use serde_json::json;

const MODIFY: &[Act] = &[Act::Modify];

fn unlocked() -> Scenario<Unlocked> {
    Scenario::new(Unlocked, Before::Changes(2), &[MODIFY, MODIFY])
}

/// The shortest: the second process reads what the first has just emptied.
const LOST_UPDATE: &str = include_str!("unlocked.json");

#[test]
fn a_saved_counterexample_loses_everything_again() {
    let stage = Stage::new(
        this_test!(a_saved_counterexample_loses_everything_again),
        unlocked(),
    );
    let schedule: Schedule = serde_json::from_str(LOST_UPDATE).expect("it is a schedule");
    let followed = Prediction::following(&stage.scenario, &schedule);
    let prediction = followed.unwrap_or_else(|divergence| panic!("{divergence}"));
    let replayed = stage.agrees(&prediction);
    let lost = Violation::Lost {
        token: 1_000,
        rival: None,
    };
    assert_eq!(replayed.verdict, Err(lost));
}

/// Whoever changes the form of schedules makes the saved ones useless.
#[test]
fn a_saved_counterexample_is_what_the_search_finds() {
    let report = unlocked().search(Budget::NOTHING);
    let found = report.counterexample().expect("the search rejects it");
    let schedule = Schedule::from(&found.trace);
    let saved: Schedule = serde_json::from_str(LOST_UPDATE).expect("it is a schedule");
    let json = serde_json::to_string(&schedule).expect("a schedule is JSON");
    assert_eq!(schedule, saved, "{json}");
}

#[test]
fn a_schedule_comes_back_from_json_as_it_was() {
    let report = unlocked().search(Budget::kills(1));
    let schedule = Schedule::from(&report.counterexample().expect("a lost change").trace);
    let json = serde_json::to_string(&schedule).expect("a schedule is JSON");
    let read: Schedule = serde_json::from_str(&json).expect("it was just written");
    assert_eq!(read, schedule);
}

#[test]
fn a_step_says_who_calls_what_and_what_comes_of_it() {
    let prediction = Prediction::choosing(&unlocked(), None, |able| able[0]);
    let step = |call: &str| -> &Step {
        let mut steps = prediction.schedule.steps.iter();
        let found = steps.find(|step| step.invocation.call == call);
        found.expect("it makes this call")
    };
    let written = |call| serde_json::to_value(step(call)).expect("a step is JSON");
    assert_eq!(
        written("flock"),
        json!({
            "process": 0,
            "call": "flock",
            "arguments": { "fd": 3, "operation": "Shared" },
            "result": { "returned": {} },
        })
    );
    assert_eq!(
        written("pwrite"),
        json!({
            "process": 0,
            "call": "pwrite",
            "arguments": {
                "fd": 3,
                "offset": 0,
                "content": {
                    "bytes": 35,
                    "crc32": "25ad5630",
                    "text": "{\"count\":3,\"tokens\":[1000,1001,10]}",
                },
            },
            "result": { "returned": { "count": 35 } },
        })
    );
}
