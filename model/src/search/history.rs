//! What a process has been answered, and what it does next.

use crate::erased::{AnyAccount, AnyProgram};
use crate::process::{CALLS_MAX, Runaway, playing};
use crate::sim::{AnyDoor, Door, Fd, Reply, Request, SimProcess, digest_of};
use hookstate::kernel::{Errno, FlockOperation, Result};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};

/// All histories of one program that have occurred.
pub(super) struct Histories {
    program: Box<dyn AnyProgram>,
    first: Arc<History>,
    /// How many there are, which is how often the program has been run.
    count: AtomicU32,
    /// The calls that the program was seen to wait for.
    waited_for: Mutex<HashSet<Request>>,
    is_inside: ClaimsInside,
}

/// Whether the account says that the process is inside of the window.
pub(super) type ClaimsInside = Box<dyn Fn(&dyn AnyAccount) -> bool + Send + Sync>;

/// The answers that one process has had so far.
pub(super) struct History {
    /// Different for each history of a program.
    pub(super) number: u32,
    /// What it does next.
    pub(super) next: Next,
    /// What it has to say by now.
    pub(super) account: Arc<dyn AnyAccount>,
    /// A hash of the account and of how it ended, if it has.
    pub(super) fate: u128,
    /// Whether it is inside of the window: its account says so and it has not unlocked since.
    pub(super) inside: bool,
    /// Whether it has unlocked since its account says that it is inside.
    left: bool,
    /// How many answers.
    depth: usize,
    /// Nothing for the first.
    last: Option<(Weak<Self>, Result<Reply>)>,
    /// What the process has open, and under which name it opened it.
    open: BTreeMap<Fd, PathBuf>,
    longer: RwLock<HashMap<Result<Reply>, Place>>,
    /// The histories that were [found](Histories::where_it_was) to be as good as this one.
    ///
    /// One thread makes what follows on this history real and then looks in here; another puts one in and
    /// then looks what is real. So one of the two sees what the other has done, and compares.
    again: Mutex<Vec<Weak<Self>>>,
    /// Whether a process has had it, or it is here for comparison only.
    is_real: AtomicBool,
}

/// Where a history is, or will be once its run of the program is over.
type Place = Arc<OnceLock<Arc<History>>>;

/// What a process does after the answers that it has had.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Next {
    /// It makes this call.
    Calls(Request),
    /// It has come to its end by itself.
    Finishes,
    /// It panics with this message.
    Panics(String),
    /// It has made more calls than any process should.
    RunsAway,
}

impl Histories {
    pub(super) fn new(program: Box<dyn AnyProgram>, is_inside: ClaimsInside) -> Self {
        let first = run(&*program, 0, None, &is_inside);
        Self {
            program,
            first: Arc::new(first),
            count: AtomicU32::new(1),
            waited_for: Mutex::default(),
            is_inside,
        }
    }

    pub(super) fn first(&self) -> Arc<History> {
        Arc::clone(&self.first)
    }

    pub(super) fn runs(&self) -> usize {
        self.count.load(Ordering::Relaxed) as usize
    }

    /// The history that follows on `history` with the answer to its call.
    pub(super) fn after(&self, history: &Arc<History>, answer: Result<Reply>) -> Arc<History> {
        let new = self.history_after(history, &answer);
        let is_real = new.is_real.load(Ordering::Relaxed);
        if !is_real && !new.is_real.swap(true, Ordering::Relaxed) {
            for again in history.all_again() {
                self.mirror_one(&new, &again, &answer);
            }
        }
        new
    }

    /// For a process that has paused: the first history in which it was about to make the same call
    /// with the same files open and the same to say. What it did in between, being refused, is
    /// over, and how often it did so is no part of the state.
    ///
    /// That the process is the same then is not taken on trust: whatever follows on the one history
    /// is run after the other too, and must be the same. And once for each call that is waited for,
    /// the process is refused [on and on](REFUSALS).
    ///
    /// # Panics
    ///
    /// If the process is not the same.
    pub(super) fn where_it_was(&self, now: Arc<History>) -> Arc<History> {
        let Some(before) = now.earliest_like_it() else {
            return now;
        };
        if before.is_again(&now) {
            self.mirror_all(&before, &now);
            if self.is_first_to_wait_for(before.request()) {
                self.refuse_on_and_on(&before, &now);
            }
        }
        before
    }

    fn is_first_to_wait_for(&self, request: &Request) -> bool {
        let waited_for = self.waited_for.lock();
        let mut waited_for = waited_for.unwrap_or_else(PoisonError::into_inner);
        waited_for.insert(request.clone())
    }

    /// Runs the program, unless that was done or is being done in another thread, which is waited for.
    fn history_after(&self, before: &Arc<History>, answer: &Result<Reply>) -> Arc<History> {
        if let Some(known) = before.longer_by(answer) {
            return known;
        }
        let place = before.place_after(answer);
        let made = place.get_or_init(|| {
            let number = self.count.fetch_add(1, Ordering::Relaxed);
            let last = Some((before, answer.clone()));
            Arc::new(run(&*self.program, number, last, &self.is_inside))
        });
        Arc::clone(made)
    }

