//! Files with known faults, and files without.

use super::super::claim::Numbers;
use super::super::journal;
use super::super::plan::Oracles;
use super::super::record::{Fate, Record, Step};
use super::super::verdict::Evidence;
use super::{Finding, Scene, look};
use crate::workload::Operation;
use std::time::Duration;
use tempfile::TempDir;

/// Two lanes with two processes each. The first of each ran at the same time, and so did the second;
/// that of the second lane ended later. The last has failed.
fn records() -> Vec<Record> {
    let record = |lane, iteration, fate| {
        let began = Duration::from_millis(u64::from(10 * iteration));
        Record {
            operation: Operation { lane, iteration },
            began,
            ended: began + Duration::from_millis(u64::from(5 + lane)),
            fate,
            steps: Vec::new(),
        }
    };
    vec![
        record(1, 1, Fate::Acknowledged),
        record(2, 1, Fate::Acknowledged),
        record(1, 2, Fate::Acknowledged),
        record(2, 2, Fate::Exited(1)),
    ]
}

const LANES: [u32; 2] = [1, 2];

/// What is found after these processes, if they have left these files.
struct Round {
    directory: TempDir,
    records: Vec<Record>,
    is_complete: bool,
    oracles: Oracles,
}

impl Round {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        Self {
            directory,
            records: records(),
            is_complete: true,
            oracles: Oracles::default(),
        }
    }

    fn tokens(mut self, place: &str) -> Self {
        self.oracles.tokens.push(place.parse().unwrap());
        self
    }

    fn json(mut self, claim: &str) -> Self {
        self.oracles.json.push(claim.parse().unwrap());
        self
    }

    fn find(&self) -> Finding {
        let scene = Scene {
            directory: self.directory.path(),
            round: 1,
            records: &journal::of(self.records.clone()),
            numbers: Numbers {
                procs: 2,
                iters: 2,
                acked: 3,
                started: 4,
                failed: 1,
            },
            is_complete: self.is_complete,
        };
        let mut finding = look(&self.oracles, &scene).unwrap();
        finding.accuse(&scene).unwrap();
        finding
    }

    fn lines(&self) -> Vec<String> {
        let directory = self.directory.path().to_str().unwrap();
        let lines = self.find().evidence.lines();
        lines
            .iter()
            .map(|line| line.replace(directory, "DIR"))
            .collect()
    }
}

fn lines_of(text: &str) -> Round {
    Round::new(&[("log", text)]).tokens("{dir}/log:lines")
}

const ALL: &str = "r1-p1-1\nr1-p2-1\nr1-p1-2\n";

#[test]
fn each_acknowledged_token_once_is_right_with_the_others_or_without() {
    for more in ["", "r1-p2-2\n"] {
        let found = lines_of(&format!("{ALL}\n{more}")).find();
        assert!(!found.evidence.is_any(), "{found:?}");
        assert_eq!(found.counted, Some((3, Some(3))));
    }
}

#[test]
fn a_token_that_is_not_there_is_lost_and_its_rival_is_named() {
    let round = lines_of("r1-p2-1\nr1-p1-2\n");
    assert_eq!(round.find().counted, Some((3, Some(2))));
    assert_eq!(
        round.lines(),
        ["the update of p1 #01 is lost (r1-p1-1), probably overwritten by p2 #01"]
    );
    let round = lines_of("r1-p1-2\n");
    assert_eq!(
        round.lines(),
        [
            "the update of p1 #01 is lost (r1-p1-1), and none that is left ran at the same time",
            "the update of p2 #01 is lost (r1-p2-1), and none that is left ran at the same time",
        ]
    );
}

#[test]
fn a_token_twice_is_wrong_whether_it_was_acknowledged_or_not() {
    for twice in ["r1-p1-1", "r1-p2-2"] {
        let text = format!("{ALL}{twice}\n{twice}\n");
        assert_eq!(
            lines_of(&text).lines(),
            [format!("more than once: {twice}")]
        );
    }
}

#[test]
fn a_token_of_another_round_is_nobodys() {
    let text = format!("{ALL}r2-p1-1\n");
    assert_eq!(lines_of(&text).lines(), ["never given out: r2-p1-1"]);
}

