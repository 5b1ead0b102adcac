//! Where the subjects are searched: processes in one directory, and a judge of what they were told.

use super::witness::Witness;
use crate::oracle::{DIRECTORY, Failure, USER, Violation, ViolationKind};
use crate::process::{Ending, Exit, Program};
use crate::search::{Budget, Goal, Search};
use crate::sim::{AnyDoor, Door, FaultModel, Sequential, Sim, SimProcess};
use crate::twin::{Through, WithoutLock};
use hookstate::kernel::{Kernel, Watched};
use hookstate::{ErrorKind, Result, State, Store};
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;

/// A process whose calls the search puts in order.
pub(super) type Process = SimProcess<AnyDoor>;

/// What a judge says.
pub(super) type Verdict = std::result::Result<(), Violation>;

/// Under which all subjects are kept.
pub(super) const NAME: &str = "store";

/// Some processes and where they start from.
pub(super) struct Scene<S> {
    start: Sim,
    programs: Vec<Program<Account<S>>>,
}

/// What a process has to say, and the error that stopped it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Account<S> {
    pub(super) said: S,
    pub(super) failure: Option<Failure>,
}

/// An ending, as a judge looks at it: nobody is stuck, and nobody has failed without a cause.
pub(super) struct Finale<'a, S>(&'a Ending<Account<S>>);

impl<S: 'static> Scene<S> {
    /// An empty directory.
    pub(super) fn new() -> Self {
        Self::after(|_| Ok(()))
    }

    /// A directory in which a process has been before.
    pub(super) fn after(before: impl FnOnce(SimProcess<Sequential>) -> Result<()>) -> Self {
        let first = Sequential::boot(&Sim::new(FaultModel::LOCAL), USER);
        first
            .mkdir(Path::new(DIRECTORY), 0o700)
            .expect("the root directory is empty");
        before(first.another()).expect("nothing is in the way of the first process");
        Self::starting(first.snapshot(FaultModel::LOCAL))
    }

    /// Whatever there is on this kernel.
    pub(super) fn starting(start: Sim) -> Self {
        let programs = Vec::new();
        Self { start, programs }
    }

    /// One more process. Whatever it was told by the time it is killed counts.
    pub(super) fn process(
        mut self,
        act: impl Fn(&Process, &mut S) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.programs.push(Arc::new(move |process, account| {
            if let Err(error) = act(&process, &mut account.said) {
                account.failure = Some(Failure::of(&error));
            }
        }));
        self
    }

    /// One more that does the same as the one in this seat, and can change places with it.
    pub(super) fn another_like(mut self, seat: usize) -> Self {
        self.programs.push(Arc::clone(&self.programs[seat]));
        self
    }
}

impl<S: Clone + Default + Eq + Hash + Send + Sync + 'static> Scene<S> {
    /// The search of all that these processes can come to.
    pub(super) fn judged(
        self,
        budget: Budget,
        judge: impl Fn(&Finale<'_, S>) -> Verdict + Send + Sync + 'static,
    ) -> Search<Account<S>, Violation> {
        let judge = move |ending: &Ending<_>| {
            let finale = Finale(ending);
            finale.check_exits()?;
            finale.check_failures()?;
            judge(&finale)
        };
        Search::new(self.start, USER, self.programs, judge).budget(budget)
    }
}

/// The store of a subject.
pub(super) fn store<T: State>(witness: &Witness, process: &Process) -> Store<T, Witness, Process> {
    Store::with(DIRECTORY, NAME, witness.clone(), process.clone())
}

/// The process as one of those whose calls the search puts in order, so that what it runs is compiled
/// once.
pub(super) fn erased(process: SimProcess<impl Door + 'static>) -> Process {
    SimProcess(AnyDoor::new(process.0))
}

/// Grants every lock.
pub(super) fn without_lock(door: AnyDoor) -> AnyDoor {
    AnyDoor::new(Through(Watched::new(SimProcess(door), WithoutLock)))
}

