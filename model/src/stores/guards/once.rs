//! Exactly one of all who ask wins a key, until a winner forgets it.
//!
//! All ask for the same key, which does not expire while they are there. The first could not do its
//! work if it wins, and forgets the key.

use crate::oracle::{Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::stores::footing::Footing;
use crate::stores::scene::{
    Account, Finale, Process, Scene, Verdict, demand, erased, goal, store, sure,
};
use crate::stores::witness::Witness;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::guard::Once;
use hookstate::strategy::ALL;
use std::time::Duration;

pub(in crate::stores) const ONCE: Subject = Subject {
    name: "once",
    kind: Kind::Guards,
    holds: "one of all who ask for a key wins it, and another if the winner forgets it",
    ground: Ground::Store(&ALL, |strategy, setting| {
        Box::new(asks(Footing::Shipping(strategy), setting))
    }),
    settings: super::SETTINGS,
    controls: &[UNLOCKED, IN_TWO_WINDOWS],
};

const UNLOCKED: Control = Control {
    name: "once-unlocked",
    leaves_out: "Keeps the keys in a store that unlocks between reading and writing.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |setting| Box::new(asks(Footing::Unlocked, setting)),
};

const IN_TWO_WINDOWS: Control = Control {
    name: "once-in-two-windows",
    leaves_out: "Looks whether somebody has won the key, and writes that it has in another window.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |setting| Box::new(asks(Footing::TwoWindows, setting)),
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

fn asks(footing: Footing, setting: Setting) -> Search<Account<Said>, Violation> {
    let first = move |process: &Process, said: &mut Said| {
        let once = once(footing, process);
        let win = once.win(KEY)?.value;
        said.is_told(win.is_some());
        if let Some(win) = win {
            said.forgets();
            let _ = once.forget(win)?;
        }
        Ok(())
    };
    let other = move |process: &Process, said: &mut Said| {
        said.is_told(once(footing, process).first(KEY)?.value);
        Ok(())
    };
    let others = 1..setting.processes;
    let scene = others.fold(Scene::new().process(first), |scene, _| scene.process(other));
    scene
        .judged(setting.budget, move |finale| judge(finale, footing))
        .reaching(goals())
}

fn once(footing: Footing, process: &Process) -> Once<Witness, Process> {
    Once::over(store(&Witness::of(footing), process), NEVER_EXPIRES)
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

fn judge(finale: &Finale<'_, Said>, footing: Footing) -> Verdict {
    check_winners(finale)?;
    let holders = finale.said().filter(|said| said.holds).count();
    let has_won = sure(once(footing, &erased(finale.newcomer())).first(KEY))?.value;
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