    /// Runs after `again` all that has been run after `before`.
    fn mirror_all(&self, before: &Arc<History>, again: &Arc<History>) {
        for (answer, history) in before.all_longer() {
            if history.is_real.load(Ordering::Relaxed) {
                self.mirror_one(&history, again, &answer);
            }
        }
    }

    fn mirror_one(&self, history: &Arc<History>, again: &Arc<History>, answer: &Result<Reply>) {
        let mirror = self.history_after(again, answer);
        assert_same(history, &mirror);
        if history.is_again(&mirror) {
            self.mirror_all(history, &mirror);
        }
    }

    /// Answers the process as it was answered between `before` and `now`, again and again. Whatever it
    /// does must be what it did then, but for how it pauses.
    fn refuse_on_and_on(&self, before: &Arc<History>, now: &Arc<History>) {
        let round = now.calls_since(before);
        let calls_left = CALLS_MAX.saturating_sub(now.depth);
        let rounds = REFUSALS.min(calls_left / (round.len() + PAUSE_CALLS));
        let mut at = Arc::clone(now);
        for _ in 0..rounds {
            for (then, answer) in &round {
                at = self.after_pauses(at);
                assert_same(then, &at);
                at = self.history_after(&at, answer);
            }
        }
    }

    fn after_pauses(&self, mut at: Arc<History>) -> Arc<History> {
        while let Some(answer) = at.answer_to_pause() {
            at = self.history_after(&at, &answer);
        }
        at
    }
}

/// How often a process that waits is refused to see whether it remembers that. The shipping code has
/// other pauses from its 33rd try on.
const REFUSALS: usize = 40;

/// As many calls as a pause takes at most: what the time is, how long by chance, and the pause.
const PAUSE_CALLS: usize = 3;

fn assert_same(then: &History, now: &History) {
    assert!(
        now.next == then.next && *now.account == *then.account,
        "the program remembers how often it was refused: once it does {:?}, then {:?}",
        then.next,
        now.next,
    );
}

/// Runs the program against the answers up to and with the last.
fn run(
    program: &dyn AnyProgram,
    number: u32,
    last: Option<(&Arc<History>, Result<Reply>)>,
    is_inside: &ClaimsInside,
) -> History {
    let answers = answers(last.as_ref());
    let depth = answers.len();
    let (next, account) = match depth > CALLS_MAX {
        true => (Next::RunsAway, program.blank()),
        false => next_after(program, answers),
    };
    let claims_inside = is_inside(&*account);
    let left = claims_inside && last.as_ref().is_some_and(|(before, _)| has_left(before));
    History {
        number,
        fate: fate(&next, &*account),
        next,
        inside: claims_inside && !left,
        account,
        left,
        depth,
        open: last.as_ref().map(open_after).unwrap_or_default(),
        last: last.map(|(before, answer)| (Arc::downgrade(before), answer)),
        longer: RwLock::default(),
        again: Mutex::default(),
        is_real: AtomicBool::new(false),
    }
}

fn open_after((before, answer): &(&Arc<History>, Result<Reply>)) -> BTreeMap<Fd, PathBuf> {
    let mut open = before.open.clone();
    match (before.request(), answer) {
        (Request::Close { fd }, _) => {
            open.remove(fd);
        }
        (Request::Open { path, .. }, Ok(Reply::Fd(fd))) => {
            open.insert(*fd, path.clone());
        }
        _ => {}
    }
    open
}

/// Whether the process has unlocked since it was inside, if its next call is over.
fn has_left(before: &History) -> bool {
    let unlocks = matches!(
        before.next,
        Next::Calls(Request::Flock {
            operation: FlockOperation::Unlock,
            ..
        })
    );
    before.left || (before.inside && unlocks)
}

fn fate(next: &Next, account: &dyn AnyAccount) -> u128 {
    let ended = match next {
        Next::Calls(_) => None,
        ended => Some(ended),
    };
    digest_of(&(account, ended))
}

/// Every call with its answer, from the first on.
fn answers(last: Option<&(&Arc<History>, Result<Reply>)>) -> Vec<(Request, Result<Reply>)> {
    let Some((before, answer)) = last else {
        return Vec::new();
    };
    let mut answers = Vec::with_capacity(before.depth + 1);
    let (mut history, mut answer) = (Arc::clone(before), answer.clone());
    loop {
        answers.push((history.request().clone(), answer));
        let Some((earlier, its_answer)) = &history.last else {
            break;
        };
        let earlier = earlier
            .upgrade()
            .expect("the first history holds all others");
        (history, answer) = (earlier, its_answer.clone());
    }
    answers.reverse();
    answers
}

