//! What a process does with tasks, and what it says of that.

use super::cast::Terms;
use super::control;
use super::order::Answer;
use super::waiting::Waiting;
use super::windows::{Wrong, wrong_with};
use crate::oracle::{DIRECTORY, Token};
use crate::sim::{AnyDoor, SimProcess};
use crate::stores::Later;
use crate::stores::scene::{Process, erased};
use crate::stores::witness::Witness;
use hookstate::Result;
use hookstate::kernel::Kernel;
use hookstate::strategy::Strategy;
use hookstate::tasks::{self, Claim, Import, TaskId, TaskStore};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Whose task it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    /// That of a session.
    Session(u8),
    /// That of an agent of the first session.
    Agent(u8),
    /// One that was imported; its start is known from the file.
    Imported(Token),
}

/// One thing that a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Act {
    /// `claim_due`, and of each claim: sends it and `confirm`.
    Check,
    /// `claim_due`, and of each claim: cannot send it and says so with `failed`.
    CheckInVain,
    /// Has a clock that is ahead from now on.
    GoAhead,
    /// Waits for its next window, for as long as others are ahead.
    Wait,
    /// `add_or_reset`.
    Add(Key),
    /// `remove`.
    Remove(Key),
    /// `remove_session` of the first session.
    RemoveSession,
    /// `import`.
    Import,
    /// Something that is done wrong.
    Flawed(Flaw),
}

/// What is done wrong, one step each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Flaw {
    /// The act reads the state once, and changes and writes back in its windows what it had read.
    HoldsASnapshot(&'static Act),
    /// A check knows the first announcement only, and neither that it has passed nor those after it.
    PassesNone,
    /// A claim is confirmed before it is sent.
    ConfirmsBeforeSending,
    /// Waits for its next window, and goes by the time of before.
    ReadsTheClockBefore,
    /// A check drops no task, whatever its age.
    KeepsForEver,
    /// An import removes the file.
    RemovesTheFile,
    /// A task that begins anew has the announcements of its start before.
    KeepsTheTries(Key),
}

/// What a process says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Said {
    /// What it has claimed, and what became of that.
    pub(super) announcements: Vec<Announcement>,
    /// The announcements of which it was told that they are given up.
    pub(super) given_up: Vec<(Token, Duration)>,
    /// Whether it has not been told yet what its check claims.
    pub(super) claiming: bool,
    /// The starts that it made.
    pub(super) added: Vec<(Key, Token)>,
    /// The tasks that it removed.
    pub(super) removed: Vec<Key>,
    /// What it was told by those of which it began or ended one task, in this order.
    pub(super) answers: Vec<Answer>,
    /// The tasks of which it was told that they have come to their age.
    pub(super) expired: Vec<TaskId>,
    /// What was wrong with one of its windows.
    pub(super) wrong: Option<Wrong>,
    /// How often it made the import, rather than found it made.
    pub(super) imports: usize,
    /// How many of its acts are over.
    pub(super) acts: usize,
    /// What it is doing.
    pub(super) attempted: Option<(Act, Token)>,
}

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Announcement {
    /// The start of the task.
    pub(super) start: Token,
    /// The age at which it was due.
    pub(super) after: Duration,
    /// Which try it is.
    pub(super) attempt: u32,
    /// What became of it.
    pub(super) fate: Fate,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fate {
    /// Nothing yet.
    Claimed,
    /// It was sent.
    Sent,
    /// It was sent and confirmed; whether it was still the claim of a task that is there.
    Confirmed(bool),
    /// It could not be sent.
    Failed(tasks::Failure),
}

/// Who works how on what.
pub(super) struct Handle<'a, S = Witness> {
    pub(super) tasks: TaskStore<S, Process>,
    pub(super) witness: Witness,
    pub(super) terms: Terms,
    pub(super) kernel: &'a Process,
    pub(super) said: &'a mut Said,
}

/// The file of the program before.
pub(super) const LEGACY: &str = "/state/.claude-notifier-timer.json";

/// By how much the clock of a process can be ahead of those of the others.
pub(super) const AHEAD: Duration = Duration::from_secs(70);

/// The session of which an agent is.
const FIRST_SESSION: &str = "session-1";

/// The tasks that go with it.
pub(super) const OF_FIRST_SESSION: [Key; 2] = [Key::Session(1), Key::Agent(1)];

/// Does the acts, each with its token.
pub(super) fn perform(
    kernel: &Process,
    witness: Witness,
    terms: Terms,
    acts: &[(Act, Token)],
    said: &mut Said,
) -> Result<()> {
    let mut handle = Handle {
        tasks: store(witness.clone(), terms, kernel.clone()),
        witness,
        terms,
        kernel,
        said,
    };
    for &(act, token) in acts {
        handle.said.attempted = Some((act, token));
        let done = handle.attempt(act, token);
        handle.look_at_the_window();
        done?;
        handle.said.attempted = None;
        handle.said.acts += 1;
    }
    Ok(())
}

/// The shipping code.
pub(super) fn store<S: Strategy, K: Kernel>(
    strategy: S,
    terms: Terms,
    kernel: K,
) -> TaskStore<S, K> {
    TaskStore::with(DIRECTORY, strategy, kernel)
        .announce_after(terms.announce_after)
        .retry_after(terms.retry_after)
        .expire_after(terms.expire_after)
        .check_interval(Duration::ZERO)
}

/// The directory of a start of a task.
pub(super) fn directory(start: Token) -> PathBuf {
    PathBuf::from(format!("/start-{start}"))
}

