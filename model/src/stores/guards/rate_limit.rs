//! Never more than so many are admitted in one window.
//!
//! All come within one window of time, and one more of them than it admits. Whether the window ends
//! is asked of one who comes when it is over.

use super::{LONG, later};
use crate::oracle::{Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::stores::footing::{FLOCK, Footing};
use crate::stores::scene::{
    Account, Finale, Process, Scene, Verdict, demand, erased, goal, store, sure,
};
use crate::stores::witness::Witness;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::guard::{RateLimit, Turn};
use hookstate::strategy::{AnyStrategy, Rename};

pub(in crate::stores) const RATE_LIMIT: Subject = Subject {
    name: "rate-limit",
    kind: Kind::Guards,
    holds: "no more are admitted in a window of time than the limit, and no fewer if they come",
    ground: Ground::Store(&[FLOCK, AnyStrategy::Rename(Rename)], |sound, setting| {
        Box::new(asks(Footing::Sound(sound), setting))
    }),
    settings: super::SETTINGS,
    controls: &[UNLOCKED, IN_TWO_WINDOWS],
};

const UNLOCKED: Control = Control {
    name: "rate-limit-unlocked",
    leaves_out: "Keeps the turns in a store that unlocks between reading and writing.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(asks(Footing::Unlocked, setting)),
};

const IN_TWO_WINDOWS: Control = Control {
    name: "rate-limit-in-two-windows",
    leaves_out: "Looks whether there is a turn left, and takes it in another window.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(asks(Footing::TwoWindows(sound), setting)),
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    admitted: Option<bool>,
}

fn asks(footing: Footing, setting: Setting) -> Search<Account<Said>, Violation> {
    let most = (setting.processes - 1).max(1);
    let ask = move |process: &Process, said: &mut Said| {
        let turn = rate_limit(footing, process, most).turn()?.value;
        said.admitted = Some(turn == Turn::Now);
        Ok(())
    };
    let seats = 0..setting.processes;
    seats
        .fold(Scene::new(), |scene, _| scene.process(ask))
        .judged(setting.budget, move |finale| judge(finale, footing, most))
        .reaching(goals(setting))
}

fn rate_limit(footing: Footing, process: &Process, most: usize) -> RateLimit<Witness, Process> {
    RateLimit::over(store(&Witness::of(footing), process), most, LONG)
}

fn judge(finale: &Finale<'_, Said>, footing: Footing, most: usize) -> Verdict {
    let told = |admitted| {
        finale
            .said()
            .filter(move |said| said.admitted == Some(admitted))
    };
    let (admitted, refused) = (told(true).count(), told(false).count());
    let newcomer = rate_limit(footing, &erased(finale.newcomer()), most);
    let mut left = 0;
    while admitted + left <= most && sure(newcomer.turn())?.value == Turn::Now {
        left += 1;
    }
    demand(admitted + left <= most, ViolationKind::Doubled, || {
        format!("{} were admitted, and {most} may be", admitted + left)
    })?;
    demand(refused == 0 || left == 0, ViolationKind::Lost, || {
        format!("{refused} had to wait, and {left} of {most} turns are left")
    })?;
    let unanswered = finale.unsure().filter(|said| said.admitted.is_none());
    let may_have_one = admitted + unanswered.count();
    demand(most - left <= may_have_one, ViolationKind::Lost, || {
        format!(
            "{} turns are taken, and {may_have_one} can have one",
            most - left
        )
    })?;
    let later_one = rate_limit(footing, &later(LONG, finale.newcomer()), most);
    match sure(later_one.turn())?.value {
        Turn::Now => Ok(()),
        Turn::In(_) => Err(Violation::Stuck),
    }
}

fn goals(setting: Setting) -> Vec<Goal<Account<Said>>> {
    let mut goals = Vec::new();
    if setting.processes > 1 {
        goals.push(goal("one has to wait", |finale| {
            let mut said = finale.said();
            said.any(|said: &Said| said.admitted == Some(false))
        }));
    }
    goals
}
