//! Exactly one of all who ask wins a key, until a winner forgets it.
//!
//! All ask for the same key, which does not expire while they are there. The first could not do its
//! work if it wins, and forgets the key.

use super::NAME;
use crate::control::Unlocked;
use crate::oracle::{DIRECTORY, Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::stores::scene::{Account, Finale, Process, Scene, Verdict, demand, goal, sure};
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::guard::Once;
use hookstate::kernel::Kernel;
use hookstate::strategy::{ALL, Flock, Strategy};
use hookstate::{NoDelta, State, Store};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub(in crate::stores) const ONCE: Subject = Subject {
    name: "once",
    kind: Kind::Guards,
    holds: "one of all who ask for a key wins it, and another if the winner forgets it",
    ground: Ground::Store(&ALL, |strategy, setting| Box::new(asks(strategy, setting))),
    settings: &[
        Setting::kills(3, 1),
        Setting::kills(2, 2),
        Setting::failing(2),
    ],
    controls: &[UNLOCKED, IN_TWO_WINDOWS],
};

const UNLOCKED: Control = Control {
    name: "once-unlocked",
    leaves_out: "Keeps the keys in a store that unlocks between reading and writing.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |setting| Box::new(asks(Unlocked, setting)),
};

const IN_TWO_WINDOWS: Control = Control {
    name: "once-in-two-windows",
    leaves_out: "Looks whether somebody has won the key, and writes that it has in another window.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |setting| Box::new(asks_in_two_windows(setting)),
};

const KEY: &str = "key";
const NEVER_EXPIRES: Duration = Duration::MAX;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    /// Whether it has won, and not forgotten it.
    holds: bool,
    /// Whether it has won, or was told that another has.
    is_answered: bool,
    has_forgotten: bool,
}

fn asks<S>(strategy: S, setting: Setting) -> Search<Account<Said>, Violation>
where
    S: Strategy + Copy + Send + Sync + 'static,
{
    let first = move |process: &Process, said: &mut Said| {
        let once = once(strategy, process.clone());
        said.is_told(once.first(KEY)?.value);
        if said.holds {
            said.forgets();
            let _ = once.forget(KEY)?;
        }
        Ok(())
    };
    let other = move |process: &Process, said: &mut Said| {
        said.is_told(once(strategy, process.clone()).first(KEY)?.value);
        Ok(())
    };
    let others = 1..setting.processes;
    let scene = others.fold(Scene::new().process(first), |scene, _| scene.process(other));
    scene
        .judged(setting.budget, move |finale| judge(finale, strategy))
        .reaching(goals())
}

fn once<S: Strategy, K: Kernel>(strategy: S, kernel: K) -> Once<S, K> {
    Once::over(
        Store::with(DIRECTORY, NAME, strategy, kernel),
        NEVER_EXPIRES,
    )
}

impl Said {
    fn is_told(&mut self, has_won: bool) {
        self.is_answered = true;
        self.holds = has_won;
    }

    fn forgets(&mut self) {
        self.holds = false;
        self.has_forgotten = true;
    }
}

fn judge<S: Strategy>(finale: &Finale<'_, Said>, strategy: S) -> Verdict {
    check_winners(finale)?;
    let holders = finale.said().filter(|said| said.holds).count();
    let has_won = sure(once(strategy, finale.newcomer()).first(KEY))?.value;
    demand(!has_won || holders == 0, ViolationKind::Doubled, || {
        "a newcomer wins a key that somebody holds".to_owned()
    })
}

/// Not two; and one, if nobody was killed and none has forgotten it.
fn check_winners(finale: &Finale<'_, Said>) -> Verdict {
    let holders = finale.said().filter(|said| said.holds).count();
    demand(holders <= 1, ViolationKind::Doubled, || {
        format!("{holders} processes have won one key")
    })?;
    let is_free = finale.said().any(|said| said.has_forgotten) || !finale.is_undisturbed();
    demand(holders == 1 || is_free, ViolationKind::Lost, || {
        "all were told that another has won, and none has".to_owned()
    })
}

fn goals() -> Vec<Goal<Account<Said>>> {
    vec![
        goal("another wins the key that was forgotten", |finale| {
            let forgotten = finale.said().any(|said: &Said| said.has_forgotten);
            forgotten && finale.said().any(|said| said.holds)
        }),
        goal("the first is told that another has won", |finale| {
            let first = finale.finished().next();
            first.is_some_and(|said: &Said| said.is_answered && !said.holds && !said.has_forgotten)
        }),
    ]
}

/// Whether the key was won.
#[derive(Default, Serialize, Deserialize)]
struct Won(bool);

impl State for Won {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

fn asks_in_two_windows(setting: Setting) -> Search<Account<Said>, Violation> {
    let ask = |process: &Process, said: &mut Said| {
        let won: Store<Won, _, _> = Store::with(DIRECTORY, NAME, Flock, process.clone());
        let is_won = won.read()?.value.0;
        if !is_won {
            let _ = won.locked_modify(|won| won.0 = true)?;
        }
        said.is_told(!is_won);
        Ok(())
    };
    let seats = 0..setting.processes;
    let scene = seats.fold(Scene::new(), |scene, _| scene.process(ask));
    scene.judged(setting.budget, check_winners)
}
