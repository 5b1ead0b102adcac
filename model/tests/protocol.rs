//! The reader of the protocols is on trial: a step that it does not see has no control.

#[path = "../build/protocol.rs"]
mod protocol;

use protocol::{Step, steps_in, variant};

const LOCK: &str = "\
//! The lock.
//!
//! Protocol
//!   1. Open the name, creating the file
//!      in the same call.
//!   2. Take flock.
//!      (The window.)
//!
//! Why step 1: because.

use std::fmt;
";

const LOG: &str = "\
//! Append.
//!
//! Protocol of `apply`
//!   1. Lock it.
//!   2. Append the record. If it is short, again. (Power) Sync the log
//!      and the directory.
//!
//! Protocol of `modify` and of compaction
//!   1. Fold.
//!
//!   Readers take no lock.
//!
//! Recovery, by the next who takes the lock: if the header
//! is there,
//!   R1. clear
//!       the header;
//!   R2. otherwise go on.
";

fn read(source: &str) -> Vec<Step> {
    steps_in("log.rs", source).unwrap_or_else(|malformed| panic!("{malformed}"))
}

fn variants(source: &str) -> Vec<String> {
    let steps = read(source);
    steps.iter().map(|step| variant("a_log", step)).collect()
}

fn complaint(source: &str) -> String {
    let malformed = steps_in("log.rs", source).expect_err("the protocol is malformed");
    malformed.to_string()
}

#[test]
fn a_step_has_the_whole_of_its_text_on_one_line() {
    let steps = read(LOCK);
    assert_eq!(steps.len(), 2);
    let text = "Open the name, creating the file in the same call.";
    assert_eq!((steps[0].text.as_str(), steps[0].line), (text, 4));
    assert_eq!(steps[1].text, "Take flock. (The window.)");
}

#[test]
fn every_step_of_every_protocol_has_a_variant_of_its_own() {
    let expected = [
        "ALogApplyStep1",
        "ALogApplyStep2",
        "ALogApplyStep2Power",
        "ALogModifyStep1",
        "ALogStepR1",
        "ALogStepR2",
    ];
    assert_eq!(variants(LOG), expected);
}

#[test]
fn what_only_power_needs_is_a_step_of_its_own() {
    let steps = read(LOG);
    assert!(!steps[1].power && steps[2].power);
    assert_eq!(steps[1].text, "Append the record. If it is short, again.");
    assert_eq!(steps[2].text, "Sync the log and the directory.");
    assert_eq!(steps[2].number, "2");
}

#[test]
fn a_step_that_is_added_to_a_protocol_appears() {
    let longer = LOCK.replace(
        "//!      (The window.)\n",
        "//!      (The window.)\n//!   3. Unlock.\n",
    );
    let steps = read(&longer);
    assert_eq!(steps.len(), 3);
    assert_eq!(variant("lock", &steps[2]), "LockStep3");
}

#[test]
fn what_is_not_in_the_comments_at_the_top_is_no_protocol() {
    let source = "use std::fmt;\n\n//! Protocol\n//!   1. Step.\n";
    assert_eq!(read(source), []);
}

#[test]
fn a_number_that_is_left_out_is_an_error() {
    let source = LOCK.replace("2. Take", "3. Take");
    let expected = "log.rs:6: step 3 stands where step 2 is to be";
    assert_eq!(complaint(&source), expected);
}

#[test]
fn a_recovery_with_plain_numbers_is_an_error() {
    let source = LOG.replace("R1.", "1.");
    let expected = "log.rs:15: step 1 stands where step R1 is to be";
    assert_eq!(complaint(&source), expected);
}

#[test]
fn a_step_without_a_heading_is_an_error() {
    let source = LOCK.replace("Protocol\n", "The protocol\n");
    let expected = "log.rs:4: a step without a heading above it";
    assert_eq!(complaint(&source), expected);
}

#[test]
fn a_protocol_without_steps_is_an_error() {
    let source = "//! Protocol\n//!\n//!   It is simple.\n";
    assert_eq!(complaint(source), "log.rs:1: a protocol without steps");
}

#[test]
fn a_line_that_is_indented_otherwise_is_an_error() {
    for line in ["//!   in the same call.", "//!       in the same call."] {
        let source = LOCK.replace("//!      in the same call.", line);
        let expected = "log.rs:5: neither a step nor the next line of one";
        assert_eq!(complaint(&source), expected);
    }
}

#[test]
fn a_second_clause_for_power_is_an_error() {
    let source = LOG.replace("and the directory", "(Power) and the directory");
    let expected = "log.rs:5: (Power) stands once, between two sentences";
    assert_eq!(complaint(&source), expected);
}
