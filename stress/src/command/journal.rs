//! What is known of the processes of a round, written down as they end.
//!
//! A round may have millions of them, so memory has none but the latest: they are in a file without a
//! name, which whoever judges them reads once more, from the first to the last. A small round never
//! leaves memory.
//!
//! Invariant: they are in the order in which they ended. A lane tells of its processes in that order,
//! and two lanes may overtake each other between the end of a process and the telling of it; so the
//! latest wait for those that come late.

use super::record::{Fate, Record, Step, nanoseconds};
use crate::workload::Operation;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::iter::FusedIterator;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::{SpooledData, SpooledTempFile, spooled_tempfile_in};

/// Up to this size it is kept in memory.
const IN_MEMORY_BYTES_MAX: usize = 1 << 20;

/// How many wait for others that have ended before them. A lane is late by microseconds, and as many
/// processes take tens of milliseconds at the very least; one that is later still stands where it came.
const WAITING_MAX: usize = 256;

/// What a step takes in memory beside its two versions.
const STEP_BYTES: u64 = 128;

/// A journal that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    file: BufWriter<SpooledTempFile>,
    directory: PathBuf,
    waiting: BTreeMap<(Duration, u64), Record>,
    sum: Sum,
}

/// A journal that is complete.
#[derive(Debug)]
pub(super) struct Records {
    lines: Lines,
    directory: PathBuf,
    sum: Sum,
}

/// What is known of all of them without reading it again. It grows with the lanes, and not with their
/// iterations.
#[derive(Debug, Default)]
struct Sum {
    count: u64,
    /// The last iteration of each lane.
    last: BTreeMap<u32, u32>,
    steps_bytes: u64,
}

#[derive(Debug)]
enum Lines {
    InMemory(Vec<u8>),
    OnDisk(File),
}

/// One process, in as few bytes as JSON allows: the lane, the iteration, when it began and ended in
/// nanoseconds, how, and its steps.
#[derive(Serialize, Deserialize)]
struct Line(u32, u32, u64, u64, Fate, Vec<(String, String)>);

impl Journal {
    /// Begins one, which goes into the directory for temporary files if it grows.
    pub(super) fn begin() -> Self {
        Self::within(&tempfile::env::temp_dir(), IN_MEMORY_BYTES_MAX)
    }

    fn within(directory: &Path, in_memory_bytes_max: usize) -> Self {
        let file = spooled_tempfile_in(in_memory_bytes_max, directory);
        Self {
            file: BufWriter::new(file),
            directory: directory.to_owned(),
            waiting: BTreeMap::new(),
            sum: Sum::default(),
        }
    }

    /// Adds the process that has ended.
    pub(super) fn add(&mut self, record: Record) -> Result<()> {
        let place = (record.ended, self.sum.count);
        self.sum.take(&record);
        self.waiting.insert(place, record);
        if self.waiting.len() > WAITING_MAX {
            self.write_first()?;
        }
        Ok(())
    }

    /// All that were added.
    pub(super) fn end(mut self) -> Result<Records> {
        while !self.waiting.is_empty() {
            self.write_first()?;
        }
        let Self {
            file,
            directory,
            sum,
            ..
        } = self;
        let written = file.into_inner().map_err(|error| error.into_error());
        let lines = match written
            .with_context(|| cannot_write(&directory))?
            .into_inner()
        {
            SpooledData::InMemory(cursor) => Lines::InMemory(cursor.into_inner()),
            SpooledData::OnDisk(file) => Lines::OnDisk(file),
        };
        Ok(Records {
            lines,
            directory,
            sum,
        })
    }

    fn write_first(&mut self) -> Result<()> {
        let Some((_, record)) = self.waiting.pop_first() else {
            return Ok(());
        };
        let written = write_line(&mut self.file, record);
        written.with_context(|| cannot_write(&self.directory))
    }
}

fn write_line(file: &mut impl Write, record: Record) -> io::Result<()> {
    serde_json::to_writer(&mut *file, &Line::from(record))?;
    file.write_all(b"\n")
}

fn cannot_write(directory: &Path) -> String {
    format!(
        "cannot write down in {} what the commands have done (make room there, or name another \
         directory in TMPDIR)",
        directory.display()
    )
}

impl Sum {
    fn take(&mut self, record: &Record) {
        let Operation { lane, iteration } = record.operation;
        let last = self.last.insert(lane, iteration).unwrap_or(0);
        assert_eq!(
            last.checked_add(1),
            Some(iteration),
            "lane {lane} goes through its iterations one by one"
        );
        self.count += 1;
        if record.is_acknowledged() {
            let bytes = |step: &Step| (step.read.len() + step.wrote.len()) as u64 + STEP_BYTES;
            self.steps_bytes += record.steps.iter().map(bytes).sum::<u64>();
        }
    }
}

