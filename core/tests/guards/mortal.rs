//! A process that is killed at each of its calls in turn.

use crate::clock::Clocked;
use crate::meeting::at_each_call;
use crate::workers::nobody_forks;
use hookstate::kernel::{Ceased, DieAtNth, Ending, Watched};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A kernel that the process dies at.
pub type Mortal = Watched<Clocked, DieAtNth>;

/// Lets `live` die at each of its calls in turn, and `judge` afterwards what it left; a last time
/// without a death. What they share is made by `prepare`.
///
/// # Errors
///
/// What `judge` found wrong, and at which call the death was.
pub fn die_at_each_call<P>(
    prepare: impl Fn(&Clocked) -> P,
    live: impl Fn(&P, Mortal),
    judge: impl Fn(&P, &Clocked) -> Result<(), String>,
) -> Result<(), String> {
    let _until_the_end = nobody_forks();
    let mut verdict = Ok(());
    at_each_call(|nth| {
        let clock = Clocked::new();
        let place = prepare(&clock);
        let kernel = Watched::new(clock.clone(), DieAtNth::new(nth, Ending::Unwind));
        let lived = catch_unwind(AssertUnwindSafe(|| live(&place, kernel)));
        let died = match lived {
            Ok(()) => false,
            Err(payload) if payload.is::<Ceased>() => true,
            Err(payload) => resume_unwind(payload),
        };
        verdict = judge(&place, &clock).map_err(|what| format!("death at call {nth}: {what}"));
        died && verdict.is_ok()
    });
    verdict
}
