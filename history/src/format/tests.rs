//! The shortcut and the general parser come to the same, for lines as we write them and for lines in
//! which something is changed.

use super::meaning::Line;
use super::words::Words;
use super::{Reader, Writer, scan};
use crate::operation::{Action, Final, Header, Model, Operation, Outcome, Token};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use std::io::Cursor;

fn number() -> impl Strategy<Value = u64> {
    let time_max = i64::MAX as u64;
    prop_oneof![
        0..10_u64,
        0..100_000_u64,
        99_999_990..100_000_010_u64,
        any::<u64>().prop_map(|number| number >> 1),
        Just(time_max),
    ]
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![
        3 => (any::<u32>(), any::<u32>()).prop_map(|(process, sequence)| Token::Numbered { process, sequence }),
        1 => ".{0,6}".prop_map(|text| Token::new(&text)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
        vec(any::<bool>(), 0..3).prop_map(Value::from),
    ]
}

fn action(outcome: Outcome) -> impl Strategy<Value = Action> {
    let version = || prop::option::of(number());
    let key = || "[a-c]{0,2}".prop_map(Box::from);
    let is_ok = outcome == Outcome::Ok;
    let wrote = prop::option::of(1..u64::MAX);
    prop_oneof![
        6 => (prop::option::of(token()), version(), wrote)
            .prop_map(|(token, read, wrote)| Action::Add { token, read, wrote }),
        2 => number().prop_map(|version| Action::Look { version: Some(version) }),
        1 => (key(), value()).prop_map(|(key, value)| Action::Write { key, value }),
        1 => (key(), value(), any::<bool>())
            .prop_map(move |(key, value, is_told)| Action::Get { key, value: (is_ok || is_told).then_some(value) }),
        1 => (key(), value(), value(), any::<bool>())
            .prop_map(|(key, expected, value, swapped)| Action::Cas { key, expected, value, swapped }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let outcome = prop_oneof![
        Just(Outcome::Ok),
        Just(Outcome::Failed),
        Just(Outcome::Unknown)
    ];
    outcome.prop_flat_map(|outcome| {
        let times = (any::<u32>(), number(), number(), any::<bool>());
        (times, action(outcome)).prop_map(move |((process, one, other, is_told), action)| {
            Operation {
                process,
                action,
                invoked_ns: one.min(other),
                responded_ns: (outcome != Outcome::Unknown || is_told).then_some(one.max(other)),
                outcome,
            }
        })
    })
}

fn line(operation: &Operation) -> Vec<u8> {
    let header = Header::default();
    let mut writer = Writer::new(Vec::new(), &header).expect("memory takes it");
    writer.operation(operation).expect("memory takes it");
    let bytes = writer.finish().expect("memory takes it");
    let mut lines = bytes.split(|&byte| byte == b'\n');
    lines.nth(1).expect("it is the second line").to_vec()
}

/// By the shortcut, if it takes all of the line.
fn scanned(line: &[u8]) -> Option<Line> {
    let text = [line, b"\n{"].concat();
    let (operation, length) = scan::operation(&text)?;
    assert_eq!(length, line.len() + 1);
    Some(Line::Operation(operation))
}

fn slowly(line: &[u8]) -> Option<Line> {
    let words: Words = serde_json::from_slice(line).ok()?;
    Line::of(words).ok()
}

/// A byte of a line that becomes another, is doubled, or goes.
#[derive(Clone, Debug)]
enum Change {
    Becomes(usize, u8),
    Doubled(usize),
    Goes(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop_oneof![
        any::<u8>(),
        Just(b'0'),
        Just(b'-'),
        Just(b'\\'),
        Just(b' '),
        b'0'..=b'9'
    ];
    prop_oneof![
        (0..200_usize, byte).prop_map(|(at, byte)| Change::Becomes(at, byte)),
        (0..200_usize).prop_map(Change::Doubled),
        (0..200_usize).prop_map(Change::Goes),
    ]
}

fn apply(change: &Change, line: &mut Vec<u8>) {
    let length = line.len();
    match *change {
        Change::Becomes(at, byte) => line[at % length] = byte,
        Change::Doubled(at) => line.insert(at % length, line[at % length]),
        Change::Goes(at) => drop(line.remove(at % length)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_by_both(operation in operation()) {
        let line = line(&operation);
        let expected = Some(Line::Operation(operation.clone()));
        prop_assert_eq!(&slowly(&line), &expected);
        prop_assert_eq!(&line, &serde_json::to_vec(&operation).expect("an operation is JSON"));
        let is_numbered = matches!(
            operation.action,
            Action::Look { .. } | Action::Add { token: None | Some(Token::Numbered { .. }), .. }
        );
        match scanned(&line) {
            None => {
                // It leaves numbers of twenty digits to the other one.
                let is_huge = line.split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() > 19);
                prop_assert!(!is_numbered || is_huge, "it gave up");
            }
            scanned => prop_assert_eq!(scanned, expected),
        }
    }

    #[test]
    fn what_the_shortcut_takes_the_general_parser_takes_for_the_same(
        operation in operation(),
        changes in vec(change(), 1..4),
    ) {
        let mut line = line(&operation);
        changes.iter().for_each(|change| apply(change, &mut line));
        let scanned = scanned(&line);
        if scanned.is_some() {
            prop_assert_eq!(scanned, slowly(&line));
        }
    }

    #[test]
    fn the_reader_finds_every_line_whatever_a_read_returns(
        operations in vec(operation(), 0..20),
        piece in 1..300_usize,
    ) {
        let header = Header { model: Model::Register, initial: Some(Value::Null), name: Some("a".into()) };
        let mut writer = Writer::new(Vec::new(), &header).expect("memory takes it");
        for operation in &operations {
            writer.operation(operation).expect("memory takes it");
        }
        let last = Final { total: Some(3), tokens: Some(vec![Token::new("a")]) };
        writer.last(&last).expect("memory takes it");
        let bytes = writer.finish().expect("memory takes it");
        let mut reader = Reader::new(InPieces(Cursor::new(bytes), piece));
        prop_assert_eq!(reader.next_line().expect("it is a line"), Some(Line::Header(header)));
        for operation in operations {
            prop_assert_eq!(reader.next_line().expect("it is a line"), Some(Line::Operation(operation)));
        }
        prop_assert_eq!(reader.next_line().expect("it is a line"), Some(Line::Final(last)));
        prop_assert_eq!(reader.next_line().expect("it is the end"), None);
    }
}

struct InPieces(Cursor<Vec<u8>>, usize);

impl std::io::Read for InPieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn a_field_that_nobody_knows_is_passed_over() {
    let line = br#"{"process":1,"op":"read","invoked_ns":1,"responded_ns":2,"outcome":"ok","read":3,"pid":4}"#;
    assert!(scanned(line).is_none());
    assert!(slowly(line).is_some());
}
