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
        let seen = protocol.search(Variant::AsSeen);
        let rep = protocol.search(Variant::Repaired);
        println!(
            "{seen}\n  kind {:?} (wanted {:?}) len {:?}\n REPAIRED {rep}",
            seen.counterexample().map(|c| c.violation.kind()),
            protocol.rejected_as,
            seen.counterexample().map(|c| c.trace.len())
        );
    }
}