/// Something that has to come about in one ending at least.
pub(super) fn goal<S>(
    name: &str,
    is_reached: impl Fn(&Finale<'_, S>) -> bool + Send + Sync + 'static,
) -> Goal<Account<S>> {
    Goal {
        name: name.to_owned(),
        is_reached: Arc::new(move |ending| is_reached(&Finale(ending))),
    }
}

/// Nothing if it is so, and otherwise this sort of violation, in these words.
pub(super) fn demand(is_so: bool, kind: ViolationKind, told: impl FnOnce() -> String) -> Verdict {
    match is_so {
        true => Ok(()),
        false => Err(broken(kind, told())),
    }
}

/// A promise that is broken in this way.
pub(super) fn broken(kind: ViolationKind, told: impl Into<String>) -> Violation {
    let told = told.into();
    Violation::Broken { kind, told }
}

/// What a judge cannot do, who is alone, is an error without a cause.
pub(super) fn sure<T>(result: Result<T>) -> std::result::Result<T, Violation> {
    result.map_err(|error| match error.kind() {
        ErrorKind::LockTimeout => Violation::Stuck,
        _ => Violation::Failed {
            error: error.to_string(),
        },
    })
}

impl<'a, S> Finale<'a, S> {
    /// What each process has to say.
    pub(super) fn said(&self) -> impl Iterator<Item = &'a S> + use<'a, S> {
        self.0.accounts.iter().map(|account| &account.said)
    }

    /// What each process has to say, with the error that stopped it.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&'a S, Option<&'a Failure>)> + use<'a, S> {
        let accounts = self.0.accounts.iter();
        accounts.map(|account| (&account.said, account.failure.as_ref()))
    }

    /// What those say of whom nobody knows how far they came with what they were doing: they were
    /// killed, or got an error that says so. Those who have finished are doing nothing.
    pub(super) fn cut_off(&self) -> impl Iterator<Item = &'a S> + use<'a, S> {
        let is_cut_off = |failure: Option<&Failure>| failure.is_none_or(|it| it.indeterminate);
        let parts = self
            .parts()
            .filter(move |(_, failure)| is_cut_off(*failure));
        parts.map(|(said, _)| said)
    }

    /// What each process has to say, and whether its last change may be in the state or not: it was
    /// killed, or its error says so.
    pub(super) fn with_doubts(&self) -> impl Iterator<Item = (&'a S, bool)> + use<'a, S> {
        let accounts = self.0.accounts.iter().zip(&self.0.exits);
        accounts.map(|(account, exit)| {
            let failure = account.failure.as_ref();
            let is_told = failure.is_some_and(|failure| failure.indeterminate);
            (&account.said, *exit == Exit::Killed || is_told)
        })
    }

    /// What those say of whose last change nobody can know whether it is in the state.
    pub(super) fn unsure(&self) -> impl Iterator<Item = &'a S> + use<'a, S> {
        let all = self.with_doubts();
        all.filter(|(_, unsure)| *unsure).map(|(said, _)| said)
    }

    /// What those say who came to their end by themselves and without an error.
    pub(super) fn finished(&self) -> impl Iterator<Item = &'a S> + use<'a, S> {
        let ending = self.0;
        let finished = ending.exits.iter().map(|exit| *exit == Exit::Finished);
        let accounts = ending.accounts.iter().zip(finished);
        accounts
            .filter(|(account, finished)| *finished && account.failure.is_none())
            .map(|(account, _)| &account.said)
    }

    /// Whether nobody was killed and nobody failed.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.finished().count() == self.0.accounts.len()
    }

    /// The kernel when all have ended.
    pub(super) fn sim(&self) -> &'a Sim {
        &self.0.sim
    }

    /// A process that comes when all others have ended.
    pub(super) fn newcomer(&self) -> SimProcess<Sequential> {
        Sequential::boot(&self.0.sim, USER)
    }

    fn check_exits(&self) -> Verdict {
        self.0.exits.iter().try_for_each(|exit| match exit {
            Exit::Finished | Exit::Killed => Ok(()),
            Exit::Stuck | Exit::Runaway => Err(Violation::Stuck),
            Exit::Panicked(message) => Err(Violation::Panicked {
                message: message.clone(),
            }),
        })
    }

    /// A process fails only if one of its calls was made to, and does not take that for damage.
    fn check_failures(&self) -> Verdict {
        let accounts = self.0.accounts.iter().zip(&self.0.hurt);
        for (account, hurt) in accounts {
            if let Some(failure) = &account.failure
                && (!hurt || failure.kind == ErrorKind::Corrupt)
            {
                let error = failure.text.clone();
                return Err(Violation::Failed { error });
            }
        }
        Ok(())
    }
}
