//! What the words of the command line mean together.

use super::words::{EngineChoice, Words};
use crate::command::plan::{Engine, Line, Plan, Setting};
use crate::command::proof::{self, PassedOver, Selection};
use hookstate_model::search::Budget;

/// What the program is to do.
pub(in crate::command) enum Request {
    /// Show what there is.
    List,
    /// Search.
    Prove(Plan),
}

/// Gives the words their meaning, or says why they have none.
pub(super) fn meaning(words: &Words) -> Result<Request, String> {
    if words.list {
        return Ok(Request::List);
    }
    let selection = selection(words)?;
    let lines = lines(words, &selection)?;
    let passed_over = match words.control.is_empty() {
        true => proof::passed_over(&selection),
        false => Vec::new(),
    };
    if let Some(error) = refusal(words, &lines, &passed_over) {
        return Err(error);
    }
    let notes = notes(&lines, &passed_over);
    Ok(Request::Prove(Plan {
        lines,
        states_max: words.states_max.map(|most| most as usize),
        threads: words.threads.map(usize::from),
        format: words.format,
        trace: words.trace,
        in_full: words.trace.is_some() || words.control.iter().any(|name| name != "all"),
        notes,
    }))
}

/// That a name was asked for of which there is no line, or nothing at all is left.
fn refusal(words: &Words, lines: &[Line], passed_over: &[PassedOver]) -> Option<String> {
    let is_there = |name: &str| {
        let mut lines = lines.iter();
        lines.any(|line| line.name == name || line.subject.scenario() == Some(name))
    };
    let is_missing = |name: &&String| *name != "all" && !is_there(name);
    let refused = |name: &str, why: &str| Some(format!("'{name}' would not be searched: {why}"));
    if let Some(name) = words.control.iter().find(is_missing) {
        return refused(name, NO_TWIN);
    }
    if let Some(name) = words.scenario.iter().find(is_missing) {
        let why = match words.control.is_empty() {
            true => reason(passed_over, name).unwrap_or(NOT_ABOUT_THEM),
            false => "none of the controls that were asked for runs there",
        };
        return refused(name, why);
    }
    if lines.iter().any(|line| !line.trials.is_empty()) {
        return None;
    }
    let left_out = lines.iter().find_map(|line| line.left_out);
    let why = left_out.or(passed_over.first().map(|it| it.why));
    let why = why.unwrap_or("no control runs there");
    Some(format!("nothing is left to search: {why}"))
}

fn reason(passed_over: &[PassedOver], name: &str) -> Option<&'static str> {
    let found = passed_over.iter().find(|it| it.name == name);
    found.map(|it| it.why)
}

const NOT_ABOUT_THEM: &str = "it is about none of the strategies that were asked for";
const NO_TWIN: &str = "it is no twin of such a strategy in such a scenario, and a program of its own runs \
                       only among the processes that it was made for";

/// Of how many scenarios something is called by name.
const NAMED_MAX: usize = 3;

/// A sentence for each reason, of those that are not searched at all and of the others.
fn notes(lines: &[Line], passed_over: &[PassedOver]) -> Vec<String> {
    let mut notes: Vec<(bool, &str, Vec<&str>)> = Vec::new();
    for PassedOver { name, why } in passed_over {
        let in_part = lines.iter().any(|line| line.name == *name);
        let known = notes.iter_mut();
        let mut known = known.filter(|(part, reason, _)| (*part, *reason) == (in_part, *why));
        match known.next() {
            Some((.., names)) => names.push(name),
            None => notes.push((in_part, why, vec![name])),
        }
    }
    let note = |(in_part, why, names): (bool, &str, Vec<&str>)| {
        let what = if in_part {
            "left out in part"
        } else {
            "left out"
        };
        match names.len() {
            ..=NAMED_MAX => format!("{what}: {}; {why}", names.join(", ")),
            more => format!("{what}: {more} scenarios; {why}"),
        }
    };
    notes.into_iter().map(note).collect()
}

fn lines(words: &Words, selection: &Selection) -> Result<Vec<Line>, String> {
    let names_scenarios = !words.scenario.is_empty();
    if !words.control.is_empty() {
        let controls = &words.control;
        return match names_scenarios {
            true => Ok(proof::controls_in_scenarios(selection, controls)),
            false if setting(words).is_some() => Err(
                "--procs, --kills, --failures, --shorts and --power-cuts go with --control only \
                 together with --scenario: by itself a control runs among the processes that it was made for"
                    .to_owned(),
            ),
            false => Ok(proof::controls(selection, controls)),
        };
    }
    let mut lines = proof::scenarios(selection);
    let is_whole = words.strategy.is_empty() && !names_scenarios && setting(words).is_none();
    if is_whole {
        lines.extend(proof::controls(selection, &["all".to_owned()]));
    }
    Ok(lines)
}

