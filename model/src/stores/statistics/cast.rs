//! Who does what with the statistics of a session, and the search of all that can come of it.

use super::control::edited;
use super::judge::{Judge, left};
use super::said::{Act, Manner, SESSION, Said, perform, record, statistics};
use crate::oracle::{DIRECTORY, Token, USER, Violation};
use crate::scenario::tokens;
use crate::search::{Goal, Search};
use crate::sim::{AnyDoor, FaultModel, Sequential, Sim, SimProcess};
use crate::stores::Setting;
use crate::stores::scene::{Account, Finale, Process, Scene, goal};
use hookstate::Store;
use hookstate::kernel::Kernel;
use hookstate::stats::SessionFile;
use hookstate::strategy::Flock;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// Processes that share the statistics of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cast {
    /// What the processes do; with more of them than parts, from the first part again.
    pub(super) parts: &'static [&'static [Act]],
    /// What was there before.
    pub(super) before: Before,
    /// How the statistics are kept.
    pub(super) manner: Manner,
    /// How long ago that was.
    pub(super) ago: Duration,
    /// What is between the statistics and the kernel in all processes.
    pub(super) twin: fn(AnyDoor) -> AnyDoor,
    /// What has to come about.
    pub(super) goals: &'static [Reach],
}

/// What was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Not even the directory.
    Nothing,
    /// A file with one call.
    Call,
    /// As `Call`, and so much besides that a kill can tear a write between its pages.
    CallOnTwoPages,
    /// As `CallOnTwoPages`, without the journal that the write went through. A trace is shorter
    /// without it.
    CallOnTwoPagesAlone,
}

/// Something that has to come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// One who ends the session has the call of another in the result.
    TakesACall,
    /// A call is counted after the session was ended.
    ComesLater,
    /// Two who end the session have calls each.
    SharesOut,
    /// What was handed on to one who was killed is still in the file.
    HandsOnTwice,
    /// A process is told that its call may be in the file.
    IsUnsure,
    /// A file that was left behind is removed.
    Cleans,
    /// A file that a late call has changed stays.
    LeavesWhatWasChanged,
}

/// More than a page.
const BALLAST_BYTES: usize = 5_000;

/// What was counted before.
const EARLIER: Token = 1_000;

impl Cast {
    /// The shipping code after one call, and nothing that has to come about.
    pub(super) const fn of(parts: &'static [&'static [Act]]) -> Self {
        Self {
            parts,
            before: Before::Call,
            manner: Manner::ORDINARY,
            ago: Duration::ZERO,
            twin: |door| door,
            goals: &[],
        }
    }

    /// The search of all states.
    pub(super) fn search(&self, setting: Setting) -> Search<Account<Said>, Violation> {
        let parts = self.parts.iter().copied().cycle();
        let parts: Vec<&[Act]> = parts.take(setting.processes).collect();
        let judge = self.judge(&parts);
        let goals = self.goals.iter();
        let goals = goals.filter(|reach| reach.is_possible(setting));
        let spared = parts.iter().map(|acts| acts.contains(&Act::Peer));
        let seats = parts.iter().enumerate();
        seats
            .fold(Scene::starting(self.start()), |scene, (seat, acts)| {
                scene.process(self.part(seat, acts))
            })
            .judged(setting.budget, move |finale| judge.judge(finale))
            .sparing(spared.collect())
            .reaching(goals.map(|reach| reach.goal()).collect())
    }

    fn judge(&self, parts: &[&'static [Act]]) -> Judge {
        let before = match self.before {
            Before::Nothing => Vec::new(),
            Before::Call | Before::CallOnTwoPages | Before::CallOnTwoPagesAlone => vec![EARLIER],
        };
        let added = parts.iter().enumerate();
        Judge {
            before,
            added: added
                .flat_map(|(seat, acts)| tokens(seat).take(acts.len()))
                .collect(),
            manner: self.manner,
        }
    }

    fn start(&self) -> Sim {
        let first = Sequential::boot(&Sim::new(FaultModel::LOCAL), USER);
        if self.before != Before::Nothing {
            first
                .mkdir(Path::new(DIRECTORY), 0o700)
                .expect("the root directory is empty");
            let begun = self.begin(&first);
            begun.expect("nothing is in the way of the first process");
        }
        first.snapshot(FaultModel::LOCAL).later(self.ago)
    }

    fn begin(&self, first: &SimProcess<Sequential>) -> hookstate::Result<()> {
        let mut stats = statistics(first, Manner::ORDINARY);
        record(&mut stats, EARLIER)?;
        let _ = stats.flush()?;
        if self.before.is_on_two_pages() {
            let store: Store<SessionFile, Flock, _> =
                Store::with(DIRECTORY, SESSION, Flock, first.clone());
            let _ = store.locked_modify(|file| *file = edited(file, add_ballast))?;
        }
        if self.before == Before::CallOnTwoPagesAlone {
            let journal = stats.path().with_extension("json.journal");
            first
                .unlink(&journal)
                .expect("two pages are written by way of a journal");
        }
        Ok(())
    }

    fn part(
        &self,
        seat: usize,
        acts: &[Act],
    ) -> impl Fn(&Process, &mut Said) -> hookstate::Result<()> + use<> {
        let acts: Vec<(Act, Token)> = acts.iter().copied().zip(tokens(seat)).collect();
        let (twin, manner) = (self.twin, self.manner);
        move |process, said| {
            let kernel = SimProcess(twin(process.0.clone()));
            perform(&kernel, process, manner, &acts, said)
        }
    }
}

