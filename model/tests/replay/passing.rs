//! Executions that pass.

use crate::orders::{by_chance, turns};
use crate::stage::{Stage, Tested, is_concerned, on_every_strategy, this_test, was_refused};
use hookstate::Durability;
use hookstate::strategy::{AnyStrategy, AppendLog, Flock};
use hookstate_model::catalogue;
use hookstate_model::process::Exit;
use hookstate_model::replay::Prediction;
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::sim::{FaultModel, Kill};

const MODIFY: &[Act] = &[Act::Modify];
const APPLY: &[Act] = &[Act::Apply];
const READ: &[Act] = &[Act::Read];
/// Enough for every strategy to have its files as they stay.
const EXISTING: Before = Before::Changes(2);

on_every_strategy! {
    a_change_beside_one_that_is_killed_at_each_of_its_calls
    a_first_change_beside_one_that_is_killed_at_each_of_its_calls
    an_applied_change_beside_a_change_that_is_killed_at_each_of_its_calls
    a_change_beside_an_applied_change_that_is_killed_at_each_of_its_calls
    a_reader_beside_a_change_that_is_killed_at_each_of_its_calls
    three_processes_in_orders_made_by_chance
    two_changes_with_short_transfers
    two_changes_that_survive_a_power_loss
    every_scenario_in_orders_and_with_kills_made_by_chance
}

fn a_change_beside_one_that_is_killed_at_each_of_its_calls<S: Tested>(
    test: &'static str,
    strategy: S,
) {
    let stage = Stage::new(test, Scenario::new(strategy, EXISTING, &[MODIFY, MODIFY]));
    let sweep = stage.agrees_killing(0, turns, passes);
    assert!(sweep.refused > 0, "nobody ever waited: {sweep:?}");
}

fn a_first_change_beside_one_that_is_killed_at_each_of_its_calls<S: Tested>(
    test: &'static str,
    strategy: S,
) {
    let nothing = Before::Nothing;
    let stage = Stage::new(test, Scenario::new(strategy, nothing, &[MODIFY, MODIFY]));
    stage.agrees_killing(0, turns, passes);
}

fn an_applied_change_beside_a_change_that_is_killed_at_each_of_its_calls<S: Tested>(
    test: &'static str,
    strategy: S,
) {
    let stage = Stage::new(test, Scenario::new(strategy, EXISTING, &[MODIFY, APPLY]));
    stage.agrees_killing(0, turns, passes);
}

fn a_change_beside_an_applied_change_that_is_killed_at_each_of_its_calls<S: Tested>(
    test: &'static str,
    strategy: S,
) {
    let stage = Stage::new(test, Scenario::new(strategy, EXISTING, &[MODIFY, APPLY]));
    stage.agrees_killing(1, turns, passes);
}

fn a_reader_beside_a_change_that_is_killed_at_each_of_its_calls<S: Tested>(
    test: &'static str,
    strategy: S,
) {
    let stage = Stage::new(test, Scenario::new(strategy, EXISTING, &[MODIFY, READ]));
    stage.agrees_killing(0, turns, passes);
}

fn three_processes_in_orders_made_by_chance<S: Tested>(test: &'static str, strategy: S) {
    let acts: &[&[Act]] = &[&[Act::Modify, Act::Read], &[Act::Apply, Act::Modify], APPLY];
    let stage = Stage::new(test, Scenario::new(strategy, Before::Directory, acts));
    let mut refused = 0;
    for seed in 0..16 {
        let prediction = Prediction::choosing(&stage.scenario, None, by_chance(seed));
        passes(&prediction);
        stage.agrees(&prediction);
        refused += usize::from(was_refused(&prediction));
    }
    assert!(refused > 0, "nobody ever waited");
}

fn two_changes_with_short_transfers<S: Tested>(test: &'static str, strategy: S) {
    let short = FaultModel {
        transfer_bytes_max: 40,
        ..FaultModel::LOCAL
    };
    let acts: &[&[Act]] = &[MODIFY, MODIFY];
    let stage = Stage::new(test, Scenario::new(strategy, EXISTING, acts).on(short));
    let prediction = Prediction::choosing(&stage.scenario, None, turns());
    passes(&prediction);
    stage.agrees(&prediction);
}

/// The syncs are calls like any other.
fn two_changes_that_survive_a_power_loss<S: Tested>(test: &'static str, strategy: S) {
    let scenario = Scenario::new(strategy, Before::Directory, &[MODIFY, APPLY]);
    let stage = Stage::new(test, scenario.durable(Durability::Power));
    let prediction = Prediction::choosing(&stage.scenario, None, turns());
    passes(&prediction);
    let mut steps = prediction.schedule.steps.iter();
    assert!(steps.any(|step| step.invocation.call == "fsync"));
    stage.agrees(&prediction);
}

/// How many orders of each scenario are tried.
const SEEDS: u64 = 6;

fn every_scenario_in_orders_and_with_kills_made_by_chance<S: Tested>(
    test: &'static str,
    strategy: S,
) {
    let strategy = AnyStrategy::named(strategy.name()).expect("it is one that ships");
    let mut killed = 0;
    for named in catalogue::ALL {
        if !named.is_about(strategy) || !is_concerned(named.name) {
            continue;
        }
        let stage = Stage::of_case(named.name, test, named.with(strategy, 3));
        for seed in 0..SEEDS {
            let kill = kill_by_chance(seed).filter(|_| named.name != "peer");
            let prediction = Prediction::choosing(&stage.scenario, kill, by_chance(seed));
            passes(&prediction);
            stage.agrees(&prediction);
            killed += usize::from(prediction.ending.exits.contains(&Exit::Killed));
        }
    }
    assert!(killed > 0, "nobody was killed");
}

/// In every second order. A peer keeps nothing in reserve, so it is not for killing.
fn kill_by_chance(seed: u64) -> Option<Kill> {
    let mut draw = by_chance(seed);
    let calls: Vec<usize> = (0..12).collect();
    (seed % 2 == 0).then(|| Kill {
        process: draw(&[0, 1, 2]),
        call: draw(&calls),
        pages: draw(&[0, 1]) as u64,
    })
}

/// The journal, and the content after it, are torn between pages.
#[test]
fn flock_with_several_pages_beside_a_write_that_is_killed_after_each_page() {
    let test = this_test!(flock_with_several_pages_beside_a_write_that_is_killed_after_each_page);
    let several_pages = Before::LargeChanges(1, 5_000);
    let acts: &[&[Act]] = &[&[Act::Grow(5_000)], MODIFY];
    let stage = Stage::new(test, Scenario::new(Flock, several_pages, acts));
    let sweep = stage.agrees_killing(0, turns, passes);
    assert!(sweep.torn > 2, "no write was torn: {sweep:?}");
}

#[test]
fn append_log_beside_a_compaction_that_is_killed_at_each_of_its_calls() {
    let test = this_test!(append_log_beside_a_compaction_that_is_killed_at_each_of_its_calls);
    // A log of this length is to be compacted by whoever next makes it longer.
    let long = Before::LongLog(1, (68 << 10) - 1);
    let acts: &[&[Act]] = &[APPLY, MODIFY];
    let stage = Stage::new(test, Scenario::new(AppendLog, long, acts));
    stage.agrees_killing(0, turns, passes);
}

fn passes(prediction: &Prediction) {
    assert_eq!(prediction.verdict, Ok(()));
}
