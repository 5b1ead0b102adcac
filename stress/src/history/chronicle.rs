//! Writes the history of a round of workers.

use super::file::HistoryFile;
use crate::event::{Acknowledged, Event, Span};
use crate::verdict::Source;
use crate::worker::now_ns;
use crate::workload::{Operation, Presence, Workload};
use anyhow::Result;
use hookstate_history as history;
use hookstate_history::{Action, Final, Header, Outcome, Token, Writer};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

/// How many final tokens are gathered at once.
const TOKENS_AT_ONCE: usize = 1000;

/// Writes each change when it is known what came of it. Memory does not grow with the changes.
///
/// Of a change that was never answered the beginning is not known either. The answer to the one before
/// it in its lane stands for that: a judge that takes a change to have begun too early accuses
/// nobody who is right.
#[derive(Debug)]
pub(crate) struct Chronicle<'a> {
    /// Nothing, if no history was asked for.
    writing: Option<Writing<'a>>,
}

#[derive(Debug)]
struct Writing<'a> {
    file: &'a HistoryFile,
    writer: Writer<&'a File>,
    /// What the file has said, until that is told at the end of the round.
    written: io::Result<()>,
    workload: Workload,
    iterations: u32,
    began_ns: u64,
    lanes: BTreeMap<u32, Latest>,
}

/// The change of a lane that was written last.
#[derive(Clone, Copy, Debug)]
struct Latest {
    iteration: u32,
    responded_ns: u64,
}

/// What was there when the last process had ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending<'a> {
    /// How many changes, those included that were taken out before.
    pub(crate) total: u64,
    /// Which, if they leave their numbers.
    pub(crate) present: &'a Presence,
}

impl<'a> Chronicle<'a> {
    /// Begins the history of a round in which each lane makes so many changes.
    pub(crate) fn begin(
        file: Option<&'a HistoryFile>,
        name: &str,
        (workload, iterations): (Workload, u32),
    ) -> Result<Self> {
        let begin = |file: &'a HistoryFile| -> Result<Writing<'a>> {
            let header = Header {
                name: Some(name.into()),
                ..Header::default()
            };
            Ok(Writing {
                file,
                writer: file.begin(&header)?,
                written: Ok(()),
                workload,
                iterations,
                began_ns: now_ns(),
                lanes: BTreeMap::new(),
            })
        };
        let writing = file.map(begin).transpose()?;
        Ok(Self { writing })
    }

    /// Takes note of what a process reports.
    pub(crate) fn take(&mut self, source: Source, event: &Event) {
        let (Some(writing), Source::Lane(lane)) = (&mut self.writing, source) else {
            return;
        };
        match event {
            Event::Acknowledged(acknowledged) => writing.acknowledge(lane, acknowledged),
            Event::Doubt(iteration) => writing.doubt(Operation {
                lane,
                iteration: *iteration,
            }),
            _ => {}
        }
    }

    /// Takes note that a process was ended in the middle of its work: what it would have reported next
    /// may have been done.
    pub(crate) fn take_doubt(&mut self, source: Source) {
        let (Some(writing), Source::Lane(lane)) = (&mut self.writing, source) else {
            return;
        };
        for _ in 0..writing.workload.unreported_max().more {
            let iteration = writing.latest(lane).iteration + 1;
            if iteration <= writing.iterations {
                writing.doubt(Operation { lane, iteration });
            }
        }
    }

    /// Ends the history with what was there in the end, if that is known.
    pub(crate) fn end(self, ending: Option<Ending<'_>>, in_doubt: bool) -> Result<()> {
        let Some(mut writing) = self.writing else {
            return Ok(());
        };
        // Of a process that may have taken out what it had put in before, a history cannot say so.
        let is_clear = !in_doubt || writing.workload.unreported_max().fewer == 0;
        if let Some(ending) = ending.filter(|_| is_clear) {
            writing.last(ending);
        }
        let Writing {
            file,
            writer,
            written,
            ..
        } = writing;
        file.told(written.and_then(|()| writer.finish()))?;
        Ok(())
    }
}

impl Writing<'_> {
    fn latest(&self, lane: u32) -> Latest {
        self.lanes.get(&lane).copied().unwrap_or(Latest {
            iteration: 0,
            responded_ns: self.began_ns,
        })
    }

    fn acknowledge(&mut self, lane: u32, acknowledged: &Acknowledged) {
        let Acknowledged {
            iteration,
            span,
            laid_on,
            ..
        } = *acknowledged;
        let Span { began_ns, .. } = span;
        let responded_ns = span.ended_ns();
        self.write(&history::Operation {
            process: lane,
            action: Action::Add {
                token: Some(token(Operation { lane, iteration })),
                read: laid_on,
                wrote: laid_on.and_then(|version| version.checked_add(1)),
            },
            invoked_ns: began_ns,
            responded_ns: Some(responded_ns),
            outcome: Outcome::Ok,
        });
        let latest = Latest {
            iteration,
            responded_ns,
        };
        self.lanes.insert(lane, latest);
    }

    fn doubt(&mut self, operation: Operation) {
        let Operation { lane, iteration } = operation;
        let latest = self.latest(lane);
        self.write(&history::Operation {
            process: lane,
            action: Action::Add {
                token: Some(token(operation)),
                read: None,
                wrote: None,
            },
            invoked_ns: latest.responded_ns,
            responded_ns: None,
            outcome: Outcome::Unknown,
        });
        self.lanes.insert(
            lane,
            Latest {
                iteration,
                ..latest
            },
        );
    }

    fn last(&mut self, ending: Ending<'_>) {
        let mut total = Some(ending.total);
        let present = ending.present;
        let tokens = present.operations().chain(present.doubled()).map(token);
        let mut tokens = tokens.peekable();
        while total.is_some() || tokens.peek().is_some() {
            let some: Vec<Token> = tokens.by_ref().take(TOKENS_AT_ONCE).collect();
            let end = Final {
                total: total.take(),
                tokens: (!present.is_empty()).then_some(some),
            };
            self.try_to(|writer| writer.last(&end));
        }
    }

    fn write(&mut self, operation: &history::Operation) {
        self.try_to(|writer| writer.operation(operation));
    }

    /// Unless it has failed before.
    fn try_to(&mut self, write: impl FnOnce(&mut Writer<&File>) -> io::Result<()>) {
        if self.written.is_ok() {
            self.written = write(&mut self.writer);
        }
    }
}

fn token(operation: Operation) -> Token {
    Token::Numbered {
        process: operation.lane,
        sequence: operation.iteration,
    }
}
