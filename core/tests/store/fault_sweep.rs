//! A fault at every call of every change, and a death at every call: the state is the old or the
//! new one, whole, and the next change works.

use crate::directory::Scratch;
use crate::history::{all_cases, cases, compaction, until_compaction};
use crate::ledger::{Change, Ledger};
use crate::machine::{Disk, Full, Machine};
use crate::sweep::{Case, Demand, Swept, Violation};
use crate::watchers::{Asks, Breakdown};
use hookstate::kernel::{Call, CallKind, Errno, Host, Watched, Way};
use hookstate::strategy::{ALL, AnyStrategy};
use hookstate::{ErrorKind, Store};

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
        case.fail_each(Errno::NOSPC, Demand::Certain)
    });
}

#[test]
fn an_io_error_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::IO, Demand::Certain)
    });
}

#[test]
fn no_descriptors_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::MFILE, Demand::Certain)
    });
}

#[test]
fn a_quota_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::DQUOT, Demand::Certain)
    });
}

#[test]
fn a_read_only_file_system_at_any_call_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| {
        case.fail_each(Errno::ROFS, Demand::Certain)
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
        sweep(&cases, |case| case.shorten_each(bytes, Demand::New));
    }
    sweep(&cases, Case::shorten_each_by_one);
}

#[test]
fn a_device_that_breaks_down_at_any_call_leaves_the_old_state_or_the_new() {
    for how in [Breakdown::Gone, Breakdown::ReadOnly] {
        sweep(&all_cases(), |case| case.break_down_at_each(how));
    }
}

#[test]
fn a_read_that_fails_says_at_which_call_and_changes_nothing() {
    let used: Vec<_> = used_cases();
    sweep(&used, |case| {
        case.fail_each_of_a_read(Errno::IO, Demand::OldOrNew)
    });
    sweep(&used, |case| {
        case.fail_each_of_a_read(Errno::MFILE, Demand::OldOrNew)
    });
}

#[test]
fn a_read_goes_on_after_signals_and_short_transfers() {
    let used: Vec<_> = used_cases();
    sweep(&used, |case| {
        case.fail_each_of_a_read(Errno::INTR, Demand::New)
    });
    for bytes in [1, 4096] {
        sweep(&used, |case| case.shorten_each_of_a_read(bytes));
    }
}

/// Those in which there is a file to read.
fn used_cases() -> Vec<Case<AnyStrategy>> {
    all_cases()
        .into_iter()
        .filter(|case| !case.title.starts_with("first use"))
        .collect()
}

#[test]
fn faults_and_deaths_do_no_harm_where_there_is_no_exchange() {
    let machine = Machine::without_exchange;
    let cases: Vec<_> = all_cases()
        .into_iter()
        .map(|case| case.on(machine()))
        .collect();
    sweep(&cases, Case::die_at_each);
    sweep(&cases, |case| case.fail_each(Errno::IO, Demand::Certain));
}

/// The change is in the log; that the log could not be made shorter can wait.
#[test]
fn a_compaction_that_fails_is_reported_and_made_up_for() {
    let log = AnyStrategy::named("append-log").expect("a strategy");
    let (history, change) = until_compaction(log).expect("the log is compacted");
    let scratch = Scratch::new();
    let full = Asks(|call: &Call<'_>| match call {
        Call::Open { path, .. } if path.ends_with("state.log.spare") => Way::Fail(Errno::NOSPC),
        _ => Way::Through,
    });
    let on_full_disk = Watched::new(Host, full);
    let store = Store::<Ledger, _, _>::with(scratch.store(), "state", log, on_full_disk);
    for earlier in &history {
        let outcome = earlier.made_in(&store).expect("nothing is wrong");
        assert!(outcome.deferred.is_none());
    }
    let mut expected = Ledger::of(&history);
    let mut reported = 0;
    for _ in 0..20 {
        let outcome = change.made_in(&store).expect("the change is in the log");
        if let Some(error) = outcome.deferred {
            assert_eq!(error.kind(), ErrorKind::NoSpace);
            assert_eq!(error.call(), Some(CallKind::Open));
            reported += 1;
        }
        expected = expected.after(&change);
        let read = store.read().expect("a state");
        assert_eq!((read.value, read.recovery), (expected.clone(), None));
    }
    // It is tried again when the log has grown by a sixteenth, not with every change.
    assert!(
        (1..20).contains(&reported),
        "{reported} of 20 changes tried"
    );
    let long = std::fs::metadata(store.path()).expect("stat").len();
    let store = Store::<Ledger, _>::with(scratch.store(), "state", log, Host);
    let mut short = long;
    for _ in 0..1_000 {
        let outcome = change.made_in(&store).expect("there is room again");
        assert!(outcome.deferred.is_none());
        expected = expected.after(&change);
        short = std::fs::metadata(store.path()).expect("stat").len();
        if short < long {
            break;
        }
    }
    assert!(short < long, "{short} after {long} bytes");
    assert_eq!(store.read().expect("a state").value, expected);
}