#[test]
fn tokens_are_elements_of_an_array_or_names_in_an_object() {
    let json =
        r#"{"a":["r1-p1-1","r1-p2-1","r1-p1-2"],"o":{"r1-p1-1":1,"r1-p2-1":1,"r1-p1-2":{}},"n":3}"#;
    let at = |place| Round::new(&[("s.json", json)]).tokens(place);
    assert!(at("{dir}/s.json:/a").lines().is_empty());
    assert!(at("{dir}/s.json:/o").lines().is_empty());
    assert_eq!(
        at("{dir}/s.json:/n").lines(),
        ["{dir}/s.json:/n: what is there is neither an array nor an object"]
    );
    assert_eq!(
        at("{dir}/s.json:/x").lines(),
        ["{dir}/s.json:/x: DIR/s.json has nothing at /x"]
    );
}

#[test]
fn a_file_that_is_gone_empty_or_torn_is_a_violation() {
    let of = |files: &[(&str, &str)]| {
        let round = Round::new(files).tokens("{dir}/s.json:/a");
        assert_eq!(round.find().counted, Some((3, None)));
        round.lines().remove(0)
    };
    assert_eq!(of(&[]), "{dir}/s.json:/a: DIR/s.json is not there");
    assert_eq!(
        of(&[("s.json", "\n")]),
        "{dir}/s.json:/a: DIR/s.json is empty"
    );
    let torn = of(&[("s.json", "{\"a\":[")]);
    assert!(
        torn.contains("DIR/s.json is not JSON: EOF while parsing"),
        "{torn}"
    );
}