fn selection(words: &Words) -> Result<Selection, String> {
    Ok(Selection {
        strategies: words.strategy.clone(),
        scenarios: words.scenario.clone(),
        settings: settings(words)?,
        is_proof: setting(words).is_none(),
        engines: engines(words.engine),
    })
}

const fn engines(choice: EngineChoice) -> &'static [Engine] {
    match choice {
        EngineChoice::Search => &[Engine::Search],
        EngineChoice::Loom => &[Engine::Loom],
        EngineChoice::Both => &[Engine::Search, Engine::Loom],
    }
}

fn settings(words: &Words) -> Result<Vec<Setting>, String> {
    let mut settings = Vec::new();
    for &engine in engines(words.engine) {
        match setting(words) {
            None => settings.extend(proof::settings(engine)),
            Some((processes, budget)) => {
                settings.push(possible(Setting {
                    engine,
                    processes,
                    budget,
                })?);
            }
        }
    }
    Ok(settings)
}

/// The one setting that the words name, if they do.
fn setting(words: &Words) -> Option<(usize, Budget)> {
    let other_mishaps = [words.failures, words.shorts, words.power_cuts];
    let has_others = other_mishaps.iter().any(Option::is_some);
    let named = has_others || words.procs.is_some() || words.kills.is_some();
    let budget = Budget {
        failures: words.failures.unwrap_or(0),
        shorts: words.shorts.unwrap_or(0),
        power_cuts: words.power_cuts.unwrap_or(0),
        kills: words.kills.unwrap_or(u8::from(!has_others)),
    };
    let processes = usize::from(words.procs.unwrap_or(3));
    named.then_some((processes, budget))
}

