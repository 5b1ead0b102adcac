//! Programs that are no stores of a state: where they start from, and a judge of their own.

use super::pattern::Model;
use crate::control::file::OpenFile;
use crate::explore::{Bounds, Report, explore, explore_killing};
use crate::oracle::{Change, DIRECTORY, Ledger, Token, USER, Violation};
use crate::process::{Ending, Exit, Program};
use crate::search::{self, Budget, Search};
use crate::sim::{AnyDoor, FaultModel, Kill, Sequential, Sim, SimProcess};
use hookstate::Result;
use hookstate::kernel::{Access, Kernel, OpenHow};
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A process whose calls an engine puts in order.
type Process = SimProcess<AnyDoor>;

/// What a judge says.
pub(super) type Verdict = std::result::Result<(), Violation>;

/// Looks at the kernel in the end and at what each process says: `None` from one that was killed.
type Judge<R> = Arc<dyn Fn(&Sim, &[Option<R>]) -> Verdict + Send + Sync>;

/// What a process says in the end, or the error that stopped it.
type Account<R> = Option<std::result::Result<R, String>>;

/// Some programs, what was there before, and what must hold in the end.
pub(super) struct Trial<R> {
    start: Sim,
    programs: Vec<Program<Account<R>>>,
    judge: Judge<R>,
}

/// What the processes of a crowd add.
const TOKENS: [Token; 3] = [10, 20, 30];

/// The file of this name in the directory of the store.
pub(super) fn file(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

impl<R: 'static> Trial<R> {
    /// In an empty directory on a kernel with these abilities, after what `before` did there.
    pub(super) fn new(
        faults: FaultModel,
        before: impl FnOnce(&SimProcess<Sequential>) -> Result<()>,
        judge: impl Fn(&Sim, &[Option<R>]) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        let first = Sequential::boot(&Sim::new(faults), USER);
        first
            .mkdir(Path::new(DIRECTORY), 0o700)
            .expect("the root directory is empty");
        before(&first).expect("nothing is in the way of the first process");
        Self {
            start: first.snapshot(faults),
            programs: Vec::new(),
            judge: Arc::new(judge),
        }
    }

    /// One more process.
    pub(super) fn process(
        mut self,
        act: impl Fn(&Process) -> Result<R> + Send + Sync + 'static,
    ) -> Self {
        self.programs.push(Arc::new(move |process, account| {
            *account = Some(act(&process).map_err(|error| error.to_string()));
        }));
        self
    }

    /// So many more processes, each with a token of its own.
    pub(super) fn crowd(
        self,
        processes: usize,
        act: impl Fn(&Process, Token) -> Result<R> + Clone + Send + Sync + 'static,
    ) -> Self {
        let tokens = TOKENS[..processes].iter();
        tokens.fold(self, |trial, &token| {
            let act = act.clone();
            trial.process(move |process| act(process, token))
        })
    }
}

impl<R: Clone + Eq + Hash + Send + Sync + 'static> Trial<R> {
    fn explore(&self, kill: Option<Kill>) -> Report<Violation> {
        let judge = Arc::clone(&self.judge);
        let judge = move |ending: &Ending<_>| judge_ending(&judge, ending);
        let (programs, bounds) = (self.programs.clone(), Bounds::default());
        explore(&self.start, USER, programs, kill, bounds, judge)
    }
}

impl<R: Clone + Eq + Hash + Send + Sync + 'static> Model for Trial<R> {
    fn check(&self) -> Report<Violation> {
        self.explore(None)
    }

    fn check_killing(&self, victim: usize) -> Report<Violation> {
        explore_killing(victim, &|kill| self.explore(Some(kill)))
    }

    fn search(&self, budget: Budget) -> search::Report<Violation> {
        let judge = Arc::clone(&self.judge);
        let judge = move |ending: &Ending<_>| judge_ending(&judge, ending);
        Search::new(self.start.clone(), USER, self.programs.clone(), judge)
            .budget(budget)
            .run()
    }
}

/// What no program may do, and then what the judge of the pattern says.
fn judge_ending<R: Clone>(judge: &Judge<R>, ending: &Ending<Account<R>>) -> Verdict {
    ending.exits.iter().try_for_each(check_exit)?;
    let said = ending.accounts.iter().cloned().map(Option::transpose);
    let said: std::result::Result<Vec<Option<R>>, String> = said.collect();
    judge(
        &ending.sim,
        &said.map_err(|error| Violation::Failed { error })?,
    )
}

fn check_exit(exit: &Exit) -> Verdict {
    match exit {
        Exit::Finished | Exit::Killed => Ok(()),
        Exit::Stuck | Exit::Runaway => Err(Violation::Stuck),
        Exit::Panicked(message) => Err(Violation::Panicked {
            message: message.clone(),
        }),
    }
}

/// A process that comes when all others have ended.
pub(super) fn newcomer(sim: &Sim) -> SimProcess<Sequential> {
    Sequential::boot(sim, USER)
}

/// What a judge cannot do is an error without a cause.
pub(super) fn sure<T>(result: Result<T>) -> std::result::Result<T, Violation> {
    result.map_err(|error| Violation::Failed {
        error: error.to_string(),
    })
}

/// Each of the changes is in the ledger once.
pub(super) fn all_kept(ledger: &Ledger, changes: &[&Change]) -> Verdict {
    for change in changes {
        let token = change.token;
        match ledger.times(token) {
            0 => {
                let rival = rival(change, changes);
                return Err(Violation::Lost { token, rival });
            }
            1 => {}
            _ => return Err(Violation::Doubled { token }),
        }
    }
    Ok(())
}

/// Another change that had found the same state.
fn rival(change: &Change, changes: &[&Change]) -> Option<Token> {
    change.parent.as_ref()?;
    let same = |other: &&&Change| other.token != change.token && other.parent == change.parent;
    changes.iter().find(same).map(|other| other.token)
}

/// Adds a line with the token to the file of this name, with one write.
pub(super) fn record<K: Kernel>(kernel: &K, name: &str, token: Token) -> Result<Change> {
    let path = file(name);
    let log = OpenFile::make(kernel, &path, OpenHow::or_create(Access::Append))?;
    log.append(format!("{token}\n").as_bytes())?;
    let parent = None;
    Ok(Change { token, parent })
}

/// What was recorded there.
pub(super) fn recorded<K: Kernel>(kernel: &K, name: &str) -> Result<Ledger> {
    let path = file(name);
    let how = OpenHow::or_create(Access::ReadWrite);
    let content = OpenFile::make(kernel, &path, how)?.content()?;
    let mut ledger = Ledger::default();
    let lines = content.split(|&byte| byte == b'\n');
    let tokens = lines.filter_map(|line| serde_json::from_slice(line).ok());
    tokens.for_each(|token| ledger.add(token));
    Ok(ledger)
}

/// Adds the token to the ledger, and tells what was found.
pub(super) fn added(ledger: &mut Ledger, token: Token) -> Change {
    let parent = Some(ledger.tokens.clone());
    ledger.add(token);
    Change { token, parent }
}
