//! When announcements are due, and which.

use crate::clock::{Clocked, HOUR, MINUTE, SECOND, minutes};
use crate::place::{Place, Tasks, claimed_minutes, claims, clean, ids, listed};
use hookstate::tasks::{AnnouncementState, Claim, Failure, TaskId};
use std::collections::BTreeMap;
use std::time::Duration;

fn own() -> TaskId {
    TaskId::of_session("s")
}

#[test]
fn each_announcement_is_claimed_when_the_task_comes_to_its_age() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    let mut claimed = Vec::new();
    for second in (0..50 * 60).step_by(15) {
        for claim in claims(&tasks) {
            assert_eq!((claim.age(), claim.attempt()), (SECOND * second, 1));
            assert_eq!(claim.id(), &own());
            assert_eq!(claim.cwd(), "/home/me");
            assert!(clean(tasks.confirm(&claim)));
            claimed.push((claim.after(), claim.age()));
        }
        clock.advance(15 * SECOND);
    }
    let expected = [6, 10, 18, 25, 45].map(|age| (minutes(age), minutes(age)));
    assert_eq!(claimed, expected);
}

#[test]
fn only_the_latest_is_claimed_and_those_before_it_have_passed() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(20));
    let claims = claims(&tasks);
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].after(), minutes(18));
    let state = |state: AnnouncementState| {
        let passed = [6, 10].map(|age| (minutes(age), AnnouncementState::Passed));
        let last = [(minutes(18), state)];
        BTreeMap::from_iter(passed.into_iter().chain(last))
    };
    let said = |tasks: &Tasks| listed(tasks)[0].announcements.clone();
    assert_eq!(said(&tasks), state(AnnouncementState::Claimed));
    assert!(clean(tasks.confirm(&claims[0])));
    assert_eq!(said(&tasks), state(AnnouncementState::Sent));
    clock.advance(minutes(4));
    assert_eq!(claimed_minutes(&tasks), [0; 0], "nothing is due twice");
    clock.advance(minutes(1));
    assert_eq!(claimed_minutes(&tasks), [25]);
}

#[test]
fn a_claim_that_a_later_announcement_overtakes_is_not_tried_again() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(6));
    let early = claims(&tasks);
    clock.advance(minutes(4));
    assert_eq!(claimed_minutes(&tasks), [10]);
    let said = |age| listed(&tasks)[0].announcements[&minutes(age)].clone();
    assert_eq!(said(6), AnnouncementState::Passed);
    // It was slow, and yet it was sent.
    assert!(clean(tasks.confirm(&early[0])));
    assert_eq!(said(6), AnnouncementState::Sent);
    assert_eq!(said(10), AnnouncementState::Claimed);
}

#[test]
fn a_task_is_left_alone_for_the_check_interval() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place
        .tasks(&clock)
        .announce_after(&[MINUTE, MINUTE + 5 * SECOND]);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(MINUTE);
    assert_eq!(claims(&tasks).len(), 1);
    clock.advance(9 * SECOND);
    let before = std::fs::read(tasks.path()).expect("read");
    assert_eq!(claims(&tasks), []);
    assert_eq!(std::fs::read(tasks.path()).expect("read"), before);
    clock.advance(SECOND);
    assert_eq!(claims(&tasks).len(), 1);
    // Another interval.
    let eager = place
        .tasks(&clock)
        .announce_after(&[MINUTE + 11 * SECOND])
        .check_interval(SECOND);
    clock.advance(SECOND);
    assert_eq!(claims(&eager).len(), 1);
}

#[test]
fn a_task_is_gone_at_the_age_of_eight_hours() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(8 * HOUR - SECOND);
    assert_eq!(ids(&tasks), [own()]);
    assert_eq!(claimed_minutes(&tasks), [45]);
    clock.advance(SECOND);
    assert_eq!(ids(&tasks), []);
    let due = clean(tasks.claim_due());
    assert_eq!((due.claims.len(), due.expired), (0, vec![own()]));
    assert_eq!(clean(tasks.claim_due()).expired, []);
    assert!(!clean(tasks.remove(&own())));
}

