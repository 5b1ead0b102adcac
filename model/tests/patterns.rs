//! The known ways to lose state: both engines must reject each program that has one, for the right
//! reason, and accept the same program with the missing step put back.

#[path = "common/allocator.rs"]
mod allocator;

use hookstate_model::control::patterns::{
    self, Circumstance, Form, PATTERNS, Pattern, Protocol, Variant,
};
use hookstate_model::oracle::{Violation, ViolationKind};
use hookstate_model::search::Budget;
use hookstate_model::trace::Trace;
use hookstate_model::{explore, search};

/// A counterexample that takes more calls than this explains nothing.
const CALLS_MAX: usize = 30;

/// One test for each pattern, and a list of them all.
macro_rules! tested {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                rejected_as_seen_and_accepted_repaired($name);
            }
        )*

        const TESTED: &[&str] = &[$($name),*];
    };
}

tested! {
    without_any_lock_one_of_two_updates_is_lost: "no-lock",
    between_two_locks_one_of_two_updates_is_lost: "unlocked",
    a_truncating_open_hides_all_updates_from_who_has_the_lock: "truncating-open",
    a_creation_after_a_check_loses_the_updates_of_whoever_was_first: "create-race",
    a_kill_between_truncating_and_writing_loses_everything: "truncate-then-write",
    defaults_in_the_place_of_damage_lose_everything: "defaults-on-damage",
    an_error_path_without_the_lock_loses_one_of_two_updates: "error-path-unlocked",
    a_lock_on_a_file_that_is_replaced_loses_the_updates_of_the_waiters: "rename-stale-lock",
    a_lock_file_that_is_removed_excludes_nobody: "lock-file-removed",
    a_lock_that_is_stolen_from_a_slow_holder_loses_one_of_two_updates: "lock-stolen",
    a_lock_file_left_behind_by_a_killed_holder_keeps_everybody_out: "lock-left-behind",
    a_timeout_that_is_ignored_loses_one_of_two_updates: "timeout-ignored",
    a_temporary_file_with_a_fixed_name_is_torn: "fixed-temporary",
    an_end_of_the_session_in_steps_loses_a_late_update: "finalize-in-steps",
    a_snapshot_that_is_held_loses_the_updates_meanwhile: "snapshot-held",
    a_counter_that_is_read_and_then_raised_admits_too_many: "counted-then-added",
    a_debounce_without_a_lock_fires_twice: "debounce-unlocked",
    a_debounce_at_the_leading_edge_loses_the_last_change: "debounce-leading-edge",
    a_lock_that_a_child_inherits_outlives_its_holder: "inherited-lock",
    a_torn_append_loses_all_records_after_it: "torn-append",
    a_reader_without_a_lock_sees_a_torn_state: "reader-unlocked",
    a_counter_without_a_lock_loses_failures: "breaker-uncounted",
    a_mailbox_with_one_slot_loses_all_but_the_last_message: "single-slot",
}

#[test]
fn every_pattern_is_tested_or_excluded_for_a_reason() {
    let numbers: Vec<u8> = PATTERNS.iter().map(|pattern| pattern.number).collect();
    assert_eq!(numbers, Vec::from_iter(1..=24));
    let tested: Vec<&str> = protocols().map(|(pattern, _)| pattern.name).collect();
    assert_eq!(tested, TESTED);
    let excluded = PATTERNS.iter().filter_map(|pattern| match pattern.form {
        Form::Excluded(reason) => Some((pattern.number, reason)),
        Form::Protocol(_) => None,
    });
    for (number, reason) in excluded {
        assert_eq!(number, 19, "the others are over calls that the seam has");
        assert!(reason.contains("fcntl"), "{reason}");
    }
}

#[test]
fn a_pattern_is_found_by_its_name() {
    for pattern in &PATTERNS {
        let found = patterns::named(pattern.name).expect("it is in the list");
        assert_eq!(found.number, pattern.number);
        let letters = pattern.name.bytes();
        let is_kebab = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        assert!(letters.clone().all(is_kebab), "{}", pattern.name);
    }
    assert!(patterns::named("flock").is_none());
}

/// Otherwise catching them would say nothing about processes that meet.
#[test]
fn with_one_process_fewer_nothing_is_lost() {
    for (pattern, protocol) in protocols() {
        let alone = (protocol.model)(Variant::AsSeen, protocol.processes - 1);
        let report = alone.search(Budget::NOTHING);
        match protocol.needs {
            // Those who come after the parent meet its child, and not each other.
            Circumstance::Child => assert!(report.counterexample().is_some(), "{report}"),
            _ => assert!(report.is_complete(), "{}: {report}", pattern.name),
        }
    }
}

