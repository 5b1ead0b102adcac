//! Reads histories.

use super::meaning::{Line, Mistake};
use super::scan;
use super::words::Words;
use crate::error::Error;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// How much is read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// The longest line that is taken for one, so that a file of something else is not read into memory.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Reads a history line by line, in memory that does not grow with it.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    buffer: Vec<u8>,
    /// What has been read and not yet handed out.
    start: usize,
    end: usize,
    at_end: bool,
    line: u64,
    /// Where in the source the buffer ends.
    offset: u64,
    /// Where the line begins that was handed out last, unless the shortcut has read it.
    latest: Place,
}

/// A place between two lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    offset: u64,
    /// The number of lines before it.
    line: u64,
}

impl<R: Read> Reader<R> {
    /// Reads from here on.
    #[must_use]
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            at_end: false,
            line: 0,
            offset: 0,
            latest: Place::default(),
        }
    }

    /// The number of the line that was handed out last, counted from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Where the next line begins, or the empty ones before it.
    pub(crate) const fn place(&self) -> Place {
        Place {
            offset: self.offset - (self.end - self.start) as u64,
            line: self.line,
        }
    }

    /// Where the line begins that was handed out last, if it is no operation.
    pub(crate) const fn latest(&self) -> Place {
        self.latest
    }

    /// The next line that is not empty, or `None` at the end.
    ///
    /// # Errors
    ///
    /// If the source cannot be read, or the line is none of a history.
    pub fn next_line(&mut self) -> Result<Option<Line>, Error> {
        loop {
            if let Some((operation, length)) = scan::operation(&self.buffer[self.start..self.end]) {
                self.start += length;
                self.line += 1;
                return Ok(Some(Line::Operation(operation)));
            }
            let Some((start, end)) = self.advance()? else {
                return Ok(None);
            };
            self.latest = Place {
                offset: self.offset - (self.end - start) as u64,
                line: self.line - 1,
            };
            let bytes = &self.buffer[start..end];
            if !bytes.trim_ascii().is_empty() {
                let is_cut = self.at_end && end == self.end;
                return parse(bytes, self.line, is_cut).map(Some);
            }
        }
    }

    /// Goes on to the next line and says where in the buffer it is, without its newline.
    fn advance(&mut self) -> Result<Option<(usize, usize)>, Error> {
        loop {
            let start = self.start;
            if let Some(length) = memchr::memchr(b'\n', &self.buffer[start..self.end]) {
                self.start += length + 1;
                self.line += 1;
                return Ok(Some((start, start + length)));
            }
            if self.at_end {
                self.start = self.end;
                self.line += u64::from(start < self.end);
                return Ok((start < self.end).then_some((start, self.end)));
            }
            self.fill()?;
        }
    }

    /// Reads more behind what is left.
    fn fill(&mut self) -> Result<(), Error> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end > LINE_BYTES_MAX {
            let what = format!("a line has at most {LINE_BYTES_MAX} bytes; is this a history?");
            return Err(Error::at(self.line + 1, 1, what));
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        let count = self.read_some()?;
        self.end += count;
        self.offset += count as u64;
        self.at_end = count == 0;
        Ok(())
    }

    fn read_some(&mut self) -> Result<usize, Error> {
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => {
                    return other.map_err(|error| Error::io("the history cannot be read", error));
                }
            }
        }
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Goes back to the beginning of the source.
    ///
    /// # Errors
    ///
    /// If the source cannot do that.
    pub fn rewind(&mut self) -> Result<(), Error> {
        self.seek(Place::default())
    }

    /// Goes to the beginning of a line. What is still in the buffer is not read again, so that
    /// thousands of short histories in one file take no more than one long one.
    pub(crate) fn go_to(&mut self, place: Place) -> Result<(), Error> {
        let back = self.offset.checked_sub(place.offset);
        let within = back.and_then(|back| self.end.checked_sub(usize::try_from(back).ok()?));
        let Some(start) = within else {
            return self.seek(place);
        };
        (self.start, self.line) = (start, place.line);
        Ok(())
    }

    fn seek(&mut self, place: Place) -> Result<(), Error> {
        let sought = self.source.seek(SeekFrom::Start(place.offset));
        sought.map_err(|error| Error::io("the history cannot be read again", error))?;
        (self.start, self.end, self.offset) = (0, 0, place.offset);
        (self.at_end, self.line) = (false, place.line);
        Ok(())
    }
}

/// The slow way, which also knows what is wrong.
#[cold]
fn parse(bytes: &[u8], line: u64, is_cut: bool) -> Result<Line, Error> {
    let words: Words = serde_json::from_slice(bytes).map_err(|error| {
        if is_cut && error.is_eof() {
            let what = "the last line is cut off, so its writer was ended while it wrote; without \
                        what is missing the history cannot be judged";
            return Error::at(line, error.column() as u64, what);
        }
        Error::at(line, error.column() as u64, without_place(&error))
    })?;
    Line::of(words).map_err(|Mistake { key, what }| Error::at(line, column_of(bytes, key), what))
}

/// serde_json counts lines within ours.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = text.rfind(" at line ");
    text[..place.unwrap_or(text.len())].to_owned()
}

/// Where a key is in a line, or else where the line begins.
fn column_of(line: &[u8], key: &str) -> u64 {
    let quoted = format!("\"{key}\"");
    let found = memchr::memmem::find(line, quoted.as_bytes());
    found.unwrap_or(0) as u64 + 1
}
