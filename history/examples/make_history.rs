//! Writes a good history of a counter or a set to standard output, as large as you like:
//!
//! ```sh
//! cargo run --release -p hookstate-history --example make_history -- counter 10000000 >history
//! ```
//!
//! With a third number one change more reads a version that another had read before.

use hookstate_history::{Action, Final, Header, Model, Operation, Outcome, Token, Writer};
use std::io;
use std::process::ExitCode;

/// How many processes take turns.
const PROCESSES: u64 = 8;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Option<Vec<u64>> = words.iter().skip(1).map(|word| word.parse().ok()).collect();
    let model = match words.first().map(String::as_str) {
        Some("counter") => Some(Model::Counter),
        Some("set") => Some(Model::Set),
        _ => None,
    };
    let written = match (model, numbers.as_deref()) {
        (Some(model), Some(&[changes])) => write(model, changes, None),
        (Some(model), Some(&[changes, fork])) => write(model, changes, Some(fork)),
        _ => {
            eprintln!("usage: make_history counter|set CHANGES [FORK]");
            return ExitCode::from(2);
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make_history: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(model: Model, changes: u64, fork: Option<u64>) -> io::Result<()> {
    let header = Header {
        model,
        ..Header::default()
    };
    let mut writer = Writer::new(io::stdout().lock(), &header)?;
    for version in 0..changes {
        writer.operation(&change(version, 0))?;
        if fork == Some(version) {
            writer.operation(&change(version, 1))?;
        }
    }
    let tokens = (0..changes).map(|version| token(version, 0)).collect();
    writer.last(&Final {
        total: Some(changes),
        tokens: (model == Model::Set).then_some(tokens),
    })?;
    writer.finish().map(drop)
}

/// The change of a version by the process whose turn it is, or by one that comes after so many.
fn change(version: u64, turns: u64) -> Operation {
    let invoked_ns = 1_000_000_000 + version * 1000;
    Operation {
        process: process(version, turns),
        action: Action::Add {
            token: Some(token(version, turns)),
            read: Some(version),
            wrote: Some(version + 1),
        },
        invoked_ns,
        responded_ns: Some(invoked_ns + 5000),
        outcome: Outcome::Ok,
    }
}

fn process(version: u64, turns: u64) -> u32 {
    u32::try_from((version + turns) % PROCESSES + 1).expect("there are few processes")
}

/// A change out of turn has a number that none in turn has.
fn token(version: u64, turns: u64) -> Token {
    let sequence = version / PROCESSES + 1;
    match u32::try_from(sequence) {
        Ok(sequence) if turns == 0 => Token::Numbered {
            process: process(version, turns),
            sequence,
        },
        _ => Token::new(&format!("extra-{version}-{turns}")),
    }
}
