//! Who does what with tasks, and the search of all that can come of it.

use super::judge::Judge;
use super::said::{Act, Fate, Key, LEGACY, Said, directory, perform, store};
use crate::oracle::{DIRECTORY, Token, USER, Violation};
use crate::scenario::tokens;
use crate::search::{Goal, Search};
use crate::sim::{AnyDoor, FaultModel, Sequential, Sim, SimProcess};
use crate::stores::Setting;
use crate::stores::footing::{Footing, Sound};
use crate::stores::scene::{Account, Finale, Process, Scene, goal};
use crate::stores::witness::Witness;
use hookstate::Result;
use hookstate::kernel::{Access, Kernel, OpenHow};
use hookstate::tasks::{EXPIRE_AFTER_DEFAULT, Failure, RETRY_AFTER_DEFAULT};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Processes that share tasks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cast {
    /// What the processes do; with more of them than parts, from the first part again.
    pub(super) parts: &'static [&'static [Act]],
    /// The tasks that were there before. With none, not even the directory.
    pub(super) before: &'static [Key],
    /// The starts of tasks that are in a file of the program before, if there is one.
    pub(super) legacy: &'static [Token],
    /// When something is due.
    pub(super) terms: Terms,
    /// What their windows are shown in place of the state.
    pub(super) misread: Option<fn(&mut Value)>,
    /// What is between the tasks and the kernel in all processes.
    pub(super) twin: fn(AnyDoor) -> AnyDoor,
    /// What has to come about.
    pub(super) goals: &'static [Reach],
}

/// When something is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// At which ages of a task.
    pub(super) announce_after: &'static [Duration],
    /// How long a claim may stay unconfirmed.
    pub(super) retry_after: Duration,
    /// At which age a task is dropped.
    pub(super) expire_after: Duration,
    /// Whether the clocks of those who come later have the time of those who have waited, so that none
    /// is ever set back.
    pub(super) clocks_agree: bool,
}

/// Something that has to come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Two processes send an announcement each.
    SharesOut,
    /// A process claims what another was killed with.
    KillsAClaimant,
    /// A second try is confirmed.
    TriesAgain,
    /// An announcement is given up.
    GivesUp,
    /// An announcement is sent twice, since the first claimant was slow.
    SendsTwice,
    /// The last of three failures gives it up.
    FailsThrice,
    /// A claim is confirmed after its task has gone.
    ConfirmsInVain,
    /// A process says that it failed after its task has gone.
    FailsInVain,
    /// A later announcement makes an earlier one pass.
    Passes,
    /// Both starts of a task are announced.
    AnnouncesBothStarts,
    /// Both starts that processes make are announced.
    AnnouncesBothResets,
    /// A task is added that another has removed.
    AddsAgain,
    /// A task is removed that another has let begin anew.
    RemovesAnew,
    /// One makes the import and another finds it made.
    ImportsOnce,
    /// A task comes to its age.
    Expires,
}

/// The start of the first task of before; the next has the next number.
const EARLIER: Token = 1_000;

impl Terms {
    /// One announcement, at once.
    pub(super) const AT_ONCE: Self = Self {
        announce_after: &[Duration::ZERO],
        retry_after: RETRY_AFTER_DEFAULT,
        expire_after: EXPIRE_AFTER_DEFAULT,
        clocks_agree: false,
    };

    /// Whether tasks come to their age while the processes run.
    pub(super) fn expire_soon(self) -> bool {
        self.expire_after < EXPIRE_AFTER_DEFAULT
    }

    /// At which age the last announcement is due.
    pub(super) fn last(self) -> Duration {
        self.announce_after
            .iter()
            .copied()
            .max()
            .unwrap_or_default()
    }
}

impl Cast {
    /// The shipping code on one task that was there before, with one announcement that is due.
    pub(super) const fn of(parts: &'static [&'static [Act]]) -> Self {
        Self {
            parts,
            before: &[Key::Session(1)],
            legacy: &[],
            terms: Terms::AT_ONCE,
            misread: None,
            twin: |door| door,
            goals: &[],
        }
    }

    /// The search of all states. Those who do the same, and start no tasks, can change places.
    pub(super) fn search(
        &self,
        sound: Sound,
        setting: Setting,
    ) -> Search<Account<Said>, Violation> {
        let parts = self.parts.iter().copied().cycle();
        let parts: Vec<&[Act]> = parts.take(setting.processes).collect();
        let judge = self.judge(sound, &parts);
        let goals = self.goals.iter();
        let goals = goals.filter(|reach| reach.is_possible(setting));
        let mut scene = Scene::starting(self.start(sound));
        for (seat, acts) in parts.iter().enumerate() {
            let same = parts[..seat].iter().position(|other| other == acts);
            let adds = acts.iter().any(|act| act.added().is_some());
            scene = match same.filter(|_| !adds) {
                Some(earlier) => scene.another_like(earlier),
                None => scene.process(self.part(sound, seat, acts)),
            };
        }
        scene
            .judged(setting.budget, move |finale| judge.judge(finale))
            .reaching(goals.map(|reach| reach.goal()).collect())
    }

    fn judge(&self, sound: Sound, parts: &[&'static [Act]]) -> Judge {
        let acts = parts.iter().enumerate();
        let acts = acts.flat_map(|(seat, acts)| acts.iter().copied().zip(tokens(seat)));
        let imported = self.legacy.iter();
        Judge {
            sound,
            terms: self.terms,
            before: self.before.iter().copied().zip(EARLIER..).collect(),
            legacy: self.legacy,
            imported: imported
                .map(|&start| (Key::Imported(start), start))
                .collect(),
            acts: acts.collect(),
        }
    }

    fn start(&self, sound: Sound) -> Sim {
        let first = Sequential::boot(&Sim::new(FaultModel::LOCAL), USER);
        if !self.before.is_empty() || !self.legacy.is_empty() {
            first
                .mkdir(Path::new(DIRECTORY), 0o700)
                .expect("the root directory is empty");
        }
        let tasks = store(sound, self.terms, first.clone());
        for (key, start) in self.before.iter().zip(EARLIER..) {
            let added = tasks.add_or_reset(&key.id(), directory(start));
            let _ = added.expect("nothing is in the way of the first process");
        }
        if !self.legacy.is_empty() {
            self.write_legacy(&first);
        }
        first.snapshot(FaultModel::LOCAL)
    }

    fn write_legacy(&self, first: &SimProcess<Sequential>) {
        let content = content_of(self.legacy);
        let how = OpenHow::or_create(Access::ReadWrite);
        let file = first.open(Path::new(LEGACY), how).expect("a directory");
        let written = first.pwrite(&file, content.as_bytes(), 0);
        assert_eq!(written, Ok(content.len()));
        first.close(file);
    }

    fn part(
        &self,
        sound: Sound,
        seat: usize,
        acts: &[Act],
    ) -> impl Fn(&Process, &mut Said) -> Result<()> + use<> {
        let acts: Vec<(Act, Token)> = acts.iter().copied().zip(tokens(seat)).collect();
        let (twin, terms, misread) = (self.twin, self.terms, self.misread);
        move |process, said| {
            let kernel = SimProcess(twin(process.0.clone()));
            let witness = Witness::of(Footing::Sound(sound));
            if let Some(misread) = misread {
                witness.misread(misread);
            }
            perform(&kernel, witness, terms, &acts, said)
        }
    }
}