/// What changes no other task: each is given a session that has none, and a claim of it.
const CHANGES_OF_NOTHING: [fn(&Tasks, &TaskId, &Claim); 4] = [
    |tasks, gone, _| assert!(!clean(tasks.remove(gone))),
    |tasks, _, _| assert_eq!(clean(tasks.remove_session("gone")), 0),
    |tasks, _, claim| assert!(!clean(tasks.confirm(claim))),
    |tasks, _, claim| assert_eq!(clean(tasks.failed(claim)), Failure::Void),
];

/// A task that expires after a minute, and the claim of one that was removed.
fn beside_one_that_is_gone(place: &Place, clock: &Clocked) -> (Tasks, TaskId, Claim) {
    let tasks = place
        .tasks(clock)
        .announce_after(&[SECOND])
        .expire_after(MINUTE);
    let gone = TaskId::of_session("gone");
    clean(tasks.add_or_reset(&gone, "/home/me"));
    clock.advance(SECOND);
    let claim = claims(&tasks).remove(0);
    assert!(clean(tasks.remove(&gone)));
    clean(tasks.add_or_reset(&own(), "/home/me"));
    (tasks, gone, claim)
}

#[test]
fn every_call_drops_what_has_come_to_its_age() {
    let adds = |tasks: &Tasks, gone: &TaskId, _: &Claim| {
        clean(tasks.add_or_reset(gone, "/home/me"));
    };
    for change in CHANGES_OF_NOTHING.into_iter().chain([adds as _]) {
        let place = Place::new();
        let clock = Clocked::start();
        let (tasks, gone, claim) = beside_one_that_is_gone(&place, &clock);
        clock.advance(MINUTE);
        change(&tasks, &gone, &claim);
        clock.set_back(MINUTE);
        assert!(!ids(&tasks).contains(&own()));
    }
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let place = Place::new();
    let clock = Clocked::start();
    let (tasks, gone, claim) = beside_one_that_is_gone(&place, &clock);
    let before = std::fs::read(tasks.path()).expect("read");
    for change in CHANGES_OF_NOTHING {
        clock.advance(SECOND);
        change(&tasks, &gone, &claim);
        assert_eq!(std::fs::read(tasks.path()).expect("read"), before);
    }
}

#[test]
fn a_reset_task_begins_anew() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    assert!(!clean(tasks.add_or_reset(&own(), "/home/me")).reset);
    clock.advance(minutes(10));
    assert_eq!(claimed_minutes(&tasks), [10]);
    assert!(clean(tasks.add_or_reset(&own(), "/home/you")).reset);
    let task = listed(&tasks).remove(0);
    assert_eq!((task.age, task.announcements.len()), (Duration::ZERO, 0));
    assert_eq!(task.cwd.to_str(), Some("/home/you"));
    assert_eq!(
        task.started.duration_since(task.added).ok(),
        Some(minutes(10))
    );
    clock.advance(minutes(6));
    assert_eq!(claimed_minutes(&tasks), [6]);
}

#[test]
fn no_schedule_is_too_long_or_too_odd() {
    let place = Place::new();
    let clock = Clocked::start();
    let ages: Vec<Duration> = (0..5000).rev().map(|n| n * SECOND).collect();
    let tasks = place.tasks(&clock).announce_after(&ages);
    clean(tasks.add_or_reset(&own(), "/home/me"));
    for age in [0, 10, 4000, 4999] {
        clock.set_ms(crate::clock::START_MS + age * 1000);
        let claims = claims(&tasks);
        assert_eq!(claims.len(), 1);
        assert_eq!(claims[0].after(), Duration::from_secs(age));
        assert!(clean(tasks.confirm(&claims[0])));
    }
    assert_eq!(listed(&tasks)[0].announcements.len(), 32);
    let never = place.tasks(&clock).announce_after(&[]);
    clock.advance(HOUR);
    assert_eq!(claims(&never), []);
}
