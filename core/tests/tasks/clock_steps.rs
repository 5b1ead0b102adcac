//! The wall clock is set back and forward, and machines sleep.

use crate::clock::{Clocked, HOUR, MINUTE, SECOND, START_MS, minutes};
use crate::operation::own;
use crate::place::{Place, Tasks, claimed_minutes, claims, clean, ids, listed};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use std::fs;
use std::time::Duration;

/// So many seconds pass; then the clock is set by so many; then there is a check.
type Step = (u32, i32);

/// The announcements, in minutes.
const AGES: [u64; 5] = [6, 10, 18, 25, 45];

/// What is known of a task without trusting the clock.
#[derive(Default)]
struct Life {
    /// How old it is.
    lived: Duration,
    /// What steps back may have taken from its age: of each at most the time since the check before.
    lost: Duration,
    /// What steps forward have added to it.
    gained: Duration,
    announced: Vec<u64>,
    gone: bool,
}

impl Life {
    fn goes_through(&mut self, (seconds, step): Step) {
        let passed = SECOND * seconds;
        let size = SECOND * step.unsigned_abs();
        self.lived += passed;
        match step {
            ..0 => self.lost += size.min(passed),
            _ => self.gained += size,
        }
    }

    fn youngest(&self) -> Duration {
        self.lived.saturating_sub(self.lost)
    }

    fn oldest(&self) -> Duration {
        self.lived + self.gained
    }

    /// Checks the tasks, and what is said of this one.
    fn is_checked(&mut self, tasks: &Tasks) -> Result<(), String> {
        let due = clean(tasks.claim_due());
        for claim in &due.claims {
            let minutes = claim.after().as_secs() / 60;
            let latest = AGES
                .iter()
                .rfind(|age| crate::clock::minutes(**age) <= claim.age());
            if claim.attempt() != 1 || latest != Some(&minutes) {
                return Err(format!("{claim:?} is not the first try of the latest"));
            }
            self.announced.push(minutes);
            assert!(clean(tasks.confirm(claim)));
        }
        if !self.announced.is_sorted_by(|one, next| one < next) {
            return Err(format!("announced twice: {:?}", self.announced));
        }
        self.gone |= !due.expired.is_empty();
        self.is_listed(tasks)
    }

    fn is_listed(&self, tasks: &Tasks) -> Result<(), String> {
        let (youngest, oldest) = (self.youngest(), self.oldest());
        match listed(tasks).first().map(|task| task.age) {
            Some(age) if self.gone => Err(format!("it came back at the age of {age:?}")),
            None if oldest < 8 * HOUR => Err(format!("it is gone at {oldest:?} at most")),
            Some(_) if youngest >= 8 * HOUR => Err(format!("it is there at {youngest:?} at least")),
            Some(age) if age < youngest || age > oldest => Err(format!(
                "its age is {age:?}, not within {youngest:?} and {oldest:?}"
            )),
            _ => self.has_been_announced(),
        }
    }

    /// None that is due is lost, however late it may come.
    fn has_been_announced(&self) -> Result<(), String> {
        let due = AGES.iter().rfind(|age| minutes(**age) <= self.youngest());
        if self.gone || self.announced.last() >= due {
            return Ok(());
        }
        Err(format!(
            "{due:?} is due and {:?} were announced",
            self.announced
        ))
    }
}

/// Lets a task live through these steps. A store that forgets what the clock said is the control.
fn live(steps: &[Step], forgets: bool) -> Result<Life, String> {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    let mut life = Life::default();
    for step in steps {
        if forgets {
            forget_the_clock(&tasks);
        }
        clock.advance(SECOND * step.0);
        clock.set_ms(
            clock
                .now_ms()
                .saturating_add_signed(1000 * i64::from(step.1)),
        );
        life.goes_through(*step);
        life.is_checked(&tasks)
            .map_err(|what| format!("{what}, after {step:?} of {steps:?}"))?;
    }
    Ok(life)
}

fn forget_the_clock(tasks: &Tasks) {
    let text = fs::read_to_string(tasks.path()).expect("read");
    let mut state: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    state["clock_ms"] = 0.into();
    fs::write(tasks.path(), state.to_string()).expect("write");
}