/// Under a key that the statistics do not know, and keep. It sorts into the middle, so that there is
/// something of them on both pages.
fn add_ballast(file: &mut Value) {
    file["kept"] = "x".repeat(BALLAST_BYTES).into();
}

impl Before {
    fn is_on_two_pages(self) -> bool {
        matches!(self, Self::CallOnTwoPages | Self::CallOnTwoPagesAlone)
    }
}

impl Reach {
    fn is_possible(self, setting: Setting) -> bool {
        let (processes, budget) = (setting.processes, setting.budget);
        match self {
            Self::TakesACall | Self::ComesLater | Self::LeavesWhatWasChanged => processes > 1,
            Self::SharesOut => processes > 2,
            Self::HandsOnTwice => processes > 1 && budget.kills > 0,
            Self::IsUnsure => budget.failures > 0,
            Self::Cleans => true,
        }
    }

    fn goal(self) -> Goal<Account<Said>> {
        goal(self.sentence(), move |finale| self.is_reached(finale))
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::TakesACall => "one who ends the session has the call of another in the result",
            Self::ComesLater => "a call is counted after the session was ended",
            Self::SharesOut => "two who end the session have calls each",
            Self::HandsOnTwice => "what was handed on to one who was killed is still in the file",
            Self::IsUnsure => "a process is told that its call may be in the file",
            Self::Cleans => "a file that was left behind is removed",
            Self::LeavesWhatWasChanged => "a file that a late call has changed stays",
        }
    }

    fn is_reached(self, finale: &Finale<'_, Said>) -> bool {
        let results = || finale.said().flat_map(|said| &said.finalized);
        let taken = |token: &Token| results().any(|last| last.has(*token));
        match self {
            Self::TakesACall => finale.said().any(Said::has_the_call_of_another),
            Self::ComesLater => {
                let mut counted = finale.said().flat_map(|said| &said.acknowledged);
                results().next().is_some() && counted.any(|token| !taken(token))
            }
            Self::SharesOut => results().filter(|last| !last.calls().is_empty()).count() > 1,
            Self::HandsOnTwice => is_handed_on_and_left(finale),
            Self::IsUnsure => finale.said().any(|said| said.unsure),
            Self::Cleans => finale.said().any(|said| said.cleaned > 0),
            Self::LeavesWhatWasChanged => {
                let counts = |said: &Said| !said.acknowledged.is_empty();
                let mut idle = finale.finished().filter(|said| !counts(said));
                idle.any(|said| said.cleaned == 0) && finale.said().any(counts)
            }
        }
    }
}

impl Said {
    fn has_the_call_of_another(&self) -> bool {
        let calls = self.finalized.iter().flat_map(|last| last.calls());
        let mut late = calls.filter(|token| **token != EARLIER);
        late.any(|token| !self.acknowledged.contains(token))
    }
}

fn is_handed_on_and_left(finale: &Finale<'_, Said>) -> bool {
    let mut handed = finale.said().filter_map(|said| said.handed.as_ref());
    left(&finale.newcomer())
        .is_ok_and(|left| handed.any(|last| last.calls().iter().any(|token| left.has(*token))))
}