impl Records {
    /// All of them once more, in the order in which they ended.
    pub(super) fn pass(&self) -> Pass<'_> {
        Pass {
            file: BufReader::new(Rest {
                lines: &self.lines,
                offset: 0,
            }),
            directory: &self.directory,
            left: self.sum.count,
            line: Vec::new(),
        }
    }

    pub(super) const fn count(&self) -> u64 {
        self.sum.count
    }

    /// Whether the operation is one of them.
    pub(super) fn has(&self, operation: Operation) -> bool {
        let last = self.sum.last.get(&operation.lane);
        last.is_some_and(|last| (1..=*last).contains(&operation.iteration))
    }

    /// What it would take at most to have all steps of acknowledged processes in memory, by their
    /// versions.
    pub(super) const fn steps_bytes(&self) -> u64 {
        self.sum.steps_bytes
    }
}

/// The way through a journal.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    file: BufReader<Rest<'a>>,
    directory: &'a Path,
    left: u64,
    line: Vec<u8>,
}

impl Pass<'_> {
    fn read(&mut self) -> io::Result<Record> {
        self.line.clear();
        self.file.read_until(b'\n', &mut self.line)?;
        let line: Line = serde_json::from_slice(&self.line)?;
        Ok(line.into())
    }
}

impl Iterator for Pass<'_> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let read = self.read();
        if read.is_err() {
            self.left = 0;
        }
        Some(read.with_context(|| {
            let directory = self.directory.display();
            format!("cannot read in {directory} what the commands have done")
        }))
    }
}

impl FusedIterator for Pass<'_> {}

/// What is to be read from some place on. Several can be on their way at once.
#[derive(Debug)]
struct Rest<'a> {
    lines: &'a Lines,
    offset: u64,
}

impl Read for Rest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.lines {
            Lines::InMemory(bytes) => {
                let offset = usize::try_from(self.offset).map_err(io::Error::other)?;
                bytes.get(offset..).unwrap_or_default().read(buffer)?
            }
            Lines::OnDisk(file) => file.read_at(buffer, self.offset)?,
        };
        self.offset += count as u64;
        Ok(count)
    }
}

impl From<Record> for Line {
    fn from(record: Record) -> Self {
        let Record {
            operation: Operation { lane, iteration },
            began,
            ended,
            fate,
            steps,
        } = record;
        let steps = steps.into_iter().map(|step| (step.read, step.wrote));
        let (began, ended) = (nanoseconds(began), nanoseconds(ended));
        Self(lane, iteration, began, ended, fate, steps.collect())
    }
}

impl From<Line> for Record {
    fn from(line: Line) -> Self {
        let Line(lane, iteration, began, ended, fate, steps) = line;
        let steps = steps.into_iter().map(|(read, wrote)| Step { read, wrote });
        Self {
            operation: Operation { lane, iteration },
            began: Duration::from_nanos(began),
            ended: Duration::from_nanos(ended),
            fate,
            steps: steps.collect(),
        }
    }
}

/// Made of records, for those who judge them.
#[cfg(test)]
pub(super) fn of(records: impl IntoIterator<Item = Record>) -> Records {
    let mut journal = Journal::begin();
    for record in records {
        journal.add(record).unwrap();
    }
    journal.end().unwrap()
}

#[cfg(test)]
mod tests {
    use super::super::record::{Fate, Record, Step};
    use super::{Journal, Records, WAITING_MAX};
    use crate::workload::Operation;
    use proptest::prelude::*;
    use std::path::Path;
    use std::time::Duration;

    fn record(lane: u32, iteration: u32, ended_ns: u64) -> Record {
        Record {
            operation: Operation { lane, iteration },
            began: Duration::from_nanos(ended_ns.saturating_sub(3)),
            ended: Duration::from_nanos(ended_ns),
            fate: Fate::Acknowledged,
            steps: Vec::new(),
        }
    }

    fn all(records: &Records) -> Vec<Record> {
        records.pass().map(Result::unwrap).collect()
    }

