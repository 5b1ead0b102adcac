//! Our processes and those of the program in Python, on the same file at the same time.

use crate::account::Account;
use crate::child::{Running, begin_together};
use crate::finalize::runs;
use crate::scratch::Scratch;
use crate::{peer, worker};

const OURS: u32 = 8;
const THEIRS: u32 = 8;
const CALLS: u32 = 100;

fn names() -> (Vec<String>, Vec<String>) {
    let names = |kind: &str, count| (0..count).map(|number| format!("{kind}{number}")).collect();
    (names("w", OURS), names("p", THEIRS))
}

/// Everybody at once, on a file that is not there yet. The last are told a little later than the first
/// and whoever comes first makes the file, so both kinds have to take turns at being told first.
fn race(role: &str, theirs_first: bool) -> Result<(), String> {
    let scratch = Scratch::new();
    let (ours, theirs) = names();
    let calls = CALLS.to_string();
    let start = |name: &String| worker::start(&scratch, name, CALLS, 10);
    let mut running: Vec<Running> = ours.iter().map(start).collect();
    running.extend(
        theirs
            .iter()
            .map(|name| peer::on(&scratch, role, &[name, &calls])),
    );
    if theirs_first {
        running.reverse();
    }
    begin_together(&mut running);
    running.into_iter().for_each(Running::finish);
    let file = scratch
        .stats()
        .read()
        .map_err(|error| error.to_string())?
        .value;
    Account::of(&[ours, theirs].concat(), CALLS).settle([&file])
}

/// Ten of the twenty runs that are promised; the other ten are the next test.
#[test]
fn eight_of_ours_and_eight_in_python_count_to_1600() {
    races(false);
}

#[test]
fn eight_of_ours_and_eight_in_python_count_to_1600_where_python_comes_first() {
    races(true);
}

fn races(theirs_first: bool) {
    for run in 0..runs(10) {
        race("count", theirs_first).unwrap_or_else(|wrong| panic!("run {run}: {wrong}"));
    }
}

/// With the timeout that is shipped, a flush may fail for the lock, which changes nothing, and is tried
/// again.
#[test]
fn with_the_default_timeout_a_flush_that_is_tried_again_loses_nothing_either() {
    let scratch = Scratch::new();
    let (ours, theirs) = names();
    let calls = CALLS.to_string();
    let start = |name: &String| worker::start_as_shipped(&scratch, name, CALLS, 10);
    let mut running: Vec<Running> = ours.iter().map(start).collect();
    running.extend(
        theirs
            .iter()
            .map(|name| peer::on(&scratch, "count", &[name, &calls])),
    );
    begin_together(&mut running);
    running.into_iter().for_each(Running::finish);
    let file = scratch.stats().read().expect("a file").value;
    let account = Account::of(&[ours, theirs].concat(), CALLS);
    assert_eq!(account.settle([&file]), Ok(()));
}

/// Control: with the lock released between reading and writing hardly anything is left.
#[test]
fn peers_that_lock_twice_are_found_out() {
    race("locks-twice", false).expect_err("calls are lost");
}

#[test]
fn what_we_leave_is_what_a_peer_goes_on_with() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats().agent("a");
    crate::scratch::record(&mut stats, &[("Bash", true), ("Edit", false)]);
    let _ = stats.finalize().expect("a result");
    crate::scratch::record(&mut stats, &[("w-0", true)]);
    let peer = peer::on(&scratch, "count", &["p", "2"]);
    peer.wait_for("ready");
    peer.finish();
    let file = stats.read().expect("a file").value;
    assert_eq!(file.tool_count(), 3);
    assert_eq!(file.agents()[0].1.tool_count, 1);
    assert!(
        !scratch.text().contains("  "),
        "Python cuts the padding off"
    );
}
