//! Who sends an announcement, and how often it is tried.

use crate::careless::Careless;
use crate::child::{self, Child, Part};
use crate::clock::{Clocked, MINUTE, SECOND, minutes};
use crate::operation::own;
use crate::place::{Place, Tasks, claims, clean, ids, listed, tasks_in};
use hookstate::strategy::{ALL, AnyStrategy, Flock, Strategy};
use hookstate::tasks::{AnnouncementState, Claim, Failure, TaskId, TaskStore};

const PROCESSES: usize = 8;

/// A place with one task, of which an announcement is due.
fn due<S: Strategy>(strategy: S) -> (Place, Clocked, TaskStore<S, Clocked>) {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks_with(strategy, clock.clone());
    clean(tasks.add_or_reset(&own(), "/home/me"));
    clock.advance(minutes(6));
    (place, clock, tasks)
}

fn state<S: Strategy>(tasks: &TaskStore<S, Clocked>) -> AnnouncementState {
    listed(tasks)[0].announcements[&minutes(6)].clone()
}

/// How many of eight processes that check at once get the claim.
fn claimed_by_eight<S: Strategy>(test: &str, part: &str, strategy: S) -> usize {
    let (place, clock, _tasks) = due(strategy);
    let start = |_| Child::of(test, part, &place.data(), clock.now_ms());
    let mut children: Vec<Child> = (0..PROCESSES).map(start).collect();
    for child in &mut children {
        child.says("ready");
    }
    for child in &mut children {
        child.go_on();
    }
    let claimed = |mut child: Child| {
        let count: usize = child.word().parse().expect("a number of claims");
        child.ends();
        count
    };
    children.into_iter().map(claimed).sum()
}

fn claim_in_a_child(part: &Part) {
    let clock = Clocked::at(part.now_ms);
    let count = match AnyStrategy::named(&part.name) {
        Some(strategy) => {
            child::say("ready");
            child::wait();
            claims(&tasks_in(&part.directory, strategy, clock)).len()
        }
        // This one is ready when it has read.
        None => claims(&tasks_in(&part.directory, Careless::slow(), clock)).len(),
    };
    child::say(&count.to_string());
}

#[test]
fn of_many_processes_that_check_at_once_one_gets_the_claim() {
    if let Some(part) = child::part() {
        return claim_in_a_child(&part);
    }
    let test = "claims::of_many_processes_that_check_at_once_one_gets_the_claim";
    for strategy in ALL {
        for _ in 0..5 {
            let claimed = claimed_by_eight(test, strategy.name(), strategy);
            assert_eq!(claimed, 1, "{}", strategy.name());
        }
    }
    let claimed = claimed_by_eight(test, "careless", Careless::hasty());
    assert_eq!(claimed, PROCESSES, "the control was not caught");
}

/// A process that claims, says which try it is, and is killed before it can confirm.
fn killed_claimant(test: &str, place: &Place, clock: &Clocked) -> String {
    let mut child = Child::of(test, "claimant", &place.data(), clock.now_ms());
    child.word()
    // Dropped, and so killed.
}

fn claim_and_hang(part: &Part) {
    let tasks = tasks_in(&part.directory, Flock, Clocked::at(part.now_ms));
    let due = clean(tasks.claim_due());
    let tries: Vec<u32> = due.claims.iter().map(Claim::attempt).collect();
    child::say(&format!("tries {tries:?}, gives up {}", due.given_up.len()));
    child::wait();
    unreachable!("nobody lets this go on");
}

#[test]
fn the_claim_of_a_killed_process_is_tried_again_and_three_times_in_all() {
    if let Some(part) = child::part() {
        return claim_and_hang(&part);
    }
    let test = "claims::the_claim_of_a_killed_process_is_tried_again_and_three_times_in_all";
    let (place, clock, tasks) = due(Flock);
    let nothing = "tries [], gives up 0";
    for attempt in 1..=3 {
        let said = killed_claimant(test, &place, &clock);
        assert_eq!(said, format!("tries [{attempt}], gives up 0"));
        clock.advance(59 * SECOND);
        assert_eq!(killed_claimant(test, &place, &clock), nothing);
        assert_eq!(state(&tasks), AnnouncementState::Claimed);
        // The check just now keeps others away for ten seconds.
        clock.advance(10 * SECOND);
    }
    assert_eq!(
        killed_claimant(test, &place, &clock),
        "tries [], gives up 1"
    );
    assert_eq!(state(&tasks), AnnouncementState::GivenUp);
    for _ in 0..3 {
        clock.advance(10 * SECOND);
        assert_eq!(killed_claimant(test, &place, &clock), nothing);
    }
    // Only this announcement is given up.
    clock.advance(minutes(4));
    assert_eq!(
        killed_claimant(test, &place, &clock),
        "tries [1], gives up 0"
    );
}

