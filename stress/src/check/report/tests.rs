//! One of each verdict, in both formats.

use super::human::Human;
use super::json::Json;
use super::{Report, Reporter};
use hookstate_cli::paint::Paint;
use hookstate_history::{Judgement, Limits, judge_each};
use std::io::Cursor;
use std::time::Duration;

const FORKED: &str = r#"{"history":1,"model":"counter","name":"unlocked loop round 3 (control)"}
{"process":1,"op":"add","token":"1-17","invoked_ns":100,"responded_ns":190,"outcome":"ok","read":0,"wrote":1}
{"process":3,"op":"add","token":"3-9","invoked_ns":120,"responded_ns":200,"outcome":"ok","read":0,"wrote":1}
{"final":true,"total":1}
{"history":1,"model":"counter","name":"flock loop round 1"}
{"process":1,"op":"add","token":"1-1","invoked_ns":100,"responded_ns":190,"outcome":"ok","read":0,"wrote":1}
{"history":1,"model":"counter"}
{"process":1,"op":"add","token":"1-1","invoked_ns":100,"responded_ns":190,"outcome":"ok"}
"#;

fn judgements(history: &str) -> Vec<Judgement> {
    let mut all = Vec::new();
    judge_each(Cursor::new(history), &Limits::default(), |one| {
        all.push(one);
    })
    .unwrap();
    all
}

fn reported(reporter: &mut dyn Reporter, judgements: &[Judgement]) -> Report {
    let mut report = Report::default();
    for judgement in judgements {
        let number = report.add(judgement);
        let elapsed = Duration::from_millis(20);
        reporter.judgement(number, judgement, elapsed).unwrap();
    }
    report.elapsed = Duration::from_millis(70);
    reporter.end(&report).unwrap();
    report
}

fn human(judgements: &[Judgement]) -> String {
    let mut out = Vec::new();
    reported(&mut Human::new(&mut out, Paint::Plain), judgements);
    String::from_utf8(out).unwrap()
}

#[test]
fn what_is_not_exact_has_its_lines() {
    insta::assert_snapshot!(human(&judgements(FORKED)));
}

#[test]
fn an_empty_file_proves_nothing() {
    insta::assert_snapshot!(human(&judgements("")));
}

#[test]
fn what_is_exact_is_counted_only() {
    let all = judgements(FORKED);
    assert_eq!(
        human(&all[1..2]),
        "     Summary [   0.07s] 1 history, 1 operation: 1 exact\n"
    );
}

#[test]
fn thousands_of_violations_are_counted_after_the_first_few() {
    let all = vec![judgements(FORKED).remove(0); 3000];
    let text = human(&all);
    assert_eq!(text.matches("    VIOLATED ").count(), 20);
    assert!(text.ends_with("3000 histories, 6000 operations: 3000 violated\n"));
}

#[test]
fn json_has_all_evidence() {
    let mut out = Vec::new();
    reported(&mut Json::new(&mut out), &judgements(FORKED));
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}
