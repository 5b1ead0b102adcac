//! Failures in a row are all counted, whoever has them.
//!
//! The breaker is closed, and opens after one failure more than there are processes. Each has one.
//! How many were counted shows in how many more it takes.

use crate::oracle::{Violation, ViolationKind};
use crate::search::Search;
use crate::stores::footing::{FLOCK, Footing};
use crate::stores::scene::{
    Account, Finale, Process, Scene, Verdict, demand, erased, goal, store, sure,
};
use crate::stores::witness::Witness;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::Result;
use hookstate::guard::{Admission, CircuitBreaker, Condition, Report};
use hookstate::strategy::{AnyStrategy, Rename};

pub(in crate::stores) const FAILURES: Subject = Subject {
    name: "breaker-failures",
    kind: Kind::Guards,
    holds: "every failure that was reported while the breaker was closed is counted once",
    ground: Ground::Store(&[FLOCK, AnyStrategy::Rename(Rename)], |sound, setting| {
        Box::new(fails(Footing::Sound(sound), setting))
    }),
    settings: super::SETTINGS,
    controls: &[UNLOCKED, IN_TWO_WINDOWS],
};

pub(in crate::stores) const UNLOCKED: Control = Control {
    name: "breaker-failures-unlocked",
    leaves_out: "Keeps the count in a store that unlocks between reading and writing.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(fails(Footing::Unlocked, setting)),
};

pub(in crate::stores) const IN_TWO_WINDOWS: Control = Control {
    name: "breaker-failures-in-two-windows",
    leaves_out: "Reads the count in one window and writes one more in another.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(fails(Footing::TwoWindows(sound), setting)),
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    was_let_through: bool,
    counted: bool,
}

fn fails(footing: Footing, setting: Setting) -> Search<Account<Said>, Violation> {
    let processes = setting.processes;
    let fail = move |process: &Process, said: &mut Said| {
        let breaker = breaker(footing, process, processes);
        let Admission::Granted(permit) = breaker.admit()?.value else {
            return Ok(());
        };
        said.was_let_through = true;
        said.counted = breaker.failed(permit)?.value == Report::Counted(Condition::Closed);
        Ok(())
    };
    let seats = 0..processes;
    seats
        .fold(Scene::new(), |scene, _| scene.process(fail))
        .judged(setting.budget, move |finale| judge(finale, footing))
        .reaching(vec![goal("all are counted", |finale| {
            finale.said().all(|said: &Said| said.counted)
        })])
}

type Breaker = CircuitBreaker<Witness, Process>;

fn breaker(footing: Footing, process: &Process, processes: usize) -> Breaker {
    let most = u32::try_from(processes).expect("few processes") + 1;
    CircuitBreaker::over(store(&Witness::of(footing), process)).failures(most)
}

/// In which condition the breaker is after that; `None` if it lets nobody through.
fn fail_once(breaker: &Breaker) -> Result<Option<Condition>> {
    let Admission::Granted(permit) = breaker.admit()?.value else {
        return Ok(None);
    };
    match breaker.failed(permit)?.value {
        Report::Counted(condition) => Ok(Some(condition)),
        Report::Late => Ok(None),
    }
}

/// Each that was acknowledged, and of those of which nobody can know it each once or not at all.
fn judge(finale: &Finale<'_, Said>, footing: Footing) -> Verdict {
    let processes = finale.said().count();
    let breaker = breaker(footing, &erased(finale.newcomer()), processes);
    let mut more = 1;
    while sure(fail_once(&breaker))? == Some(Condition::Closed) {
        more += 1;
    }
    let counted = processes + 1 - more;
    let acknowledged = finale.said().filter(|said| said.counted).count();
    let unsure = finale
        .unsure()
        .filter(|said| said.was_let_through && !said.counted);
    let unsure = unsure.count();
    demand(counted >= acknowledged, ViolationKind::Lost, || {
        format!("{acknowledged} failures were reported and {counted} counted")
    })?;
    demand(
        counted <= acknowledged + unsure,
        ViolationKind::Doubled,
        || format!("{acknowledged} failures were reported and {counted} counted"),
    )?;
    let all_counted = finale.finished().all(|said| said.counted);
    demand(all_counted, ViolationKind::Lost, || {
        "a failure was not counted although the breaker was closed".to_owned()
    })
}