#[test]
fn a_claim_that_holds_is_silent_and_one_that_does_not_says_both_numbers() {
    let json = |claim: &str| Round::new(&[("s.json", r#"{"n":3,"t":"x"}"#)]).json(claim);
    for claim in ["=acked", "=acked..started", ">=3", "<=procs*iters"] {
        assert!(
            json(&format!("{{dir}}/s.json:/n{claim}"))
                .lines()
                .is_empty(),
            "{claim}"
        );
    }
    let wrong = json("{dir}/s.json:/n=procs*iters+1");
    assert_eq!(wrong.find().counted, Some((5, Some(3))));
    assert_eq!(wrong.lines(), ["{dir}/s.json:/n: expected 5 got 3"]);
    assert_eq!(
        json("{dir}/s.json:/n=started+1..7").lines(),
        ["{dir}/s.json:/n: expected 5 to 7 got 3"]
    );
    assert_eq!(
        json("{dir}/s.json:/t=3").lines(),
        ["{dir}/s.json:/t: expected 3 but \"x\" is no integer"]
    );
    assert_eq!(
        json("{dir}/gone:/t>=3").lines(),
        ["{dir}/gone:/t: expected at least 3 but DIR/gone is not there"]
    );
}

/// One of four has failed, and only itself knows whether it had made its update.
#[test]
fn a_number_that_a_failed_command_explains_is_a_doubt_and_a_greater_loss_is_not() {
    let json = |number: u32| {
        let text = format!("{{\"n\":{number}}}");
        Round::new(&[("s.json", text.as_str())]).json("{dir}/s.json:/n=procs*iters")
    };
    let found = json(3).find();
    assert!(!found.evidence.is_any(), "{found:?}");
    assert_eq!(found.counted, None);
    assert_eq!(
        found.doubt.unwrap(),
        "{dir}/s.json:/n: expected 4 got 3, which 1 of 4 commands may explain that failed or were \
         killed: each of them has made its update or not; =acked..started says so"
    );
    let lost = json(2);
    assert_eq!(lost.lines(), ["{dir}/s.json:/n: expected 4 got 2"]);
    assert_eq!(lost.find().counted, Some((4, Some(2))));
}

/// Commands that were killed then may be in the number or not.
#[test]
fn a_round_that_was_cut_short_is_judged_by_its_tokens_only() {
    let mut round = lines_of("r1-p1-2\n").json("{dir}/log:/n=4");
    round.is_complete = false;
    assert_eq!(round.find().evidence.lost, 2);
    assert!(round.find().evidence.complaints.is_empty());
}

fn step(read: &str, wrote: &str) -> Vec<Step> {
    vec![Step {
        read: read.to_owned(),
        wrote: wrote.to_owned(),
    }]
}

#[test]
fn two_that_read_the_same_version_are_named_and_the_one_that_is_lost() {
    let mut round = lines_of("r1-p2-1\nr1-p1-2\n");
    for (at, version) in [(0, "41"), (1, "41"), (2, "42")] {
        round.records[at].steps = step(version, "42");
    }
    assert_eq!(
        round.lines()[..2],
        [
            "two processes read 41 and both wrote 42: p1 #01, p2 #01",
            "the update of p1 #01 was overwritten by p2 #01",
        ]
    );
    // The same words with nothing lost accuse nobody.
    let mut right = lines_of(ALL);
    right.records = round.records;
    assert_eq!(
        right.find().evidence,
        Evidence {
            round: 1,
            ..Evidence::default()
        }
    );
}

#[test]
fn a_fork_of_which_nothing_is_lost_gives_way_to_one_that_lost_an_update() {
    let mut round = lines_of("r1-p1-1\nr1-p2-1\n");
    round.records[0].steps = step("a", "b");
    round.records[1].steps = [step("a", "b"), step("c", "d")].concat();
    round.records[2].steps = step("c", "e");
    let fork = round.find().evidence.fork.unwrap();
    assert_eq!(
        (fork.read.as_str(), fork.overwritten),
        (
            "c",
            Some(Operation {
                lane: 1,
                iteration: 2
            })
        )
    );
    assert_eq!(
        round.lines()[0],
        "two processes read c and wrote d and e: p2 #01, p1 #02"
    );
}

/// Not the step that it said first, but the one that the other has overwritten.
#[test]
fn around_the_two_at_fault_is_told_what_ran_and_what_it_has_read() {
    let mut round = lines_of("r1-p1-1\nr1-p2-1\n");
    round.records[1].steps = [step("a", "b"), step("c", "d")].concat();
    round.records[2].steps = step("c", "e");
    let around = round.find().evidence.around;
    let told: Vec<_> = around
        .iter()
        .map(|moment| {
            (
                moment.operation.to_string(),
                moment.began_ns,
                moment.took_ns,
            )
        })
        .collect();
    let expected = [
        ("p1 #01", 0, 6_000_000),
        ("p2 #01", 0, 7_000_000),
        ("p1 #02", 10_000_000, 6_000_000),
        ("p2 #02", 10_000_000, 7_000_000),
    ];
    assert_eq!(
        told,
        expected.map(|(name, began, took)| (name.to_owned(), began, took))
    );
    let read = around.iter().map(|moment| moment.read.as_deref());
    assert_eq!(read.collect::<Vec<_>>(), [None, Some("c"), Some("c"), None]);
    assert_eq!(around[3].fate, "exit code 1");
}

#[test]
fn nothing_is_around_where_nobody_is_known_to_be_at_fault() {
    let mut round = lines_of(&format!("{ALL}x\n"));
    assert!(round.find().evidence.around.is_empty());
    // Nothing that is left ran at the same time.
    round = lines_of("r1-p1-2\n");
    assert!(round.find().evidence.around.is_empty());
    round = lines_of("r1-p2-1\nr1-p1-2\n");
    assert_eq!(round.find().evidence.around.len(), 4);
}

/// The culprits are told of, however many others ran nearer to the time between them.
#[test]
fn what_is_around_is_bounded_and_has_the_two_at_fault() {
    let mut round = lines_of("r1-p2-1\n");
    let crowd = (3..=80).map(|lane| Record {
        operation: Operation { lane, iteration: 1 },
        fate: Fate::Killed,
        ..records()[0].clone()
    });
    round.records.truncate(2);
    round.records.splice(0..0, crowd);
    let evidence = round.find().evidence;
    let around: Vec<Operation> = evidence
        .around
        .iter()
        .map(|moment| moment.operation)
        .collect();
    assert_eq!(around.len(), 48);
    let culprits = evidence.culprits().unwrap();
    assert!(
        culprits.both.iter().all(|one| around.contains(one)),
        "{around:?}"
    );
}

#[test]
fn evidence_is_bounded_and_the_count_is_not() {
    let mut round = lines_of("");
    round.records = (1..=40)
        .flat_map(|iteration| LANES.map(|lane| (lane, iteration)))
        .map(|(lane, iteration)| Record {
            operation: Operation { lane, iteration },
            ..records()[0].clone()
        })
        .collect();
    let evidence = round.find().evidence;
    assert_eq!((evidence.lost, evidence.first_lost.len()), (80, 16));
    assert_eq!(evidence.lines().last().unwrap(), "and 77 more like it");
}

#[test]
fn a_path_that_is_no_file_is_told() {
    let round = Round::new(&[]).tokens("/:lines");
    assert!(
        round.lines()[0].starts_with("/:lines: / cannot be read: "),
        "{:?}",
        round.lines()
    );
}
