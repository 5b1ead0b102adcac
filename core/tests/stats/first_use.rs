//! The first use, by many at once: nobody may make the file anew that another has just made.

use crate::account::Account;
use crate::child::{Running, begin_together};
use crate::finalize::runs;
use crate::scratch::{Scratch, record};
use crate::{peer, worker};

#[test]
fn one_call_of_each_of_eight_processes_is_counted_on_first_use() {
    let names: Vec<String> = (0..8).map(|number| format!("w{number}")).collect();
    for run in 0..runs(400) {
        let scratch = Scratch::new();
        let start = |name: &String| worker::start(&scratch, name, 1, 1);
        let mut running: Vec<Running> = names.iter().map(start).collect();
        begin_together(&mut running);
        running.into_iter().for_each(Running::finish);
        let file = scratch.stats().read().expect("a file").value;
        let settled = Account::of(&names, 1).settle([&file]);
        settled.unwrap_or_else(|wrong| panic!("run {run}: {wrong}"));
    }
}

/// Control: the program that looks whether there is a file and then makes one.
#[test]
fn a_peer_that_checks_and_then_creates_is_found_out() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.data()).expect("mkdir");
    let mut peer = peer::on(&scratch, "checks-then-creates", &["p-0"]);
    peer.wait_for("checked");
    let mut stats = scratch.stats();
    let _ = stats
        .record_hook_timing("PostToolUse", 1.0)
        .expect("a record");
    record(&mut stats, &[("w-0", true)]);
    peer.tell("go on");
    peer.finish();
    let file = scratch.stats().read().expect("a file").value;
    let account = Account::of(&["w".to_owned(), "p".to_owned()], 1);
    let wrong = account.settle([&file]).expect_err("our call is lost");
    assert!(wrong.contains("1 lost"), "{wrong}");
}
