//! What was done on purpose, in words.

use super::Run;
use super::human::some;

/// What was done in a run, and what the store has said to it; nothing, if nothing was done.
pub(super) fn lines(run: &Run) -> Vec<String> {
    let harm = &run.counters.harm;
    let done = [
        some(harm.kills, "kill", "kills"),
        some(harm.stops, "stop", "stops"),
        some(harm.disk_full, "full disk", "full disks"),
    ];
    let doubt = (harm.in_doubt > 0).then(|| {
        let (all, made) = (harm.in_doubt, harm.in_doubt_made);
        format!("{all} in doubt, of which {made} made")
    });
    let recovered = some(harm.recoveries, "recovery", "recoveries");
    let said = [
        counted(
            harm.named_stopped,
            "timeouts name a stopped process",
            harm.first_named_stopped.as_ref(),
        ),
        counted(
            harm.no_space,
            "times no space",
            harm.first_no_space.as_ref(),
        ),
    ];
    let all: Vec<String> = done
        .into_iter()
        .chain([doubt, recovered])
        .flatten()
        .collect();
    let first = (!all.is_empty()).then(|| all.join(", "));
    first
        .into_iter()
        .chain(said.into_iter().flatten())
        .collect()
}

fn counted(count: u64, what: &str, first: Option<&String>) -> Option<String> {
    first.map(|first| format!("{count} {what}: {first}"))
}
