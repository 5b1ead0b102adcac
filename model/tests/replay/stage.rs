//! Runs one case: the model first, then the processes, each of which is this program again.

use hookstate::strategy::Strategy;
use hookstate_model::replay::{Divergence, Prediction, Replayed, play_part, replay};
use hookstate_model::scenario::Scenario;
use std::process::Command;

/// Replays what `predict` foretells. `test` is the name of the test that calls this, so that a
/// process which starts with it comes here with the same scenario; there it does not return.
pub(crate) fn replayed<S>(
    test: &str,
    scenario: &Scenario<S>,
    predict: impl FnOnce(&Scenario<S>) -> Prediction,
) -> Result<Replayed, Divergence>
where
    S: Strategy + Clone + Send + Sync + 'static,
{
    play_part(scenario);
    let prediction = predict(scenario);
    let root = tempfile::tempdir().expect("a temporary directory can be made");
    replay(scenario, &prediction, root.path(), || this_test(test))
}

fn this_test(test: &str) -> Command {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture"]);
    command
}