fn possible(setting: Setting) -> Result<Setting, String> {
    let budget = setting.budget;
    if usize::from(budget.kills) > setting.processes {
        return Err(format!(
            "of {} no more than {} can be killed",
            setting.crowd(),
            setting.processes
        ));
    }
    let too_much = setting.processes != 2 || budget != Budget::kills(budget.kills.min(1));
    match setting.engine == Engine::Loom && too_much {
        true => Err(
            "loom explores 2 processes with at most 1 kill and nothing else that goes wrong: say \
             '--procs 2' and '--kills 0' or '--kills 1'"
                .to_owned(),
        ),
        false => Ok(setting),
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, Words, meaning};
    use crate::command::plan::{Line, Plan, Subject};
    use clap::Parser;
    use hookstate::strategy::Strategy;
    use hookstate_model::stores;

    fn planned(line: &str) -> Plan {
        let words = Words::try_parse_from(line.split(' ')).unwrap();
        match meaning(&words).unwrap() {
            Request::Prove(plan) => plan,
            Request::List => panic!("it is a list"),
        }
    }

    fn told(line: &str) -> String {
        let words = Words::try_parse_from(line.split(' ')).unwrap();
        meaning(&words).err().expect("it makes no sense")
    }

    fn is_control(line: &&Line) -> bool {
        matches!(line.subject, Subject::Control { .. })
    }

    fn is_of_a_strategy(line: &&Line) -> bool {
        matches!(line.subject, Subject::Scenario { kind: None, .. })
    }

    fn is_of_a_store(line: &&Line) -> bool {
        matches!(line.subject, Subject::Scenario { kind: Some(_), .. })
    }

    fn settings(line: &Line) -> Vec<String> {
        let settings = line.trials.iter().map(|trial| trial.setting);
        settings.map(|setting| setting.to_string()).collect()
    }

    #[test]
    fn without_options_everything_is_searched() {
        let plan = planned("model");
        let of_strategies = plan.lines.iter().filter(is_of_a_strategy);
        // Three scenarios are about one strategy each.
        assert_eq!(of_strategies.count(), 15 * 3 + 3);
        let of_stores = plan.lines.iter().filter(is_of_a_store);
        let grounds = stores::ALL.iter().map(|subject| subject.grounds().count());
        assert_eq!(of_stores.count(), grounds.sum::<usize>());
        assert!(plan.lines.iter().filter(is_control).count() >= 24);
        let alike = plan.lines.iter().find(|line| line.name == "alike").unwrap();
        let expected = [
            "3 processes, 1 kill",
            "2 processes, 2 kills",
            "2 processes, 1 failing call",
            "2 processes, 1 short transfer",
            "2 processes, 1 power cut",
            "5 processes, 2 kills",
        ];
        assert_eq!(settings(alike), expected);
    }

    #[test]
    fn one_setting_takes_the_place_of_those_of_the_proof() {
        let plan = planned("model --strategy all --procs 3 --kills 1");
        let of_strategies = plan.lines.iter().filter(is_of_a_strategy);
        assert_eq!(of_strategies.count(), 15 * 3 + 3);
        let all = plan.lines.iter();
        assert!(all.clone().all(|line| line.trials.len() == 1));
        assert!(all.clone().all(|line| !is_control(&line)));
        let failing = planned("model --scenario modify --strategy flock --procs 2 --failures 1");
        assert_eq!(settings(&failing.lines[0]), ["2 processes, 1 failing call"]);
    }

    #[test]
    fn what_stands_on_the_strategies_is_searched_in_settings_of_its_own() {
        let once = planned("model --scenario once --strategy rename");
        assert_eq!(once.lines.len(), 1);
        let own = stores::named("once").unwrap().settings;
        assert_eq!(once.lines[0].trials.len(), own.len());
        let asked = planned("model --scenario once,modify --procs 2 --kills 0 --engine both");
        let once = asked.lines.iter().filter(is_of_a_store);
        let of_once: Vec<_> = once.flat_map(settings).collect();
        assert_eq!(of_once, ["2 processes, no mishap"; 3]);
        assert!(told("model --scenario once --engine loom").contains("loom"));
        let all = planned("model --scenario slots,rate-limit,once,pending");
        let strategies = all.lines.iter().map(|line| match line.subject {
            Subject::Scenario { strategy, .. } => strategy.map(|it| it.name()),
            Subject::Control { .. } => None,
        });
        let mut sections: Vec<_> = strategies.collect();
        sections.dedup();
        let expected = [None, Some("flock"), Some("append-log"), Some("rename")];
        assert_eq!(sections, expected);
        // It has locks of its own and no strategy.
        assert!(told("model --scenario slots --strategy flock").contains("none of the strategies"));
        assert_eq!(
            planned("model --scenario slots --strategy all").lines.len(),
            1
        );
    }

    #[test]
    fn a_control_comes_alone() {
        let plan = planned("model --control no-lock,no-lock");
        assert_eq!(plan.lines.len(), 1);
        assert!(plan.in_full);
        assert!(!planned("model --control all").in_full);
    }

    #[test]
    fn loom_is_asked_for_no_more_than_it_can() {
        assert!(told("model --engine both --procs 3").contains("2 processes"));
        assert!(told("model --engine loom --procs 2 --kills 2").contains("at most 1 kill"));
        let line = "model --engine both --procs 2 --strategy flock --scenario modify";
        let expected = ["2 processes, 1 kill", "2 processes, 1 kill, by loom"];
        assert_eq!(settings(&planned(line).lines[0]), expected);
    }

    #[test]
    fn a_control_by_itself_has_its_own_processes() {
        assert!(told("model --control no-lock --procs 2").contains("--scenario"));
    }

    #[test]
    fn a_name_that_was_asked_for_is_searched_or_refused() {
        let of_a_peer = told("model --scenario modify,peer --strategy rename");
        assert_eq!(
            of_a_peer,
            "'peer' would not be searched: it is about none of the strategies that were asked for"
        );
        let without_cut = told("model --scenario slots,modify --power-cuts 1 --procs 2");
        assert!(without_cut.starts_with("'slots' would not be searched: what stands on the"));
        let uncut = told("model --scenario peer --power-cuts 1 --procs 2");
        assert!(uncut.starts_with("'peer' would not be searched: the changes of its peer"));
        let alone = told("model --scenario modify,peer --procs 1");
        assert!(alone.starts_with("'peer' would not be searched: its processes do different"));
        assert!(told("model --procs 1 --kills 2").contains("of 1 process no more than 1"));
        let by_loom = told("model --control JournalTrustsItsSync --engine loom");
        assert!(
            by_loom.starts_with("nothing is left to search: "),
            "{by_loom}"
        );
        let program = told("model --control FlockWithoutLock,no-lock --strategy flock");
        assert!(program.starts_with("'no-lock' would not be searched"));
        let twin = "model --control FlockWithoutLock --scenario modify,slots --procs 2";
        assert!(told(twin).starts_with("'slots' would not be searched"));
        for line in [
            "model --scenario modify,peer --strategy all",
            "model --control FlockWithoutLock,no-lock",
            "model --control all --scenario modify --procs 2",
        ] {
            assert!(!planned(line).lines.is_empty());
        }
    }

    #[test]
    fn what_is_left_out_of_all_is_told() {
        let notes = |line: &str| planned(line).notes;
        assert!(notes("model").is_empty());
        assert!(notes("model --strategy all --procs 3 --failures 1").is_empty());
        assert_eq!(
            notes("model --strategy all --procs 3 --kills 1"),
            [
                "left out: flush-retried, flush-retried-in-pages; without a failing call nothing of it comes about"
            ]
        );
        let cut = notes("model --scenario all --procs 2 --power-cuts 1");
        assert_eq!(cut.len(), 2);
        assert_eq!(
            cut[0],
            "left out: peer; the changes of its peer do not survive a power cut"
        );
        let by_both = notes("model --scenario once,modify --procs 2 --engine both");
        assert_eq!(
            by_both,
            ["left out in part: once; loom explores the strategies, and not what stands on them"]
        );
        let alone = planned("model --strategy flock --procs 1");
        let names: Vec<&str> = alone.lines.iter().map(|line| line.name).collect();
        assert_eq!(names[..3], ["modify", "alike", "apply"]);
        assert!(!alone.notes.is_empty());
    }
}
