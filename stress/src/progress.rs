//! How far a run is: a bar on a terminal, and elsewhere a line now and then, if there are rounds to
//! wait for.

use crate::hunt::Rounds;
use crate::verdict::Status;
use hookstate_cli::progress::bar;
use indicatif::ProgressBar;
use std::cell::{Cell, RefCell};
use std::io::{Write, stderr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What is shown while something runs; nothing if nobody would see it.
pub(crate) struct Progress {
    bar: RefCell<ProgressBar>,
    measure: Cell<Measure>,
    /// What is going on now, if the figures stand behind it.
    what: RefCell<Option<String>>,
    figures: Arc<Mutex<Figures>>,
    pulse: Option<Pulse>,
}

/// What the bar is about.
#[derive(Clone, Copy)]
enum Measure {
    Changes,
    /// The time since then.
    Time(Instant),
    /// Nobody knows how long it takes.
    Nothing,
}

/// How far all rounds are together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Figures {
    rounds: Rounds,
    /// How many lanes have processes to run.
    running: u32,
}

impl Progress {
    /// Tells how far the rounds are each time so much time has passed, unless there is a bar for that.
    pub(crate) fn new(interval: Option<Duration>) -> Self {
        let figures = Arc::default();
        let is_seen = !bar("Running", "{msg}", 1).is_hidden();
        let interval = interval.filter(|_| !is_seen);
        let pulse = interval.and_then(|interval| Pulse::start(interval, &figures));
        Self {
            bar: RefCell::new(ProgressBar::hidden()),
            measure: Cell::new(Measure::Nothing),
            what: RefCell::default(),
            figures,
            pulse,
        }
    }

    /// Something with so many changes begins.
    pub(crate) fn begin(&self, changes: u64) {
        self.measure.set(Measure::Changes);
        *self.bar.borrow_mut() = bar("Running", "{msg}", changes);
    }

    /// Something begins that takes so long, or nobody knows how long.
    pub(crate) fn begin_hunt(&self, duration: Option<Duration>) {
        let since_now = |_| Measure::Time(Instant::now());
        self.measure
            .set(duration.map_or(Measure::Nothing, since_now));
        *self.bar.borrow_mut() = bar("Running", "{msg}", duration.map_or(1, millis));
    }

    /// What is going on now.
    pub(crate) fn message(&self, text: String) {
        self.what.replace(None);
        self.bar.borrow().set_message(text);
    }

    /// What is going on now, with how far the rounds are.
    pub(crate) fn message_with_figures(&self, what: &str) {
        self.what.replace(Some(what.to_owned()));
        self.show_figures();
    }

    /// A change was acknowledged.
    pub(crate) fn step(&self) {
        let bar = self.bar.borrow();
        match self.measure.get() {
            Measure::Changes => bar.inc(1),
            Measure::Time(began) => bar.set_position(millis(began.elapsed())),
            Measure::Nothing => bar.tick(),
        }
    }

    /// So many lanes are running now.
    pub(crate) fn running(&self, lanes: usize) {
        lock(&self.figures).running = u32::try_from(lanes).unwrap_or(u32::MAX);
        self.show_figures();
    }

    fn show_figures(&self) {
        if let Some(what) = &*self.what.borrow() {
            let figures = lock(&self.figures).line();
            self.bar.borrow().set_message(format!("{what}, {figures}"));
        }
    }

    /// A round has ended that counts.
    pub(crate) fn round_ended(&self, status: Status) {
        lock(&self.figures).rounds.take(status);
    }

    /// It is over; its line comes next.
    pub(crate) fn end(&self) {
        self.bar.borrow().finish_and_clear();
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(pulse) = self.pulse.take() {
            pulse.stop();
        }
    }
}

impl Figures {
    /// As in `129 rounds, 3 violated (2.3 %), 8 running`.
    fn line(&self) -> String {
        format!("{}, {} running", self.rounds, self.running)
    }
}

fn lock(figures: &Mutex<Figures>) -> MutexGuard<'_, Figures> {
    figures.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread that writes a line to standard error each time so much time has passed.
struct Pulse {
    stopped: Sender<()>,
    thread: JoinHandle<()>,
}

impl Pulse {
    /// Without a thread to be had there are no lines, and everything else is as it was.
    fn start(interval: Duration, figures: &Arc<Mutex<Figures>>) -> Option<Self> {
        let (stopped, is_stopped) = channel();
        let figures = Arc::clone(figures);
        let beat = move || beat(interval, &is_stopped, &figures);
        let thread = thread::Builder::new().spawn(beat).ok()?;
        Some(Self { stopped, thread })
    }

    fn stop(self) {
        drop(self.stopped);
        // It has nothing to say any more, not even if it has panicked.
        let _ = self.thread.join();
    }
}

fn beat(interval: Duration, is_stopped: &Receiver<()>, figures: &Mutex<Figures>) {
    let began = Instant::now();
    let mut next = began + interval;
    while is_stopped.recv_timeout(next.saturating_duration_since(Instant::now()))
        == Err(RecvTimeoutError::Timeout)
    {
        let line = line(began.elapsed(), &lock(figures));
        // Whoever has closed it does not want to know.
        let _ = writeln!(stderr(), "{line}");
        while next <= Instant::now() {
            next += interval;
        }
    }
}

/// As in `5s: 129 rounds, 3 violated (2.3 %), 8 running`.
fn line(elapsed: Duration, figures: &Figures) -> String {
    let seconds = Duration::from_secs(elapsed.as_secs());
    let time = humantime::format_duration(seconds);
    format!("{time}: {}", figures.line())
}

#[cfg(test)]
mod tests {
    use super::{Duration, Figures, Rounds, line};

    #[test]
    fn a_line_has_the_time_and_the_figures() {
        let rounds = Rounds {
            done: 129,
            violated: 3,
            inconclusive: 0,
        };
        let figures = Figures { rounds, running: 8 };
        assert_eq!(
            line(Duration::from_millis(5003), &figures),
            "5s: 129 rounds, 3 violated (2.3 %), 8 running"
        );
        let late = line(Duration::from_secs(3665), &Figures::default());
        assert_eq!(late, "1h 1m 5s: 0 rounds, 0 violated (0 %), 0 running");
    }
}
