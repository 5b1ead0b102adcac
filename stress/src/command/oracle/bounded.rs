//! What a round takes in memory does not grow with its processes.
//!
//! The most that a process has ever had is measured by the kernel (proc_pid_status(5), `VmHWM`), so each
//! measurement is a process of its own: this test, started once more.
#![cfg(target_os = "linux")]

use super::super::claim::Numbers;
use super::super::history;
use super::super::journal::Journal;
use super::super::plan::Oracles;
use super::super::record::{Fate, Record, Step, token};
use super::super::template::{Scope, Template};
use super::{Scene, check, look};
use crate::history::HistoryFile;
use crate::workload::Operation;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const FEW: u32 = 50_000;
const MANY: u32 = 400_000;

/// What a process more may take: some bits of it stay.
const BYTES_EACH_MAX: u64 = 16;

const LANES: u32 = 8;

/// So little is held to see forks that one pass is just enough for the few.
const HELD_BYTES_MAX: u64 = 1 << 20;

/// Which measurement the process is to make.
const KIND: &str = "MEMORY_OF";
const COUNT: &str = "MEMORY_OF_HOW_MANY";

const NAME: &str = "memory_does_not_grow_with_the_processes_of_a_round";

#[test]
fn memory_does_not_grow_with_the_processes_of_a_round() {
    if let Ok(kind) = std::env::var(KIND) {
        let count = std::env::var(COUNT).unwrap().parse().unwrap();
        match kind.as_str() {
            "journal" => judge(count),
            _ => keep(count),
        }
        println!("peak of {} bytes", peak_bytes());
        return;
    }
    let is_bounded = |kind| {
        let [few, many] = [FEW, MANY].map(|count| measured(kind, count));
        println!("{kind}: {few} and {many} bytes");
        many < few + u64::from(MANY - FEW) * BYTES_EACH_MAX
    };
    assert!(is_bounded("journal"), "the journal takes more");
    assert!(
        !is_bounded("list"),
        "a list that has all of them is seen to grow"
    );
}

/// The most memory that such a process has had.
fn measured(kind: &str, count: u32) -> u64 {
    let (_, module) = module_path!().split_once("::").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::{NAME}"), "--nocapture"])
        .env(KIND, kind)
        .env(COUNT, count.to_string())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let peak = text
        .split_once("peak of ")
        .and_then(|(_, rest)| rest.split_once(" bytes"));
    let (peak, _) = peak.unwrap_or_else(|| panic!("{text}"));
    peak.parse().unwrap()
}

fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib << 10
}

/// One process after the other, of which every eighth tells what it has read and written; near the end
/// are two that have read the same.
fn records(count: u32) -> impl Iterator<Item = Record> {
    (0..count).map(move |n| {
        let lost = count - 20;
        let read = if n == lost + 1 { lost } else { n };
        let began = Duration::from_micros(u64::from(n));
        let tells = n % 8 == 0 || n >= lost;
        let step = tells.then(|| Step {
            read: read.to_string(),
            wrote: (read + 1).to_string(),
        });
        Record {
            operation: operation(n),
            began,
            ended: began + Duration::from_micros(u64::from(LANES)),
            fate: Fate::Acknowledged,
            steps: step.into_iter().collect(),
        }
    })
}

fn operation(n: u32) -> Operation {
    Operation {
        lane: n % LANES + 1,
        iteration: n / LANES + 1,
    }
}

/// All oracles look at them, and find the one whose update is lost.
fn judge(count: u32) {
    let directory = tempfile::tempdir().unwrap();
    let mut journal = Journal::begin();
    for record in records(count) {
        journal.add(record).unwrap();
    }
    let records = journal.end().unwrap();
    let lost = operation(count - 20);
    write_tokens(&directory.path().join("log"), count, lost);
    let scene = Scene {
        directory: directory.path(),
        round: 1,
        records: &records,
        numbers: Numbers {
            procs: LANES.into(),
            iters: (count / LANES).into(),
            acked: count.into(),
            started: count.into(),
            failed: 0,
        },
        is_complete: true,
    };
    let oracles = Oracles {
        tokens: vec!["{dir}/log:lines".parse().unwrap()],
        ..Oracles::default()
    };
    let mut finding = look(&oracles, &scene).unwrap();
    finding.accuse_within(&scene, HELD_BYTES_MAX).unwrap();
    let fork = finding.evidence.fork.unwrap();
    assert_eq!((finding.evidence.lost, fork.overwritten), (1, Some(lost)));
    assert_eq!(finding.evidence.around.len(), 48);
    check::prepare(&Template::parse("true", Scope::Round).unwrap(), &scene).unwrap();
    let history = HistoryFile::open(Some(&directory.path().join("history"))).unwrap();
    history::write(&history.unwrap(), 1, &records, None).unwrap();
}

fn write_tokens(path: &Path, count: u32, lost: Operation) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for operation in (0..count).map(operation).filter(|one| *one != lost) {
        writeln!(file, "{}", token(1, operation)).unwrap();
    }
    file.flush().unwrap();
}

/// What must be caught.
fn keep(count: u32) {
    let records: Vec<Record> = records(count).collect();
    assert_eq!(records.len(), count as usize);
}
