//! `RateLimit`: at most so many in any window.

use crate::clock::Clocked;
use crate::meeting::{granted_to_two, scratch};
use crate::mortal::die_at_each_call;
use crate::parts::TURNS;
use crate::workers::granted_among;
use hookstate::Store;
use hookstate::guard::{RateLimit, Turn};
use hookstate::kernel::Kernel;
use hookstate::strategy::Flock;
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);
const MICROSECOND: Duration = Duration::from_micros(1);

fn limit<K: Kernel>(directory: &Path, kernel: K, most: usize) -> RateLimit<Flock, K> {
    let store = Store::with(directory, "limit", Flock, kernel).lock_timeout(Duration::ZERO);
    RateLimit::over(store, most, WINDOW)
}

fn turn<K: Kernel>(limit: &RateLimit<Flock, K>) -> Turn {
    limit.turn().expect("nothing is wrong").value
}

#[test]
fn eight_processes_have_exactly_as_many_turns_as_the_limit() {
    let scratch = scratch();
    assert_eq!(granted_among(8, "limit", scratch.path()), TURNS);
}

#[test]
fn eight_processes_go_over_the_limit_if_they_look_and_take_in_two_windows() {
    let scratch = scratch();
    let granted = granted_among(8, "looks-then-takes-one-of-five", scratch.path());
    assert_eq!(granted, 8);
}

#[test]
fn one_of_two_has_the_only_turn_wherever_they_meet() {
    let sums = granted_to_two(
        |_, _| {},
        |directory, kernel| {
            let turn = limit(directory, kernel, 1).turn()?;
            Ok(usize::from(turn.value == Turn::Now))
        },
    );
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), [1]);
}

/// Asks after each of the pauses. Whether every answer was right: a turn exactly if the window that
/// ends then has room, and otherwise the time until it has.
fn is_exact(
    most: usize,
    pauses: &[Duration],
    mut ask: impl FnMut(Duration) -> Turn,
) -> Result<(), String> {
    let mut had: Vec<Duration> = Vec::new();
    let mut now = Duration::ZERO;
    for pause in pauses {
        now += *pause;
        let within: Vec<Duration> = had
            .iter()
            .copied()
            .filter(|at| now - *at < WINDOW)
            .collect();
        let due = match within.len().checked_sub(most) {
            None => Turn::Now,
            Some(leaving) => Turn::In(within[leaving] + WINDOW - now),
        };
        let turn = ask(*pause);
        if turn != due {
            return Err(format!("at {now:?}: {turn:?} where {due:?} is right"));
        }
        if turn == Turn::Now {
            had.push(now);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_window_slides_exactly(
        most in 1_usize..5,
        pauses in prop::collection::vec(0_u64..8_000_000, 1..40),
    ) {
        let (scratch, clock) = (scratch(), Clocked::new());
        let limit = limit(scratch.path(), clock.clone(), most);
        let pauses: Vec<Duration> = pauses.into_iter().map(Duration::from_micros).collect();
        let exact = is_exact(most, &pauses, |pause| {
            clock.advance(pause);
            turn(&limit)
        });
        prop_assert_eq!(exact, Ok(()));
    }
}

/// The control of the test above: counting by stretches of time, each with as many turns.
#[test]
fn a_counter_for_each_stretch_of_time_is_not_exact() {
    let (mut now, mut stretch, mut count) = (Duration::ZERO, 0, 0);
    let pauses = [9 * SECOND, SECOND / 2, SECOND / 2];
    let exact = is_exact(2, &pauses, |pause| {
        now += pause;
        let current = now.as_secs() / WINDOW.as_secs();
        if current != stretch {
            (stretch, count) = (current, 0);
        }
        count += 1;
        Turn::Now
    });
    assert_eq!(exact, Err("at 10s: Now where In(9s) is right".to_owned()));
    assert_eq!(count, 1);
}

#[test]
fn whoever_waits_as_long_as_told_has_a_turn_and_not_a_microsecond_sooner() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let limit = limit(scratch.path(), clock.clone(), 1);
    assert_eq!(turn(&limit), Turn::Now);
    clock.advance(4 * SECOND);
    assert_eq!(turn(&limit), Turn::In(6 * SECOND));
    clock.advance(6 * SECOND - MICROSECOND);
    assert_eq!(turn(&limit), Turn::In(MICROSECOND));
    clock.advance(MICROSECOND);
    assert_eq!(turn(&limit), Turn::Now);
}

#[test]
fn a_clock_that_is_set_back_admits_no_more_and_delays_by_one_window() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let limit = limit(scratch.path(), clock.clone(), 2);
    assert_eq!(turn(&limit), Turn::Now);
    clock.set_back(1_000 * WINDOW);
    assert_eq!(turn(&limit), Turn::Now);
    assert_eq!(turn(&limit), Turn::In(WINDOW));
    // Also if nobody was admitted since: a refusal remembers that it has seen the step.
    clock.set_back(1_000 * WINDOW);
    assert_eq!(turn(&limit), Turn::In(WINDOW));
    clock.advance(WINDOW - MICROSECOND);
    assert_eq!(turn(&limit), Turn::In(MICROSECOND));
    clock.advance(MICROSECOND);
    assert_eq!(turn(&limit), Turn::Now);
}

#[test]
fn a_limit_of_none_admits_nobody_and_a_lower_one_counts_what_was_before() {
    let (scratch, clock) = (scratch(), Clocked::new());
    assert_eq!(
        turn(&limit(scratch.path(), clock.clone(), 0)),
        Turn::In(Duration::MAX)
    );
    let generous = limit(scratch.path(), clock.clone(), 3);
    for _ in 0..3 {
        assert_eq!(turn(&generous), Turn::Now);
        clock.advance(SECOND);
    }
    let strict = limit(scratch.path(), clock.clone(), 1);
    assert_eq!(turn(&strict), Turn::In(9 * SECOND));
    clock.advance(9 * SECOND);
    assert_eq!(turn(&strict), Turn::Now);
}

#[test]
fn a_process_that_is_killed_leaves_at_most_a_turn_that_nobody_has() {
    die_at_each_call(
        |_| scratch(),
        |scratch, kernel| {
            let _turn = limit(scratch.path(), kernel, 2).turn();
        },
        |scratch, clock| {
            let limit = limit(scratch.path(), clock.clone(), 2);
            let turns = (0..3).filter(|_| turn(&limit) == Turn::Now).count();
            clock.advance(WINDOW);
            match (turns, turn(&limit)) {
                (1 | 2, Turn::Now) => Ok(()),
                others => Err(format!("{others:?}")),
            }
        },
    )
    .expect("no turn is granted twice, and none is lost for ever");
}
