//! When it is done: at a random instant of what a process usually takes.

use super::dice::{Question, draw};
use super::lifetime::Lifetimes;
use super::plan::Chaos;
use crate::run::{Children, Meanwhile};
use crate::workload::{Operation, Seed};
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// What is done to the processes of one lane, one after the other.
///
/// A blow that comes too late, because the process has ended before, is owed to the next one: so as
/// many are dealt as were chosen, whatever the processes take.
#[derive(Debug)]
pub(crate) struct Blows<'a> {
    chaos: Chaos,
    seed: Seed,
    usual: &'a Lifetimes,
    kill: Blow,
    stop: Blow,
    continue_at: Option<Instant>,
    /// Within which time the process was aimed at, if it was.
    aimed_within: Option<Duration>,
    /// Whether the process has got SIGKILL, perhaps too late.
    struck: bool,
    /// Whether it was stopped, so that it has taken longer than usual.
    delayed: bool,
    dealt: Dealt,
}

/// One kind of blow.
#[derive(Clone, Copy, Debug, Default)]
struct Blow {
    owed: u32,
    at: Option<Instant>,
}

/// What was done to the processes of a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dealt {
    /// How many were killed.
    pub(crate) kills: u64,
    /// Each that was stopped, by its number.
    pub(crate) stopped: Vec<u32>,
}

impl Blow {
    /// Chooses the instant, if there is a blow to deal.
    fn aim(&mut self, chosen: bool, instant: Instant) {
        self.owed += u32::from(chosen);
        if self.owed > 0 {
            self.at.get_or_insert(instant);
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| at <= now)
    }

    const fn settle(&mut self) {
        self.owed = self.owed.saturating_sub(1);
    }
}

impl<'a> Blows<'a> {
    pub(crate) fn new(chaos: Chaos, seed: Seed, usual: &'a Lifetimes) -> Self {
        Self {
            chaos,
            seed,
            usual,
            kill: Blow::default(),
            stop: Blow::default(),
            continue_at: None,
            aimed_within: None,
            struck: false,
            delayed: false,
            dealt: Dealt::default(),
        }
    }

    /// A change or command begins; chooses what is done to it.
    pub(crate) fn choose(&mut self, operation: Operation) {
        let drawn = |question| draw(self.seed, operation, question);
        let usual = self.usual.typical();
        let instant = |question| Instant::now() + usual.mul_f64(drawn(question));
        let chosen = self
            .chaos
            .kill
            .is_some_and(|share| share.has(drawn(Question::Kill)));
        let killed_at = instant(Question::KillWhen);
        let stop = self.chaos.stop;
        let stopped = stop.is_some_and(|pause| pause.share.has(drawn(Question::Stop)));
        let stopped_at = instant(Question::StopWhen);
        self.kill.aim(chosen, killed_at);
        self.aimed_within = self.kill.at.map(|_| usual);
        self.stop.aim(stopped, stopped_at);
    }

    /// A change has been made, or a command has ended by itself, after that time.
    pub(crate) fn take_lifetime(&mut self, lifetime: Duration) {
        if !std::mem::take(&mut self.delayed) {
            self.usual.take(lifetime, self.aimed_within.is_some());
        }
    }

    /// A command has ended, after that time. Tells whether it was killed here.
    pub(crate) fn end_of_command(&mut self, status: ExitStatus, lifetime: Duration) -> bool {
        let (was_aimed_at, was_delayed) = (self.aimed_within.is_some(), self.delayed);
        let killed = self.end(status);
        if !killed && !was_delayed {
            self.usual.take(lifetime, was_aimed_at);
        }
        killed
    }

    /// A process has ended. Tells whether it was killed here.
    pub(crate) fn end(&mut self, status: ExitStatus) -> bool {
        let killed = std::mem::take(&mut self.struck) && status.signal() == Some(SIGKILL);
        if killed {
            self.kill.settle();
            let usual = self.aimed_within.unwrap_or_else(|| self.usual.typical());
            self.usual.one_was_killed(usual);
            self.dealt.kills += 1;
        }
        (self.aimed_within, self.delayed) = (None, false);
        (self.kill.at, self.stop.at, self.continue_at) = (None, None, None);
        killed
    }

