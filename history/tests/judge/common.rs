//! What the tests share: histories in memory, and the making of them.

use hookstate_history::{
    Action, Final, Header, Limits, Model, Operation, Outcome, Token, Verdict, Writer, judge,
};
use std::io::Cursor;

/// A history in memory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct History {
    pub(crate) header: Header,
    pub(crate) operations: Vec<Operation>,
    pub(crate) last: Option<Final>,
}

impl History {
    pub(crate) fn new(model: Model) -> Self {
        Self {
            header: Header {
                model,
                ..Header::default()
            },
            operations: Vec::new(),
            last: None,
        }
    }

    /// As the writer writes it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), &self.header).expect("memory takes it");
        for operation in &self.operations {
            writer.operation(operation).expect("memory takes it");
        }
        if let Some(last) = &self.last {
            writer.last(last).expect("memory takes it");
        }
        writer.finish().expect("memory takes it")
    }

    pub(crate) fn judge(&self) -> Verdict {
        self.judge_within(&Limits::default())
    }

    pub(crate) fn judge_within(&self, limits: &Limits) -> Verdict {
        judge(Cursor::new(self.bytes()), limits).expect("what was written can be read")
    }
}

/// An acknowledged change, `token` by process `process`.
pub(crate) fn change(process: u32, sequence: u32, (from, to): (u64, u64), read: u64) -> Operation {
    Operation {
        process,
        action: Action::Add {
            token: Some(Token::Numbered { process, sequence }),
            read: Some(read),
            wrote: Some(read + 1),
        },
        invoked_ns: from,
        responded_ns: Some(to),
        outcome: Outcome::Ok,
    }
}

/// An acknowledged look.
pub(crate) fn look(process: u32, (from, to): (u64, u64), version: u64) -> Operation {
    Operation {
        process,
        action: Action::Look {
            version: Some(version),
        },
        invoked_ns: from,
        responded_ns: Some(to),
        outcome: Outcome::Ok,
    }
}

/// The same operation, killed before it had an answer.
pub(crate) fn killed(operation: Operation) -> Operation {
    let action = match operation.action {
        Action::Add { token, .. } => Action::Add {
            token,
            read: None,
            wrote: None,
        },
        other => other,
    };
    Operation {
        action,
        responded_ns: None,
        outcome: Outcome::Unknown,
        ..operation
    }
}

/// The same change, by a command that does not say its version.
pub(crate) fn versionless(operation: Operation) -> Operation {
    let token = operation.token().cloned();
    Operation {
        action: Action::Add {
            token,
            read: None,
            wrote: None,
        },
        ..operation
    }
}

/// The words of the evidence, if it is violated.
pub(crate) fn words(verdict: &Verdict) -> Vec<&'static str> {
    match verdict {
        Verdict::Violated { evidence } => evidence.iter().map(|one| one.word()).collect(),
        _ => Vec::new(),
    }
}
