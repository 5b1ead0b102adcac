//! One of the histories that stand in a file, each from its header to the next one.

use crate::error::Error;
use crate::format::{Line, Place, Reader};
use crate::operation::{Header, Model};
use std::io::{Read, Seek};

/// A history, to be read as often as it takes.
#[derive(Debug)]
pub(super) struct Section<'a, R> {
    reader: &'a mut Reader<R>,
    begin: Place,
    first_line: u64,
    header: Header,
    /// Whether nothing of it has been read yet, this time.
    is_fresh: bool,
    is_over: bool,
    operations: u64,
}

impl<'a, R: Read + Seek> Section<'a, R> {
    /// The history that begins where the reader is, unless that is the end of the file.
    pub(super) fn begin(reader: &'a mut Reader<R>) -> Result<Option<Self>, Error> {
        let begin = reader.place();
        let Some(header) = header(reader)? else {
            return Ok(None);
        };
        let first_line = reader.line();
        let mut section = Self {
            reader,
            begin,
            first_line,
            header,
            is_fresh: true,
            is_over: false,
            operations: 0,
        };
        section.rewind()?;
        Ok(Some(section))
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    /// The number of its first line, counted from 1 in the file.
    pub(super) const fn first_line(&self) -> u64 {
        self.first_line
    }

    /// The next line that is not empty, or `None` at the end of this history.
    pub(super) fn next_line(&mut self) -> Result<Option<Line>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let line = self.reader.next_line()?;
        let is_next = !self.is_fresh && matches!(line, Some(Line::Header(_)));
        if is_next {
            self.reader.go_to(self.reader.latest())?;
        }
        self.is_fresh = false;
        self.is_over = is_next || line.is_none();
        self.operations += u64::from(matches!(line, Some(Line::Operation(_))));
        Ok(line.filter(|_| !is_next))
    }

    /// The number of the line that was handed out last, counted from 1 in the file.
    pub(super) const fn line(&self) -> u64 {
        self.reader.line()
    }

    /// How many operations were handed out, this time.
    pub(super) const fn operations(&self) -> u64 {
        self.operations
    }

    /// Goes back to its beginning.
    pub(super) fn rewind(&mut self) -> Result<(), Error> {
        self.reader.go_to(self.begin)?;
        (self.is_fresh, self.is_over, self.operations) = (true, false, 0);
        Ok(())
    }

    /// Goes on to its end, where the next one begins.
    pub(super) fn skip_rest(&mut self) -> Result<(), Error> {
        while self.next_line()?.is_some() {}
        Ok(())
    }
}

/// What the history says about itself, or what its first line lets one conclude.
fn header<R: Read>(reader: &mut Reader<R>) -> Result<Option<Header>, Error> {
    let model = match reader.next_line()? {
        None => return Ok(None),
        Some(Line::Header(header)) => return Ok(Some(header)),
        Some(Line::Operation(operation)) if operation.key().is_some() => Model::Register,
        Some(Line::Operation(_) | Line::Final(_)) => Model::Counter,
    };
    Ok(Some(Header {
        model,
        ..Header::default()
    }))
}
