//! A fault at every call of every change, and a death at every call: the state is the old or the
//! new one, whole, and the next change works.

use crate::history::{all_cases, cases, compaction};
use crate::ledger::Change;
use crate::machine::Full;
use crate::sweep::{Case, Demand, Swept, Violation};
use hookstate::kernel::Errno;
use hookstate::strategy::{ALL, AnyStrategy};

/// Sweeps all cases and shows how many runs had a fault in them; none would prove nothing.
fn sweep(
    cases: &[Case<AnyStrategy>],
    one: impl Fn(&Case<AnyStrategy>) -> Result<Swept, Violation>,
) {
    for case in cases {
        match one(case) {
            Ok(Swept(runs)) => {
                println!("{runs:5} runs with a fault   {case}");
                assert!(runs > 0, "{case}: nothing was broken");
            }
            Err(violation) => panic!("{violation:?}"),
        }
    }
}

fn durable_cases() -> Vec<Case<AnyStrategy>> {
    all_cases().into_iter().map(Case::durable).collect()
}

#[test]
fn no_space_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::NOSPC, Demand::OldOrNew)
    });
}

#[test]
fn an_io_error_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::IO, Demand::OldOrNew)
    });
}

#[test]
fn no_descriptors_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::MFILE, Demand::OldOrNew)
    });
}

#[test]
fn a_quota_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::DQUOT, Demand::OldOrNew)
    });
}

#[test]
fn a_read_only_file_system_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::ROFS, Demand::OldOrNew)
    });
}

#[test]
fn a_signal_at_any_call_is_not_noticed() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::INTR, Demand::New)
    });
}

#[test]
fn an_io_error_at_any_call_of_a_durable_change_leaves_the_old_state_or_the_new() {
    sweep(&durable_cases(), |case| {
        case.fail_each(Errno::IO, Demand::OldOrNew)
    });
}

#[test]
fn a_short_transfer_is_continued() {
    let cases = all_cases();
    for bytes in [1, 7, 4096] {
        sweep(&cases, |case| case.shorten_each(bytes));
    }
    sweep(&cases, Case::shorten_each_by_one);
}

#[test]
fn death_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), Case::die_at_each);
}

#[test]
fn death_at_any_call_of_a_durable_change_leaves_the_old_state_or_the_new() {
    sweep(&durable_cases(), Case::die_at_each);
}

#[test]
fn death_inside_a_write_leaves_the_old_state_or_the_new() {
    let mut torn = 0;
    for case in all_cases() {
        match case.die_inside_each_write() {
            Ok(Swept(runs)) => torn += runs,
            Err(violation) => panic!("{violation:?}"),
        }
    }
    // A write of at most a page is not torn, so that not every case has such a run.
    assert!(torn > 100, "{torn} runs");
}

#[test]
fn death_while_cleaning_up_after_a_death_leaves_a_state_of_the_two() {
    let second = Change::Put { key: 9, bytes: 300 };
    let chosen = ["growing over a page", "large, shrinking", "apply"];
    let chosen: Vec<_> = ALL
        .into_iter()
        .flat_map(cases)
        .filter(|case| chosen.contains(&case.title.as_str()))
        .collect();
    assert_eq!(chosen.len(), 9);
    sweep(&chosen, |case| case.die_twice(&second));
}

#[test]
fn death_while_cleaning_up_after_a_death_in_compaction_leaves_a_state_of_the_two() {
    let log = AnyStrategy::named("append-log").expect("a strategy");
    let compacting = compaction(log).expect("the log is compacted");
    let add = Change::Add {
        key: 9,
        key_bytes: 0,
    };
    let put = Change::Put { key: 9, bytes: 300 };
    sweep(&[compacting], |case| {
        let Swept(by_apply) = case.die_twice(&add)?;
        let Swept(by_modify) = case.die_twice(&put)?;
        Ok(Swept(by_apply + by_modify))
    });
}

#[test]
fn a_full_disk_leaves_the_old_state_or_the_new_until_there_is_room_again() {
    let cases = all_cases();
    for full in [
        Full::GrowthFails,
        Full::GrowthStopsAtPage,
        Full::EveryWriteFails,
    ] {
        let mut runs = 0;
        for case in &cases {
            match case.fill_the_disk(full) {
                Ok(Swept(more)) => runs += more,
                Err(violation) => panic!("{violation:?}"),
            }
        }
        // A change that needs no new blocks is not stopped by the first two.
        assert!(runs > 10, "{full:?}: {runs} runs");
    }
}
