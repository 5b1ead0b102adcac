//! Writers are killed with SIGKILL at random instants, not only before system calls, while they count
//! in statistics of 2,000 tools, which are sixteen pages. After each kill the file is read by another
//! process: it must parse, have every acknowledged call once and the one that was under way once or
//! not at all, and never go back.
//!
//! Two writers count at the same time, each its own tools in turn. So the state says by itself how
//! many calls of each are in it, and whether they are the first so many: a call that is lost in the
//! middle, or is there twice, is a tool too few or too many. A control that truncates and then writes
//! under a correct lock goes through the same kills and must not survive them.
//!
//! `HOOKSTATE_KILLS` says how many kills there are for each strategy, if not 600.
#![expect(
    clippy::disallowed_methods,
    reason = "the instants of the kills are those of a clock"
)]

use hookstate::kernel::{Host, Kernel};
use hookstate::stats::{Batch, SessionFile};
use hookstate::strategy::{AnyStrategy, Strategy};
use hookstate::{State, Store};
use hookstate_model::control::AnyControl;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const KILLS_DEFAULT: u32 = 600;

/// How many tools each of the two writers has.
const TOOLS: usize = 1_000;

const WRITERS: usize = 2;

/// How long after an acknowledgement a writer is killed, at the most: some updates' time.
const SPAN: Duration = Duration::from_millis(3);

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const SIGKILL: i32 = 9;

/// What a writer is told: the strategy, the directory, which of the writers it is, and how many calls
/// of it are counted already.
const ORDERS: [&str; 4] = [
    "HOOKSTATE_KILLS_STRATEGY",
    "HOOKSTATE_KILLS_DIRECTORY",
    "HOOKSTATE_KILLS_WRITER",
    "HOOKSTATE_KILLS_COUNTED",
];

fn tool(writer: usize, nth: usize) -> String {
    format!("mcp__server_{writer}__tool_{nth:04}")
}

/// A batch of one call of each of these, as an append-log writes it down.
fn batch(tools: impl Iterator<Item = String>) -> Batch {
    let names: Vec<(String, u64)> = tools.map(|name| (name, 1)).collect();
    let batch = json!({
        "session_id": "kills",
        "agent": null,
        "began": 1.0,
        "counts": {"tool_count": names.len(), "error_count": 0, "tool_names": names},
        "timings": [],
    });
    serde_json::from_value(batch).expect("a batch")
}

fn store<S: Strategy>(directory: &Path, strategy: S) -> Store<SessionFile, S> {
    Store::with(directory, "kills", strategy, Host).lock_timeout(PATIENCE)
}

/// How many calls of each writer the file has beside the first of each tool; or what is wrong.
fn counted(file: &SessionFile) -> Result<[u64; WRITERS], String> {
    let names: std::collections::BTreeMap<String, u64> = file.tool_names().into_iter().collect();
    let mut calls = [0; WRITERS];
    for (writer, calls) in calls.iter_mut().enumerate() {
        let counts: Vec<u64> = (0..TOOLS)
            .map(|nth| names.get(&tool(writer, nth)).copied().unwrap_or(0))
            .collect();
        *calls = counts
            .iter()
            .sum::<u64>()
            .checked_sub(TOOLS as u64)
            .ok_or_else(|| format!("tools of writer {writer} are gone"))?;
        for (nth, count) in counts.iter().enumerate() {
            let expected = 1 + (*calls + (TOOLS - 1 - nth) as u64) / TOOLS as u64;
            if *count != expected {
                return Err(format!(
                    "tool {nth} of writer {writer} was called {count} times and not {expected}"
                ));
            }
        }
    }
    let all = calls.iter().sum::<u64>() + (WRITERS * TOOLS) as u64;
    let whole = names.len() == WRITERS * TOOLS && file.tool_count() == all;
    whole.then_some(calls).ok_or_else(|| {
        format!(
            "{} calls of {} tools where {all} were counted",
            file.tool_count(),
            names.len()
        )
    })
}

// A writer.