/// A check every five minutes for ten hours; every half an hour the clock is set by so much.
fn set_every_half_hour(seconds: i32) -> Vec<Step> {
    let step = |nth| (300, if nth % 6 == 0 { seconds } else { 0 });
    (1..=120).map(step).collect()
}

#[test]
fn a_clock_that_is_set_back_again_and_again_keeps_no_task_alive_and_no_announcement_back() {
    let steps = set_every_half_hour(-3600);
    let life = live(&steps, false).unwrap_or_else(|what| panic!("{what}"));
    assert!(life.gone);
    // At the check of the tenth minute that of the sixth had passed.
    assert_eq!(life.announced, [10, 18, 25, 45]);
    assert!(live(&steps, true).is_err(), "the control was not caught");
}

#[test]
fn a_clock_that_is_set_forward_again_and_again_announces_nothing_twice() {
    let life = live(&set_every_half_hour(1200), false).unwrap_or_else(|what| panic!("{what}"));
    assert!(life.gone);
    assert_eq!(life.announced.last(), Some(&45));
}

#[test]
fn after_a_sleep_the_latest_announcement_is_made_if_the_task_is_not_too_old() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(7));
    assert_eq!(claimed_minutes(&tasks), [6]);
    clock.advance(3 * HOUR);
    assert_eq!(claimed_minutes(&tasks), [45]);
    clock.advance(8 * HOUR);
    let due = clean(tasks.claim_due());
    assert_eq!((due.claims, due.expired), (vec![], vec![own()]));
}

#[test]
fn a_step_forward_that_is_taken_back_announces_early_and_never_again() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(7) + 2 * HOUR);
    let claim = claims(&tasks).remove(0);
    assert_eq!(claim.after(), minutes(45));
    assert!(clean(tasks.confirm(&claim)));
    clock.set_back(2 * HOUR);
    for _ in 0..50 {
        clock.advance(MINUTE);
        assert_eq!(claims(&tasks), []);
    }
    // The minute in which the clock was set back cannot be known.
    assert_eq!(listed(&tasks)[0].age, 2 * HOUR + minutes(56));
    clock.advance(6 * HOUR);
    assert_eq!(ids(&tasks), []);
}

#[test]
fn an_unconfirmed_claim_is_tried_again_although_the_clock_was_set_back() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(6));
    assert_eq!(claims(&tasks).len(), 1);
    clock.set_back(HOUR);
    // Of the step only the difference is known; it is not taken for the time of a retry.
    assert_eq!(claims(&tasks), []);
    clock.advance(59 * SECOND);
    assert_eq!(claims(&tasks), []);
    clock.advance(10 * SECOND);
    assert_eq!(claims(&tasks)[0].attempt(), 2);
}

/// What is said of the clock ends where time begins.
#[test]
fn a_clock_that_is_set_to_the_first_hours_of_1970_makes_a_task_as_young_as_they_are() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(2 * HOUR);
    let claim = claims(&tasks).remove(0);
    assert!(clean(tasks.confirm(&claim)));
    clock.set_ms(10 * 60 * 1000);
    assert_eq!(claims(&tasks), [], "what was announced is so all the same");
    assert_eq!(listed(&tasks)[0].age, minutes(10));
    clock.advance(8 * HOUR - minutes(10));
    assert_eq!(ids(&tasks), []);
}

#[test]
fn times_that_lie_ahead_without_a_step_are_now() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    let text = fs::read_to_string(tasks.path()).expect("read");
    let ahead = text.replace(&format!("d_ms\":{START_MS}"), "d_ms\":9000000000000");
    assert_ne!(ahead, text);
    fs::write(tasks.path(), ahead).expect("write");
    clock.advance(SECOND);
    assert_eq!(claims(&tasks), []);
    clock.advance(minutes(6));
    assert_eq!(claimed_minutes(&tasks), [6]);
    clock.advance(8 * HOUR);
    assert_eq!(ids(&tasks), []);
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let set = prop_oneof![6 => Just(0), 1 => -9000..0_i32, 1 => 0..9000_i32];
    vec((10..1500_u32, set), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_the_clock_does_a_task_ages_within_what_can_be_known(steps in steps()) {
        live(&steps, false).map_err(proptest::test_runner::TestCaseError::fail)?;
    }
}
