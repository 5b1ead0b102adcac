//! Writes histories.

use super::words::Words;
use crate::operation::{Action, Final, Header, Operation, Token};
use std::io::{self, Write};

/// How much is gathered before it is written.
const BUFFER_BYTES: usize = 64 << 10;

/// How many tokens a final line has at most, so that no line is too long to be read.
const TOKENS_A_LINE: usize = 1000;

/// Writes a history, one line for each operation, in the order in which it is given them.
///
/// Whoever writes an operation when its response has come has them in the order of responses, nearly:
/// that is what the judges take least memory for. What is written is gathered, so end with
/// [`finish`](Self::finish); a writer that is dropped leaves out what it had gathered last.
#[derive(Debug)]
pub struct Writer<W: Write> {
    sink: W,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// A history that begins with this header.
    ///
    /// # Errors
    ///
    /// What the sink says.
    pub fn new(sink: W, header: &Header) -> io::Result<Self> {
        let buffer = Vec::with_capacity(BUFFER_BYTES + 1024);
        let mut writer = Self { sink, buffer };
        writer.words(&Words::from(header))?;
        Ok(writer)
    }

    /// Adds an operation.
    ///
    /// # Errors
    ///
    /// What the sink says.
    pub fn operation(&mut self, operation: &Operation) -> io::Result<()> {
        match &operation.action {
            Action::Add { token, read, wrote } => {
                self.counted(operation, "add", token.as_ref(), *read, *wrote);
                self.spill()
            }
            Action::Look { version } => {
                self.counted(operation, "read", None, *version, None);
                self.spill()
            }
            _ => self.words(&Words::from(operation)),
        }
    }

    /// Adds what is left in the end, in as many lines as it takes.
    ///
    /// # Errors
    ///
    /// What the sink says.
    pub fn last(&mut self, end: &Final) -> io::Result<()> {
        let tokens = end.tokens.as_deref().unwrap_or_default();
        let mut lines = tokens.chunks(TOKENS_A_LINE);
        let first = end
            .tokens
            .is_some()
            .then(|| lines.next().unwrap_or_default());
        self.words(&Words::from(&Final {
            total: end.total,
            tokens: first.map(<[Token]>::to_vec),
        }))?;
        for more in lines {
            self.words(&Words::from(&Final {
                total: None,
                tokens: Some(more.to_vec()),
            }))?;
        }
        Ok(())
    }

    /// Writes out what was gathered.
    ///
    /// # Errors
    ///
    /// What the sink says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.write_all(&self.buffer)?;
        self.buffer.clear();
        self.sink.flush()
    }

    /// Writes out what was gathered, and gives back the sink.
    ///
    /// # Errors
    ///
    /// What the sink says.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.sink)
    }

    /// An operation on a counter or a set. There are millions of them, so it is put together by hand.
    fn counted(
        &mut self,
        operation: &Operation,
        verb: &str,
        token: Option<&Token>,
        read: Option<u64>,
        wrote: Option<u64>,
    ) {
        self.number(r#"{"process":"#, Some(u64::from(operation.process)));
        self.text(r#","op":""#);
        self.text(verb);
        self.text("\"");
        self.token(token);
        self.number(r#","invoked_ns":"#, Some(operation.invoked_ns));
        self.number(r#","responded_ns":"#, operation.responded_ns);
        self.text(r#","outcome":""#);
        self.text(operation.outcome.name());
        self.text("\"");
        self.number(r#","read":"#, read);
        self.number(r#","wrote":"#, wrote);
        self.text("}\n");
    }

    fn text(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, key: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.text(key);
            self.text(itoa::Buffer::new().format(number));
        }
    }

    fn token(&mut self, token: Option<&Token>) {
        match token {
            None => {}
            Some(Token::Numbered { process, sequence }) => {
                self.number(r#","token":""#, Some(u64::from(*process)));
                self.number("-", Some(u64::from(*sequence)));
                self.text("\"");
            }
            Some(Token::Named(name)) => {
                self.text(r#","token":"#);
                self.text(&serde_json::Value::from(&**name).to_string());
            }
        }
    }

    fn words(&mut self, words: &Words) -> io::Result<()> {
        serde_json::to_writer(&mut self.buffer, words)?;
        self.text("\n");
        self.spill()
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.buffer.len() >= BUFFER_BYTES {
            self.sink.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}