/// Which start has this directory.
pub(super) fn start_in(directory: &Path) -> Token {
    let name = directory.to_str();
    let token = name.and_then(|name| name.strip_prefix("/start-")?.parse().ok());
    token.expect("every task has the directory of a start")
}

impl Key {
    pub(super) fn id(self) -> TaskId {
        match self {
            Self::Session(number) => TaskId::of_session(format!("session-{number}")),
            Self::Agent(number) => TaskId::of_agent(FIRST_SESSION, format!("agent-{number}")),
            Self::Imported(start) => TaskId::of_imported(directory(start)),
        }
    }
}

/// Which announcement it is: the start of the task, and the age at which it was due.
pub(super) fn given_up_by(claim: &Claim) -> (Token, Duration) {
    (start_in(claim.cwd()), claim.after())
}

impl Announcement {
    pub(super) fn of(claim: &Claim) -> Self {
        Self {
            start: start_in(claim.cwd()),
            after: claim.after(),
            attempt: claim.attempt(),
            fate: Fate::Claimed,
        }
    }

    /// Whether it is the one of this start that was due at this age.
    pub(super) fn is_of(&self, (start, after): (Token, Duration)) -> bool {
        (self.start, self.after) == (start, after)
    }

    /// Whether somebody has seen it.
    pub(super) fn is_sent(&self) -> bool {
        matches!(self.fate, Fate::Sent | Fate::Confirmed(_))
    }
}

impl Said {
    pub(super) fn note_import(&mut self, import: &Import) {
        self.imports += usize::from(matches!(import, Import::Done { .. }));
    }

    fn note(&mut self, key: Key, made: Option<Token>, found: bool) {
        self.answers.push(Answer { key, made, found });
    }
}

impl Handle<'_> {
    fn attempt(&mut self, act: Act, token: Token) -> Result<()> {
        match act {
            Act::GoAhead => {
                self.go_on_with(erased(Later::by(AHEAD, self.kernel.clone())));
                Ok(())
            }
            Act::Wait => {
                self.go_on_with(erased(self.waiting()));
                Ok(())
            }
            Act::Flawed(flaw) => control::perform(flaw, self, token),
            _ => self.perform(act, token),
        }
    }
}

impl Handle<'_> {
    /// From now on with this kernel.
    pub(super) fn go_on_with(&mut self, kernel: Process) {
        self.tasks = store(self.witness.clone(), self.terms, kernel);
    }

    pub(super) fn waiting(&self) -> SimProcess<Waiting<AnyDoor>> {
        SimProcess(Waiting::of(AHEAD, self.kernel.0.clone()))
    }
}

impl<S: Strategy> Handle<'_, S> {
    /// The first that was wrong is enough.
    fn look_at_the_window(&mut self) {
        let window = self.witness.last();
        let wrong = &mut self.said.wrong;
        *wrong = wrong.or_else(|| wrong_with(&window, self.terms));
    }

    /// Those that can be done on any strategy.
    pub(super) fn perform(&mut self, act: Act, token: Token) -> Result<()> {
        match act {
            Act::Check => self.check(Self::send),
            Act::CheckInVain => self.check(Self::fail),
            Act::Add(key) => {
                let added = self.tasks.add_or_reset(&key.id(), directory(token))?.value;
                self.said.added.push((key, token));
                self.said.note(key, Some(token), added.reset);
                Ok(())
            }
            Act::Remove(key) => {
                let was_there = self.tasks.remove(&key.id())?.value;
                self.said.removed.push(key);
                self.said.note(key, None, was_there);
                Ok(())
            }
            Act::RemoveSession => {
                let _ = self.tasks.remove_session(FIRST_SESSION)?;
                self.said.removed.extend(OF_FIRST_SESSION);
                Ok(())
            }
            Act::Import => {
                let import = self.tasks.import(LEGACY, 0)?.value;
                self.said.note_import(&import);
                Ok(())
            }
            Act::GoAhead | Act::Wait | Act::Flawed(_) => {
                unreachable!("it needs a handle of its own")
            }
        }
    }

    /// Claims what is due, and then does with each claim what is to be done with it.
    pub(super) fn check(&mut self, act: fn(&mut Self, usize, &Claim) -> Result<()>) -> Result<()> {
        self.said.claiming = true;
        let due = self.tasks.claim_due()?.value;
        self.said.claiming = false;
        self.look_at_the_window();
        self.said.expired.extend(due.expired);
        let given_up = due.given_up.iter().map(given_up_by);
        self.said.given_up.extend(given_up);
        let first = self.said.announcements.len();
        let claimed = due.claims.iter().map(Announcement::of);
        self.said.announcements.extend(claimed);
        let mut claims = due.claims.iter().enumerate();
        claims.try_for_each(|(number, claim)| act(self, first + number, claim))
    }

    pub(super) fn send(&mut self, number: usize, claim: &Claim) -> Result<()> {
        self.settle(number, Fate::Sent);
        let confirmed = self.tasks.confirm(claim)?.value;
        self.settle(number, Fate::Confirmed(confirmed));
        Ok(())
    }

    fn fail(&mut self, number: usize, claim: &Claim) -> Result<()> {
        let failure = self.tasks.failed(claim)?.value;
        self.settle(number, Fate::Failed(failure));
        Ok(())
    }

    pub(super) fn settle(&mut self, number: usize, fate: Fate) {
        self.said.announcements[number].fate = fate;
    }
}
