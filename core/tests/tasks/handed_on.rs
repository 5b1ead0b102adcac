//! A claim that is sent and confirmed by another process than that which claimed it.

use crate::clock::{Clocked, minutes};
use crate::operation::own;
use crate::place::{Place, claims, clean};
use hookstate::tasks::{Claim, TaskId};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use serde_json::json;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

fn from_json(json: &serde_json::Value) -> Result<Claim, String> {
    serde_json::from_str(&json.to_string()).map_err(|error| error.to_string())
}

#[test]
fn a_claim_has_the_shape_that_is_documented() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    let agent = TaskId::of_agent("s", b"50%\xff");
    clean(tasks.add_or_reset(&agent, OsStr::from_bytes(b"/home/\xfe")));
    clock.advance(minutes(7));
    let claim = claims(&tasks).remove(0);
    let mut shape = serde_json::to_value(&claim).expect("JSON");
    assert_eq!(from_json(&shape), Ok(claim));
    let incarnation = shape["incarnation"].take();
    assert!(incarnation.is_u64(), "{incarnation}");
    let documented = json!({
        "session": "s",
        "agent": "50%25%FF",
        "cwd": "/home/%FE",
        "after_ms": 360_000,
        "age_ms": 420_000,
        "attempt": 1,
        "incarnation": null,
    });
    assert_eq!(shape, documented);
}

#[test]
fn what_another_process_was_handed_is_confirmed_like_ones_own() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(6));
    let claimed = serde_json::to_value(&claims(&tasks)[0]).expect("JSON");
    let mut made_up = claimed.clone();
    made_up["incarnation"] = json!(1);
    let made_up = from_json(&made_up).expect("it has the shape of a claim");
    assert!(!clean(tasks.confirm(&made_up)), "of no start of the task");
    let claim = from_json(&claimed).expect("a claim");
    assert!(clean(tasks.confirm(&claim)));
}

#[test]
fn what_is_no_claim_is_refused() {
    let claim = || {
        json!({
            "session": "s", "cwd": "/", "after_ms": 1, "age_ms": 2, "attempt": 1, "incarnation": 3,
            "of a later version": {},
        })
    };
    assert!(from_json(&claim()).is_ok());
    for key in [
        "session",
        "cwd",
        "after_ms",
        "age_ms",
        "attempt",
        "incarnation",
    ] {
        let mut lacking = claim();
        lacking.as_object_mut().expect("an object").remove(key);
        assert!(from_json(&lacking).is_err(), "without {key}");
    }
    for (key, value) in [
        ("directory", json!("/")),
        ("agent", json!(7)),
        ("session", json!(null)),
        ("cwd", json!(["/"])),
        ("after_ms", json!(-1)),
        ("age_ms", json!(1.5)),
        ("attempt", json!(1_u64 << 32)),
        ("incarnation", json!("3")),
    ] {
        let mut odd = claim();
        odd[key] = value;
        assert!(from_json(&odd).is_err(), "{odd}");
    }
    let mut ambiguous = claim();
    ambiguous
        .as_object_mut()
        .expect("an object")
        .remove("session");
    ambiguous["agent"] = json!("a");
    let why = from_json(&ambiguous).expect_err("an agent of no session");
    assert!(why.contains("neither a session"), "{why}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_claim_comes_back_from_json_whatever_its_ids_are(
        session in vec(any::<u8>(), 0..9),
        agent in proptest::option::of(vec(any::<u8>(), 0..9)),
        cwd in vec(1_u8.., 1..9),
    ) {
        let place = Place::new();
        let clock = Clocked::start();
        let tasks = place.tasks(&clock);
        let id = match &agent {
            Some(agent) => TaskId::of_agent(&session, agent),
            None => TaskId::of_session(&session),
        };
        clean(tasks.add_or_reset(&id, OsStr::from_bytes(&cwd)));
        clock.advance(minutes(6));
        let claim = claims(&tasks).remove(0);
        let json = serde_json::to_value(&claim).expect("JSON");
        prop_assert_eq!(from_json(&json), Ok(claim.clone()));
        prop_assert!(clean(tasks.confirm(&claim)));
    }
}
