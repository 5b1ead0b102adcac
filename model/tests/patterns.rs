//! The known ways to lose state: each program must be rejected, and its repaired twin accepted.

use hookstate_model::control::patterns::{PATTERNS, Variant};
use std::time::Instant;

#[test]
fn survey() {
    for pattern in PATTERNS {
        let Some(protocol) = pattern.protocol() else {
            continue;
        };
        let t = Instant::now();
        let seen = protocol.check(Variant::AsSeen);
        let a = t.elapsed();
        let t = Instant::now();
        let rep = protocol.check(Variant::Repaired);
        println!(
            "## {} {}: {:?} / {:?}\n{seen}\n  kind {:?} (wanted {:?}) len {:?}\n REPAIRED {rep}",
            pattern.number,
            pattern.name,
            a,
            t.elapsed(),
            seen.counterexample.as_ref().map(|c| c.violation.kind()),
            protocol.rejected_as,
            seen.counterexample.as_ref().map(|c| c.trace.len())
        );
    }
}
