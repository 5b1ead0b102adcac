//! The judges: one for counters and sets, one for registers.

mod register;
mod versions;

use crate::error::Error;
use crate::format::{Line, Reader};
use crate::limits::{Budget, Limits, Stop};
use crate::operation::{Action, Header, Model};
use crate::verdict::Verdict;
use std::io::{Read, Seek};

/// Judges a history. It is read from the beginning, and a second time to name those at fault.
///
/// # Errors
///
/// If the history cannot be read, or is none.
pub fn judge<R: Read + Seek>(source: R, limits: &Limits) -> Result<Verdict, Error> {
    let budget = Budget::of(limits);
    let mut reader = Reader::new(source);
    reader.rewind()?;
    let Some(header) = header(&mut reader)? else {
        return Ok(inconclusive("the history is empty"));
    };
    reader.rewind()?;
    let judged = match header.model {
        Model::Counter | Model::Set => versions::judge(&mut reader, &header, &budget),
        Model::Register => register::judge(&mut reader, &header, &budget),
    };
    match judged {
        Ok(verdict) => Ok(verdict),
        Err(Stop::Limit(why)) => Ok(inconclusive(why)),
        Err(Stop::Error(error)) => Err(error),
    }
}

fn inconclusive(why: impl Into<String>) -> Verdict {
    let why = why.into();
    Verdict::Inconclusive { why }
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
        initial: None,
    }))
}

/// A header that is not the first line would change what was judged before it.
fn misplaced_header(line: u64) -> Error {
    Error::at(
        line,
        1,
        "the header has to be the first line, and there is one only",
    )
}

/// An operation that the model does not know.
fn not_of(model: Model, action: &Action, line: u64) -> Error {
    let name = match action {
        Action::Add { .. } => "add",
        Action::Look { .. } => "a read without a value",
        Action::Get { .. } => "a read of a value",
        Action::Write { .. } => "write",
        Action::Cas { .. } => "cas",
    };
    let what = format!(
        "{name} is no operation of a {}; give each its own history, with a header that has its model",
        model.name()
    );
    Error::at(line, 1, what)
}