/// The file of the program before: tasks of one second before the clocks of the model begin.
pub(super) fn content_of(legacy: &[Token]) -> String {
    let task = |&start: &Token| {
        let directory = directory(start).display().to_string();
        (directory, json!({ "startTime": "2025-12-31 23:59:59" }))
    };
    let tasks: Map<_, _> = legacy.iter().map(task).collect();
    json!({ "tasks": tasks }).to_string()
}

impl Reach {
    fn is_possible(self, setting: Setting) -> bool {
        match self {
            Self::KillsAClaimant => setting.budget.kills > 0,
            Self::AnnouncesBothStarts | Self::FailsInVain | Self::FailsThrice => {
                setting.processes > 2
            }
            Self::GivesUp => setting.processes > 3,
            Self::Expires => true,
            _ => setting.processes > 1,
        }
    }

    fn goal(self) -> Goal<Account<Said>> {
        goal(self.sentence(), move |finale| self.is_reached(finale))
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::SharesOut => "two processes send an announcement each",
            Self::KillsAClaimant => "a process is killed between claiming and confirming",
            Self::TriesAgain => "a second try is confirmed",
            Self::GivesUp => "an announcement is given up",
            Self::SendsTwice => "an announcement is sent twice, since its claimant was slow",
            Self::FailsThrice => "the last of three failures gives it up",
            Self::ConfirmsInVain => "a claim is confirmed after its task has gone",
            Self::FailsInVain => "a process says that it failed after its task has gone",
            Self::Passes => "a later announcement is claimed without the earlier one",
            Self::AnnouncesBothStarts => "both starts of a task are announced",
            Self::AnnouncesBothResets => "both of two new starts of a task are announced",
            Self::AddsAgain => "a task is added that another has removed",
            Self::RemovesAnew => "a task is removed that another has let begin anew",
            Self::ImportsOnce => "one makes the import and another finds it made",
            Self::Expires => "a task comes to its age",
        }
    }

    fn is_reached(self, finale: &Finale<'_, Said>) -> bool {
        let all = || finale.said().flat_map(|said| &said.announcements);
        let sent = || all().filter(|it| it.is_sent());
        let answers = || finale.said().flat_map(|said| &said.answers);
        let has = |fate: Fate| all().any(|it| it.fate == fate);
        match self {
            Self::SharesOut => finale.said().filter(|said| said.sends()).count() > 1,
            Self::KillsAClaimant => has(Fate::Sent),
            Self::TriesAgain => all().any(|it| it.attempt == 2 && it.fate == Fate::Confirmed(true)),
            Self::GivesUp => finale.said().any(|said| !said.given_up.is_empty()),
            Self::SendsTwice => sent().count() > 1,
            Self::FailsThrice => has(Fate::Failed(Failure::GivenUp)),
            Self::ConfirmsInVain => has(Fate::Confirmed(false)),
            Self::FailsInVain => has(Fate::Failed(Failure::Void)),
            Self::Passes => all().count() == 1 && all().any(|it| !it.after.is_zero()),
            Self::AnnouncesBothStarts => {
                let starts: BTreeSet<Token> = sent().map(|it| it.start).collect();
                starts.len() > 1
            }
            Self::AnnouncesBothResets => {
                let made = finale.said().flat_map(|said| &said.added);
                let is_sent = |start: Token| sent().any(|it| it.start == start);
                made.filter(|(_, start)| is_sent(*start)).count() > 1
            }
            Self::AddsAgain => answers().any(|it| it.made.is_some() && !it.found),
            Self::RemovesAnew => {
                answers().any(|it| it.made.is_some() && it.found)
                    && answers().any(|it| it.made.is_none() && it.found)
            }
            Self::Expires => finale.said().any(|said| !said.expired.is_empty()),
            Self::ImportsOnce => {
                let mut idle = finale.finished().filter(|said| said.imports == 0);
                finale.said().any(|said| said.imports > 0) && idle.next().is_some()
            }
        }
    }
}

impl Said {
    fn sends(&self) -> bool {
        self.announcements.iter().any(|it| it.is_sent())
    }
}