    /// What was done to all of them since this was asked last.
    pub(crate) fn take_dealt(&mut self) -> Dealt {
        std::mem::take(&mut self.dealt)
    }

    fn stop(&mut self, now: Instant, children: &Children, child: &Child) {
        self.stop.at = None;
        if let Some(pause) = self.chaos.stop
            && children.signal(child, Signal::STOP)
        {
            self.stop.settle();
            self.dealt.stopped.push(child.id());
            self.continue_at = Some(now + pause.duration());
            self.delayed = true;
        }
    }
}

const SIGKILL: i32 = Signal::KILL.as_raw();

impl Meanwhile for Blows<'_> {
    fn due(&self) -> Option<Instant> {
        let all = [self.kill.at, self.stop.at, self.continue_at];
        all.into_iter().flatten().min()
    }

    fn act(&mut self, children: &Children, child: &Child) {
        let now = Instant::now();
        if self.continue_at.is_some_and(|at| at <= now) {
            self.continue_at = None;
            children.signal(child, Signal::CONT);
        }
        if self.kill.is_due(now) {
            (self.kill.at, self.stop.at, self.continue_at) = (None, None, None);
            // What it had said before may still be read, and aim at it again.
            self.struck |= children.signal(child, Signal::KILL);
        }
        if self.stop.is_due(now) {
            self.stop(now, children, child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blows, Chaos, Children, Duration, Instant, Lifetimes, Meanwhile, Operation, Seed};
    use std::process::{Command, ExitStatus};

    const USUAL: Duration = Duration::from_secs(9);
    const FIRST: Operation = Operation {
        lane: 1,
        iteration: 1,
    };

    fn blows<'a>(chaos: &str, usual: &'a Lifetimes) -> Blows<'a> {
        Blows::new(chaos.parse().unwrap(), Seed(1), usual)
    }

    fn killed(blows: &mut Blows<'_>) -> ExitStatus {
        let children = Children::default();
        let mut child = children.start(Command::new("sleep").arg("60")).unwrap();
        blows.kill.at = Some(Instant::now());
        blows.act(&children, &child);
        children.reap(&mut child).unwrap()
    }

    fn ended_with(line: &str) -> ExitStatus {
        Command::new("sh").args(["-c", line]).status().unwrap()
    }

    #[test]
    fn how_long_a_killed_command_lived_is_not_what_commands_usually_take() {
        let usual = Lifetimes::default();
        usual.take(USUAL, false);
        let mut blows = blows("kill=100%", &usual);
        blows.choose(FIRST);
        assert!(blows.kill.at.expect("all are killed") <= Instant::now() + USUAL);
        let status = killed(&mut blows);
        assert!(blows.end_of_command(status, Duration::ZERO));
        assert_eq!(usual.typical(), USUAL);
    }

    #[test]
    fn a_command_that_was_not_killed_here_has_come_to_its_end() {
        for line in ["exit 0", "kill -9 $$"] {
            let usual = Lifetimes::default();
            let mut blows = Blows::new(Chaos::default(), Seed(1), &usual);
            assert!(!blows.end_of_command(ended_with(line), USUAL));
            assert_eq!(usual.typical(), USUAL);
        }
    }

    #[test]
    fn a_stopped_command_tells_nothing_and_the_one_after_it_does() {
        let usual = Lifetimes::default();
        let at_first = usual.typical();
        let mut blows = blows("kill=1%", &usual);
        blows.delayed = true;
        assert!(!blows.end_of_command(ended_with("exit 0"), USUAL));
        assert_eq!(usual.typical(), at_first);
        blows.delayed = true;
        let status = killed(&mut blows);
        assert!(blows.end_of_command(status, USUAL));
        assert!(!blows.end_of_command(ended_with("exit 0"), USUAL));
        assert_eq!(usual.typical(), USUAL);
    }
}
