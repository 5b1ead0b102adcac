//! Histories of many pages, in order and not: what a page has shrunk to says the same as the page.

use crate::common::{History, change, killed, look, versionless, words};
use hookstate_history::{Model, Operation, Verdict};

const CHANGES: u64 = 100_000;

fn good() -> History {
    let mut history = History::new(Model::Counter);
    history.operations = (0..CHANGES).map(in_turn).collect();
    history
}

fn in_turn(version: u64) -> Operation {
    let time = 10 * version;
    change(
        1 + (version % 8) as u32,
        1 + (version / 8) as u32,
        (time, time + 50),
        version,
    )
}

#[test]
fn a_history_in_order_is_exact() {
    assert_eq!(good().judge(), Verdict::Exact);
}

#[test]
fn the_order_of_the_lines_makes_no_difference() {
    let mut reversed = good();
    reversed.operations.reverse();
    assert_eq!(reversed.judge(), Verdict::Exact);
    let mut mixed = good();
    // Coprime to the length, so every line comes once.
    let order = (0..CHANGES).map(|line| line * 7919 % CHANGES);
    mixed.operations = order.map(in_turn).collect();
    assert_eq!(mixed.judge(), Verdict::Exact);
}

#[test]
fn a_second_change_of_a_version_long_gone_is_noticed() {
    let mut history = good();
    history
        .operations
        .push(change(9, 1, (CHANGES * 10, CHANGES * 10 + 1), 5));
    assert_eq!(words(&history.judge())[0], "lost");
}

#[test]
fn a_look_that_is_written_down_late_is_judged_by_its_time() {
    let late = |from, version| {
        let mut history = good();
        history
            .operations
            .push(look(9, (from, CHANGES * 20), version));
        history.judge()
    };
    // It began before version 6 was acknowledged, and before version 10 was.
    assert_eq!(late(60, 5), Verdict::Exact);
    assert_eq!(late(10 * 8 + 50, 9), Verdict::Exact);
    // Version 9 had been acknowledged before it began.
    assert_eq!(words(&late(10 * 8 + 51, 8)), ["rolled back"]);
    // It had the answer before version 5000 was asked for.
    for version in [3000, 5000] {
        let mut early = good();
        early.operations.push(look(9, (0, 5), version));
        assert_eq!(words(&early.judge()), ["rolled back"], "{version}");
    }
}

#[test]
fn a_gap_among_pages_is_noticed() {
    let mut history = good();
    history.operations.remove(50_000);
    assert_eq!(words(&history.judge()), ["unclaimed"]);
}

#[test]
fn a_rollback_within_a_page_names_both() {
    for version in [10, 70_000] {
        let mut history = good();
        // By then the next five changes have been acknowledged.
        let late = 10 * (version + 10);
        history.operations[version as usize] = change(9, 1, (late, late + 50), version);
        let verdict = history.judge();
        assert_eq!(words(&verdict), ["rolled back"]);
        let text = verdict.to_string();
        let older = format!(
            "after that p9 #01 ({late} to {} ns) read {version} and",
            late + 50
        );
        assert!(text.contains(&older), "{text}");
    }
}

#[test]
fn a_rollback_over_many_pages_names_both() {
    let mut history = good();
    history.operations[70_000].invoked_ns = 10 * CHANGES;
    history.operations[70_000].responded_ns = Some(11 * CHANGES);
    let verdict = history.judge();
    assert_eq!(words(&verdict), ["rolled back"]);
    assert!(
        verdict.to_string().contains("read 70000 and wrote 70001"),
        "{verdict}"
    );
}

/// The last version of the first page, and the first ones of the second: both pages have shrunk by the
/// end.
#[test]
fn a_rollback_between_two_pages_that_have_shrunk_is_noticed() {
    let of_invocation = |invoked| {
        let mut history = good();
        history.operations[4095] = change(8, 512, (invoked, invoked + 50), 4095);
        history.judge()
    };
    assert_eq!(of_invocation(10 * 4096 + 50), Verdict::Exact);
    let verdict = of_invocation(10 * 4096 + 51);
    assert_eq!(words(&verdict), ["rolled back"]);
    let text = verdict.to_string();
    assert!(
        text.contains("read 4096 and wrote 4097, and after that p8 #512"),
        "{text}"
    );
}

/// All begin at once, and only the change of the last version is over early.
#[test]
fn a_gap_is_closed_as_soon_as_somebody_has_seen_a_version_some_pages_later() {
    let of_killed_at = |invoked| {
        let mut history = History::new(Model::Counter);
        let end = |version| if version == 9000 { 50 } else { 1000 };
        let changes =
            (1..=9000).map(|version| change(1, version as u32, (0, end(version)), version));
        history.operations = changes.collect();
        history
            .operations
            .push(killed(change(2, 1, (invoked, 0), 0)));
        history.judge()
    };
    assert_eq!(of_killed_at(50), Verdict::Exact);
    assert_eq!(words(&of_killed_at(51)), ["unclaimed"]);
}

/// Nobody tells anything of the versions of the first two pages.
#[test]
fn a_change_without_a_version_has_to_have_begun_before_all_were_seen() {
    let with_one_that_began_at = |invoked| {
        let mut history = History::new(Model::Counter);
        let changes = (1..10_000).map(|sequence| versionless(change(1, sequence, (0, 1000), 0)));
        history.operations = changes.collect();
        history
            .operations
            .push(versionless(change(2, 1, (invoked, 60), 0)));
        history.operations.push(look(3, (10, 50), 10_000));
        history.judge()
    };
    assert_eq!(with_one_that_began_at(50), Verdict::Exact);
    assert_eq!(words(&with_one_that_began_at(51)), ["unclaimed"]);
}