/// No file system does that, but a change must not run for ever if one does.
#[test]
fn a_transfer_of_nothing_leaves_the_old_state_or_the_new() {
    sweep(&all_cases(), |case| case.shorten_each(0, Demand::OldOrNew));
}

#[test]
fn death_of_a_process_is_cleaned_up_by_one_of_another_durability() {
    let cases: Vec<_> = all_cases().into_iter().map(Case::mixed).collect();
    sweep(&cases, Case::die_at_each);
    let cases: Vec<_> = durable_cases().into_iter().map(Case::mixed).collect();
    sweep(&cases, Case::die_at_each);
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
    let chosen = [
        "growing over a page",
        "large, shrinking",
        "apply",
        "finalize",
    ];
    let chosen: Vec<_> = ALL
        .into_iter()
        .flat_map(cases)
        .filter(|case| chosen.contains(&case.title.as_str()))
        .collect();
    assert_eq!(chosen.len(), 12);
    sweep(&chosen, |case| {
        let Swept(changing) = case.die_twice(&second)?;
        let Swept(removing) = case.die_twice(&Change::Finalize)?;
        Ok(Swept(changing + removing))
    });
}

#[test]
fn death_while_cleaning_up_after_a_death_in_compaction_leaves_a_state_of_the_two() {
    let add = Change::Add {
        key: 9,
        key_bytes: 0,
    };
    let put = Change::Put { key: 9, bytes: 300 };
    sweep(&[compaction()], |case| {
        let Swept(by_apply) = case.die_twice(&add)?;
        let Swept(by_modify) = case.die_twice(&put)?;
        Ok(Swept(by_apply + by_modify))
    });
}

#[test]
fn a_full_disk_leaves_the_old_state_or_the_new_until_there_is_room_again() {
    let disks = [
        Full::GrowthFails,
        Full::GrowthStopsAtPage,
        Full::EveryWriteFails,
    ];
    fill(&disks);
}

#[test]
fn a_limit_on_file_sizes_leaves_the_old_state_or_the_new_until_it_is_raised() {
    let limits = [1, 30, 150, 1_000, 4_096, 5_000, 8_192, 20_000, 60_000];
    fill(&limits.map(Full::LimitedTo));
}

/// The file is lengthened first, with spaces, so that a disk that is too full for the data file is
/// found out while it still has the old state.
#[test]
fn a_full_disk_is_noticed_before_the_data_file_holds_anything_new() {
    let flock = AnyStrategy::named("flock").expect("a strategy");
    let large = Change::Put {
        key: 2,
        bytes: 20_000,
    };
    for full in [Full::GrowthFails, Full::GrowthStopsAtPage] {
        let scratch = Scratch::new();
        let store = Store::<Ledger, _>::with(scratch.store(), "state", flock, Host);
        // The journal has its blocks from then on, and the data file gives them back.
        for change in [large, Change::Remove { key: 2 }] {
            let _clean = change.made_in(&store).expect("nothing is wrong");
        }
        let before = std::fs::read_to_string(store.path()).expect("read");
        let machine = Machine::with_disk(&Disk::full_after(0, full));
        let on_full_disk = Store::<Ledger, _, _>::with(scratch.store(), "state", flock, machine);
        let error = large.made_in(&on_full_disk).expect_err("no room");
        assert_eq!(error.call(), Some(CallKind::Pwrite), "{error:?}");
        assert!(!error.is_indeterminate());
        let after = std::fs::read_to_string(store.path()).expect("read");
        assert_eq!(after.trim_end(), before.trim_end(), "{full:?}");
    }
}

fn fill(disks: &[Full]) {
    let cases = all_cases();
    for &full in disks {
        let mut runs = 0;
        for case in &cases {
            match case.fill_the_disk(full) {
                Ok(Swept(more)) => runs += more,
                Err(violation) => panic!("{violation:?}"),
            }
        }
        // Not every change is stopped by every disk: some need no new blocks.
        assert!(runs > 0, "{full:?}: nothing was stopped");
    }
}
