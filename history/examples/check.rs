//! Judges histories, and says how fast:
//!
//! ```sh
//! cargo run --release -p hookstate-history --example check -- history
//! ```
#![expect(
    clippy::disallowed_methods,
    reason = "the rule is for core; this measures time"
)]

use hookstate_history::{Limits, Verdict, check_file};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let mut worst = 0;
    for file in std::env::args_os().skip(1) {
        let started = Instant::now();
        match check_file(Path::new(&file), &Limits::default()) {
            Ok(verdict) => {
                let seconds = started.elapsed().as_secs_f64();
                println!("{}: {verdict}", file.display());
                eprintln!("{seconds:.2} s");
                worst = worst.max(exit_code(&verdict));
            }
            Err(error) => {
                eprintln!("{error:?}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::from(worst)
}

const fn exit_code(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Exact => 0,
        Verdict::Violated { .. } => 10,
        Verdict::Inconclusive { .. } => 11,
    }
}
