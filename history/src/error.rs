//! The one error of this crate.

use std::fmt;
use std::io;

/// Why a history could not be judged: it could not be read, or it is none.
///
/// The text says where, what was expected, and what to do about it; `source()` says what the system
/// answered.
pub struct Error(Box<Inner>);

struct Inner {
    /// `None` if it is not a file.
    file: Option<String>,
    /// Line and column, counted from 1.
    place: Option<(u64, u64)>,
    what: String,
    source: Option<io::Error>,
}

impl Error {
    /// The line that it is about, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.0.place.map(|(line, _)| line)
    }

    /// The column that it is about, counted from 1 in bytes.
    #[must_use]
    pub fn column(&self) -> Option<u64> {
        self.0.place.map(|(_, column)| column)
    }

    pub(crate) fn io(attempt: &str, source: io::Error) -> Self {
        Self::from_parts(None, attempt.to_owned(), Some(source))
    }

    pub(crate) fn at(line: u64, column: u64, what: impl Into<String>) -> Self {
        Self::from_parts(Some((line, column)), what.into(), None)
    }

    /// The second reading of a history did not find what the first had found.
    pub(crate) fn changed() -> Self {
        let what = "the history was changed while it was judged; judge it when it is complete";
        Self::from_parts(None, what.to_owned(), None)
    }

    /// The same error, of a history in this file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.0.file = Some(file.into());
        self
    }

    fn from_parts(place: Option<(u64, u64)>, what: String, source: Option<io::Error>) -> Self {
        Self(Box::new(Inner {
            file: None,
            place,
            what,
            source,
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            file, place, what, ..
        } = &*self.0;
        match (file, place) {
            (Some(file), Some((line, column))) => write!(f, "{file}:{line}:{column}: {what}"),
            (Some(file), None) => write!(f, "{file}: {what}"),
            (None, Some((line, column))) => write!(f, "line {line}, column {column}: {what}"),
            (None, None) => write!(f, "{what}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        self.0
            .source
            .iter()
            .try_for_each(|source| write!(f, ": {source}"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}
