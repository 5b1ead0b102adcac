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
use hookstate::Result;
use hookstate::guard::Once;
use hookstate::strategy::ALL;
use std::time::Duration;

pub(in crate::stores) const ONCE: Subject = Subject {
    name: "once",
    kind: Kind::Guards,
    holds: "one of all who ask for a key wins it, and another if the winner forgets it",
    ground: Ground::Store(&ALL, |sound, setting| {
        Box::new(asks(Footing::Sound(sound), setting))
    }),
    settings: super::SETTINGS,
    controls: &[UNLOCKED, IN_TWO_WINDOWS, FORGETS_NOTHING],
};

const UNLOCKED: Control = Control {
    name: "once-unlocked",
    leaves_out: "Keeps the keys in a store that unlocks between reading and writing.",
    verdicts: &[ViolationKind::Doubled, ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(asks(Footing::Unlocked, setting)),
};

const IN_TWO_WINDOWS: Control = Control {
    name: "once-in-two-windows",
    leaves_out: "Looks whether somebody has won the key, and writes that it has in another window.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(asks(Footing::TwoWindows(sound), setting)),
};

const FORGETS_NOTHING: Control = Control {
    name: "once-forgets-nothing",
    leaves_out: "Says that a key was given back, and does not write it.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(1, 0),
    search: |sound, setting| Box::new(forgets_nothing(Footing::Sound(sound), setting)),
};

const KEY: &str = "key";
const NEVER_EXPIRES: Duration = Duration::MAX;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    /// Whether it has won, and has not been told that it gave the key back.
    holds: bool,
    /// Whether it was told that another has won.
    has_lost: bool,
    /// Whether it is about to give the key back, or was when it came to its end.
    is_forgetting: bool,
    /// What it was told when it gave the key back.
    forgotten: Option<bool>,
}

fn asks(footing: Footing, setting: Setting) -> Search<Account<Said>, Violation> {
    let first = move |process: &Process, said: &mut Said| {
        said.win_and_forget(&Witness::of(footing), process, |_| ())
    };
    let other = move |process: &Process, said: &mut Said| {
        said.is_told(once(&Witness::of(footing), process).first(KEY)?.value);
        Ok(())
    };
    let others = 1..setting.processes;
    let scene = others.fold(Scene::new().process(first), |scene, _| scene.process(other));
    scene
        .judged(setting.budget, move |finale| judge(finale, footing))
        .reaching(goals(setting))
}

/// As the first alone, whose decision to forget is not written.
fn forgets_nothing(footing: Footing, setting: Setting) -> Search<Account<Said>, Violation> {
    let winner = move |process: &Process, said: &mut Said| {
        said.win_and_forget(&Witness::of(footing), process, Witness::forget_decisions)
    };
    Scene::new()
        .process(winner)
        .judged(setting.budget, move |finale| judge(finale, footing))
}

fn once(witness: &Witness, process: &Process) -> Once<Witness, Process> {
    Once::over(store(witness, process), NEVER_EXPIRES)
}

impl Said {
    fn win_and_forget(
        &mut self,
        witness: &Witness,
        process: &Process,
        before_it_forgets: fn(&Witness),
    ) -> Result<()> {
        let once = once(witness, process);
        let win = once.win(KEY)?.value;
        self.is_told(win.is_some());
        if let Some(win) = win {
            before_it_forgets(witness);
            self.is_forgetting = true;
            self.has_forgotten(once.forget(win)?.value);
        }
        Ok(())
    }

    fn is_told(&mut self, has_won: bool) {
        self.holds = has_won;
        self.has_lost = !has_won;
    }

    fn has_forgotten(&mut self, answer: bool) {
        self.is_forgetting = false;
        self.holds = false;
        self.forgotten = Some(answer);
    }
}

fn judge(finale: &Finale<'_, Said>, footing: Footing) -> Verdict {
    let holders = check_holders(finale)?;
    let mut forgotten = finale.said().filter_map(|said| said.forgotten);
    demand(forgotten.all(|answer| answer), ViolationKind::Lost, || {
        "a winner could not give its key back, which nobody else can have won".to_owned()
    })?;
    let is_free = sure(once(&Witness::of(footing), &erased(finale.newcomer())).first(KEY))?.value;
    match is_free {
        true => check_free(finale, holders),
        false => check_taken(finale, holders),
    }
}

/// How many hold the key for certain, which are not two.
fn check_holders(finale: &Finale<'_, Said>) -> std::result::Result<usize, Violation> {
    let all = finale.with_doubts();
    let holders = all.filter(|(said, unsure)| said.holds && !(*unsure && said.is_forgetting));
    let holders = holders.count();
    demand(holders <= 1, ViolationKind::Doubled, || {
        format!("{holders} processes have won one key")
    })?;
    Ok(holders)
}

/// A newcomer has won: nobody holds the key, and if somebody was told that another has won, that one
/// has given it back.
fn check_free(finale: &Finale<'_, Said>, holders: usize) -> Verdict {
    demand(holders == 0, ViolationKind::Doubled, || {
        "a newcomer wins a key that somebody holds".to_owned()
    })?;
    let has_lost = finale.said().any(|said| said.has_lost);
    let given_back = finale.said().any(|said| said.forgotten.is_some());
    let perhaps = finale.unsure().any(|said| said.is_forgetting);
    demand(
        !has_lost || given_back || perhaps,
        ViolationKind::Lost,
        || "one was told that another has won, and the key is free".to_owned(),
    )
}

/// A newcomer has not won: somebody holds the key, or may have won it without being told.
fn check_taken(finale: &Finale<'_, Said>, holders: usize) -> Verdict {
    let may_hold = |said: &Said| !said.has_lost && said.forgotten.is_none();
    let perhaps = finale.unsure().any(may_hold);
    demand(holders == 1 || perhaps, ViolationKind::Lost, || {
        "nobody has won the key, and a newcomer does not win it".to_owned()
    })
}

fn goals(setting: Setting) -> Vec<Goal<Account<Said>>> {
    if setting.processes == 1 {
        return Vec::new();
    }
    vec![
        goal("another wins the key that was forgotten", |finale| {
            let forgotten = finale.said().any(|said: &Said| said.forgotten.is_some());
            forgotten && finale.said().any(|said| said.holds)
        }),
        goal("the first is told that another has won", |finale| {
            let first = finale.said().next();
            first.is_some_and(|said: &Said| said.has_lost)
        }),
    ]
}
