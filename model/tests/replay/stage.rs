//! Runs one scenario: the model first, then the processes, each of which is this program again.

use hookstate::strategy::Strategy;
use hookstate_model::process::Exit;
use hookstate_model::replay::{Divergence, Prediction, Replay, Replayed, Response, play_part};
use hookstate_model::scenario::Scenario;
use hookstate_model::sim::Kill;
use std::process::Command;

/// Makes a test on each strategy of every function that is given by name. The function gets the
/// strategy and the path of the test.
macro_rules! on_every_strategy {
    ($($test:ident)+) => {
        crate::stage::on! { flock Flock: $($test)+ }
        crate::stage::on! { append_log AppendLog: $($test)+ }
        crate::stage::on! { rename Rename: $($test)+ }
    };
}

/// The same on one strategy.
macro_rules! on {
    ($module:ident $strategy:ident: $($test:ident)+) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    let path = concat!(module_path!(), "::", stringify!($test));
                    super::$test(path, hookstate::strategy::$strategy);
                }
            )+
        }
    };
}

/// The path of the test that this is expanded in, which has this name.
macro_rules! this_test {
    ($name:ident) => {
        concat!(module_path!(), "::", stringify!($name))
    };
}

pub(crate) use {on, on_every_strategy, this_test};

/// What the strategies under test have in common.
pub(crate) trait Tested: Strategy + Clone + Send + Sync + 'static {}
impl<S: Strategy + Clone + Send + Sync + 'static> Tested for S {}

/// A scenario in the test at this path. A process that was started to play a part in it begins that
/// test as well, plays its part here and does not return.
pub(crate) struct Stage<S> {
    test: &'static str,
    case: &'static str,
    pub(crate) scenario: Scenario<S>,
}

/// The environment variable that tells a process which of the cases of a test it plays in.
const CASE: &str = "HOOKSTATE_REPLAY_CASE";

/// Whether this process has to do with that case of a test: with every one, unless it was started to
/// play in another.
pub(crate) fn is_concerned(case: &str) -> bool {
    std::env::var(CASE).map_or(true, |own| own == case)
}

impl<S: Tested> Stage<S> {
    pub(crate) fn new(path: &'static str, scenario: Scenario<S>) -> Self {
        Self::of_case("", path, scenario)
    }

    /// As [`new`](Self::new), in one case of several that the test has.
    pub(crate) fn of_case(case: &'static str, path: &'static str, scenario: Scenario<S>) -> Self {
        play_part(&scenario);
        let (_program, test) = path.split_once("::").expect("a test is in a module");
        Self {
            test,
            case,
            scenario,
        }
    }

    /// Has real processes do what the prediction says.
    pub(crate) fn replay(&self, prediction: &Prediction) -> Result<Replayed, Divergence> {
        let root = tempfile::tempdir().expect("a temporary directory can be made");
        let replay = Replay::by(|| self.this_test());
        replay.run(&self.scenario, prediction, root.path())
    }

    /// The same, and it comes out as foretold.
    pub(crate) fn agrees(&self, prediction: &Prediction) -> Replayed {
        let replayed = self.replay(prediction);
        replayed.unwrap_or_else(|divergence| {
            let json = serde_json::to_string_pretty(&prediction.schedule);
            panic!("{divergence}\n{}", json.expect("a schedule is JSON"))
        })
    }

    /// With the process `victim` killed at each of its calls in turn and, where such a call writes
    /// several pages, after each of them. `judge` is given what the model says of each.
    pub(crate) fn agrees_killing<O: FnMut(&[usize]) -> usize>(
        &self,
        victim: usize,
        order: impl Fn() -> O,
        judge: impl Fn(&Prediction),
    ) -> Sweep {
        let mut sweep = Sweep::default();
        for call in 0.. {
            let mut pages = 0;
            while let Some(prediction) = self.killing(victim, call, pages, order()) {
                judge(&prediction);
                self.agrees(&prediction);
                sweep.count(&prediction, pages);
                pages += 1;
            }
            if pages == 0 {
                break;
            }
        }
        assert!(sweep.kills > 0, "nobody was killed");
        sweep
    }

    /// `None` if it does not come to the kill.
    fn killing(
        &self,
        process: usize,
        call: usize,
        pages: u64,
        order: impl FnMut(&[usize]) -> usize,
    ) -> Option<Prediction> {
        let kill = Kill {
            process,
            call,
            pages,
        };
        let prediction = Prediction::choosing(&self.scenario, Some(kill), order);
        let killed = prediction.ending.exits[process] == Exit::Killed;
        killed.then_some(prediction)
    }

    fn this_test(&self) -> Command {
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.args(["--exact", self.test, "--nocapture"]);
        command.env(CASE, self.case);
        command
    }
}

/// What a sweep of kills has met with.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// How often a process was killed.
    pub(crate) kills: usize,
    /// How often it was in the middle of a write.
    pub(crate) torn: usize,
    /// In how many of the executions a lock was refused.
    pub(crate) refused: usize,
}

impl Sweep {
    fn count(&mut self, prediction: &Prediction, pages: u64) {
        self.kills += 1;
        self.torn += usize::from(pages > 0);
        self.refused += usize::from(was_refused(prediction));
    }
}

/// Whether a process had to wait for a lock.
pub(crate) fn was_refused(prediction: &Prediction) -> bool {
    prediction
        .schedule
        .steps
        .iter()
        .any(|step| match &step.result {
            Response::Waits => true,
            Response::Failed(errno) => errno == "EWOULDBLOCK",
            Response::Returned(_) | Response::Killed { .. } => false,
        })
}