#[test]
fn an_announcement_that_fails_is_tried_again_after_the_check_interval_and_three_times_in_all() {
    let (_place, clock, tasks) = due(Flock);
    for attempt in 1..=3 {
        let claims = claims(&tasks);
        assert_eq!(claims.len(), 1);
        assert_eq!(
            (claims[0].attempt(), claims[0].after()),
            (attempt, minutes(6))
        );
        let expected = match attempt {
            3 => (Failure::GivenUp, AnnouncementState::GivenUp),
            _ => (Failure::TriedAgain, AnnouncementState::Failed),
        };
        // The notifier takes a while to fail.
        clock.advance(SECOND);
        assert_eq!((clean(tasks.failed(&claims[0])), state(&tasks)), expected);
        // Other hooks come by at once, and would use up all tries on one hiccup of the notifier.
        assert_eq!(self::claims(&tasks), []);
        clock.advance(8 * SECOND);
        assert_eq!(self::claims(&tasks), []);
        clock.advance(SECOND);
    }
    assert_eq!(claims(&tasks), []);
}

#[test]
fn a_confirmed_announcement_is_never_tried_again() {
    let (_place, clock, tasks) = due(Flock);
    let claim = claims(&tasks).remove(0);
    assert!(clean(tasks.confirm(&claim)));
    assert_eq!(state(&tasks), AnnouncementState::Sent);
    clock.advance(3 * MINUTE);
    assert_eq!(claims(&tasks), []);
    assert_eq!(clean(tasks.failed(&claim)), Failure::Void);
    assert_eq!(state(&tasks), AnnouncementState::Sent);
}

#[test]
fn a_claimant_that_was_overtaken_can_confirm_but_not_take_the_next_try_away() {
    let (_place, clock, tasks) = due(Flock);
    let slow = claims(&tasks).remove(0);
    clock.advance(MINUTE);
    let second = claims(&tasks).remove(0);
    assert_eq!(second.attempt(), 2);
    // Its failure says nothing about the second try, which is under way.
    assert_eq!(clean(tasks.failed(&slow)), Failure::Void);
    assert_eq!(state(&tasks), AnnouncementState::Claimed);
    // But if it was sent after all, it was sent.
    assert!(clean(tasks.confirm(&slow)));
    assert_eq!(clean(tasks.failed(&second)), Failure::Void);
    assert_eq!(state(&tasks), AnnouncementState::Sent);
}

/// The sessions whose announcements are sent, sorted, if ten are due and a notifier takes eight seconds
/// for each, while another process, which sends at once, checks every eight seconds.
fn sent_slowly(terms: impl Fn(Tasks) -> Tasks) -> Vec<TaskId> {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = terms(place.tasks(&clock));
    for session in TEN {
        clean(tasks.add_or_reset(&TaskId::of_session([session]), "/home/me"));
    }
    clock.advance(minutes(6));
    let mut sent = Vec::new();
    let mut send = |claim: &Claim| {
        assert!(clean(tasks.confirm(claim)));
        sent.push(claim.id().clone());
    };
    for claim in claims(&tasks) {
        clock.advance(8 * SECOND);
        claims(&tasks).iter().for_each(&mut send);
        send(&claim);
    }
    sent.sort();
    sent
}

const TEN: std::ops::RangeInclusive<u8> = b'0'..=b'9';

#[test]
fn a_slow_notifier_that_claims_no_more_than_it_sends_in_time_sends_each_once() {
    let once: Vec<TaskId> = TEN.map(|session| TaskId::of_session([session])).collect();
    assert_eq!(sent_slowly(|tasks| tasks.claims_max(7)), once);
    let all_at_once = sent_slowly(|tasks| tasks);
    assert!(all_at_once.len() > once.len(), "the control was not caught");
}

#[test]
fn a_check_claims_one_after_another_as_many_as_it_may() {
    let (_place, _clock, tasks) = due(Flock);
    clean(tasks.add_or_reset(&TaskId::of_session("later"), "/home/me"));
    let tasks = tasks
        .announce_after(&[std::time::Duration::ZERO])
        .claims_max(0);
    let mut claimed = Vec::new();
    for _ in 0..2 {
        let claim = claims(&tasks);
        assert_eq!((claim.len(), claim[0].attempt()), (1, 1));
        claimed.push(claim[0].id().clone());
    }
    assert_eq!(claimed, ids(&tasks));
    assert_eq!(claims(&tasks), []);
}

#[test]
fn a_check_that_finds_nothing_to_do_creates_and_changes_nothing() {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    assert_eq!(claims(&tasks), []);
    assert_eq!(ids(&tasks), []);
    assert!(!place.data().exists());
}
