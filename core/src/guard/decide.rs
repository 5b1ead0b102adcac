//! One decision, one window.

use crate::kernel::Kernel;
use crate::strategy::Strategy;
use crate::{Outcome, Result, State, Store};

/// Decides in one exclusive window, and writes only if the decision has changed the state: most
/// answers, such as that of a closed breaker, change nothing.
pub(super) fn decide<T, S, K, R>(
    store: &Store<T, S, K>,
    decision: impl FnOnce(&mut T) -> R,
) -> Result<Outcome<R>>
where
    T: State + Clone + PartialEq,
    S: Strategy,
    K: Kernel,
{
    let outcome = store.try_locked_modify(|state| {
        let before = state.clone();
        let answer = decision(state);
        if *state == before {
            Err(answer)
        } else {
            Ok(answer)
        }
    })?;
    Ok(outcome.map(|answer| match answer {
        Ok(written) => written,
        Err(unchanged) => unchanged,
    }))
}