/// Otherwise catching them would say nothing about kills.
#[test]
fn those_that_need_a_kill_lose_nothing_without() {
    let mut count = 0;
    for (pattern, protocol) in protocols() {
        if matches!(protocol.needs, Circumstance::Kill { .. }) {
            let model = (protocol.model)(Variant::AsSeen, protocol.processes);
            let (explored, searched) = (model.check(), model.search(Budget::NOTHING));
            assert!(explored.is_complete(), "{}: {explored}", pattern.name);
            assert!(searched.is_complete(), "{}: {searched}", pattern.name);
            count += 1;
        }
    }
    assert_eq!(count, 4);
}

#[test]
fn the_repaired_programs_stand_up_to_one_process_more() {
    for (pattern, protocol) in protocols().filter(|(_, protocol)| protocol.processes < 3) {
        let crowd = (protocol.model)(Variant::Repaired, protocol.processes + 1);
        let report = crowd.search(protocol.budget());
        println!("{}: {report}", pattern.name);
        assert!(report.is_complete(), "{}: {report}", pattern.name);
    }
}

#[test]
fn the_repaired_programs_that_stage_and_rename_stand_up_to_a_kill() {
    for name in STAGED {
        let report = repaired_with_a_kill(name);
        assert!(report.is_complete(), "{name}: {report}");
        assert!(report.sightings.killed > 0, "nobody was killed: {report}");
    }
}

/// The published repair of `unlocked` was `create-race`; and both repaired still have what
/// `truncate-then-write` has, like all that write in place.
#[test]
fn a_repaired_program_can_have_another_of_the_patterns() {
    for name in IN_PLACE {
        let report = repaired_with_a_kill(name);
        let found = report.counterexample().expect("the search let it pass");
        assert_eq!(found.violation.kind(), ViolationKind::Lost, "{report}");
    }
}

const STAGED: [&str; 8] = [
    "no-lock",
    "error-path-unlocked",
    "rename-stale-lock",
    "lock-file-removed",
    "lock-stolen",
    "timeout-ignored",
    "snapshot-held",
    "inherited-lock",
];

const IN_PLACE: [&str; 4] = [
    "unlocked",
    "create-race",
    "truncating-open",
    "finalize-in-steps",
];

fn repaired_with_a_kill(name: &str) -> search::Report<Violation> {
    let pattern = patterns::named(name).expect("it is in the list");
    let protocol = pattern.protocol().expect("it is not excluded");
    (protocol.model)(Variant::Repaired, protocol.processes).search(Budget::kills(1))
}

fn protocols() -> impl Iterator<Item = (&'static Pattern, &'static Protocol)> {
    PATTERNS
        .iter()
        .filter_map(|pattern| Some((pattern, pattern.protocol()?)))
}

fn rejected_as_seen_and_accepted_repaired(name: &str) {
    let pattern = patterns::named(name).expect("it is in the list");
    let protocol = pattern.protocol().expect("it is not excluded");
    rejected_by_loom(protocol, &protocol.check(Variant::AsSeen));
    rejected_by_search(protocol, &protocol.search(Variant::AsSeen));
    accepted_by_loom(protocol, &protocol.check(Variant::Repaired));
    accepted_by_search(protocol, &protocol.search(Variant::Repaired));
}

fn rejected_by_loom(protocol: &Protocol, report: &explore::Report<Violation>) {
    println!("{report}");
    let found = report.counterexample.as_ref().expect("loom let it pass");
    rejected(protocol, found.violation.kind(), &found.trace);
}

fn rejected_by_search(protocol: &Protocol, report: &search::Report<Violation>) {
    println!("{report}");
    let found = report.counterexample().expect("the search let it pass");
    rejected(protocol, found.violation.kind(), &found.trace);
}

fn rejected(protocol: &Protocol, kind: ViolationKind, trace: &Trace) {
    assert_eq!(kind, protocol.rejected_as, "{trace}");
    assert!((1..=CALLS_MAX).contains(&trace.len()), "{trace}");
}

fn accepted_by_loom(protocol: &Protocol, report: &explore::Report<Violation>) {
    println!("{report}");
    assert!(report.counterexample.is_none(), "{report}");
    // With three processes loom is bounded, and says so.
    assert_eq!(report.is_complete(), protocol.processes < 3, "{report}");
    assert!(report.endings > 1, "the order never mattered: {report}");
    let kills = matches!(protocol.needs, Circumstance::Kill { .. });
    assert_eq!(report.killed > 0, kills, "{report}");
}

fn accepted_by_search(protocol: &Protocol, report: &search::Report<Violation>) {
    println!("{report}");
    assert!(report.is_complete(), "{report}");
    assert!(report.endings > 1, "the order never mattered: {report}");
    let kills = matches!(protocol.needs, Circumstance::Kill { .. });
    assert_eq!(report.sightings.killed > 0, kills, "{report}");
}