/// Counts one call after the other until it is killed, and says what it begins and what is
/// acknowledged. Both methods of the store take turns.
fn write_for_ever<S: Strategy>(directory: &Path, strategy: S, writer: usize, counted: u64) -> ! {
    let store = store(directory, strategy);
    for number in counted + 1.. {
        let nth = (number - 1) % TOOLS as u64;
        let batch = batch(std::iter::once(tool(writer, nth as usize)));
        say(&format!("begun {number}\n"));
        let acknowledged = if number % 2 == 0 {
            store.apply(&batch)
        } else {
            store.locked_modify(|file| file.apply(&batch))
        };
        let _ = acknowledged.expect("a change");
        say(&format!("done {number}\n"));
    }
    unreachable!("there are more numbers than a writer has time for")
}

/// In one write, so that a kill does not leave half a line.
fn say(line: &str) {
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("the test listens");
}

/// Whether this process is a writer, which then does not come back.
fn write_if_ordered() {
    let Ok(orders) = ORDERS
        .map(std::env::var)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
    else {
        return;
    };
    let [name, directory, writer, counted] = &orders[..] else {
        unreachable!("there are as many as were asked for");
    };
    let (writer, counted) = (
        writer.parse().expect("a number"),
        counted.parse().expect("a number"),
    );
    match (AnyStrategy::named(name), AnyControl::named(name)) {
        (Some(strategy), _) => write_for_ever(Path::new(directory), strategy, writer, counted),
        (_, Some(control)) => write_for_ever(Path::new(directory), control, writer, counted),
        _ => panic!("no strategy is called {name}"),
    }
}

/// What a writer has said so far.
struct Writer {
    process: Child,
    lines: Receiver<String>,
    begun: u64,
    done: u64,
}

impl Writer {
    /// Starts this program again, for the test in which it finds its orders.
    fn start(orders: [&str; 4]) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut process = Command::new(program)
            .args([
                "--exact",
                "a_writer_counts_in_turn",
                "--nocapture",
                "--test-threads=1",
            ])
            .envs(ORDERS.into_iter().zip(orders))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let said = BufReader::new(process.stderr.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut said = said.lines().map_while(Result::ok);
            said.try_for_each(|line| sender.send(line))
        });
        let done = orders[3].parse().expect("a number");
        Self {
            process,
            lines,
            begun: done,
            done,
        }
    }

    fn take(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("begun", number)) => self.begun = number.parse().expect("a number"),
            Some(("done", number)) => self.done = number.parse().expect("a number"),
            _ => panic!("a writer says {line}"),
        }
    }

    /// Takes what it has said by now.
    fn catch_up(&mut self) {
        while let Ok(line) = self.lines.try_recv() {
            self.take(&line);
        }
    }

    /// Waits until one call more than `before` is acknowledged.
    fn gets_going(&mut self, before: u64) {
        while self.done <= before {
            let line = self.lines.recv_timeout(PATIENCE).expect("a writer goes on");
            self.take(&line);
        }
    }

    /// Listens to it until then.
    fn listen_until(&mut self, instant: Instant) {
        loop {
            let left = instant.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.take(&line),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => panic!("a writer ended by itself"),
            }
        }
    }

    /// Kills it, and takes the last that it has said.
    fn kill(&mut self) {
        self.process.kill().expect("it is our child");
        let status = self.process.wait().expect("it is our child");
        assert_eq!(status.signal(), Some(SIGKILL), "{status}");
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.take(&line);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // It is gone already unless the test fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

// The kills.

/// What the kills have hit.
#[derive(Clone, Copy, Debug, Default)]
struct Hits {
    kills: u32,
    /// Between the beginning of a change and its acknowledgement.
    under_way: u32,
    /// Of those: the change is in the state.
    made: u32,
}

/// The state, its writers, and what is known of it.
struct Trial<S> {
    directory: tempfile::TempDir,
    store: Store<SessionFile, S>,
    name: &'static str,
    /// The latest that was seen of each writer.
    seen: [u64; WRITERS],
    hits: Hits,
}

impl<S: Strategy + Copy> Trial<S> {
    fn new(strategy: S) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = store(directory.path(), strategy);
        let all = (0..WRITERS).flat_map(|writer| (0..TOOLS).map(move |nth| tool(writer, nth)));
        let _ = store.apply(&batch(all)).expect("a change");
        Self {
            directory,
            store,
            name: strategy.name(),
            seen: [0; WRITERS],
            hits: Hits::default(),
        }
    }

    fn start(&self, writer: usize) -> Writer {
        let directory = self.directory.path().to_str().expect("a name in UTF-8");
        let counted = self.seen[writer].to_string();
        Writer::start([self.name, directory, &writer.to_string(), &counted])
    }

    /// Kills so often, and gives what was hit, or what went wrong.
    fn kill_often(mut self, kills: u32) -> Result<Hits, String> {
        let mut writers: Vec<Writer> = (0..WRITERS).map(|writer| self.start(writer)).collect();
        for kill in 1..=kills {
            let random = Host.getrandom();
            let victim = (random % WRITERS as u64) as usize;
            let killed = &mut writers[victim];
            killed.gets_going(self.seen[victim]);
            let delay = SPAN.mul_f64((random >> 32) as f64 / f64::from(u32::MAX));
            killed.listen_until(Instant::now() + delay);
            killed.kill();
            self.look(&mut writers, victim)
                .map_err(|wrong| format!("kill {kill}: {wrong}"))?;
            writers[victim] = self.start(victim);
        }
        Ok(self.hits)
    }

    /// Reads what a kill has left, while the other writer goes on.
    fn look(&mut self, writers: &mut [Writer], victim: usize) -> Result<(), String> {
        writers.iter_mut().for_each(Writer::catch_up);
        let file = self
            .store
            .read()
            .map_err(|error| format!("{error:?}"))?
            .value;
        let counted = counted(&file)?;
        for (writer, of) in writers.iter().enumerate() {
            let floor = self.seen[writer].max(of.done);
            let most = if writer == victim { of.begun } else { u64::MAX };
            if !(floor..=most).contains(&counted[writer]) {
                let found = counted[writer];
                return Err(format!("{found} of writer {writer}, not {floor} to {most}"));
            }
        }
        let (of, found) = (&writers[victim], counted[victim]);
        self.hits.kills += 1;
        self.hits.under_way += u32::from(of.begun > of.done);
        self.hits.made += u32::from(found > of.done);
        self.seen = counted;
        Ok(())
    }
}

