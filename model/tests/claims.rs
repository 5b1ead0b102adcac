//! The comments of the strategies name controls where they say why a step is there. Each name must
//! be that of a twin, of a mistake that a store can make, or of one of the programs that are known to
//! lose updates. That every step has
//! a control at all is seen to by the build; see `hookstate_model::twin::Step`.

#![expect(
    clippy::disallowed_methods,
    reason = "what is read is the source of the strategies, not their files"
)]

use hookstate_model::control::AnyControl;
use hookstate_model::{stores, twin};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How many controls the comments name. One that is found no longer is one that nobody checks.
const NAMED_MIN: usize = 50;

#[test]
fn every_control_that_the_strategies_name_exists() {
    let mut named = BTreeSet::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src"),
        &mut named,
    );
    println!("{named:?}");
    assert!(named.len() >= NAMED_MIN, "only {} names", named.len());
    let missing: Vec<_> = named.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "named and not there: {missing:?}");
}

#[test]
fn a_control_that_does_not_exist_is_noticed() {
    let comment =
        "//! Why: so. Controls:\n//! `unlocked`; `FlockWithoutLock`, and\n//! `Made-up`. `T`.";
    let named = controls_in(comment);
    assert_eq!(named, ["unlocked", "FlockWithoutLock", "Made-up"]);
    let found: Vec<bool> = named.iter().map(|name| exists(name)).collect();
    assert_eq!(found, [true, true, false]);
}

fn collect(directory: &Path, named: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("the sources are there") {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            collect(&path, named);
        } else {
            let source = fs::read_to_string(&path).expect("sources are text");
            let names = controls_in(&source);
            named.extend(names);
        }
    }
}

/// What stands in backticks between the word and the end of its sentence.
fn controls_in(source: &str) -> Vec<String> {
    let comments: Vec<&str> = source.lines().filter_map(comment).collect();
    let text = comments.join(" ").replace("Controls:", "Control:");
    let sentences = text.split("Control:").skip(1).map(|rest| {
        let names: Vec<_> = rest.split('.').next().map(in_backticks).unwrap_or_default();
        assert!(!names.is_empty(), "a claim without a name: {rest:.60}");
        names
    });
    sentences.flatten().collect()
}

fn comment(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("//")?;
    Some(text.trim_start_matches(['/', '!']).trim())
}

fn in_backticks(sentence: &str) -> Vec<String> {
    let names = sentence.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

fn exists(name: &str) -> bool {
    let of_a_store = stores::controls().any(|(_, control)| control.name == name);
    of_a_store || twin::named(name).is_some() || AnyControl::named(name).is_some()
}