/// And what the process has to say by then.
fn next_after(
    program: &dyn AnyProgram,
    answers: Vec<(Request, Result<Reply>)>,
) -> (Next, Arc<dyn AnyAccount>) {
    let recorded = Rc::new(Recorded {
        answers,
        made: Cell::new(0),
        next: RefCell::new(None),
        strayed: Cell::new(None),
    });
    let door = AnyDoor::new(Rc::clone(&recorded));
    let (ran, account) = playing(|| program.play(SimProcess(door)));
    if let Some(calls) = recorded.strayed.take() {
        panic!("the program is not a function of what its calls answer: it makes {calls}");
    }
    let called = recorded.next.take();
    let next = match (ran, called) {
        (_, Some(request)) => Next::Calls(request),
        (Ok(()), None) => Next::Finishes,
        (Err(payload), None) if payload.is::<Runaway>() => Next::RunsAway,
        (Err(payload), None) => Next::Panics(crate::process::message(payload.as_ref())),
    };
    (next, account)
}

/// A door to the past: answers as it was answered then, and stops the process at the first call
/// that has no answer yet.
struct Recorded {
    answers: Vec<(Request, Result<Reply>)>,
    made: Cell<usize>,
    next: RefCell<Option<Request>>,
    /// The call that is not the one which was made with the same answers before.
    strayed: Cell<Option<String>>,
}

/// The payload of the unwinding by which a process is stopped.
struct Stopped;

impl Door for Rc<Recorded> {
    fn call(&self, request: Request) -> Result<Reply> {
        if self.next.borrow().is_some() {
            // What destructors do in a process that was stopped never happens.
            return Err(Errno::SRCH);
        }
        let made = self.made.get();
        let Some((recorded, answer)) = self.answers.get(made) else {
            self.next.replace(Some(request));
            resume_unwind(Box::new(Stopped));
        };
        if *recorded != request {
            self.strayed
                .set(Some(format!("{recorded} once and then {request}")));
            resume_unwind(Box::new(Stopped));
        }
        self.made.set(made + 1);
        answer.clone()
    }
}

impl History {
    /// The call that is made next.
    ///
    /// # Panics
    ///
    /// If the process makes none.
    pub(super) fn request(&self) -> &Request {
        match &self.next {
            Next::Calls(request) => request,
            ended => unreachable!("there is no call: {ended:?}"),
        }
    }

    /// What a pause, or the choice of how long it takes, is answered, if that is the next call.
    fn answer_to_pause(&self) -> Option<Result<Reply>> {
        match &self.next {
            Next::Calls(Request::Nanosleep { .. } | Request::SchedYield) => Some(Ok(Reply::Unit)),
            Next::Calls(Request::Getrandom) => Some(Ok(Reply::Number(0))),
            _ => None,
        }
    }

    /// The histories from `before` up to this one, each with the answer to its call, without pauses.
    fn calls_since(self: &Arc<Self>, before: &Arc<Self>) -> Vec<(Arc<Self>, Result<Reply>)> {
        let mut calls = Vec::new();
        let mut at = Arc::clone(self);
        while !Arc::ptr_eq(&at, before) {
            let Some(earlier) = at.before() else {
                break;
            };
            if let Some((_, answer)) = &at.last
                && earlier.answer_to_pause().is_none()
            {
                calls.push((Arc::clone(&earlier), answer.clone()));
            }
            at = earlier;
        }
        calls.reverse();
        calls
    }

    fn longer_by(&self, answer: &Result<Reply>) -> Option<Arc<Self>> {
        let longer = self.longer.read().unwrap_or_else(PoisonError::into_inner);
        longer.get(answer)?.get().cloned()
    }

    fn place_after(&self, answer: &Result<Reply>) -> Place {
        let longer = self.longer.write();
        let mut longer = longer.unwrap_or_else(PoisonError::into_inner);
        Arc::clone(longer.entry(answer.clone()).or_default())
    }

    fn all_longer(&self) -> Vec<(Result<Reply>, Arc<Self>)> {
        let longer = self.longer.read().unwrap_or_else(PoisonError::into_inner);
        let all = longer.iter();
        all.filter_map(|(answer, place)| Some((answer.clone(), Arc::clone(place.get()?))))
            .collect()
    }

    fn all_again(&self) -> Vec<Arc<Self>> {
        let again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        again.iter().filter_map(Weak::upgrade).collect()
    }

    /// Notes that `now` is as good as this one. Whether that is news.
    fn is_again(&self, now: &Arc<Self>) -> bool {
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = again.iter().any(|known| known.as_ptr() == Arc::as_ptr(now));
        if !is_known {
            again.push(Arc::downgrade(now));
        }
        !is_known
    }

    fn before(&self) -> Option<Arc<Self>> {
        let (before, _) = self.last.as_ref()?;
        Some(
            before
                .upgrade()
                .expect("the first history holds all others"),
        )
    }

    fn earliest_like_it(&self) -> Option<Arc<Self>> {
        let mut found = None;
        let mut at = self.before();
        while let Some(history) = at {
            at = history.before();
            if history.next == self.next
                && history.open == self.open
                && *history.account == *self.account
            {
                found = Some(history);
            }
        }
        found
    }
}
