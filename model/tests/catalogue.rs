//! Every scenario on every strategy, in every state that its processes can come into. This is the
//! promise of the README, as far as it is searched with every run of the tests; the command
//! `hookstate-model` searches further.

#[path = "common/allocator.rs"]
mod allocator;
#[path = "common/every_strategy.rs"]
mod every_strategy;

use every_strategy::on_every_strategy;
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate_model::catalogue::{self, Named};
use hookstate_model::search::Budget;

on_every_strategy! {
    three_processes_and_a_kill_anywhere_lose_nothing
    two_processes_and_two_kills_anywhere_lose_nothing
    two_processes_and_a_failure_at_any_call_lose_nothing
    two_processes_and_a_short_transfer_at_any_call_lose_nothing
}

fn three_processes_and_a_kill_anywhere_lose_nothing(strategy: AnyStrategy) {
    let killed = each_scenario(strategy, 3, Budget::kills(1));
    assert!(killed > 0, "nobody was ever killed");
}

fn two_processes_and_two_kills_anywhere_lose_nothing(strategy: AnyStrategy) {
    each_scenario(strategy, 2, Budget::kills(2));
}

fn two_processes_and_a_failure_at_any_call_lose_nothing(strategy: AnyStrategy) {
    let failures = 1;
    each_scenario(
        strategy,
        2,
        Budget {
            failures,
            ..Budget::NOTHING
        },
    );
}

fn two_processes_and_a_short_transfer_at_any_call_lose_nothing(strategy: AnyStrategy) {
    let shorts = 1;
    each_scenario(
        strategy,
        2,
        Budget {
            shorts,
            ..Budget::NOTHING
        },
    );
}

/// How often a process was killed.
fn each_scenario(strategy: AnyStrategy, processes: usize, budget: Budget) -> usize {
    scenarios(strategy)
        .filter(|scenario| !is_for_the_command(*scenario, budget))
        .map(|scenario| {
            let report = scenario.search(strategy, processes, budget).run();
            println!("{}: {report}", scenario.name);
            let missed: Vec<&str> = report.missed().collect();
            assert!(report.is_complete(), "{}: {report}", scenario.name);
            assert!(missed.is_empty(), "{} misses {missed:?}", scenario.name);
            report.sightings.killed
        })
        .sum()
}

/// A compaction in which any call can go wrong takes longer without optimisation than all others
/// together. The command searches it. Here it is searched with kills.
fn is_for_the_command(scenario: Named, budget: Budget) -> bool {
    scenario.name == "compaction" && budget.failures + budget.shorts > 0
}

fn scenarios(strategy: AnyStrategy) -> impl Iterator<Item = Named> {
    catalogue::ALL
        .into_iter()
        .filter(move |scenario| scenario.is_about(strategy))
}

#[test]
fn every_scenario_is_about_a_strategy_and_has_a_name_of_its_own() {
    let mut names: Vec<&str> = catalogue::ALL.map(|scenario| scenario.name).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), catalogue::ALL.len());
    for scenario in catalogue::ALL {
        let about = ALL.map(|strategy| scenario.is_about(strategy));
        assert!(about.contains(&true), "{}", scenario.name);
        assert!(catalogue::named(scenario.name).is_some());
        assert!(!scenario.about.is_empty());
    }
    assert!(ALL.iter().all(|strategy| strategy.name() != "modify"));
}