fn kills() -> u32 {
    match std::env::var("HOOKSTATE_KILLS") {
        Ok(kills) => kills.parse().expect("HOOKSTATE_KILLS is a number"),
        Err(_) => KILLS_DEFAULT,
    }
}

fn survives(name: &str) {
    let strategy = AnyStrategy::named(name).expect("a strategy");
    let hits = Trial::new(strategy).kill_often(kills());
    let hits = hits.unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    println!("{name}: {hits:?}");
    // Most of a writer's time is spent in changes, so a kill that hits none is the exception.
    assert!(hits.under_way > hits.kills / 4, "{hits:?}");
}

#[test]
fn flock_survives_600_kills_at_random_instants() {
    survives("flock");
}

#[test]
fn append_log_survives_600_kills_at_random_instants() {
    survives("append-log");
}

#[test]
fn rename_survives_600_kills_at_random_instants() {
    survives("rename");
}

/// Control: once its file is there, this program is alone with it from reading to writing, and
/// truncates it in between.
#[test]
fn a_control_that_truncates_and_then_writes_under_its_lock_does_not_survive() {
    let control = AnyControl::named("create-race").expect("a control");
    match Trial::new(control).kill_often(kills()) {
        Err(wrong) => println!("create-race: {wrong}"),
        Ok(hits) => panic!("nothing was lost: {hits:?}"),
    }
}

/// As a process of its own it writes until it is killed; as a test it sees what is counted of two.
#[test]
fn a_writer_counts_in_turn() {
    write_if_ordered();
    let name = |writer, count: usize| (0..count).map(move |nth| tool(writer, nth % TOOLS));
    let file = |batches: &[Batch]| {
        let mut file = SessionFile::default();
        batches.iter().for_each(|batch| file.apply(batch));
        file
    };
    let right = [name(0, TOOLS + 3), name(1, 2 * TOOLS)].map(batch);
    assert_eq!(counted(&file(&right)), Ok([3, TOOLS as u64]));
    let gap = [name(0, TOOLS + 3), name(1, TOOLS), name(0, 5)].map(batch);
    counted(&file(&gap)).expect_err("two calls in a row of tools that others follow");
    let short = [name(0, TOOLS - 1), name(1, TOOLS)].map(batch);
    counted(&file(&short)).expect_err("a tool is gone");
    counted(&SessionFile::default()).expect_err("all are gone");
}
