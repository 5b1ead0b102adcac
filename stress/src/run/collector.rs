//! Takes the messages of all processes of a round in the order in which they arrive.

use super::messages::{Inbox, Message};
use crate::event::Event;
use crate::history::Chronicle;
use crate::oracle::Oracle;
use crate::progress::Progress;
use crate::verdict::Source;
use crate::workload::Flaw;
use hookstate_cli::interrupt::Interrupt;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How often the collector looks up from its messages, to see whether it was interrupted.
const TICK: Duration = Duration::from_millis(50);

/// How long it takes a killed process to be gone, at the very most.
const GRACE: Duration = Duration::from_secs(10);

/// How long the reader may take for its last look, when the round was cut short.
const LAST_LOOK: Duration = Duration::from_secs(2);

/// Everything that is known of a round while it runs.
pub(super) struct Collector<'a> {
    inbox: Inbox,
    oracle: Oracle,
    chronicle: Chronicle<'a>,
    interrupt: &'a Interrupt,
    progress: &'a Progress,
    deadline: Instant,
    /// Who has been started and has not said yet that it is ready.
    starting: BTreeSet<Source>,
    /// Who has not ended yet.
    running: BTreeSet<Source>,
    /// Whether processes are killed on purpose.
    kills: bool,
    /// Why the round was cut short, if it was. Then all of them are being ended.
    cut: Option<String>,
}

/// Why a round ends before its processes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutShort {
    Interrupted,
    TimeIsOver,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        inbox: Inbox,
        (oracle, chronicle): (Oracle, Chronicle<'a>),
        interrupt: &'a Interrupt,
        progress: &'a Progress,
        deadline: Instant,
        kills: bool,
    ) -> Self {
        Self {
            inbox,
            oracle,
            chronicle,
            interrupt,
            progress,
            deadline,
            kills,
            starting: BTreeSet::new(),
            running: BTreeSet::new(),
            cut: None,
        }
    }

    /// Expects messages from somebody.
    pub(super) fn expect(&mut self, source: Source) {
        self.starting.insert(source);
        self.running.insert(source);
        self.tell_running();
    }

    /// Collects until everybody is ready, or has ended before it was.
    pub(super) fn until_all_are_ready(&mut self) -> Result<(), CutShort> {
        self.until(|this| this.starting.is_empty())
    }

    /// Collects until the last lane has ended.
    pub(super) fn until_lanes_have_ended(&mut self) -> Result<(), CutShort> {
        self.until(Self::lanes_have_ended)
    }

    /// Collects until everybody has ended.
    pub(super) fn until_all_have_ended(&mut self) -> Result<(), CutShort> {
        self.until(Self::all_have_ended)
    }

    /// Takes note of how often the disk was full.
    pub(super) fn take_disk_full(&mut self, times: u64) {
        self.oracle.take_disk_full(times);
    }

    /// Takes note that the round is cut short, and why.
    pub(super) fn cut_short(&mut self, cause: CutShort, timeout: Duration) {
        self.cut = Some(self.why(cause, timeout));
    }

    /// Collects what the lanes, which are being killed, still have to say, and tells whether all
    /// of them have ended.
    pub(super) fn killed_lanes_have_ended(&mut self) -> bool {
        self.within(GRACE, Self::lanes_have_ended)
    }

    /// Collects what the reader, which was told to stop, has to say, and tells whether it has
    /// ended.
    pub(super) fn reader_has_ended(&mut self) -> bool {
        self.within(LAST_LOOK, Self::all_have_ended)
    }

    /// Collects until the reader, which is being killed, has ended, and tells whether it has.
    pub(super) fn killed_reader_has_ended(&mut self) -> bool {
        self.within(GRACE, Self::all_have_ended)
    }

    /// Everything that was collected, to be judged, and written down to be judged again.
    pub(super) fn into_parts(mut self) -> (Oracle, Chronicle<'a>) {
        if let Some(mut why) = self.cut {
            if !self.running.is_empty() {
                why += &format!(", and {} could not be killed", list(&self.running));
            }
            self.oracle.take_cut(why);
        }
        (self.oracle, self.chronicle)
    }

    fn lanes_have_ended(&self) -> bool {
        self.running.iter().all(|source| *source == Source::Reader)
    }

    fn tell_running(&self) {
        let reads = usize::from(self.running.contains(&Source::Reader));
        self.progress.running(self.running.len() - reads);
    }

    fn all_have_ended(&self) -> bool {
        self.running.is_empty()
    }

    /// Collects until it is `done` or the time is over, and tells whether it is.
    fn within(&mut self, most: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + most;
        while !done(self) && Instant::now() < deadline {
            self.take_next(deadline);
        }
        done(self)
    }

    fn until(&mut self, done: impl Fn(&Self) -> bool) -> Result<(), CutShort> {
        while !done(self) {
            if self.interrupt.is_asked() {
                return Err(CutShort::Interrupted);
            }
            if Instant::now() >= self.deadline {
                return Err(CutShort::TimeIsOver);
            }
            self.take_next(self.deadline);
        }
        Ok(())
    }

    fn take_next(&mut self, deadline: Instant) {
        match self.inbox.next(deadline, TICK) {
            Some(Message::Event(source, event)) => self.take(source, event),
            Some(Message::Doubt(source)) => self.take_doubt(source),
            Some(Message::Struck(dealt)) => self.oracle.take_dealt(dealt),
            Some(Message::Ended(source, result)) => self.take_ended(source, result),
            None => {}
        }
    }

    fn take_doubt(&mut self, source: Source) {
        self.chronicle.take_doubt(source);
        self.oracle.take_doubt(source);
    }

    fn take(&mut self, source: Source, event: Event) {
        self.chronicle.take(source, &event);
        match event {
            Event::Ready => {
                self.starting.remove(&source);
            }
            // Whoever kills in the middle of a write has to expect one.
            Event::Flaw(Flaw::Recovered { .. }) if self.kills || self.cut.is_some() => {
                self.oracle.take_recovery();
            }
            event => {
                if matches!(event, Event::Acknowledged(_)) {
                    self.progress.step();
                }
                self.oracle.take(source, event);
            }
        }
    }

    fn take_ended(&mut self, source: Source, result: Result<(), String>) {
        self.starting.remove(&source);
        self.running.remove(&source);
        self.tell_running();
        match result {
            Ok(()) => {}
            Err(_) if self.cut.is_some() => self.take_doubt(source),
            Err(why) => {
                self.chronicle.take_doubt(source);
                self.oracle.take_trouble(source, &why);
            }
        }
    }

    fn why(&self, cause: CutShort, timeout: Duration) -> String {
        match cause {
            CutShort::Interrupted => "interrupted".to_owned(),
            CutShort::TimeIsOver => {
                let left = list(&self.running);
                format!(
                    "the time of {} s ran out before {left} had finished",
                    timeout.as_secs()
                )
            }
        }
    }
}

/// The first few of them, as in "p1, p2, p3 and 5 more".
fn list(sources: &BTreeSet<Source>) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = sources
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    let shown = shown.join(", ");
    match sources.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, Source, list};

    #[test]
    fn a_long_list_is_cut() {
        let lanes = |n| (1..=n).map(Source::Lane).collect::<BTreeSet<Source>>();
        assert_eq!(list(&lanes(3)), "p1, p2, p3");
        assert_eq!(list(&lanes(8)), "p1, p2, p3 and 5 more");
    }
}
