//! A winner that comes back when its key has expired and was won by another takes nothing from that.
//!
//! A key is won when the processes begin. The first of them has that win, and gives it back. For the
//! others the key has expired, and they ask for it.

use super::{LONG, later};
use crate::oracle::{Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::stores::footing::{FLOCK, Footing};
use crate::stores::scene::{
    Account, Finale, Process, Scene, Verdict, demand, erased, goal, store, sure,
};
use crate::stores::witness::Witness;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::Result;
use hookstate::guard::{Once, Win};
use serde_json::Value;

pub(in crate::stores) const LATE: Subject = Subject {
    name: "once-late",
    kind: Kind::Guards,
    holds: "one of all who ask for an expired key wins it, and keeps it when the winner before comes back",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(comes_back(Footing::Sound(sound), setting, true))
    }),
    settings: super::SETTINGS,
    controls: &[WITHOUT_NUMBERS, IN_TWO_WINDOWS],
};

const WITHOUT_NUMBERS: Control = Control {
    name: "once-without-numbers",
    leaves_out: "Takes any win of a key for the last one.",
    verdicts: &[ViolationKind::Undead],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(comes_back(Footing::Sound(sound), setting, false)),
};

const IN_TWO_WINDOWS: Control = Control {
    name: "once-late-in-two-windows",
    leaves_out: "Looks whether its key is still its own, and gives it back in another window.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(comes_back(Footing::TwoWindows(sound), setting, true)),
};

const KEY: &str = "key";

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    /// What it was told when it asked.
    has_won: Option<bool>,
    forgot: Option<Forgot>,
}

/// What became of its win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Forgot {
    answer: bool,
    /// Whether the key was won with that win in that window.
    was_there: bool,
    changed: bool,
}

fn comes_back(
    footing: Footing,
    setting: Setting,
    looks_at_numbers: bool,
) -> Search<Account<Said>, Violation> {
    let mut won = None;
    let scene = Scene::after(|first| {
        won = once(&Witness::of(footing), &erased(first)).win(KEY)?.value;
        Ok(())
    });
    let win = won.expect("the first who asks wins");
    let first = move |process: &Process, said: &mut Said| {
        said.forget(footing, process, win.clone(), looks_at_numbers)
    };
    let other = move |process: &Process, said: &mut Said| {
        let once = once(&Witness::of(footing), &later(LONG, process.clone()));
        said.has_won = Some(once.first(KEY)?.value);
        Ok(())
    };
    let others = 1..setting.processes;
    others
        .fold(scene.process(first), |scene, _| scene.process(other))
        .judged(setting.budget, move |finale| judge(finale, footing))
        .reaching(goals(setting))
}

fn once(witness: &Witness, process: &Process) -> Once<Witness, Process> {
    Once::over(store(witness, process), LONG)
}

impl Said {
    fn forget(
        &mut self,
        footing: Footing,
        process: &Process,
        win: Win,
        looks_at_numbers: bool,
    ) -> Result<()> {
        let witness = Witness::of(footing);
        let number = number_in(&serde_json::to_value(&win).expect("a win is plain data"));
        if !looks_at_numbers {
            witness.misread(move |state| {
                for won in state["won"].as_object_mut().into_iter().flatten() {
                    won.1["number"] = number.into();
                }
            });
        }
        let answer = once(&witness, process).forget(win)?.value;
        let window = witness.last();
        self.forgot = Some(Forgot {
            answer,
            was_there: number_in(&window.before["won"][KEY]) == number,
            changed: window.changed,
        });
        Ok(())
    }
}

/// Of a win, or of a key in the state; `None` if it is not won.
fn number_in(value: &Value) -> Option<u64> {
    value["number"].as_u64()
}

fn judge(finale: &Finale<'_, Said>, footing: Footing) -> Verdict {
    finale.said().try_for_each(check_forgot)?;
    let winners = finale.said().filter(|said| said.has_won == Some(true));
    let winners = winners.count();
    let late = later(LONG, finale.newcomer());
    let is_free = sure(once(&Witness::of(footing), &late).first(KEY))?.value;
    demand(
        winners + usize::from(is_free) <= 1,
        ViolationKind::Doubled,
        || format!("{winners} processes have won the expired key, and a newcomer {is_free:?}"),
    )?;
    let has_lost = finale.said().any(|said| said.has_won == Some(false));
    demand(!(has_lost && is_free), ViolationKind::Lost, || {
        "one was told that another has won, and the key is free".to_owned()
    })?;
    let perhaps = finale.unsure().any(|said| said.has_won.is_none());
    demand(
        winners == 1 || is_free || perhaps,
        ViolationKind::Lost,
        || "nobody has won the expired key, and a newcomer does not win it".to_owned(),
    )
}

/// It counts if the key is still its own, and otherwise changes nothing.
fn check_forgot(said: &Said) -> Verdict {
    let Some(forgot) = said.forgot else {
        return Ok(());
    };
    demand(
        forgot.was_there || !forgot.changed,
        ViolationKind::Undead,
        || "a winner that comes late has taken the key from another".to_owned(),
    )?;
    let is_so = forgot.answer == forgot.was_there && forgot.changed == forgot.was_there;
    demand(is_so, ViolationKind::Lost, || {
        "a winner that gave its key back was told the opposite of what it was".to_owned()
    })
}

fn goals(setting: Setting) -> Vec<Goal<Account<Said>>> {
    let answered = |answer| {
        move |finale: &Finale<'_, Said>| {
            let mut forgot = finale.said().filter_map(|said| said.forgot);
            forgot.any(|it| it.answer == answer)
        }
    };
    let mut goals = vec![goal("a win is given back in time", answered(true))];
    if setting.processes > 1 {
        goals.push(goal("a win is given back too late", answered(false)));
    }
    goals
}
