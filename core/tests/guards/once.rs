//! `Once`: one process wins a key, until it expires.

use crate::clock::Clocked;
use crate::meeting::{granted_to_two, scratch};
use crate::workers::granted_among;
use hookstate::Store;
use hookstate::guard::{Once, Win};
use hookstate::kernel::Kernel;
use hookstate::strategy::{ALL, Flock, Strategy};
use std::path::Path;
use std::time::Duration;

const EXPIRY: Duration = Duration::from_secs(60);
const MICROSECOND: Duration = Duration::from_micros(1);

fn once<K: Kernel>(directory: &Path, kernel: K) -> Once<Flock, K> {
    once_with(Flock, directory, kernel)
}

fn once_with<S: Strategy, K: Kernel>(strategy: S, directory: &Path, kernel: K) -> Once<S, K> {
    let store = Store::with(directory, "once", strategy, kernel).lock_timeout(Duration::ZERO);
    Once::over(store, EXPIRY)
}

fn wins<K: Kernel>(once: &Once<Flock, K>, key: &[u8]) -> bool {
    once.first(key).expect("nothing is wrong").value
}

fn win(once: &Once<Flock, Clocked>, key: &str) -> Option<Win> {
    once.win(key).expect("nothing is wrong").value
}

fn forgets(once: &Once<Flock, Clocked>, win: Win) -> bool {
    once.forget(win).expect("nothing is wrong").value
}

#[test]
fn one_of_eight_processes_wins_a_key() {
    let scratch = scratch();
    assert_eq!(granted_among(8, "once", scratch.path()), 1);
}

/// The control of all that count what processes are granted at the same time.
#[test]
fn all_of_eight_processes_win_if_they_look_and_take_in_two_windows() {
    let scratch = scratch();
    assert_eq!(granted_among(8, "looks-then-takes", scratch.path()), 8);
}

#[test]
fn one_of_two_wins_wherever_they_meet() {
    for strategy in ALL {
        let sums = granted_to_two(
            |_, _| {},
            |directory, kernel| {
                let won = once_with(strategy, directory, kernel).first("key")?;
                Ok(usize::from(won.value))
            },
        );
        let sums: Vec<usize> = sums.into_keys().collect();
        assert_eq!(sums, [1], "{strategy:?}");
    }
}

#[test]
fn a_key_can_be_won_again_when_it_has_expired() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let once = once(scratch.path(), clock.clone());
    assert!(wins(&once, b"key"));
    clock.advance(EXPIRY - MICROSECOND);
    assert!(!wins(&once, b"key"));
    clock.advance(MICROSECOND);
    assert!(wins(&once, b"key"));
    assert!(!wins(&once, b"key"));
}

#[test]
fn a_key_lasts_at_most_one_expiry_longer_when_the_clock_is_set_back() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let once = once(scratch.path(), clock.clone());
    assert!(wins(&once, b"key"));
    clock.set_back(1_000 * EXPIRY);
    assert!(!wins(&once, b"key"));
    clock.advance(EXPIRY - MICROSECOND);
    assert!(!wins(&once, b"key"));
    clock.advance(MICROSECOND);
    assert!(wins(&once, b"key"));
}

#[test]
fn keys_of_any_bytes_are_told_apart() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let once = once(scratch.path(), clock);
    let long = vec![b'k'; 10_000];
    let longer = vec![b'k'; 10_001];
    let keys: [&[u8]; 8] = [
        b"", b"key", b"KEY", b"a\0b", b"a\nb", b"\xff", &long, &longer,
    ];
    for key in keys {
        assert!(wins(&once, key), "{key:?}");
    }
    for key in keys {
        assert!(!wins(&once, key), "{key:?}");
    }
}

#[test]
fn a_key_that_its_winner_forgets_can_be_won_again() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let once = once(scratch.path(), clock);
    let another = win(&once, "another").expect("it is free");
    let first = win(&once, "key").expect("it is free");
    assert!(forgets(&once, another));
    assert!(!wins(&once, b"key"));
    // By another process.
    let text = serde_json::to_string(&first).expect("JSON");
    let handed_on = serde_json::from_str(&text).expect("a win");
    assert!(forgets(&once, handed_on));
    assert!(wins(&once, b"key"));
    assert!(!forgets(&once, first), "it has been forgotten already");
    assert!(!wins(&once, b"key"));
}

#[test]
fn a_winner_that_comes_back_when_the_key_has_another_takes_nothing_from_that() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let once = once(scratch.path(), clock.clone());
    let slow = win(&once, "key").expect("it is free");
    clock.advance(EXPIRY);
    let next = win(&once, "key").expect("it has expired");
    assert!(!forgets(&once, slow.clone()));
    assert!(!wins(&once, b"key"));
    // Also if the state begins anew, as after damage.
    std::fs::remove_file(scratch.path().join("once.once.json")).expect("unlink");
    clock.advance(MICROSECOND);
    let third = win(&once, "key").expect("nobody has won it");
    assert!(!forgets(&once, slow) && !forgets(&once, next));
    assert!(!wins(&once, b"key"));
    assert!(forgets(&once, third));
}

#[test]
fn numbers_go_on_whatever_the_file_says() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let once = once(scratch.path(), clock);
    let last = format!(r#"{{"number": {}, "won": {{}}}}"#, u64::MAX);
    std::fs::write(scratch.path().join("once.once.json"), last).expect("write");
    let one = win(&once, "one").expect("it is free");
    let other = win(&once, "other").expect("it is free");
    assert_ne!(one, other);
    assert!(forgets(&once, one) && forgets(&once, other));
}

#[test]
fn of_too_many_keys_the_one_that_was_won_first_is_forgotten() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let once = once(scratch.path(), clock.clone()).keys_max(3);
    for key in [b"c", b"a", b"b", b"d"] {
        assert!(wins(&once, key));
        clock.advance(MICROSECOND);
    }
    for key in [b"a", b"b", b"d"] {
        assert!(!wins(&once, key), "{key:?}");
    }
    assert!(wins(&once, b"c"));
}

#[test]
fn the_file_stays_small_however_many_keys_there_are() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let once = once(scratch.path(), clock).keys_max(10);
    for nth in 0..200 {
        assert!(wins(&once, format!("key {nth}").as_bytes()));
    }
    let file = scratch.path().join("once.once.json");
    let length = std::fs::metadata(file).expect("the file").len();
    assert!(length < 1_000, "{length} bytes");
}
