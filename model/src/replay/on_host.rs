//! A prediction put to the test on the kernel of this machine.

use super::divergence::{Divergence, Otherwise, When};
use super::driver::{Fate, drive};
use super::host_door::HostDoor;
use super::part::Part;
use super::player::Player;
use super::prediction::Prediction;
use super::tree::Tree;
use crate::oracle::{Account, Ledger, USER, Violation, store};
use crate::process::{Ending, Exit};
use crate::scenario::Scenario;
use crate::sim::{Sequential, Sim, SimProcess};
use hookstate::kernel::Kernel;
use hookstate::strategy::Strategy;
use std::fmt::Debug;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What the processes came to on the host. It is what was predicted, or there would be none.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// How each of them came to its end.
    pub exits: Vec<Exit>,
    /// The state in the end, or the error of who wanted to read it.
    pub state: Result<Ledger, String>,
    /// What the oracle says.
    pub verdict: Result<(), Violation>,
}

/// How predictions are put to the test.
#[derive(Clone, Debug)]
pub struct Replay<C> {
    again: C,
    patience: Duration,
}

/// How long either side waits for the other unless told otherwise: 20 s, far longer than a process
/// takes to start on a busy machine, and an end to every wait.
const PATIENCE_DEFAULT: Duration = Duration::from_secs(20);

impl<C: Fn() -> Command> Replay<C> {
    /// With `again` for commands that start this program again, in such a way that it comes to
    /// [`play_part`](super::play_part) with the scenario.
    pub const fn by(again: C) -> Self {
        Self {
            again,
            patience: PATIENCE_DEFAULT,
        }
    }

    /// The same, waiting for a process so long.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Starts the processes of the scenario and leads them through the schedule in the directory
    /// `root`, which is empty. Checks that every call has the result that was predicted, that the
    /// processes say and leave behind what was predicted, and that the oracle, which looks at the
    /// directory of the host, comes to the same verdict.
    ///
    /// # Errors
    ///
    /// The first thing that came out otherwise.
    ///
    /// # Panics
    ///
    /// If the root directory cannot be used.
    pub fn run<S>(
        &self,
        scenario: &Scenario<S>,
        prediction: &Prediction,
        root: &Path,
    ) -> Result<Replayed, Divergence>
    where
        S: Strategy + Clone + Send + Sync + 'static,
    {
        let host = || SimProcess(HostDoor::below(root, scenario.faults()));
        let before = tree_of(&Sequential::boot(&scenario.start(), USER));
        before.plant(&host()).expect("the root directory is empty");
        let fates = drive(&prediction.schedule, |seat| self.start(seat, root))?;
        let ending = checked_ending(&prediction.ending, fates)?;
        let oracle = scenario.oracle();
        let state = checked_state(&oracle.strategy, &prediction.ending.sim, &host)?;
        let verdict = oracle.judge_on(&ending, host);
        same("the verdict", None, &prediction.verdict, &verdict)?;
        Ok(Replayed {
            exits: ending.exits,
            state,
            verdict,
        })
    }

    fn start(&self, seat: usize, root: &Path) -> Result<Player, Otherwise> {
        let part = Part {
            seat,
            root: root.to_owned(),
            patience: self.patience,
        };
        Player::start((self.again)(), &part)
    }
}

/// The ending on the host. A killed process can no longer tell what it had had acknowledged; that
/// follows from the answers to its calls, which were those of the prediction.
fn checked_ending(
    predicted: &Ending<Account>,
    fates: Vec<Fate>,
) -> Result<Ending<Account>, Divergence> {
    let mut ending = predicted.clone();
    for (seat, (exit, account)) in fates.into_iter().enumerate() {
        same("its end", Some(seat), &predicted.exits[seat], &exit)?;
        ending.exits[seat] = exit;
        if let Some(account) = account {
            let expected = &predicted.accounts[seat];
            same("its account", Some(seat), expected, &account)?;
            ending.accounts[seat] = account;
        }
    }
    Ok(ending)
}

/// The state on the host, which has the same files, byte by byte, as the simulated kernel.
fn checked_state<S: Strategy + Clone, K: Kernel>(
    strategy: &S,
    predicted: &Sim,
    host: impl Fn() -> K,
) -> Result<Result<Ledger, String>, Divergence> {
    let simulated = || Sequential::boot(predicted, USER);
    let files = [tree_of(&simulated()), tree_of(&host())];
    same("the directory", None, &files[0], &files[1])?;
    let expected = state_of(strategy.clone(), simulated());
    let state = state_of(strategy.clone(), host());
    same("the state", None, &expected, &state)?;
    Ok(state)
}

fn same<T: PartialEq + Debug>(
    what: &'static str,
    process: Option<usize>,
    expected: &T,
    got: &T,
) -> Result<(), Divergence> {
    if expected == got {
        return Ok(());
    }
    Err(Divergence {
        when: When::InTheEnd,
        process,
        otherwise: Box::new(Otherwise::Outcome {
            what,
            expected: format!("{expected:?}"),
            got: format!("{got:?}"),
        }),
    })
}

fn tree_of<K: Kernel>(kernel: &K) -> Tree {
    Tree::of(kernel).expect("the directory can be read")
}

fn state_of<S: Strategy, K: Kernel>(strategy: S, kernel: K) -> Result<Ledger, String> {
    let read = store(strategy, kernel).read();
    read.map(|outcome| outcome.value)
        .map_err(|error| error.to_string())
}
