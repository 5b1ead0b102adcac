//! What no window may do to the tasks, whichever windows came before it: the invariants of `check.rs`
//! and `clock.rs` that speak of two windows.

use super::cast::Terms;
use crate::oracle::ViolationKind;
use crate::stores::witness::Window;
use serde_json::Value;

/// What is wrong with a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wrong {
    /// It claims an announcement, and one that is due later was claimed before.
    ClaimsAnEarlier,
    /// It leaves a time that is ahead of the clock that it goes by.
    Ahead,
    /// It leaves a task that is younger than it found it.
    Younger,
    /// It leaves a task that has come to its age.
    Expired,
    /// It goes by a clock that is behind that of the window before, though all clocks agree.
    Behind,
}

/// What is wrong with this one.
pub(super) fn wrong_with(window: &Window, terms: Terms) -> Option<Wrong> {
    let was = State(&window.before);
    let is = State(&window.after);
    let pairs = || was.tasks().filter_map(|task| Some((task, is.again(task)?)));
    let mut left = is.tasks();
    let expire_after_ms = terms.expire_after.as_millis();
    let is_wrong = [
        (
            Wrong::Behind,
            terms.clocks_agree && is.clock_ms() < was.clock_ms(),
        ),
        (
            Wrong::ClaimsAnEarlier,
            pairs().any(|(before, after)| claims_an_earlier(before, after)),
        ),
        (
            Wrong::Younger,
            pairs().any(|(before, after)| is.age_ms(after) < was.age_ms(before)),
        ),
        (
            Wrong::Expired,
            left.any(|task| u128::from(is.age_ms(task)) >= expire_after_ms),
        ),
        (
            Wrong::Ahead,
            is.tasks().any(|task| latest_ms(task) > is.clock_ms()),
        ),
    ];
    let mut wrong = is_wrong.into_iter().filter(|(_, is_so)| *is_so);
    wrong.next().map(|(wrong, _)| wrong)
}

impl Wrong {
    pub(super) const fn kind(self) -> ViolationKind {
        match self {
            Self::ClaimsAnEarlier | Self::Younger | Self::Behind | Self::Ahead => {
                ViolationKind::RolledBack
            }
            Self::Expired => ViolationKind::Undead,
        }
    }

    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::ClaimsAnEarlier => "an announcement is claimed after a later one was",
            Self::Ahead => "a time is ahead of the clock that it was written by",
            Self::Younger => "a task has become younger",
            Self::Expired => "a task that has come to its age is kept",
            Self::Behind => "a window goes by the time before the window before it",
        }
    }
}

/// The tasks as they are kept.
#[derive(Clone, Copy)]
struct State<'a>(&'a Value);

impl<'a> State<'a> {
    fn clock_ms(self) -> u64 {
        number(&self.0["clock_ms"])
    }

    fn age_ms(self, task: &Value) -> u64 {
        self.clock_ms().saturating_sub(number(&task["started_ms"]))
    }

    fn tasks(self) -> impl Iterator<Item = &'a Value> {
        let sessions = values(&self.0["sessions"]);
        let of_sessions = sessions
            .flat_map(|session| values(&session["agents"]).chain(std::iter::once(&session["own"])));
        let imported = values(&self.0["imported"]);
        of_sessions.chain(imported).filter(|task| task.is_object())
    }

    /// The same start of the same task.
    fn again(self, earlier: &Value) -> Option<&'a Value> {
        let mut tasks = self.tasks();
        tasks.find(|task| task["incarnation"] == earlier["incarnation"])
    }
}

fn claims_an_earlier(before: &Value, after: &Value) -> bool {
    let tries =
        |task: &Value, after_ms: u64| number(&task["announcements"][after_ms.to_string()]["tries"]);
    let was_claimed = ages_ms(before).filter(|after_ms| tries(before, *after_ms) > 0);
    let latest = was_claimed.max();
    let mut claimed = ages_ms(after).filter(|age| tries(after, *age) > tries(before, *age));
    claimed.any(|after_ms| Some(after_ms) < latest)
}

/// At which announcements are due that the task has had.
fn ages_ms(task: &Value) -> impl Iterator<Item = u64> {
    let announcements = task["announcements"].as_object().into_iter().flatten();
    announcements.map(|(age, _)| age.parse().expect("an age in milliseconds"))
}

fn latest_ms(task: &Value) -> u64 {
    let own = ["added_ms", "started_ms", "checked_ms"];
    let own = own.into_iter().map(|name| number(&task[name]));
    let said = values(&task["announcements"]).map(|said| number(&said["at_ms"]));
    own.chain(said).max().unwrap_or_default()
}

fn values(object: &Value) -> impl Iterator<Item = &Value> {
    object.as_object().into_iter().flat_map(|map| map.values())
}

/// What is not there is zero.
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}