    fn journal_of(directory: &Path, in_memory_bytes_max: usize, records: &[Record]) -> Records {
        let mut journal = Journal::within(directory, in_memory_bytes_max);
        for record in records {
            journal.add(record.clone()).unwrap();
        }
        journal.end().unwrap()
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let fate = prop_oneof![
            Just(Fate::Acknowledged),
            Just(Fate::Killed),
            any::<i32>().prop_map(Fate::Exited),
            any::<i32>().prop_map(Fate::Died),
        ];
        let step =
            (any::<String>(), any::<String>()).prop_map(|(read, wrote)| Step { read, wrote });
        let steps = proptest::collection::vec(step, 0..3);
        (any::<u64>(), any::<u64>(), fate, steps).prop_map(|(began, ended, fate, steps)| Record {
            operation: Operation {
                lane: 1,
                iteration: 1,
            },
            began: Duration::from_nanos(began),
            ended: Duration::from_nanos(ended),
            fate,
            steps,
        })
    }

    proptest! {
        /// In memory and on disk, whatever they have said.
        #[test]
        fn what_was_written_is_read_as_often_as_one_likes_in_the_order_of_the_ends(
            mut records in proptest::collection::vec(any_record(), 0..40),
            in_memory_bytes_max in 0_usize..4000,
        ) {
            for (record, iteration) in records.iter_mut().zip(1..) {
                record.operation.iteration = iteration;
            }
            let directory = tempfile::tempdir().unwrap();
            let journal = journal_of(directory.path(), in_memory_bytes_max, &records);
            records.sort_by_key(|record| record.ended);
            // The second is on its way while the first is.
            let both = journal.pass().zip(journal.pass());
            let both: Vec<_> = both.map(|(one, other)| (one.unwrap(), other.unwrap())).collect();
            prop_assert_eq!(both.len(), records.len());
            for ((one, other), record) in both.iter().zip(&records) {
                prop_assert_eq!(one, record);
                prop_assert_eq!(other, record);
            }
            prop_assert_eq!(all(&journal), records);
            // It has no name that somebody could find it by.
            prop_assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        }
    }

    /// A lane that is late by as many as wait finds its place, and memory holds no more than these.
    #[test]
    fn as_many_wait_as_may_and_no_more() {
        let waiting = WAITING_MAX as u64;
        let late = |by: u64| {
            let others = (1..=by).map(|n| record(1, n as u32, 10 * n));
            let records: Vec<Record> = others.chain([record(2, 1, 5)]).collect();
            let mut journal = Journal::begin();
            for record in &records {
                journal.add(record.clone()).unwrap();
                assert!(journal.waiting.len() <= WAITING_MAX);
            }
            all(&journal.end().unwrap())[0].operation.lane
        };
        assert_eq!(late(waiting), 2);
        assert_eq!(late(waiting + 1), 1);
    }

    #[test]
    fn only_what_has_ended_is_in_it() {
        let records = super::of([record(1, 1, 1), record(3, 1, 2), record(1, 2, 3)]);
        let has = |lane, iteration| records.has(Operation { lane, iteration });
        assert!(has(1, 1) && has(1, 2) && has(3, 1));
        assert!(!has(1, 0) && !has(1, 3) && !has(2, 1) && !has(3, 2));
        assert_eq!(records.count(), 3);
    }

    #[test]
    #[should_panic(expected = "lane 1 goes through its iterations one by one")]
    fn an_iteration_that_is_left_out_is_our_own_bug() {
        super::of([record(1, 1, 1), record(1, 3, 2)]);
    }

    #[test]
    fn where_nothing_can_be_written_the_directory_is_named_and_what_to_do() {
        let mut journal = Journal::within(Path::new("/nonexistent"), 0);
        let added = (1..=20_000).try_for_each(|n| journal.add(record(1, n, n.into())));
        let error = format!("{:#}", added.unwrap_err());
        assert!(
            error.starts_with(
                "cannot write down in /nonexistent what the commands have done (make room"
            ),
            "{error}"
        );
        assert!(error.contains("TMPDIR"), "{error}");
    }

    /// Somebody else cannot get at it, but a disk can fail.
    #[test]
    fn what_is_cut_off_is_an_error_and_not_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let journal = journal_of(directory.path(), 0, &[record(1, 1, 1), record(1, 2, 2)]);
        let super::Lines::OnDisk(file) = &journal.lines else {
            panic!("it is in memory");
        };
        let bytes = file.metadata().unwrap().len();
        file.set_len(bytes / 2).unwrap();
        let read: Vec<_> = journal.pass().collect();
        assert!(read[0].is_ok());
        let error = format!("{:#}", read[1].as_ref().unwrap_err());
        assert!(error.starts_with("cannot read in "), "{error}");
        assert_eq!(read.len(), 2);
    }
}
